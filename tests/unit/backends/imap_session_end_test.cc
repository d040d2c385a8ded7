// Sessions whose connection, server or callers go.
#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "tests/unit/backends/imap_session_fixture.h"

namespace mapistore::imap::imap_session_end_test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

TEST_F(ImapSession, SaysWhatWasSentWhenTheConnectionBreaks) {
  ScriptedServer server{[](ScriptedServer& peer) {
    peer.greet();
    peer.expect("CREATE x");
    peer.close();
  }};
  const auto session = open_session(io_, server);
  Pending sent = session->start(plain("CREATE x", CommandClass::exclusive));
  Pending queued = session->start(plain("CREATE y"));
  expect_failure(sent.wait(soon()), Errc::disconnected, FailureKind::unknown_outcome);
  expect_failure(queued.wait(soon()), Errc::disconnected, FailureKind::not_sent);
  EXPECT_TRUE(session->is_lost());
  expect_failure(session->run(soon(), plain("NOOP")), Errc::disconnected, FailureKind::not_sent);
}

TEST_F(ImapSession, SurvivesACutAnywhere) {
  std::atomic<bool> is_whole = false;
  for (std::size_t cut = 0; !is_whole; ++cut) {
    ScriptedServer server{[&](ScriptedServer& peer) {
      peer.greet();
      peer.select("EXAMINE \"a\"");
      const std::string tag = peer.expect("UID FETCH 1 (UID BODY.PEEK[])");
      const std::string reply = "* 1 FETCH (UID 1 BODY[] {5}\r\nabcde X {3}\r\nabc)\r\n" + tag + " OK x\r\n";
      is_whole = cut >= reply.size();
      peer.say(std::string_view(reply).substr(0, cut));
      peer.close();
    }};
    const auto session = open_session(io_, server);
    Kept kept;
    kept.use = LiteralUse::stream;
    const Answer answer = session->run(soon(), fetch("a", "1", "(UID BODY.PEEK[])", &kept));
    EXPECT_EQ(answer.has_value(), is_whole) << cut;
    EXPECT_TRUE(answer || answer.error().kind == FailureKind::unknown_outcome) << cut;
  }
}

TEST_F(ImapSession, LeavesAServerThatSaysWhatCannotBe) {
  for (const char* lie : {"* ESEARCH UID ALL 1:*", "* ESEARCH UID ALL 1:5,7:16777219", "* 4294967295 EXISTS"}) {
    ScriptedServer server{[&](ScriptedServer& peer) {
      peer.greet("ESEARCH");
      peer.expect("UID SEARCH ALL");
      peer.say(std::string(lie) + "\r\n");
      EXPECT_TRUE(peer.is_closed());
    }};
    const auto session = open_session(io_, server);
    Kept kept;
    Command search = plain("UID SEARCH ALL");
    search.receiver = &kept;
    expect_failure(session->run(soon(), std::move(search)), Errc::corrupted, FailureKind::unknown_outcome);
    EXPECT_TRUE(kept.others.empty()) << lie;
  }
}

TEST_F(ImapSession, PassesOnWhatTheServerSaysInParting) {
  ScriptedServer server{[](ScriptedServer& peer) {
    peer.greet();
    peer.expect("NOOP");
    peer.say("* BYE [UNAVAILABLE] going down\r\n");
    peer.close();
  }};
  const auto session = open_session(io_, server);
  const Answer answer = session->run(soon(), plain("NOOP"));
  expect_failure(answer, Errc::busy, FailureKind::unknown_outcome);
  EXPECT_THAT(answer.error().to_string(), HasSubstr("going down"));
}

TEST_F(ImapSession, EndsOnWhatItCannotFrame) {
  ScriptedServer server{[](ScriptedServer& peer) {
    peer.greet();
    peer.expect("NOOP");
    peer.say("* X {99999999999999999999}\r\n");
    EXPECT_TRUE(peer.is_closed());
  }};
  const auto session = open_session(io_, server);
  expect_failure(session->run(soon(), plain("NOOP")), Errc::corrupted, FailureKind::unknown_outcome);
}

TEST_F(ImapSession, GivesUpOnADeadServer) {
  ScriptedServer server{[](ScriptedServer& peer) {
    peer.greet();
    peer.expect("NOOP");
    EXPECT_TRUE(peer.is_closed());
  }};
  SessionSettings settings = server.settings();
  settings.dead_after = 1s;
  const auto session = Session::open(soon(), io_, settings).value();
  const Answer answer = session->run(soon(), plain("NOOP"));
  expect_failure(answer, Errc::disconnected, FailureKind::unknown_outcome);
  EXPECT_THAT(answer.error().to_string(), HasSubstr("has not answered"));
}

TEST_F(ImapSession, ForgetsWhoWaitsNoLonger) {
  std::atomic<bool> is_asked = false, is_abandoned = false;
  ScriptedServer server{[&](ScriptedServer& peer) {
    peer.greet();
    peer.select("EXAMINE \"a\"");
    peer.expect("UID FETCH 1 (UID FLAGS BODY.PEEK[])");
    is_asked = true;
    is_asked.notify_one();
    is_abandoned.wait(false);
    peer.say("* 1 FETCH (UID 1 FLAGS () BODY[] {3}\r\nabc)\r\n");
    peer.done();
    peer.expect("NOOP");
    peer.done();
  }};
  const auto session = open_session(io_, server);
  {
    Kept kept;
    kept.use = LiteralUse::stream;
    Pending pending = session->start(fetch("a", "1", "(UID FLAGS BODY.PEEK[])", &kept));
    is_asked.wait(false);
    expect_failure(pending.wait(Call::within(0ms)), Errc::timed_out, FailureKind::unknown_outcome);
    EXPECT_EQ(kept.streamed, "");
  }
  is_abandoned = true;
  is_abandoned.notify_one();
  EXPECT_TRUE(session->run(soon(), plain("NOOP")).has_value());
  EXPECT_EQ(session->load(), 0u);
}

TEST_F(ImapSession, NeverSendsWhatNobodyWaitsForAnyMore) {
  std::atomic<bool> all_queued = false;
  ScriptedServer server{[&](ScriptedServer& peer) {
    peer.greet();
    peer.expect("NOOP");
    all_queued.wait(false);
    peer.done();
    peer.expect("CHECK");
    peer.done();
  }};
  const auto session = open_session(io_, server);
  Pending hold = session->start(plain("NOOP", CommandClass::exclusive));
  std::stop_source stop;
  stop.request_stop();
  expect_failure(session->run(Call{.stop = stop.get_token()}, plain("CREATE x")), Errc::cancelled,
                 FailureKind::not_sent);
  {
    const Pending dropped = session->start(plain("CREATE y"));
  }
  all_queued = true;
  all_queued.notify_one();
  EXPECT_TRUE(hold.wait(soon()).has_value());
  EXPECT_TRUE(session->run(soon(), plain("CHECK")).has_value());
}

TEST_F(ImapSession, ClosesWithCommandsInFlight) {
  ScriptedServer server{[](ScriptedServer& peer) {
    peer.greet();
    peer.expect("NOOP");
    EXPECT_TRUE(peer.is_closed());
  }};
  auto session = open_session(io_, server);
  Pending pending = session->start(plain("NOOP"));
  while (session->load() != 1) std::this_thread::yield();
  session.reset();
  const Answer answer = pending.wait(soon());
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(name(answer.error().code), name(Errc::disconnected));
}

}  // namespace
}  // namespace mapistore::imap::imap_session_end_test
