// The reply to a PUT in place of an object is lost on its way: there is one object, and it is ours or another's whole.
#include <atomic>

#include "tests/dav/fixture.h"
#include "tests/dav/forwarder.h"

namespace mapistore::dav_tests::lost_reply_test {
namespace {

using testing::DavServer;
using testing::ScriptedHttp;
using testing_backends::ref;
using Kind = DavServer::Kind;

class LostReply : public DavTest, public ::testing::WithParamInterface<Kind> {
 protected:
  LostReply() {
    host_.secrets = {server_.password()};
    EXPECT_LT(other_.put(path_, event("one", "First")).status, 300);
    context_ =
        open("caldav://" + front_.authority(user_) + calendar_, {{"server", std::string(DavServer::name(GetParam()))}});
    EXPECT_TRUE(context_->changes(soon(), {}, {}, listed_));
    EXPECT_EQ(listed_.messages.size(), 1u);
  }
  /// Does what the next PUT says, if it is to be `done`, and then what another client would, and answers with half a
  /// line.
  void lose_next(bool done, std::string then = {}) {
    done_ = done;
    then_ = std::move(then);
    armed_ = true;
  }
  Result<Entry> edit(const std::string& summary) {
    const MessageRef before = ref(listed_.messages.begin()->second);
    return save(*context_, event("one", summary), &before);
  }
  std::size_t puts() const {
    const auto all = front_.requests();
    return static_cast<std::size_t>(std::ranges::count(all, "PUT", &ScriptedHttp::Request::method));
  }
  void expect_only(const std::string& summary) {
    ASSERT_EQ(other_.list(calendar_), std::vector<std::string>{path_});
    EXPECT_TRUE(other_.get(path_).body.contains("SUMMARY:" + summary)) << other_.get(path_).body;
  }

  DavServer& server_ = DavServer::shared(GetParam());
  const std::string user_ = server_.make_user();
  const testing::RawHttp other_ = server_.client(user_);
  const std::string calendar_ = server_.make_collection(user_, false), path_ = calendar_ + "one.ics";
  std::atomic<bool> armed_ = false, done_ = false;
  std::string then_;
  Forwarder front_{other_, [this](const ScriptedHttp::Request& request) -> ScriptedHttp::Reply {
                     if (request.method != "PUT" || !armed_.exchange(false)) return {};
                     for (const std::string& body : {done_ ? request.body : std::string{}, then_}) {
                       if (body.empty()) continue;
                       EXPECT_LT(other_.put(request.path, body).status, 300);
                     }
                     return {.bytes = "HTTP/1.1 2"};
                   }};
  std::unique_ptr<Context> context_;
  Sink listed_;
};
INSTANTIATE_TEST_SUITE_P(Servers, LostReply, ::testing::Values(Kind::radicale, Kind::xandikos, Kind::sogo, Kind::cyrus),
                         [](const auto& kind) { return std::string(DavServer::name(kind.param)); });

TEST_P(LostReply, OfARemovedMeetingNoOrganizerIsTold) {
  ASSERT_TRUE(context_->remove(soon(), {}, ref(listed_.messages.begin()->second)));
  const auto all = front_.requests();
  const auto removal = std::ranges::find(all, "DELETE", &ScriptedHttp::Request::method);
  ASSERT_NE(removal, all.end());
  EXPECT_TRUE(removal->head.contains("\r\nSchedule-Reply: F\r\n")) << removal->head;
  EXPECT_TRUE(other_.list(calendar_).empty());
}

TEST_P(LostReply, WhatWasDoneIsASuccess) {
  lose_next(true);
  const auto saved = edit("Second");
  ASSERT_TRUE(saved) << saved.error().to_string();
  EXPECT_EQ(puts(), 1u) << "once is enough";
  expect_only("Second");
  EXPECT_TRUE(bytes_of(*context_, saved->key).contains("SUMMARY:Second"));
}

TEST_P(LostReply, WhatWasNotDoneIsDoneAgain) {
  lose_next(false);
  const auto saved = edit("Second");
  ASSERT_TRUE(saved) << saved.error().to_string();
  EXPECT_EQ(puts(), 2u);
  expect_only("Second");
}

TEST_P(LostReply, WhatAnotherDidMeanwhileStays) {
  for (const bool done : {true, false}) {
    lose_next(done, event("one", "Theirs"));
    EXPECT_EQ(code(edit("Second")), Errc::stale) << done;
    expect_only("Theirs");
    EXPECT_LT(other_.put(path_, event("one", "First")).status, 300);
    EXPECT_TRUE(context_->changes(soon(), {}, {}, listed_));
  }
}

}  // namespace
}  // namespace mapistore::dav_tests::lost_reply_test
