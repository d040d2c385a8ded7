#include "backends/imap/failure.h"

#include <algorithm>
#include <array>

#include "backends/imap/scanner.h"

namespace mapistore::imap {

namespace {

struct Meaning {
  std::string_view sign;
  Errc code;
  std::string_view hint;
};

constexpr std::string_view later = "try again later";

// RFC 3501, 4315, 5530, 7889, 9051 and what large servers add.
constexpr auto codes = std::to_array<Meaning>({
    {"AUTHENTICATIONFAILED", Errc::authentication_failed, "check the user name and the password or token"},
    {"AUTHORIZATIONFAILED", Errc::authentication_failed, "this user may not act for that one"},
    {"EXPIRED", Errc::authentication_failed, "the password has expired: change it"},
    {"PRIVACYREQUIRED", Errc::authentication_failed, "use imaps or STARTTLS"},
    {"CONTACTADMIN", Errc::access_denied, "ask the server's administrator"},
    {"NOPERM", Errc::access_denied, ""},
    {"NONEXISTENT", Errc::not_found, ""},
    {"TRYCREATE", Errc::not_found, ""},
    {"BADURL", Errc::not_found, ""},
    {"ALREADYEXISTS", Errc::exists, ""},
    {"HASCHILDREN", Errc::not_empty, ""},
    {"OVERQUOTA", Errc::quota_exceeded, "remove messages or ask for a greater quota"},
    {"TOOBIG", Errc::too_large, ""},
    {"APPENDLIMIT", Errc::too_large, ""},
    {"LIMIT", Errc::too_large, ""},
    {"CANNOT", Errc::not_permitted, ""},
    {"NOTSAVED", Errc::stale, ""},
    {"EXPUNGEISSUED", Errc::stale, ""},
    {"READ-ONLY", Errc::read_only, ""},
    {"CORRUPTION", Errc::corrupted, "ask the server's administrator"},
    {"UNKNOWN-CTE", Errc::unsupported, ""},
    {"USEATTR", Errc::unsupported, ""},
    {"UNAVAILABLE", Errc::busy, later},
    {"INUSE", Errc::busy, later},
    {"SERVERBUG", Errc::busy, later},
    {"THROTTLED", Errc::busy, later},
});

// Without a code the words of a refusal are all there is; in upper case. The first that fits counts.
constexpr auto texts = std::to_array<Meaning>({
    {"ALREADY EXISTS", Errc::exists, ""},
    {"DOES NOT EXIST", Errc::not_found, ""},
    {"DOESN'T EXIST", Errc::not_found, ""},
    {"NO SUCH MAILBOX", Errc::not_found, ""},
    {"UNKNOWN MAILBOX", Errc::not_found, ""},
    {"OVER QUOTA", Errc::quota_exceeded, ""},
    {"QUOTA EXCEEDED", Errc::quota_exceeded, ""},
    {"PERMISSION DENIED", Errc::access_denied, ""},
    {"MESSAGE CONTAINS", Errc::invalid_content, ""},
    {"INVALID HEADER", Errc::invalid_content, ""},
    {"TOO LARGE", Errc::too_large, ""},
    {"CONNECTIONS", Errc::busy, "close other mail programs, or allow fewer connections"},
    {"NOT CONNECTED", Errc::busy, later},
    {"THROTTLED", Errc::busy, later},
    {"BACKOFF", Errc::busy, later},
    {"TRY AGAIN", Errc::busy, later},
    {"TEMPORAR", Errc::busy, later},
});

const Meaning* meaning_of(const ConditionReply& reply) {
  const auto* const by_code = std::ranges::find(codes, reply.code.name, &Meaning::sign);
  const std::string text = upper_case(reply.text);
  // LIMIT says that there is one, not of what.
  if (by_code != codes.end() && !(reply.code.is("LIMIT") && text.contains("CONNECTIONS"))) return by_code;
  const auto* const by_text =
      std::ranges::find_if(texts, [&](const Meaning& meaning) { return text.contains(meaning.sign); });
  return by_text != texts.end() ? by_text : nullptr;
}

Errc default_code(Condition condition) {
  switch (condition) {
    case Condition::bad: return Errc::unsupported;
    case Condition::bye: return Errc::disconnected;
    default: return Errc::io;
  }
}

}  // namespace

std::optional<std::chrono::milliseconds> backoff_time(std::string_view text) {
  static constexpr std::string_view sign = "BACKOFF TIME: ";
  const std::string upper = upper_case(text);
  const std::size_t at = upper.find(sign);
  if (at == std::string::npos) return std::nullopt;
  const std::string_view rest = std::string_view(upper).substr(at + sign.size());
  const auto number = parse_number(rest.substr(0, rest.find_first_not_of("0123456789")));
  constexpr std::uint64_t day = 86'400'000;
  if (!number || *number > day) return std::nullopt;
  return std::chrono::milliseconds{*number};
}

std::unexpected<Error> in_doubt(Error error) {
  if (!is_doubtful(error.code)) error.code = Errc::disconnected;
  return std::unexpected(std::move(error));
}

Failure refusal(const ConditionReply& reply, std::string_view host, std::string_view about) {
  const Meaning* meaning = meaning_of(reply);
  Failure failure;
  failure.kind = FailureKind::refused;
  failure.code = meaning != nullptr ? meaning->code : default_code(reply.condition);
  failure.object = host;
  failure.what =
      std::string(about) + (reply.condition == Condition::bye ? ": the server said good-bye" : ": the server refused");
  if (!reply.text.empty()) failure.what += " (" + reply.text.substr(0, 300) + ')';
  if (meaning != nullptr) failure.hint = meaning->hint;
  failure.retry_after = backoff_time(reply.text);
  if (failure.retry_after)
    failure.hint = "try again in " + std::to_string(failure.retry_after->count() / 1000 + 1) + " s";
  failure.response = reply.code;
  return failure;
}

}  // namespace mapistore::imap
