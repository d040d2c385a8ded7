// The whole way of an account that takes tokens only: sign in by mapistorefs-oauth, and mount it with what that stored.
#include <sys/stat.h>

#include <future>

#include "core/codec/digest.h"
#include "core/codec/transfer.h"
#include "tests/mount/posix.h"
#include "tests/support/google_server.h"
#include "tests/support/loopback.h"
#include "tests/support/temp_mount.h"
#include "tests/support/token_server.h"

namespace mapistore::mount_tests::dav_sign_in_test {
namespace {

using testing::eventually;
using testing::GoogleServer;
using testing::names_in;
using testing::Outcome;
using testing::read_file;
using testing::shell_word;
using testing::stat_of;
using testing::TempMount;
using testing::TokenServer;
using testing::write_file;
using namespace std::chrono_literals;
namespace loopback = testing::loopback;

/// The value of `name` in a form or a URL's query, still encoded.
std::string field(const std::string& form, const std::string& name) {
  const std::size_t at = ('&' + form).find('&' + name + '=');
  if (at == std::string::npos) return {};
  const std::string value = form.substr(at + name.size() + 1);
  return value.substr(0, value.find_first_of("&\n"));
}

/// Google's stand-in, a place that gives tokens for it, and the helper beside them.
class SigningIn : public ::testing::Test {
 protected:
  SigningIn() {
    write_file(profile_, "[folders.Google]\nuri = \"google://" + google_.account() + "/\"\nurl = \"" + google_.url() +
                             "\"\ntls_ca = \"" + google_.ca_file().native() +
                             "\"\n[folders.Google.oauth2]\ntoken_url = \"" + tokens_.url() +
                             "\"\nclient_id = \"an-id\"\nrefresh_token_file = \"" + token_.native() + "\"\n");
  }

  TokenServer::Reply answer(const std::string& form) {
    const std::string grant = field(form, "grant_type");
    if (field(form, "client_id") != "an-id") return {401, R"({"error":"invalid_client"})"};
    if (grant.empty())
      return {200, R"({"device_code":"dev","user_code":"WDJB-MJHT","verification_uri":"https://sign.in/",)"
                   R"("expires_in":30,"interval":1})"};
    if (grant.ends_with("device_code") && is_denied_) return {400, R"({"error":"access_denied"})"};
    if (grant.ends_with("device_code") && !std::exchange(is_confirmed_, true))
      return {400, R"({"error":"authorization_pending"})"};
    if (grant == "authorization_code" &&
        (field(form, "code") != "the-code" || !is_proven(field(form, "code_verifier"))))
      return {400, R"({"error":"invalid_grant","error_description":"PKCE"})"};
    if (grant == "refresh_token" && field(form, "refresh_token") != "refresh-1")
      return {400, R"({"error":"invalid_grant"})"};
    return {200, "{\"access_token\":\"" + google_.token() + "\",\"token_type\":\"Bearer\",\"expires_in\":3600" +
                     (grant == "refresh_token" ? "" : ",\"refresh_token\":\"refresh-1\"") + "}"};
  }
  bool is_proven(const std::string& verifier) const {
    const auto digest = codec::sha256(verifier);
    std::string challenge = codec::base64_of({reinterpret_cast<const char*>(digest.data()), digest.size()});
    for (char& c : challenge) c = c == '+' ? '-' : c == '/' ? '_' : c;
    return challenge.substr(0, challenge.find('=')) == challenge_;
  }

  /// The helper with these words; what it writes goes to the file said() reads.
  Outcome sign_in(const std::string& words) const {
    return testing::run(sandbox_.environment() + " " +
                        shell_word(Path{MAPISTORE_BUILD_DIR} / "mountd/mapistorefs-oauth") + " -p " +
                        shell_word(profile_) + " Google " + words + " >" + shell_word(sandbox_ / "said") + " 2>&1");
  }
  std::string said() const { return read_file(sandbox_ / "said").value_or(""); }

