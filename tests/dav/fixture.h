#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include <mapistore/ability.h>
#include <mapistore/backend.h>
#include <mapistore/host.h>

#include "backends/dav/backend.h"
#include "tests/unit/backends/support.h"

namespace mapistore::dav_tests {

using testing_backends::code;

/// Answers secrets in turn, the last of them for ever.
class SecretHost final : public Host {
 public:
  void log(LogLevel, std::string_view object, std::string_view text) noexcept override {
    const std::lock_guard lock{mutex_};
    lines_.push_back(std::string(object) + ": " + std::string(text));
  }
  Result<std::string> secret(const ContextUri&) override {
    const std::lock_guard lock{mutex_};
    if (secrets.empty()) return fail(Errc::not_found, {}, "no password");
    std::string answer = secrets.front();
    if (secrets.size() > 1) secrets.erase(secrets.begin());
    return answer;
  }
  void refuse_secret(const ContextUri&) override { ++refused; }
  Result<std::filesystem::path> state_directory(std::string_view) override { return fail(Errc::unsupported); }
  Time now() const noexcept override { return std::chrono::system_clock::now(); }

  std::string lines() const {
    const std::lock_guard lock{mutex_};
    std::string all;
    for (const std::string& line : lines_) all += line + '\n';
    return all;
  }

  std::vector<std::string> secrets;
  std::atomic<int> refused{0};

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

/// What a listing told. Knows what it was told before.
struct Sink final : ChangeSink {
  std::map<std::string, Entry> messages;  ///< by key
  std::map<std::string, FolderEntry> folders;
  std::vector<std::string> gone;
  std::vector<std::string> told;  ///< keys of messages that were reported since `begin`

  void begin() { told.clear(), gone.clear(); }
  bool known(const Key& key, const ChangeKey& change, const ChangeKey&) override {
    const auto held = messages.find(key.bytes);
    return held != messages.end() && held->second.change == change;
  }
  Result<> message(Entry entry) override {
    told.push_back(entry.key.bytes);
    messages.insert_or_assign(entry.key.bytes, std::move(entry));
    return {};
  }
  Result<> folder(FolderEntry entry) override {
    folders.insert_or_assign(entry.key.bytes, std::move(entry));
    return {};
  }
  Result<> removed(const Key& key) override {
    gone.push_back(key.bytes);
    messages.erase(key.bytes);
    return {};
  }
};

inline Call soon() { return Call::within(std::chrono::seconds{20}); }

inline std::string event(std::string_view uid, std::string_view summary) {
  return "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//tests//EN\r\nBEGIN:VEVENT\r\nUID:" + std::string(uid) +
         "\r\nDTSTAMP:20260817T093102Z\r\nDTSTART:20260901T080000Z\r\nDTEND:20260901T090000Z\r\nSUMMARY:" +
         std::string(summary) + "\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
}

/// Contexts of the backend under test.
class DavTest : public ::testing::Test {
 protected:
  Result<std::unique_ptr<Context>> try_open(const std::string& uri, const ContextOptions& options = {},
                                            const Call& call = soon()) {
    auto parsed = ContextUri::parse(uri);
    EXPECT_TRUE(parsed) << uri;
    return backend_->open(call, parsed->uri, options);
  }
  std::unique_ptr<Context> open(const std::string& uri, const ContextOptions& options = {}) {
    auto context = try_open(uri, options);
    if (!context) throw std::runtime_error(context.error().to_string());
    return std::move(*context);
  }
  static Result<Entry> save(Context& context, const std::string& text, const MessageRef* replaces = nullptr,
                            const FolderPath& folder = {}, const Call& call = soon()) {
    testing_backends::TextBody body{text};
    Draft draft;
    draft.body = &body;
    draft.name = text.starts_with("BEGIN:VCARD") ? "draft.vcf" : "draft.ics";
    draft.summary.kind = text.contains("BEGIN:VTODO")        ? MessageKind::task
                         : text.starts_with("BEGIN:VCARD") ? MessageKind::contact
                                                           : MessageKind::appointment;
    return context.save(call, folder, draft, replaces);
  }
  static std::string bytes_of(Context& context, const Key& key, const FolderPath& folder = {}) {
    const auto body = context.open(soon(), folder, {key, {}, {}});
    if (!body) return "error: " + body.error().to_string();
    std::string bytes((*body)->size(), '\0');
    EXPECT_TRUE((*body)->read_at(soon(), 0, std::as_writable_bytes(std::span(bytes))));
    return bytes;
  }

  SecretHost host_;
  std::unique_ptr<Backend> backend_ = dav::make_backend(host_);
};

}  // namespace mapistore::dav_tests
