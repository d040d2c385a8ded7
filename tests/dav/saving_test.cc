// What a save costs, and which answers to it are believed.
#include "tests/dav/fixture.h"
#include "tests/dav/forwarder.h"

namespace mapistore::dav_tests::saving_test {
namespace {

using testing::DavServer;
using testing::ScriptedHttp;
using Kind = DavServer::Kind;

std::string card(std::string_view version) {
  return "BEGIN:VCARD\r\nVERSION:" + std::string(version) + "\r\nUID:one\r\nFN:One\r\nN:One;;;;\r\nEND:VCARD\r\n";
}

class Saving : public DavTest, public ::testing::WithParamInterface<Kind> {
 protected:
  Saving() { host_.secrets = {server_.password()}; }
  void mount(bool of_cards, Forwarder::Meddle meddle = {}) {
    const std::string path = server_.make_collection(user_, of_cards);
    front_ = std::make_unique<Forwarder>(other_, std::move(meddle));
    context_ = open((of_cards ? "carddav://" : "caldav://") + front_->authority(user_) + path,
                    {{"server", std::string(DavServer::name(GetParam()))}});
  }
  /// Saves, and says how many requests that took. What is answered is what is read, now and by who comes anew.
  std::size_t save_and_look(const std::string& text) {
    const std::size_t before = front_->count();
    const auto saved = save(*context_, text);
    const std::size_t count = front_->count() - before;
    EXPECT_TRUE(saved) << saved.error().to_string();
    if (!saved) return count;
    Sink anew;
    EXPECT_TRUE(context_->changes(soon(), {}, {}, anew));
    const auto listed = anew.messages.find(saved->key.bytes);
    EXPECT_NE(listed, anew.messages.end());
    if (listed == anew.messages.end()) return count;
    EXPECT_EQ(listed->second.change, saved->change);
    EXPECT_EQ(listed->second.size, saved->size);
    EXPECT_EQ(listed->second.received, saved->received);
    EXPECT_EQ(bytes_of(*context_, saved->key).size(), saved->size);
    return count;
  }

  DavServer& server_ = DavServer::shared(GetParam());
  const std::string user_ = server_.make_user();
  const testing::RawHttp other_ = server_.client(user_);
  std::unique_ptr<Forwarder> front_;
  std::unique_ptr<Context> context_;
};
INSTANTIATE_TEST_SUITE_P(Servers, Saving, ::testing::Values(Kind::radicale, Kind::xandikos, Kind::sogo, Kind::cyrus),
                         [](const auto& kind) { return std::string(DavServer::name(kind.param)); });

TEST_P(Saving, OneRequestWhereTheServerTellsWhatItMadeOfIt) {
  const std::size_t requests = GetParam() == Kind::cyrus ? 1 : 2;
  mount(false);
  EXPECT_EQ(save_and_look(event("one", "One")), requests);
  EXPECT_EQ(save_and_look(event("long", std::string(4000, 'x'))), requests) << "what would be compressed";
  mount(true);
  EXPECT_EQ(save_and_look(card("3.0")), requests);
}

TEST_P(Saving, ACardThatIsReadInAnotherVersionIsReadBack) {
  mount(true);
  EXPECT_EQ(save_and_look(card("4.0")), 2u);
}

TEST_P(Saving, WhatIsToldOfAnotherObjectOrWithoutAStrongETagIsReadBack) {
  std::string about, uid;
  mount(false, [&](const ScriptedHttp::Request& request) {
    if (request.method != "PUT") return ScriptedHttp::Reply{};
    EXPECT_LT(other_.put(request.path, request.body).status, 300);
    return ScriptedHttp::reply(200, event(uid, "Not what was sent"), about);
  });
  const std::string told = "Preference-Applied: return=representation\r\n", etag = "ETag: \"1\"\r\n";
  const auto told_of = [&](const std::string& headers, const std::string& of) {
    about = headers;
    uid = of;
    static int number = 0;
    const std::string name = "sent-" + std::to_string(++number);
    if (uid.empty()) uid = name;
    const auto saved = save(*context_, event(name, name));
    return saved ? saved->summary.subject == name : false;
  };
  EXPECT_TRUE(told_of(told + etag, "other"));
  EXPECT_TRUE(told_of(told, {}));
  EXPECT_TRUE(told_of(told + "ETag: W/\"1\"\r\n", {}));
  EXPECT_TRUE(told_of(told + etag + "Content-Location: /other.ics\r\n", {}));
  EXPECT_TRUE(told_of(etag, {}));
  EXPECT_FALSE(told_of(told + etag, {})) << "this one is believed";
}

}  // namespace
}  // namespace mapistore::dav_tests::saving_test
