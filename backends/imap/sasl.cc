#include "backends/imap/sasl.h"

#include <gsasl.h>

#include <algorithm>
#include <array>

#include "backends/imap/scanner.h"

namespace mapistore::imap {

using namespace std::string_view_literals;

namespace {

struct FreeContext {
  void operator()(Gsasl* context) const { gsasl_done(context); }
};
struct FreeSession {
  void operator()(Gsasl_session* session) const { gsasl_finish(session); }
};

/// A string that libgsasl gave away.
class GivenString {
 public:
  ~GivenString() { gsasl_free(data); }
  GivenString() = default;
  GivenString(const GivenString&) = delete;
  std::string text() const { return data == nullptr ? std::string() : std::string(data, size); }

  char* data = nullptr;
  std::size_t size = 0;
};

/// Has libgsasl take properties from what was set, and nothing else.
int no_property(Gsasl*, Gsasl_session*, Gsasl_property) { return GSASL_NO_CALLBACK; }

/// Whether a SCRAM server asks for so many rounds that the login would never end.
bool asks_too_much(std::string_view challenge) {
  constexpr std::uint64_t most_rounds = 1'000'000;
  const std::size_t at = challenge.find(",i=");
  if (at == std::string_view::npos) return false;
  const auto rounds = parse_number(challenge.substr(at + 3, challenge.find(',', at + 3) - (at + 3)));
  return !rounds || *rounds > most_rounds;
}

class LibraryExchange final : public SaslExchange {
 public:
  LibraryExchange(std::string_view mechanism, Gsasl* context, Gsasl_session* session)
      : mechanism_{mechanism}, context_{context}, session_{session} {}

  bool speaks_first() const noexcept override { return mechanism_ != "LOGIN"; }
  bool is_satisfied() const noexcept override { return is_done_; }

  Result<std::string> step(std::string_view challenge) override {
    if (mechanism_.starts_with("SCRAM") && asks_too_much(challenge))
      return fail(Errc::authentication_failed, mechanism_, "the server asks for too many rounds of hashing");
    GivenString answer;
    const int result = gsasl_step(session_.get(), challenge.data(), challenge.size(), &answer.data, &answer.size);
    is_done_ = result == GSASL_OK;
    if (!is_done_ && result != GSASL_NEEDS_MORE)
      return fail(Errc::authentication_failed, mechanism_, gsasl_strerror(result));
    return answer.text();
  }

 private:
  std::string mechanism_;
  std::unique_ptr<Gsasl, FreeContext> context_;
  std::unique_ptr<Gsasl_session, FreeSession> session_;
  bool is_done_ = false;
};

/// One line of printable text, from whatever a server sent.
std::string printable(std::string_view text) {
  std::string line{text.substr(0, 500)};
  std::ranges::replace_if(line, [](char letter) { return letter < 0x20 || letter > 0x7e; }, ' ');
  return line;
}

/// OAUTHBEARER (RFC 7628) and XOAUTH2: one message, and an answer to an error.
class TokenExchange final : public SaslExchange {
 public:
  TokenExchange(std::string message, std::string acknowledgement)
      : message_{std::move(message)}, acknowledgement_{std::move(acknowledgement)} {}

  bool speaks_first() const noexcept override { return true; }
  bool is_satisfied() const noexcept override { return error_.empty(); }
  std::string server_error() const override { return error_; }

  Result<std::string> step(std::string_view challenge) override {
    if (!std::exchange(is_begun_, true)) return std::move(message_);
    error_ = printable(challenge);
    return acknowledgement_;
  }

