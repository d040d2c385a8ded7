// Access tokens by a refresh token: what is asked, kept, put back, and said when it fails.
#include "core/oauth2.h"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/log.h"
#include "core/secrets.h"
#include "tests/support/loopback.h"
#include "tests/support/token_server.h"
#include "tests/unit/core/scratch.h"

namespace mapistore::oauth2_test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::Scratch;
using testing::TokenServer;

const ContextUri mail = ContextUri::parse("imaps://anna@mail.example.org")->uri;

std::string content(const std::filesystem::path& file) {
  std::ifstream stream{file};
  return {std::istreambuf_iterator<char>{stream}, {}};
}

/// Access tokens access-1, access-2, ... that last for `lifetime`; with `more` members of the answer.
TokenServer::Answer numbered(const std::string& lifetime = "3600", const std::string& more = {}) {
  return [=, count = 0](const std::string&) mutable -> TokenServer::Reply {
    return {200, "{\"access_token\":\"access-" + std::to_string(++count) +
                     "\",\"token_type\":\"Bearer\",\"expires_in\":" + lifetime + more + "}"};
  };
}

TokenServer::Answer always(int status, const std::string& body) {
  return [=](const std::string&) -> TokenServer::Reply { return {status, body}; };
}

class OAuth2 : public ::testing::Test {
 protected:
  OAuth2Secret source(const TokenServer& server, StoredSecret refresh_token) {
    return {{.token_url = server.url(), .client_id = "an id", .client_secret = {}, .scope = {}, .authorities = {}},
            std::move(refresh_token)};
  }
  FileSecret file(std::string_view text = "refresh-0\n") { return {scratch_.write("token", text, 0600)}; }

  /// What asking a server that answers so says.
  std::string refusal(TokenServer::Answer answer) {
    const TokenServer server{std::move(answer)};
    Secrets secrets;
    secrets.configure(mail, source(server, file("the-refresh-token\n")));
    const auto token = secrets.get(mail);
    if (token) return "accepted: " + *token;
    std::string said = std::string(name(token.error().code)) + ": " + token.error().to_string();
    EXPECT_THAT(said, Not(HasSubstr("the-refresh-token")));
    if (const auto at = said.find(server.url()); at != std::string::npos) said.replace(at, server.url().size(), "URL");
    return said;
  }

  Scratch scratch_;
};

TEST_F(OAuth2, AsksAsRfc6749) {
  const TokenServer server{numbered()};
  OAuth2Secret asked = source(server, file("r&/=ü\n"));
  asked.client.client_secret = "secret+1";
  asked.client.scope = "mail send";
  Secrets secrets;
  secrets.configure(mail, asked);
  EXPECT_EQ(secrets.get(mail), "access-1");
  EXPECT_THAT(server.forms(), ElementsAre("grant_type=refresh_token&refresh_token=r%26%2F%3D%C3%BC&scope=mail%20send&"
                                          "client_id=an%20id&client_secret=secret%2B1"));
  EXPECT_EQ(log::harmless("is access-1 or r&/=ü or secret+1"), "is *** or *** or ***");
}

TEST_F(OAuth2, KeepsATokenUntilShortlyBeforeItsEnd) {
  const TokenServer server{numbered("3600")};
  Secrets secrets;
  secrets.configure(mail, source(server, file()));
  EXPECT_EQ(secrets.get(mail), "access-1");
  EXPECT_EQ(secrets.get(mail), "access-1");
  EXPECT_EQ(server.forms().size(), 1u);
  secrets.forget(mail);
  EXPECT_EQ(secrets.get(mail), "access-2") << "it was refused";
  EXPECT_EQ(log::harmless("access-1 access-2"), "access-1 ***") << "what has ended is remembered no longer";

  // Nine tenths of no time are over at once; as a string, too.
  for (const char* lifetime : {"0", "\"0\""}) {
    const TokenServer hasty{numbered(lifetime)};
    secrets.configure(mail, source(hasty, file()));
    EXPECT_EQ(secrets.get(mail), "access-1");
    EXPECT_EQ(secrets.get(mail), "access-2");
  }
  for (const char* lifetime : {"null", "-5", "1e30", "{}"}) {
    const TokenServer silent{numbered(lifetime)};
    secrets.configure(mail, source(silent, file()));
    EXPECT_EQ(secrets.get(mail), "access-1") << lifetime;
    EXPECT_EQ(secrets.get(mail), "access-1") << lifetime << ": until it is refused";
  }
}

TEST_F(OAuth2, PutsANewRefreshTokenBackIntoItsFile) {
  const TokenServer server{numbered("0", R"(,"refresh_token":"refresh-1")")};
  const FileSecret kept = file("refresh-0\n# of anna\n");
  std::filesystem::create_symlink(kept.path, scratch_.path() / "link");
  Secrets secrets;
  secrets.configure(mail, source(server, FileSecret{scratch_.path() / "link"}));
  EXPECT_EQ(secrets.get(mail), "access-1");
  EXPECT_EQ(content(kept.path), "refresh-1\n# of anna\n");
  EXPECT_TRUE(std::filesystem::is_symlink(scratch_.path() / "link"));
  struct stat status{};
  ASSERT_EQ(::stat(kept.path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator{scratch_.path()}, {}), 2) << "nothing is left behind";
  EXPECT_EQ(secrets.get(mail), "access-2");
  EXPECT_THAT(server.forms().back(), HasSubstr("refresh_token=refresh-1&"));
}

