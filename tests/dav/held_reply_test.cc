// The answer to a change is held back until nobody waits for it any more: there is one object, and what the server has
// is what is shown.
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "tests/dav/fixture.h"
#include "tests/dav/forwarder.h"
#include "tests/dav/holder.h"

namespace mapistore::dav_tests::held_reply_test {
namespace {

using testing::DavServer;
using testing::RawHttp;
using testing::ScriptedHttp;
using testing_backends::ref;
using Kind = DavServer::Kind;
using namespace std::chrono_literals;

using What = Holder::What;

/// Whether a watch has told of anything.
class Told final : public WatchSink {
 public:
  void message_changed(const FolderPath&, const Key&) override { note(); }
  void folder_changed(const FolderPath&) override { note(); }
  void everything_changed() override { note(); }
  /// Waits until something was told since the last call.
  bool wait() {
    std::unique_lock lock{mutex_};
    changed_.wait_for(lock, 20s, [this] { return is_told_; });
    return std::exchange(is_told_, false);
  }

 private:
  void note() {
    const std::lock_guard lock{mutex_};
    is_told_ = true;
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_told_ = false;
};

class HeldReply : public DavTest, public ::testing::WithParamInterface<Kind> {
 protected:
  HeldReply() {
    host_.secrets = {server_.password()};
    EXPECT_LT(other_.put(path_, event("one", "First")).status, 300);
    context_ = open("caldav://" + front_.authority(user_) + calendar_,
                    {{"server", std::string(DavServer::name(GetParam()))}, {"poll", "3600"}});
    EXPECT_TRUE(context_->ability<Watching>()->start(soon()));
    list();
    EXPECT_EQ(listed_.messages.size(), 1u);
  }
  ~HeldReply() override { holder_.let_go(); }
  void list() {
    const auto listing = context_->changes(soon(), {}, cursor_, listed_);
    ASSERT_TRUE(listing) << listing.error().to_string();
    cursor_ = listing->next;
  }
  MessageRef listed() const { return ref(listed_.messages.begin()->second); }
  Result<Entry> edit(const std::string& text) {
    const MessageRef before = listed();
    return save(*context_, text, &before, {}, Call::within(1s));
  }
  /// Lists what a watch tells of, until `text` is in the only message; who looks for changes by himself does so in an
  /// hour.
  bool shows_soon(const std::string& text) {
    Told told;
    const std::jthread watching{[&](const std::stop_token& stop) {
      EXPECT_EQ(code(context_->ability<Watching>()->watch({.stop = stop}, told)), Errc::cancelled);
    }};
    for (int looks = 0; looks < 20 && told.wait(); ++looks) {
      list();
      if (listed_.messages.size() == 1 && bytes_of(*context_, listed().key).contains(text)) return true;
    }
    return false;
  }
  /// That the server has one object, and the context shows it, with `text` in it.
  void expect_only(const std::string& text) {
    const auto paths = other_.list(calendar_);
    ASSERT_EQ(paths.size(), 1u);
    EXPECT_TRUE(other_.get(paths.front()).body.contains(text)) << other_.get(paths.front()).body;
    list();
    ASSERT_EQ(listed_.messages.size(), 1u);
    EXPECT_TRUE(bytes_of(*context_, listed().key).contains(text));
  }

  DavServer& server_ = DavServer::shared(GetParam());
  const std::string user_ = server_.make_user();
  const RawHttp other_ = server_.client(user_);
  const std::string calendar_ = server_.make_collection(user_, false), path_ = calendar_ + "one.ics";
  Holder holder_{other_};
  Forwarder front_{other_, [this](const ScriptedHttp::Request& request) { return holder_(request); }};
  std::unique_ptr<Context> context_;
  Cursor cursor_;
  Sink listed_;
};
INSTANTIATE_TEST_SUITE_P(Servers, HeldReply, ::testing::Values(Kind::radicale, Kind::xandikos, Kind::sogo, Kind::cyrus),
                         [](const auto& kind) { return std::string(DavServer::name(kind.param)); });

TEST_P(HeldReply, AnEditThatWasDoneIsASuccess) {
  holder_.hold(What::answer, "PUT");
  const auto saved = edit(event("one", "Second"));
  ASSERT_TRUE(saved) << saved.error().to_string();
  EXPECT_TRUE(bytes_of(*context_, saved->key).contains("SUMMARY:Second"));
  expect_only("SUMMARY:Second");
}

TEST_P(HeldReply, AnEditThatIsDoneAfterwardsIsShownSoon) {
  holder_.hold(What::request, "PUT");
  EXPECT_EQ(code(edit(event("one", "Second"))), Errc::timed_out);
  expect_only("SUMMARY:First");
  holder_.let_go();
  ASSERT_TRUE(holder_.is_done());
  EXPECT_TRUE(shows_soon("SUMMARY:Second"));
  expect_only("SUMMARY:Second");
}

TEST_P(HeldReply, AnEditOnAServerThatHangsIsShownWhenItAnswersAgain) {
  holder_.hold(What::everything, "PUT");
  EXPECT_EQ(code(edit(event("one", "Second"))), Errc::timed_out);
  holder_.let_go();
  EXPECT_TRUE(shows_soon("SUMMARY:Second"));
  expect_only("SUMMARY:Second");
}

TEST_P(HeldReply, ANewObjectThatComesAfterwardsIsTakenAway) {
  holder_.hold(What::request, "PUT");
  EXPECT_EQ(code(save(*context_, event("two", "New"), nullptr, {}, Call::within(1s))), Errc::timed_out);
  holder_.let_go();
  ASSERT_TRUE(holder_.is_done());
  EXPECT_EQ(other_.list(calendar_).size(), 2u);
  list();
  expect_only("SUMMARY:First");
  ASSERT_TRUE(save(*context_, event("two", "New"), nullptr)) << "saving it again makes one of it";
  EXPECT_EQ(other_.list(calendar_).size(), 2u);
}

TEST_P(HeldReply, AnotherUidLeavesNeitherTwoObjectsNorNone) {
  for (const What what : {What::answer, What::request, What::everything}) {
    // Where the UID may change nothing is removed, and nothing held back.
    holder_.hold(what, "DELETE");
    const std::string uid = "uid" + std::to_string(std::to_underlying(what));
    const auto saved = edit(event(uid, "Second"));
    holder_.let_go();
    EXPECT_TRUE(saved || (what == What::everything && saved.error().code == Errc::timed_out));
    expect_only("UID:" + uid);
  }
}

TEST_P(HeldReply, ARemovalThatWasDoneIsASuccess) {
  holder_.hold(What::answer, "DELETE");
  const auto removed = context_->remove(Call::within(1s), {}, listed());
  EXPECT_TRUE(removed) << removed.error().to_string();
  EXPECT_TRUE(other_.list(calendar_).empty());
}

}  // namespace
}  // namespace mapistore::dav_tests::held_reply_test