  /// Mounts the profile and reads a calendar of the account.
  void expect_calendar() {
    EXPECT_EQ(read_file(token_), "refresh-1\n");
    EXPECT_EQ(stat_of(token_).st_mode & 07777, 0600u);
    EXPECT_FALSE(said().contains("refresh-1")) << said();
    const TempMount mount{sandbox_, profile_.native()};
    const auto calendars = names_in(mount / "Google");
    ASSERT_FALSE(calendars.empty()) << mount.errors();
    std::string read;
    for (const std::string& calendar : calendars) {
      const Path path = mount / "Google" / calendar / "lunch.ics";
      if (write_file(path, event("Lunch")) == 0) read = read_file(path).value_or("");
    }
    EXPECT_TRUE(read.contains("SUMMARY:Lunch")) << mount.errors();
  }

  Sandbox sandbox_;
  GoogleServer google_;
  const Path profile_ = sandbox_ / "p.toml", token_ = sandbox_ / "keys/google.token";
  std::string challenge_;
  bool is_confirmed_ = false, is_denied_ = false;
  TokenServer tokens_{[this](const std::string& form) { return answer(form); }};
};

TEST_F(SigningIn, ByADeviceIsThenGoodForAMount) {
  const Outcome ended = sign_in("--device --device-url " + tokens_.url());
  ASSERT_EQ(ended.code, 0) << said();
  EXPECT_TRUE(said().contains("https://sign.in/\n")) << said();
  EXPECT_TRUE(said().contains("WDJB-MJHT\n")) << said();
  expect_calendar();
}

TEST_F(SigningIn, ByABrowserIsThenGoodForAMount) {
  auto helper = std::async(std::launch::async, [&] { return sign_in("--authorization-url https://sign.in/auth"); });
  ASSERT_TRUE(eventually([&] { return said().contains("https://sign.in/auth?") && said().ends_with("\n"); }, 10s));
  std::string query = said();
  query.erase(0, query.find('?') + 1);
  challenge_ = field(query, "code_challenge");
  const std::string redirect = field(query, "redirect_uri");  // http%3A%2F%2F127.0.0.1%3APORT%2F
  const auto port = static_cast<std::uint16_t>(std::stoi(redirect.substr(redirect.rfind("%3A") + 3)));
  // A page that guesses the port is no browser that comes back.
  for (const std::string& state : {std::string("guessed"), field(query, "state")}) {
    const auto connection = loopback::connect(port);
    loopback::send_all(connection, "GET /?code=the-code&state=" + state + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    EXPECT_TRUE(loopback::receive(connection).contains(state == "guessed" ? " 400 " : " 200 "));
  }
  ASSERT_EQ(helper.get().code, 0) << said();
  expect_calendar();
}

TEST_F(SigningIn, SaysWhyNothingWasStored) {
  constexpr int no_permission = 77;
  is_denied_ = true;
  EXPECT_EQ(sign_in("--device --device-url " + tokens_.url()).code, no_permission);
  EXPECT_TRUE(said().contains("answers access_denied")) << said();
  EXPECT_EQ(sign_in("--client-id other --device --device-url " + tokens_.url()).code, no_permission);
  EXPECT_TRUE(said().contains("check client_id and client_secret")) << said();
  EXPECT_NE(sign_in("--device --device-url http://sign.in/").code, 0);
  EXPECT_TRUE(said().contains("http://sign.in/") && said().contains("is not encrypted")) << said();
  EXPECT_NE(sign_in("--wait 1 --authorization-url https://sign.in/auth").code, 0);
  EXPECT_TRUE(said().contains("no browser has come back in time")) << said();
  EXPECT_FALSE(testing::is_there(token_));
  write_file(token_, "open to all\n");
  EXPECT_EQ(change_mode(token_, 0644), 0);
  const std::size_t asked = tokens_.forms().size();
  EXPECT_EQ(sign_in("--device --device-url " + tokens_.url()).code, no_permission);
  EXPECT_TRUE(said().contains("chmod 600")) << said();
  EXPECT_EQ(tokens_.forms().size(), asked) << "nobody signs in for nothing";
}

}  // namespace
}  // namespace mapistore::mount_tests::dav_sign_in_test
