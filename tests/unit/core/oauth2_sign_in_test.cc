// Signing in by a device's code and by a browser: what is asked, waited for, refused and stored.
#include "core/oauth2_sign_in.h"

#include <sys/stat.h>

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/oauth2_redirect.h"
#include "core/secret_file.h"
#include "tests/support/loopback.h"
#include "tests/support/token_server.h"
#include "tests/unit/core/scratch.h"

namespace mapistore::oauth2::oauth2_sign_in_test {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TokenServer;

constexpr std::chrono::milliseconds soon{5000};

OAuth2Client client_of(const TokenServer& server) {
  return {.token_url = server.url(),
          .client_id = "an id",
          .client_secret = {},
          .scope = "calendar mail",
          .authorities = {}};
}

/// Gives a code, and then each of `answers` to who asks whether it was confirmed.
TokenServer::Answer device(std::vector<TokenServer::Reply> answers) {
  return [answers = std::move(answers), asked = std::size_t{0}](const std::string& form) mutable -> TokenServer::Reply {
    if (!form.contains("grant_type"))
      return {200, R"({"device_code":"the-device","user_code":"ABCD-EFGH","verification_uri":"https://sign.in/",)"
                   R"("expires_in":60,"interval":2})"};
    return asked < answers.size() ? answers[asked++] : TokenServer::Reply{500, "asked too often"};
  };
}

TokenServer::Reply refusal(const std::string& code) { return {400, "{\"error\":\"" + code + "\"}"}; }
const TokenServer::Reply granted{
    200, R"({"access_token":"by-device","token_type":"Bearer","refresh_token":"device-refresh"})"};

/// How waiting ends where a server answers so, and the pauses.
struct Wait {
  explicit Wait(std::vector<TokenServer::Reply> answers) : server{device(std::move(answers))} {
    const auto code = ask_device_code(client_of(server), server.url(), soon);
    if (code)
      ended = await_device(client_of(server), *code, soon, [this](seconds pause) { pauses.push_back(pause.count()); });
  }
  Errc refused() const { return ended ? Errc{} : ended.error().code; }

  TokenServer server;
  std::vector<seconds::rep> pauses;
  Result<OAuth2Tokens> ended = fail(Errc::io, "never asked");
};

TEST(DeviceCodes, AreWaitedForAsRfc8628) {
  const Wait wait{{refusal("authorization_pending"), refusal("slow_down"), refusal("authorization_pending"), granted}};
  ASSERT_TRUE(wait.ended) << wait.ended.error().to_string();
  EXPECT_EQ(wait.ended->refresh.text(), "device-refresh");
  EXPECT_THAT(wait.pauses, ElementsAre(2, 2, 7, 7)) << "five more since it was told to slow down";
  const auto forms = wait.server.forms();
  EXPECT_EQ(forms.at(0), "scope=calendar%20mail&client_id=an%20id");
  EXPECT_EQ(
      forms.at(1),
      "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&device_code=the-device&client_id=an%20id");
}

TEST(DeviceCodes, SayWhyThereIsNoToken) {
  EXPECT_EQ(Wait({refusal("access_denied")}).refused(), Errc::access_denied);
  EXPECT_EQ(Wait({refusal("authorization_declined")}).refused(), Errc::access_denied) << "Microsoft's word";
  EXPECT_EQ(Wait({refusal("authorization_pending"), refusal("expired_token")}).refused(), Errc::timed_out);
  EXPECT_EQ(Wait({refusal("invalid_client")}).refused(), Errc::authentication_failed);
  EXPECT_EQ(Wait({{200, "{}"}}).refused(), Errc::io);
  const Wait forgotten{std::vector(100, refusal("authorization_pending"))};
  EXPECT_EQ(forgotten.refused(), Errc::timed_out);
  EXPECT_EQ(forgotten.pauses.size(), 30u) << "a minute, every other second";
  const Wait broken{{{503, ""}, {503, ""}, granted}};
  EXPECT_TRUE(broken.ended);
  EXPECT_THAT(broken.pauses, ElementsAre(2, 4, 8));
}

TEST(DeviceCodes, AreRefusedToAClientThatIsNotKnown) {
  const TokenServer server{[](const std::string&) { return refusal("invalid_client"); }};
  const auto code = ask_device_code(client_of(server), server.url(), soon);
  ASSERT_FALSE(code);
  EXPECT_EQ(code.error().code, Errc::authentication_failed);
  EXPECT_THAT(code.error().to_string(), HasSubstr("check client_id and client_secret"));
  const TokenServer odd{[](const std::string&) -> TokenServer::Reply { return {200, "[]"}; }};
  EXPECT_FALSE(ask_device_code(client_of(odd), odd.url(), soon));
}

/// What a browser that asks a Redirect for `target` is answered.
std::string visit(const Redirect& redirect, const std::string& target) {
  const auto connection = testing::loopback::connect(redirect.port());
  testing::loopback::send_all(connection, "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  std::string answer;
  for (std::string more; !(more = testing::loopback::receive(connection)).empty();) answer += more;
  return answer;
}

TEST(SigningInByABrowser, TakesTheAnswerThatHasItsStateAndNoOther) {
  const auto redirect = Redirect::listen(0);
  ASSERT_TRUE(redirect) << redirect.error().to_string();
  const auto idle = testing::loopback::connect(redirect->port());  // as browsers open ahead
  std::vector<std::string> answers;
  std::jthread browser{[&] {
    for (const char* target : {"/favicon.ico", "/?code=stolen&state=other", "/?code=stolen",
                               "/?state=the-state-&code=x", "/?state=the-state&code=a%2Fcode%20"})
      answers.push_back(visit(*redirect, target).substr(9, 3));
  }};
  const auto code = redirect->await_code("the-state", soon);
  browser.join();
  ASSERT_TRUE(code) << code.error().to_string();
  EXPECT_EQ(code->text(), "a/code ");
  EXPECT_THAT(answers, ElementsAre("404", "400", "404", "400", "200"));
}

TEST(SigningInByABrowser, SaysWhyThereIsNoCode) {
  const auto redirect = Redirect::listen(0);
  ASSERT_TRUE(redirect);
  std::jthread browser{[&] { visit(*redirect, "/?error=access_denied&error_description=No%0Away&state=s"); }};
  const auto denied = redirect->await_code("s", soon);
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().code, Errc::access_denied);
  EXPECT_THAT(denied.error().to_string(), HasSubstr("No"));
  const auto nobody = redirect->await_code("s", std::chrono::milliseconds{50});
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error().code, Errc::timed_out);
  const auto taken = Redirect::listen(redirect->port());
  ASSERT_FALSE(taken);
  EXPECT_THAT(taken.error().to_string(), HasSubstr("--port"));
}

