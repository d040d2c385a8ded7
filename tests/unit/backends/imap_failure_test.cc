#include "backends/imap/failure.h"

#include <gmock/gmock.h>

#include "tests/unit/backends/support.h"

namespace mapistore::imap::imap_failure_test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

Failure refused(std::string_view line) {
  const Reply reply = parse_reply("A1 " + std::string(line), {});
  return refusal(std::get<ConditionReply>(reply), "mail.example", "APPEND");
}

TEST(ImapFailure, HasACodeOfItsOwnForWhatServersSay) {
  const std::pair<std::string_view, Errc> refusals[] = {
      {"NO [AUTHENTICATIONFAILED] Authentication failed.", Errc::authentication_failed},
      {"NO [EXPIRED] old", Errc::authentication_failed},
      {"NO [NOPERM] no", Errc::access_denied},
      {"NO [NONEXISTENT] x", Errc::not_found},
      {"NO [TRYCREATE] x", Errc::not_found},
      {"NO [ALREADYEXISTS] x", Errc::exists},
      {"NO [OVERQUOTA] x", Errc::quota_exceeded},
      {"NO [TOOBIG] x", Errc::too_large},
      {"NO [LIMIT] too many keywords", Errc::too_large},
      {"NO [LIMIT] Maximum number of connections from user+IP exceeded", Errc::busy},
      {"NO [CANNOT] x", Errc::not_permitted},
      {"NO [UNAVAILABLE] x", Errc::busy},
      {"NO [INUSE] x", Errc::busy},
      {"NO [THROTTLED] x", Errc::busy},
      {"NO [EXPUNGEISSUED] x", Errc::stale},
      {"NO Mailbox does not exist", Errc::not_found},
      {"NO Mailbox already exists", Errc::exists},
      {"NO Message contains bare newlines", Errc::invalid_content},
      {"NO [ALERT] Too many simultaneous connections. (Failure)", Errc::busy},
      {"BAD User is authenticated but not connected.", Errc::busy},
      {"NO because", Errc::io},
      {"BAD what?", Errc::unsupported},
      {"BYE Session invalidated - AccessTokenExpired", Errc::disconnected},
      {"BYE", Errc::disconnected},
  };
  for (const auto& [line, code] : refusals) EXPECT_EQ(name(refused(line).code), name(code)) << line;
}

TEST(ImapFailure, TellsWhoRefusedWhatAndWhy) {
  const Failure failure = refused("NO [OVERQUOTA] Mailbox is full");
  EXPECT_EQ(failure.kind, FailureKind::refused);
  EXPECT_TRUE(failure.response.is("OVERQUOTA"));
  EXPECT_EQ(failure.to_string(),
            "mail.example: APPEND: the server refused (Mailbox is full): remove messages or ask for a greater quota");
  EXPECT_LT(refused("NO " + std::string(100'000, 'x')).to_string().size(), 1000u);
}

TEST(ImapFailure, FindsHowLongToWait) {
  const Failure failure = refused("NO Request is throttled. Suggested Backoff Time: 299609 milliseconds");
  EXPECT_EQ(failure.code, Errc::busy);
  EXPECT_EQ(failure.retry_after, 299'609ms);
  EXPECT_THAT(failure.hint, HasSubstr("300 s"));
  for (const std::string_view text :
       {"", "Suggested Backoff Time: soon", "Suggested Backoff Time: 99999999999999999999999", "Backoff Time"})
    EXPECT_EQ(backoff_time(text), std::nullopt) << text;
}

}  // namespace
}  // namespace mapistore::imap::imap_failure_test
