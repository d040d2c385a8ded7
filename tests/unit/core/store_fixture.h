#pragma once

#include <gtest/gtest.h>

#include <mutex>

#include "backends/memory/backend.h"
#include "core/store.h"
#include "tests/unit/backends/support.h"
#include "tests/unit/core/scratch.h"

namespace mapistore::testing {

/// Collects what a store tells.
class RecordingObserver final : public StoreObserver {
 public:
  void appeared(Fmid, std::string_view name) override { add("appeared " + std::string(name)); }
  void vanished(Fmid, Fmid, std::string_view name) override { add("vanished " + std::string(name)); }
  void bytes_changed(Fmid) override { add("bytes"); }
  void attributes_changed(Fmid) override { add("attributes"); }

  bool has(std::string_view line) {
    const std::lock_guard lock{mutex_};
    return std::ranges::find(lines_, line) != lines_.end();
  }

 private:
  void add(std::string line) {
    const std::lock_guard lock{mutex_};
    lines_.push_back(std::move(line));
  }
  std::mutex mutex_;
  std::vector<std::string> lines_;
};

inline std::string mail(std::string_view subject, std::string_view body = "hello") {
  return "Message-ID: <" + std::string(subject) +
         "@example.org>\r\nFrom: anna@example.org\r\nDate: Mon, 17 Aug 2026 09:31:02 +0000\r\n"
         "Subject: " +
         std::string(subject) + "\r\n\r\n" + std::string(body) + "\r\n";
}

/// A store over memory://t, whose faults are in the file `plan`. The medium is also held by `medium`, to change it
/// behind the store's back.
class StoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    medium = testing_backends::open_context(*backend, "memory://t");
    plan("");
  }
  void TearDown() override {
    plan("");
    if (!store) return;
    EXPECT_TRUE(store->stop(std::chrono::steady_clock::now() + std::chrono::seconds{20}));
  }
  void open(Store::Policy policy = {}) {
    index = std::move(Index::open(scratch.path()).value().index);
    store = std::make_unique<Store>(*index, errors, observer, std::move(policy));
    LiveContext::Settings settings{
        .name = "t",
        .uri = ContextUri::parse("memory://t?faults=" + (scratch.path() / "plan").native() + uri_options)->uri,
        .options = {}};
    settings.deadline = std::chrono::seconds{5};
    settings.refresh = std::chrono::seconds{1};
    ASSERT_TRUE(store->add(std::move(settings), *backend));
    store->start();
  }
  void start(Store::Policy policy = {}) {
    open(std::move(policy));
    ASSERT_TRUE(until([&] { return live().health().condition == LiveContext::Condition::ready; }));
  }
  LiveContext& live() { return *store->contexts().front(); }
  Fmid root() { return live().row().root; }
  /// Written aside and moved in place: the plan is read at any time.
  void plan(std::string_view text) {
    const std::string filler(++plans_, '\n');
    testing_backends::write_file((scratch.path() / "plan.new").native(), std::string(text) + filler);
    std::filesystem::rename(scratch.path() / "plan.new", scratch.path() / "plan");
  }
  static bool until(const std::function<bool()>& holds, std::chrono::seconds limit = std::chrono::seconds{10}) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!holds()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds{2});
    }
    return true;
  }
  static Call call(std::chrono::milliseconds limit = std::chrono::seconds{10}) { return Call::within(limit); }

  Result<Node> save(Fmid parent, const std::string& name, std::string text, Fmid fmid = {}, const Call& how = call()) {
    testing_backends::TextBody body{std::move(text)};
    if (!fmid) fmid = index->new_fmid().value();
    Store::Save what{.fmid = fmid,
                     .parent = parent,
                     .name = name,
                     .body = &body,
                     .received = {},
                     .like = {},
                     .state = {},
                     .side = {},
                     .copy_of = {}};
    if (auto saved = store->save(how, what); !saved) return std::unexpected(saved.error());
    return index->find(parent, name);
  }
  Fmid folder(Fmid parent, const std::string& name) {
    EXPECT_TRUE(store->make_folder(call(), parent, name, 0700));
    return index->find(parent, name)->fmid;
  }
  std::string text_of(Fmid fmid) {
    auto body = store->open(call(), fmid);
    if (!body) return body.error().to_string();
    std::string text((*body)->size(), '\0');
    text.resize((*body)->read_at(call(), 0, std::as_writable_bytes(std::span{text})).value_or(0));
    return text;
  }
  std::size_t rows(Fmid parent) {
    std::size_t count = 0;
    static_cast<void>(index->list(parent, Fmid{}, [&](const Node&) { return ++count, true; }));
    return count;
  }
  std::size_t in_medium(const FolderPath& path = {}) { return testing_backends::list(*medium, path).messages.size(); }

  Scratch scratch;
  testing_backends::QuietHost host;
  std::unique_ptr<Backend> backend = memory::make_backend(host);
  std::unique_ptr<Context> medium;
  std::string uri_options;  ///< `&KEY=VALUE`
  ErrorsLog errors{host};
  RecordingObserver observer;
  std::unique_ptr<Index> index;
  std::unique_ptr<Store> store;

 private:
  std::size_t plans_ = 0;
};

}  // namespace mapistore::testing
