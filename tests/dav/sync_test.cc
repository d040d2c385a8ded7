// What a listing costs, and that none loses anything.
#include "tests/dav/fixture.h"
#include "tests/dav/forwarder.h"

namespace mapistore::dav_tests::sync_test {
namespace {

using testing::DavServer;
using testing::ScriptedHttp;
using Kind = DavServer::Kind;

constexpr int objects = 12;

class Sync : public DavTest, public ::testing::WithParamInterface<Kind> {
 protected:
  Sync() {
    host_.secrets = {server_.password()};
    for (int i = 0; i < objects; ++i) {
      const std::string number = std::to_string(i);
      EXPECT_EQ(other_.put(calendar_ + "e" + number + ".ics", event("e" + number, "Event " + number)).status, 201);
    }
    // Where versions are told in seconds, those of the last second are told again.
    if (GetParam() == Kind::sogo) std::this_thread::sleep_for(std::chrono::milliseconds{2100});
  }
  void mount(Forwarder::Meddle meddle = {}, Forwarder::Change change = {}) {
    front_ = std::make_unique<Forwarder>(other_, std::move(meddle), std::move(change));
    context_ = open("caldav://" + front_->authority(user_) + calendar_,
                    {{"server", std::string(DavServer::name(GetParam()))}});
  }
  /// Lists since the last listing; how many requests that took.
  std::size_t list() {
    sink_.begin();
    const std::size_t before = front_->count();
    auto listing = context_->changes(soon(), {}, cursor_, sink_);
    EXPECT_TRUE(listing) << listing.error().to_string();
    if (listing) cursor_ = listing->next, complete_ = listing->complete;
    return front_->count() - before;
  }
  void change_one() {
    ASSERT_LT(other_.put(calendar_ + "e3.ics", event("e3", "Changed")).status, 300);
    ASSERT_LT(other_.remove(calendar_ + "e4.ics").status, 300);
    ASSERT_EQ(other_.put(calendar_ + "new.ics", event("new", "New")).status, 201);
  }
  void expect_the_change() {
    std::ranges::sort(sink_.told);
    EXPECT_EQ(sink_.told, (std::vector<std::string>{"e3.ics", "new.ics"}));
    EXPECT_EQ(sink_.messages.at("e3.ics").summary.subject, "Changed");
  }

  DavServer& server_ = DavServer::shared(GetParam());
  const std::string user_ = server_.make_user();
  const testing::RawHttp other_ = server_.client(user_);
  const std::string calendar_ = server_.make_collection(user_, false);
  std::unique_ptr<Forwarder> front_;
  std::unique_ptr<Context> context_;
  Sink sink_;
  Cursor cursor_;
  bool complete_ = false;
};
INSTANTIATE_TEST_SUITE_P(Servers, Sync, ::testing::Values(Kind::radicale, Kind::xandikos, Kind::sogo, Kind::cyrus),
                         [](const auto& kind) { return std::string(DavServer::name(kind.param)); });

TEST_P(Sync, BySyncTokens) {
  mount();
  EXPECT_EQ(list(), 2u) << "all of it: the list, and the bodies";
  EXPECT_EQ(sink_.messages.size(), std::size_t{objects});
  EXPECT_TRUE(complete_);
  EXPECT_EQ(list(), 1u) << "nothing has changed";
  EXPECT_TRUE(sink_.told.empty());
  EXPECT_FALSE(complete_);
  change_one();
  EXPECT_EQ(list(), 2u) << "what has changed, and its bodies";
  expect_the_change();
  EXPECT_EQ(sink_.gone, std::vector<std::string>{"e4.ics"});
}

TEST_P(Sync, ATokenThatIsNotTakenCostsAFullListing) {
  mount();
  list();
  const auto before = sink_.messages;
  change_one();
  // One that the server has forgotten, or never gave.
  cursor_.bytes = GetParam() == Kind::sogo ? "sync\n1" : "sync\nhttp://radicale.org/ns/sync/0123456789abcdef";
  list();
  for (const auto& [key, entry] : before) EXPECT_TRUE(key == "e4.ics" || sink_.messages.contains(key)) << key;
  EXPECT_TRUE(sink_.messages.contains("new.ics"));
  expect_the_change();
  EXPECT_TRUE(complete_ || sink_.gone == std::vector<std::string>{"e4.ics"});
  EXPECT_LE(list(), GetParam() == Kind::sogo ? 2u : 1u);
  EXPECT_TRUE(sink_.told.empty());
}

/// Refuses sync-collection, as servers without it do.
ScriptedHttp::Reply without_sync(const ScriptedHttp::Request& request) {
  return request.body.contains("sync-collection")
             ? ScriptedHttp::reply(403, "<D:error xmlns:D=\"DAV:\"><D:supported-report/></D:error>")
             : ScriptedHttp::Reply{};
}

TEST_P(Sync, ByCtagsWithoutSyncTokens) {
  mount(without_sync);
  list();
  EXPECT_EQ(sink_.messages.size(), std::size_t{objects});
  EXPECT_TRUE(cursor_.bytes.starts_with("ctag\n")) << cursor_.bytes;
  EXPECT_EQ(list(), 1u);
  EXPECT_FALSE(complete_);
  change_one();
  EXPECT_EQ(list(), 4u) << "whether, once more before, what, and the bodies";
  EXPECT_TRUE(complete_);
  expect_the_change();
}

TEST_P(Sync, ByETagsWithoutEither) {
  mount(without_sync, [](std::string& body) {
    for (const std::string_view name : {"getctag", "sync-token"})
      for (std::size_t at = 0; (at = body.find(name, at)) != std::string::npos; at += name.size())
        body.replace(at, name.size(), std::string(name.size(), 'x'));
  });
  list();
  EXPECT_EQ(sink_.messages.size(), std::size_t{objects});
  EXPECT_EQ(cursor_, Cursor{});
  // Where an ETag may come back, only the bodies tell.
  EXPECT_EQ(list(), GetParam() == Kind::sogo ? 3u : 2u);
  EXPECT_TRUE(sink_.told.empty());
  change_one();
  EXPECT_EQ(list(), 3u);
  EXPECT_TRUE(complete_);
  expect_the_change();
}

}  // namespace
}  // namespace mapistore::dav_tests::sync_test