TEST(SigningInByABrowser, ProvesItselfByAVerifierThatTheBrowserNeverSees) {
  const auto one = BrowserAttempt::begin("http://127.0.0.1:7/"), other = BrowserAttempt::begin("http://127.0.0.1:7/");
  ASSERT_TRUE(one && other);
  EXPECT_NE(one->state, other->state);
  EXPECT_NE(one->verifier.text(), other->verifier.text());
  EXPECT_EQ(one->verifier.text().size(), 43u);
  BrowserAttempt known{"s", SecretText{"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"}, "http://127.0.0.1:7/"};
  const TokenServer server{[](const std::string&) { return granted; }};
  const std::string address = browser_address(client_of(server), "https://a.example/auth?x=1", known);
  EXPECT_THAT(address,
              HasSubstr("https://a.example/auth?x=1&response_type=code&client_id=an%20id&"
                        "redirect_uri=http%3A%2F%2F127.0.0.1%3A7%2F&state=s&"
                        "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"))
      << "the example of RFC 7636 appendix B";
  EXPECT_FALSE(address.contains("dBjftJeZ4CVP"));
  ASSERT_TRUE(redeem(client_of(server), known, SecretText{"a code"}, soon));
  EXPECT_THAT(server.forms(),
              ElementsAre("grant_type=authorization_code&code=a%20code&redirect_uri=http%3A%2F%2F127.0.0.1%3A7%2F&"
                          "code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk&client_id=an%20id"));
}

TEST(StoringARefreshToken, MakesAFileForNobodyElse) {
  const testing::Scratch scratch;
  const auto file = scratch.path() / "made" / "here" / "token";
  ASSERT_TRUE(check_secret_file(file));
  EXPECT_FALSE(std::filesystem::exists(file)) << "looking leaves nothing";
  ASSERT_TRUE(store_secret_file(file, "one"));
  EXPECT_EQ(read_secret_file(file), "one");
  struct stat status{};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
  ASSERT_TRUE(store_secret_file(file, "two"));
  EXPECT_EQ(read_secret_file(file), "two");
  ASSERT_EQ(::chmod(file.c_str(), 0644), 0);
  EXPECT_EQ(check_secret_file(file).error().code, Errc::access_denied);
  EXPECT_EQ(store_secret_file(file, "three").error().code, Errc::access_denied);
}

}  // namespace
}  // namespace mapistore::oauth2::oauth2_sign_in_test