TEST_F(OAuth2, WarnsOnceOfANewRefreshTokenThatCannotBeStored) {
  const TokenServer server{numbered("0", R"(,"refresh_token":"refresh-1")")};
  Secrets secrets;
  log::start(LogLevel::info, log::Target::standard_error);
  const std::string warned = testing::standard_error_of([&] {
    secrets.configure(mail, source(server, CommandSecret{"echo refresh-0"}));
    EXPECT_EQ(secrets.get(mail), "access-1");
    EXPECT_EQ(secrets.get(mail), "access-2");
  });
  EXPECT_THAT(server.forms().back(), HasSubstr("refresh_token=refresh-1&")) << "it is used as long as we live";
  EXPECT_THAT(warned, AllOf(HasSubstr("imaps://anna@mail.example.org: was given a new refresh token"),
                            HasSubstr("use refresh_token_file"), Not(HasSubstr("refresh-"))));
  EXPECT_EQ(warned.find("was given"), warned.rfind("was given"));
}

TEST_F(OAuth2, TakesWhatIsStoredOnceTheOldOneIsNotAccepted) {
  const FileSecret stored = file("refresh-0\n");
  const TokenServer server{[](const std::string& form) -> TokenServer::Reply {
    if (form.contains("=refresh-2&")) return {200, R"({"access_token":"access-of-2"})"};
    if (form.contains("=refresh-0&")) return {200, R"({"access_token":"access-of-0","refresh_token":"refresh-1"})"};
    return {400, R"({"error":"invalid_grant"})"};
  }};
  const std::string place = stored.path.string();
  Secrets secrets;
  secrets.configure(mail, source(server, CommandSecret{"cat " + place}));
  EXPECT_EQ(secrets.get(mail), "access-of-0");
  secrets.forget(mail);
  scratch_.write("token", "refresh-2\n", 0600);  // anna has signed in again
  EXPECT_EQ(secrets.get(mail), "access-of-2");
  EXPECT_EQ(server.forms().size(), 3u);
}

TEST_F(OAuth2, SaysWhyAndTheWayOut) {
  EXPECT_EQ(
      refusal(always(400, R"({"error":"invalid_grant","error_description":"Token has been expired."})")),
      "authentication_failed: URL for imaps://anna@mail.example.org: answers invalid_grant: Token has been expired.: "
      "sign in again, and store the new refresh token");
  EXPECT_THAT(refusal(always(401, R"({"error":"invalid_client"})")),
              AllOf(HasSubstr("authentication_failed: "), HasSubstr("check client_id and client_secret")));
  EXPECT_THAT(refusal(always(400, R"({"error":"invalid_scope"})")), HasSubstr("invalid_configuration: "));
  EXPECT_THAT(refusal(always(429, "slowly")), AllOf(HasSubstr("busy: "), HasSubstr("429")));
  EXPECT_THAT(refusal(always(503, "")), HasSubstr("busy: "));
  EXPECT_THAT(refusal(always(404, "<html>")), AllOf(HasSubstr("io: "), HasSubstr("404: check token_url")));
  EXPECT_THAT(refusal(always(302, "")), HasSubstr("302")) << "no redirection is followed";
  // What a server quotes back is not shown.
  EXPECT_THAT(refusal(always(400, R"({"error":"x","error_description":"bad the-refresh-token\r\nTrace 7"})")),
              AllOf(HasSubstr("answers x: bad ***: "), Not(HasSubstr("Trace"))));
}

TEST_F(OAuth2, SurvivesHostileAnswers) {
  for (const char* body : {"", "[]", "{", "null", R"({"access_token":7})", R"({"access_token":""})",
                           R"({"access_token":null,"error":{}})", "\xff\xfe"})
    EXPECT_THAT(refusal(always(200, body)), HasSubstr("io: ")) << body;
  EXPECT_THAT(refusal(always(200, R"({"access_token":"two\r\na1 LOGOUT"})")), HasSubstr("what is no access token"));
  EXPECT_THAT(refusal(always(200, R"({"access_token":"t","token_type":"mac"})")), HasSubstr("unsupported: "));
  EXPECT_THAT(refusal(always(200, std::string(100'000, 'x'))), HasSubstr("more than 64 KiB"));
  EXPECT_THAT(refusal(always(200, R"({"error_description":")" + std::string(5000, 'y') + "\"}")), HasSubstr("io: "));
  EXPECT_THAT(refusal(always(200, std::string(60'000, '['))), HasSubstr("io: "));
}

TEST_F(OAuth2, WaitsForNoServerThatHangsOrIsNotThere) {
  const posix::UniqueFd listener = testing::loopback::listen();  // takes connections and says nothing
  const std::string url = "http://127.0.0.1:" + std::to_string(testing::loopback::port_of(listener)) + "/";
  const auto begun = std::chrono::steady_clock::now();
  const auto hung =
      refresh_tokens({.token_url = url, .client_id = "i", .client_secret = {}, .scope = {}, .authorities = {}},
                     "refresh-0", std::chrono::milliseconds{300});
  ASSERT_FALSE(hung);
  EXPECT_EQ(hung.error().code, Errc::timed_out);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds{5});
  const auto none = refresh_tokens(
      {.token_url = "http://127.0.0.1:1/", .client_id = "i", .client_secret = {}, .scope = {}, .authorities = {}},
      "refresh-0", std::chrono::seconds{5});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, Errc::connection_refused);
}

}  // namespace
}  // namespace mapistore::oauth2_test
