#include "backends/imap/sasl.h"

#include <gmock/gmock.h>
#include <gsasl.h>

#include "tests/unit/backends/support.h"

namespace mapistore::imap::imap_sasl_test {
namespace {

using ::testing::ElementsAre;
using testing_backends::code;

const std::vector<std::string> everything{"PLAIN",         "LOGIN",       "CRAM-MD5",          "SCRAM-SHA-1",
                                          "SCRAM-SHA-256", "XOAUTH2",     "SCRAM-SHA-1-PLUS",  "OAUTHBEARER",
                                          "GSSAPI",        "X-SOMETHING", "SCRAM-SHA-256-PLUS"};

std::unique_ptr<SaslExchange> begin(std::string_view mechanism, const Credentials& credentials,
                                    const SaslChannel& channel = {}) {
  auto exchange = SaslExchange::begin(mechanism, credentials, channel);
  EXPECT_TRUE(exchange.has_value()) << (exchange ? "" : exchange.error().to_string());
  return exchange ? *std::move(exchange) : nullptr;
}

TEST(ImapSasl, ChoosesTheStrongestThatIsSafe) {
  SaslChannel channel{.is_private = true, .tls_unique = "x"};
  const Credentials password{.user = "u", .secret = "p"};
  EXPECT_THAT(usable_mechanisms(everything, password, channel),
              ElementsAre("SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN"));
  EXPECT_THAT(usable_mechanisms(everything, {.user = "u", .secret = "t", .is_token = true}, channel),
              ElementsAre("OAUTHBEARER", "XOAUTH2"));
  channel.tls_unique.clear();
  channel.tls_exporter = "x";
  EXPECT_THAT(usable_mechanisms(everything, {.user = "u", .secret = "p", .mechanism = "SCRAM-SHA-1-PLUS"}, channel),
              ElementsAre("SCRAM-SHA-1-PLUS"));
  EXPECT_THAT(usable_mechanisms({"plain", "scram-sha-1", "SCRAM-SHA-1-PLUS"}, password, channel),
              ElementsAre("SCRAM-SHA-1", "PLAIN"));
  channel.is_private = false;
  EXPECT_THAT(usable_mechanisms(everything, password, channel), ElementsAre("SCRAM-SHA-256", "SCRAM-SHA-1"));
  EXPECT_THAT(usable_mechanisms(everything, {.user = "u", .secret = "t", .is_token = true}, channel), ElementsAre());
  EXPECT_THAT(usable_mechanisms(everything, {.user = "u", .secret = "p", .mechanism = "PLAIN"}, channel),
              ElementsAre());
}

TEST(ImapSasl, SaysPlainAsRfc4616) {
  auto exchange = begin("PLAIN", {.user = "tim", .secret = "tanstaaftanstaaf"});
  EXPECT_TRUE(exchange->speaks_first());
  EXPECT_EQ(exchange->step("").value(), std::string("\0tim\0tanstaaftanstaaf", 21));
  auto acting = begin("PLAIN", {.user = "Kurt", .secret = "xipj3plmq", .acting_for = "Ursel"});
  EXPECT_EQ(acting->step("").value(), std::string("Ursel\0Kurt\0xipj3plmq", 20));
}

TEST(ImapSasl, SaysOauthbearerAsRfc7628) {
  const SaslChannel channel{.host = "server.example.com", .port = 143};
  auto exchange = begin(
      "OAUTHBEARER",
      {.user = "user@example.com", .secret = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==", .is_token = true}, channel);
  EXPECT_EQ(
      base64(exchange->step("").value()),
      "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyIHZGOWRmdDRxbVRjMk52"
      "YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB");
  EXPECT_TRUE(exchange->is_satisfied());
  EXPECT_EQ(exchange->step("{\"status\":\"invalid_token\"}\n").value(), "\1");
  EXPECT_FALSE(exchange->is_satisfied());
  EXPECT_EQ(exchange->server_error(), "{\"status\":\"invalid_token\"} ");
  EXPECT_EQ(begin("OAUTHBEARER", {.user = "a=b,c", .secret = "t"})->step("").value().substr(0, 14), "n,a=a=3Db=2Cc,");
}

TEST(ImapSasl, SaysXoauth2) {
  auto exchange =
      begin("XOAUTH2", {.user = "someuser@example.com", .secret = "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg"});
  EXPECT_EQ(
      base64(exchange->step("").value()),
      "dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0"
      "Q2cBAQ==");
}

/// The other side of SCRAM.
class ScramServer {
 public:
  ScramServer(const std::string& mechanism, const std::string& binding) {
    gsasl_init(&context_);
    EXPECT_EQ(gsasl_server_start(context_, mechanism.c_str(), &session_), GSASL_OK);
    gsasl_property_set(session_, GSASL_PASSWORD, "pencil");
    gsasl_property_set(session_, GSASL_SCRAM_ITER, "4096");
    gsasl_property_set(session_, GSASL_SCRAM_SALT, "W22ZaJ0SNY7soEsUEjb6gQ==");
    if (!binding.empty()) gsasl_property_set(session_, GSASL_CB_TLS_EXPORTER, base64(binding).c_str());
  }
  ~ScramServer() {
    gsasl_finish(session_);
    gsasl_done(context_);
  }
  ScramServer(const ScramServer&) = delete;

  std::string step(const std::string& input) {
    char* output = nullptr;
    std::size_t size = 0;
    result = gsasl_step(session_, input.data(), input.size(), &output, &size);
    std::string text = output == nullptr ? std::string() : std::string(output, size);
    gsasl_free(output);
    return text;
  }

  int result = GSASL_NEEDS_MORE;

 private:
  Gsasl* context_ = nullptr;
  Gsasl_session* session_ = nullptr;
};

TEST(ImapSasl, SpeaksScram) {
  for (const std::string mechanism : {"SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS"}) {
    SCOPED_TRACE(mechanism);
    const std::string binding = mechanism.ends_with("-PLUS") ? std::string(32, 'b') : "";
    auto exchange = begin(mechanism, {.user = "user", .secret = "pencil"}, {.tls_exporter = binding});
    ScramServer server{mechanism, binding};
    const std::string challenge = server.step(exchange->step("").value());
    EXPECT_FALSE(exchange->is_satisfied());
    const std::string proof = server.step(exchange->step(challenge).value());
    EXPECT_EQ(server.result, GSASL_OK);
    EXPECT_FALSE(exchange->is_satisfied());
    EXPECT_EQ(exchange->step(proof).value(), "");
    EXPECT_TRUE(exchange->is_satisfied());
  }
}

TEST(ImapSasl, RefusesAServerThatCannotProveItself) {
  auto exchange = begin("SCRAM-SHA-256", {.user = "user", .secret = "pencil"});
  ScramServer server{"SCRAM-SHA-256", ""};
  const std::string challenge = server.step(exchange->step("").value());
  EXPECT_TRUE(exchange->step(challenge).has_value());
  const auto refused = exchange->step("v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
  EXPECT_EQ(code(refused), Errc::authentication_failed);
  EXPECT_FALSE(refused.error().to_string().contains("pencil"));
}

TEST(ImapSasl, RefusesToWorkForHours) {
  auto exchange = begin("SCRAM-SHA-256", {.user = "user", .secret = "pencil"});
  const std::string first = exchange->step("").value();
  const std::string nonce = first.substr(first.find("r=") + 2);
  EXPECT_EQ(code(exchange->step("r=" + nonce + "x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=2000000000")),
            Errc::authentication_failed);
}

TEST(ImapSasl, RefusesNonsense) {
  EXPECT_EQ(code(SaslExchange::begin("X-SOMETHING", {}, {})), Errc::unsupported);
  EXPECT_EQ(code(SaslExchange::begin("PLAIN", {.user = std::string("a\0b", 3)}, {})), Errc::invalid_argument);
  EXPECT_EQ(code(from_base64("*")), Errc::corrupted);
  EXPECT_EQ(from_base64("").value(), "");
  EXPECT_EQ(from_base64("AGE=").value(), std::string("\0a", 2));
}

}  // namespace
}  // namespace mapistore::imap::imap_sasl_test