 private:
  std::string message_, acknowledgement_, error_;
  bool is_begun_ = false;
};

/// RFC 5801: a comma and an equals sign cannot stand for themselves.
std::string gs2_name(std::string_view user) {
  std::string text;
  for (const char letter : user) {
    if (letter == ',') {
      text += "=2C";
    } else if (letter == '=') {
      text += "=3D";
    } else {
      text += letter;
    }
  }
  return text;
}

std::unique_ptr<SaslExchange> begin_bearer(const Credentials& credentials, const SaslChannel& channel) {
  const std::string& name = credentials.acting_for.empty() ? credentials.user : credentials.acting_for;
  return std::make_unique<TokenExchange>("n,a=" + gs2_name(name) + ",\1host=" + channel.host +
                                             "\1port=" + std::to_string(channel.port) + "\1auth=Bearer " +
                                             credentials.secret + "\1\1",
                                         "\1");
}

std::unique_ptr<SaslExchange> begin_xoauth2(const Credentials& credentials) {
  return std::make_unique<TokenExchange>("user=" + credentials.user + "\1auth=Bearer " + credentials.secret + "\1\1",
                                         "");
}

int set_properties(Gsasl_session* session, bool binds, const Credentials& credentials, const SaslChannel& channel) {
  const auto set = [&](Gsasl_property property, const std::string& value) {
    return value.empty() ? GSASL_OK : gsasl_property_set(session, property, value.c_str());
  };
  for (const int result :
       {set(GSASL_AUTHID, credentials.user), set(GSASL_PASSWORD, credentials.secret),
        set(GSASL_AUTHZID, credentials.acting_for), set(GSASL_SERVICE, "imap"), set(GSASL_HOSTNAME, channel.host),
        binds && !channel.tls_unique.empty() ? set(GSASL_CB_TLS_UNIQUE, base64(channel.tls_unique)) : GSASL_OK,
        binds && !channel.tls_exporter.empty() ? set(GSASL_CB_TLS_EXPORTER, base64(channel.tls_exporter)) : GSASL_OK})
    if (result != GSASL_OK) return result;
  return GSASL_OK;
}

struct Mechanism {
  std::string_view name;
  bool takes_token;
  bool binds;         ///< to the TLS connection
  bool hides_secret;  ///< from whoever listens
};

constexpr std::array<Mechanism, 8> mechanisms{{
    {"OAUTHBEARER", true, false, false},
    {"XOAUTH2", true, false, false},
    {"SCRAM-SHA-256-PLUS", false, true, true},
    {"SCRAM-SHA-1-PLUS", false, true, true},
    {"SCRAM-SHA-256", false, false, true},
    {"SCRAM-SHA-1", false, false, true},
    {"PLAIN", false, false, false},
    {"LOGIN", false, false, false},
}};

}  // namespace

std::vector<std::string> usable_mechanisms(const std::vector<std::string>& offered, const Credentials& credentials,
                                           const SaslChannel& channel) {
  std::vector<std::string> usable;
  // No server says which binding it knows, and those of today that offer -PLUS on TLS 1.3 fail with its only one, after
  // seconds.
  const bool can_bind =
      !channel.tls_unique.empty() || (!channel.tls_exporter.empty() && credentials.mechanism.ends_with("-PLUS"));
  for (const Mechanism& mechanism : mechanisms) {
    const auto is_it = [&](std::string_view name) { return equal_ignoring_case(name, mechanism.name); };
    if (std::ranges::none_of(offered, is_it)) continue;
    if (!credentials.mechanism.empty() && !is_it(credentials.mechanism)) continue;
    if (mechanism.takes_token != credentials.is_token) continue;
    if (mechanism.binds && !can_bind) continue;
    if (!mechanism.hides_secret && !channel.is_private) continue;
    usable.emplace_back(mechanism.name);
  }
  return usable;
}

Result<std::unique_ptr<SaslExchange>> SaslExchange::begin(std::string_view mechanism, const Credentials& credentials,
                                                          const SaslChannel& channel) {
  if (credentials.user.contains('\0') || credentials.secret.contains('\0'))
    return fail(Errc::invalid_argument, mechanism, "a NUL in the user's name or password");
  if (mechanism == "OAUTHBEARER") return begin_bearer(credentials, channel);
  if (mechanism == "XOAUTH2") return begin_xoauth2(credentials);
  Gsasl* context = nullptr;
  if (const int result = gsasl_init(&context); result != GSASL_OK)
    return fail(Errc::no_memory, mechanism, gsasl_strerror(result));
  std::unique_ptr<Gsasl, FreeContext> owner{context};
  gsasl_callback_set(context, no_property);
  Gsasl_session* session = nullptr;
  int result = gsasl_client_start(context, std::string(mechanism).c_str(), &session);
  if (result != GSASL_OK) return fail(Errc::unsupported, mechanism, gsasl_strerror(result));
  auto exchange = std::make_unique<LibraryExchange>(mechanism, owner.release(), session);
  result = set_properties(session, mechanism.ends_with("-PLUS"), credentials, channel);
  if (result != GSASL_OK) return fail(Errc::no_memory, mechanism, gsasl_strerror(result));
  return exchange;
}

std::string base64(std::string_view bytes) {
  GivenString text;
  if (gsasl_base64_to(bytes.data(), bytes.size(), &text.data, &text.size) != GSASL_OK) return {};
  return text.text();
}

Result<std::string> from_base64(std::string_view text) {
  GivenString bytes;
  if (text.empty()) return std::string();
  if (gsasl_base64_from(text.data(), text.size(), &bytes.data, &bytes.size) != GSASL_OK)
    return fail(Errc::corrupted, {}, "not base64");
  return bytes.text();
}

}  // namespace mapistore::imap
