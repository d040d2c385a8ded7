#include <condition_variable>
#include <set>
#include <thread>

#include "tests/conformance/suite.h"

namespace mapistore::conformance::watching_test {
namespace {

using namespace std::chrono_literals;

/// Collects what a watcher reports until a test has seen enough.
class Seen final : public WatchSink {
 public:
  void message_changed(const FolderPath& folder, const Key& key) override {
    note([&] { messages_.insert({folder, key}); });
  }
  void folder_changed(const FolderPath& folder) override {
    note([&] { folders_.insert(folder); });
  }
  void everything_changed() override {
    note([&] { everything_ = true; });
  }

  /// Whether, within two seconds, a change of the message, or of its folder, is reported.
  bool message(const FolderPath& folder, const Key& key) {
    return within_two_seconds([&] {
      return messages_.contains({folder, key}) || folders_.contains(folder) || everything_;
    });
  }
  bool folder(const FolderPath& folder) {
    return within_two_seconds([&] { return folders_.contains(folder) || everything_; });
  }
  void forget() {
    const std::lock_guard lock{mutex_};
    messages_.clear();
    folders_.clear();
    everything_ = false;
  }

 private:
  template <class Change>
  void note(Change change) {
    const std::lock_guard lock{mutex_};
    change();
    changed_.notify_all();
  }
  template <class Condition>
  bool within_two_seconds(Condition condition) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, 2s, condition);
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<std::pair<FolderPath, Key>> messages_;
  std::set<FolderPath> folders_;
  bool everything_ = false;
};

/// One context watches; the other, `context_`, makes the changes.
class Watchers : public Suite {
 protected:
  void SetUp() override {
    if (context_->ability<Watching>() == nullptr) GTEST_SKIP() << "not offered";
  }
  void begin() {
    watching_context_ = open_context();
    auto* watching = watching_context_->ability<Watching>();
    ASSERT_NE(watching, nullptr);
    ASSERT_TRUE(ok(watching->start(soon())));
    thread_ = std::jthread([this, watching](std::stop_token stop) {
      result_ = watching->watch({std::chrono::steady_clock::time_point::max(), std::move(stop)}, seen_);
    });
  }
  std::chrono::steady_clock::duration end() {
    const auto begin = std::chrono::steady_clock::now();
    thread_.request_stop();
    thread_.join();
    return std::chrono::steady_clock::now() - begin;
  }

  Seen seen_;
  std::unique_ptr<Context> watching_context_;
  Result<> result_;
  std::jthread thread_;
};
MAPISTORE_EVERY_BACKEND(Watchers);

TEST_P(Watchers, SeeWhatAnotherContextDoesToMessages) {
  begin();
  const Entry saved = must_save("mail.eml", sample("mail"));
  EXPECT_TRUE(seen_.message({}, saved.key)) << "saved";
  seen_.forget();
  if (context_->profile().keeps_state) {
    State state;
    state.read = true;
    state.importance = 2;
    ASSERT_TRUE(ok(context_->set_state(soon(), {}, ref(saved), {.state = state, .received = {}})));
    EXPECT_TRUE(seen_.message({}, saved.key)) << "state";
    std::this_thread::sleep_for(50ms);
    seen_.forget();
    state.importance = 0;
    ASSERT_TRUE(ok(context_->set_state(soon(), {}, ref(saved), {.state = state, .received = {}})));
    EXPECT_TRUE(seen_.message({}, saved.key)) << "state beyond flags";
    seen_.forget();
  }
  ASSERT_TRUE(ok(context_->remove(soon(), {}, ref(saved))));
  EXPECT_TRUE(seen_.message({}, saved.key)) << "removed";
}

using FolderWatchers = Watchers;
MAPISTORE_BACKENDS(FolderWatchers, with_folders);

TEST_P(FolderWatchers, FollowFoldersThatComeMoveAndGo) {
  begin();
  const FolderPath outer = must_create("Outer");
  EXPECT_TRUE(seen_.folder({})) << "created";
  std::this_thread::sleep_for(50ms);
  seen_.forget();
  const FolderPath inner = GetParam().nested ? must_create("Inner", outer) : outer;
  EXPECT_TRUE(!GetParam().nested || seen_.folder(outer)) << "created in a new folder";
  std::this_thread::sleep_for(50ms);
  seen_.forget();
  const Entry saved = must_save("mail.eml", sample("mail"), inner);
  EXPECT_TRUE(seen_.message(inner, saved.key)) << "saved in a new folder";
  seen_.forget();
  const auto renamed = context_->rename_folder(soon(), outer, {}, "Renamed");
  ASSERT_TRUE(ok(renamed));
  EXPECT_TRUE(seen_.folder({})) << "renamed";
  std::this_thread::sleep_for(50ms);
  seen_.forget();
  FolderPath now{renamed->key};
  if (GetParam().nested) now.push_back(inner.back());
  const Entry second = must_save("second.eml", sample("second"), now);
  EXPECT_TRUE(seen_.message(now, second.key)) << "saved below a renamed folder";
}

TEST_P(Watchers, StopAtOnce) {
  begin();
  std::this_thread::sleep_for(20ms);
  EXPECT_LT(end(), 500ms);
  EXPECT_EQ(code(result_), Errc::cancelled);
}

TEST_P(Watchers, BeginOnlyOnceAndOnlyAfterAStart) {
  const auto context = open_context();
  auto* watching = context->ability<Watching>();
  EXPECT_EQ(code(watching->watch(soon(), seen_)), Errc::invalid_argument);
  ASSERT_TRUE(ok(watching->start(soon())));
  EXPECT_EQ(code(watching->start(soon())), Errc::busy);
}

}  // namespace
}  // namespace mapistore::conformance::watching_test
