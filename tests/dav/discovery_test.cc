// From a server's name, or the path of anything on it, to calendars and address books.
#include "tests/dav/fixture.h"

#include "tests/support/dav_server.h"
#include "tests/support/scripted_http.h"

namespace mapistore::dav_tests::discovery_test {
namespace {

using testing::DavServer;
using testing::ScriptedHttp;
using Kind = DavServer::Kind;

class Discovery : public DavTest, public ::testing::WithParamInterface<Kind> {
 protected:
  Discovery() { host_.secrets = {server_.password()}; }
  std::vector<std::string> folders(const std::string& uri) {
    Sink sink;
    EXPECT_TRUE(open(uri)->changes(soon(), {}, {}, sink));
    std::vector<std::string> keys;
    for (const auto& [key, folder] : sink.folders) keys.push_back(key);
    return keys;
  }
  static bool has(const std::vector<std::string>& some, const std::string& one) {
    return std::ranges::find(some, one) != some.end();
  }
  static std::string last(std::string path) {
    path.pop_back();
    return path.substr(path.rfind('/') + 1);
  }

  DavServer& server_ = DavServer::shared(GetParam());
  const std::string user_ = server_.make_user();
  const std::string calendar_ = server_.make_collection(user_, false), book_ = server_.make_collection(user_, true);
};
INSTANTIATE_TEST_SUITE_P(Servers, Discovery, ::testing::Values(Kind::radicale, Kind::xandikos, Kind::sogo, Kind::cyrus),
                         [](const auto& kind) { return std::string(DavServer::name(kind.param)); });

TEST_P(Discovery, AHomeHasItsCollectionsOfTheKindAskedFor) {
  const auto calendars = folders("caldav://" + server_.authority(user_) + server_.home(user_, false));
  EXPECT_TRUE(has(calendars, last(calendar_)));
  EXPECT_FALSE(has(calendars, last(book_)));
  const auto books = folders("carddav://" + server_.authority(user_) + server_.home(user_, true));
  EXPECT_TRUE(has(books, last(book_)));
  EXPECT_FALSE(has(books, last(calendar_)));
}

TEST_P(Discovery, AServersNameLeadsToTheAccount) {
  if (GetParam() == Kind::xandikos) {
    // It knows one user, whatever he is called.
    EXPECT_TRUE(has(folders("caldav://" + server_.authority(user_) + "/"), "calendar"));
    EXPECT_TRUE(has(folders("carddav://" + server_.authority(user_) + "/"), "addressbook"));
    return;
  }
  EXPECT_TRUE(has(folders("caldav://" + server_.authority(user_) + "/"), last(calendar_)));
  EXPECT_TRUE(has(folders("carddav://" + server_.authority(user_) + "/"), last(book_)));
}

TEST_P(Discovery, ACollectionIsItsOwnRoot) {
  const auto context = open("caldav://" + server_.authority(user_) + calendar_);
  const auto saved = save(*context, event("root", "Root"));
  ASSERT_TRUE(saved) << saved.error().to_string();
  Sink sink;
  ASSERT_TRUE(context->changes(soon(), {}, {}, sink));
  EXPECT_TRUE(sink.folders.empty());
  EXPECT_EQ(sink.messages.size(), 1u);
}

TEST_P(Discovery, WhatIsNotThereIsNotFound) {
  EXPECT_EQ(code(try_open("caldav://" + server_.authority(user_) + server_.home(user_, false) + "nowhere/")),
            Errc::not_found);
  EXPECT_EQ(code(try_open("carddav://" + server_.authority(user_) + calendar_)), Errc::not_found)
      << "a calendar is no address book";
}

TEST_P(Discovery, AWrongPasswordIsToldApart) {
  if (GetParam() == Kind::xandikos) return;  // asks nobody for one
  host_.secrets = {"wrong-secret"};
  const auto refused = try_open("caldav://" + server_.authority(user_) + calendar_);
  EXPECT_EQ(code(refused), Errc::authentication_failed);
  EXPECT_FALSE(refused.error().to_string().contains("wrong-secret"));
  EXPECT_FALSE(host_.lines().contains("wrong-secret"));
  host_.secrets.clear();
  EXPECT_EQ(code(try_open("caldav://" + server_.authority(user_) + calendar_)), Errc::not_found)
      << "without any password the way to configure one is told";
}

using Addresses = DavTest;

TEST_F(Addresses, PlainHttpGoesToThisMachineOnly) {
  for (const std::string uri : {"caldav://anna@192.0.2.1/", "carddav://anna@dav.example.org/x/"})
    EXPECT_EQ(code(try_open(uri)), Errc::invalid_configuration) << uri;
}

TEST_F(Addresses, WhatNamesNothingIsRefused) {
  for (const std::string uri : {"caldav:///", "sogo://host/", "google://nobody/"})
    EXPECT_EQ(code(try_open(uri)), Errc::invalid_uri) << uri;
  EXPECT_EQ(code(try_open("caldav://a@localhost:1/", {{"server", "unheard-of"}})), Errc::invalid_configuration);
  EXPECT_EQ(code(try_open("caldav://a@localhost:1/", {{"poll", "soon"}})), Errc::invalid_configuration);
  EXPECT_EQ(code(try_open("caldav://a@localhost:1/")), Errc::connection_refused);
}

TEST_F(Addresses, DigestIsUsedWhereTheServerWantsIt) {
  host_.secrets = {"correct horse"};
  ScriptedHttp server{[](const ScriptedHttp::Request& request) {
    const bool is_digest = request.head.contains("Authorization: Digest username=\"anna\"");
    if (!is_digest)
      return ScriptedHttp::reply(401, {}, "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\r\n");
    return ScriptedHttp::multistatus(
        "<D:response><D:href>/cal/</D:href><D:propstat><D:prop><D:resourcetype><D:collection/><C:calendar/>"
        "</D:resourcetype></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>");
  }};
  EXPECT_TRUE(try_open("caldav://anna@127.0.0.1:" + std::to_string(server.port()) + "/cal/"));
  for (const auto& request : server.requests()) EXPECT_FALSE(request.head.contains("horse"));
}

TEST_F(Addresses, AReadOnlyCalendarSaysSo) {
  host_.secrets = {"correct horse"};
  ScriptedHttp server{[](const ScriptedHttp::Request&) {
    return ScriptedHttp::multistatus(
        "<D:response><D:href>/cal/</D:href><D:propstat><D:prop><D:resourcetype><D:collection/><C:calendar/>"
        "</D:resourcetype><D:current-user-privilege-set><D:privilege><D:read/></D:privilege>"
        "</D:current-user-privilege-set></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>");
  }};
  const auto context = open("caldav://anna@127.0.0.1:" + std::to_string(server.port()) + "/cal/");
  EXPECT_TRUE(context->profile().read_only);
  EXPECT_EQ(code(save(*context, event("a", "A"))), Errc::access_denied);
}

}  // namespace
}  // namespace mapistore::dav_tests::discovery_test
