// Which mailbox a session has selected, and what may be sent meanwhile.
#include <gmock/gmock.h>

#include <atomic>

#include "tests/unit/backends/imap_session_fixture.h"

namespace mapistore::imap::imap_selecting_test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST_F(ImapSession, SelectsAsSeldomAsItCan) {
  std::atomic<bool> all_queued = false;
  ScriptedServer server{[&](ScriptedServer& peer) {
    peer.greet();
    peer.expect("NOOP");
    all_queued.wait(false);
    peer.done();
    peer.select("EXAMINE \"a\"");
    const std::string first = peer.expect("UID FETCH 1 FLAGS");
    const std::string third = peer.expect("UID FETCH 3 FLAGS");
    EXPECT_TRUE(peer.hears_nothing());
    peer.say(first + " OK x\r\n" + third + " OK x\r\n");
    peer.select("EXAMINE \"b\"");
    peer.expect("UID FETCH 2 FLAGS");
    peer.done();
  }};
  SessionSettings settings = server.settings();
  settings.patience = 1h;
  const auto session = Session::open(soon(), io_, settings).value();
  Pending hold = session->start(plain("NOOP", CommandClass::exclusive));
  Pending one = session->start(fetch("a", "1", "FLAGS", nullptr));
  Pending two = session->start(fetch("b", "2", "FLAGS", nullptr));
  Pending three = session->start(fetch("a", "3", "FLAGS", nullptr));
  all_queued = true;
  all_queued.notify_one();
  for (Pending* pending : {&hold, &one, &two, &three}) EXPECT_TRUE(pending->wait(soon()).has_value());
}

TEST_F(ImapSession, SendsReadsBehindTheSelectButNotWrites) {
  ScriptedServer server{[](ScriptedServer& peer) {
    peer.greet();
    peer.expect("SELECT \"a\"");
    const std::string select = peer.tag;
    const std::string read = peer.expect("UID FETCH 5 FLAGS");
    EXPECT_TRUE(peer.hears_nothing());
    peer.say("* OK [UIDVALIDITY 1] x\r\n" + select + " OK [READ-WRITE] x\r\n" + read + " OK x\r\n");
    peer.expect("UID STORE 1 +FLAGS (\\Seen)");
    peer.done();
  }};
  const auto session = open_session(io_, server);
  Pending write = session->start(in("a", "UID STORE 1 +FLAGS (\\Seen)", CommandClass::write, "1"));
  Pending read = session->start(fetch("a", "5", "FLAGS", nullptr));
  EXPECT_TRUE(write.wait(soon()).has_value());
  EXPECT_TRUE(read.wait(soon()).has_value());
}

TEST_F(ImapSession, KeepsWritesApartFromReadsOfTheSame) {
  ScriptedServer server{[](ScriptedServer& peer) {
    peer.greet();
    peer.select("SELECT \"a\"");
    const std::string first = peer.expect("UID FETCH 1:3 FLAGS");
    const std::string other = peer.expect("UID STORE 9 +FLAGS (x)");
    EXPECT_TRUE(peer.hears_nothing());
    peer.say(first + " OK x\r\n" + other + " OK x\r\n");
    peer.expect("UID STORE 2 +FLAGS (x)");
    EXPECT_TRUE(peer.hears_nothing());
    peer.done();
    peer.expect("UID FETCH 2 FLAGS");
    peer.done();
  }};
  const auto session = open_session(io_, server);
  Command select;
  select.need = Need{.mailbox = "a", .writable = true};
  const Answer selected = session->run(soon(), std::move(select));
  ASSERT_TRUE(selected.has_value());
  EXPECT_EQ(selected->selection->exists, 3u);
  EXPECT_EQ(selected->selection->uid_next, 10u);
  EXPECT_FALSE(selected->selection->read_only);
  Pending one = session->start(fetch("a", "1:3", "FLAGS", nullptr));
  Pending two = session->start(in("a", "UID STORE 2 +FLAGS (x)", CommandClass::write, "2"));
  Pending three = session->start(fetch("a", "2", "FLAGS", nullptr));
  Pending four = session->start(in("a", "UID STORE 9 +FLAGS (x)", CommandClass::write, "9"));
  for (Pending* pending : {&one, &two, &three, &four}) EXPECT_TRUE(pending->wait(soon()).has_value());
}

TEST_F(ImapSession, GivesNothingOfARenumberedMailbox) {
  ScriptedServer server{[](ScriptedServer& peer) {
    peer.greet();
    peer.expect("EXAMINE \"a\"");
    const std::string select = peer.tag;
    const std::string read = peer.expect("UID FETCH 1 FLAGS");
    peer.say("* OK [UIDVALIDITY 8] x\r\n" + select + " OK x\r\n* 1 FETCH (UID 1 FLAGS (x))\r\n" + read + " OK x\r\n");
    peer.expect("NOOP");
    peer.done();
    peer.select("EXAMINE \"a\"", 8);
  }};
  const auto session = open_session(io_, server);
  Kept kept;
  Command old = fetch("a", "1", "FLAGS", &kept);
  old.need->uid_validity = 7;
  expect_failure(session->run(soon(), std::move(old)), Errc::stale, FailureKind::new_uid_validity);
  EXPECT_TRUE(session->run(soon(), plain("NOOP")).has_value());
  EXPECT_THAT(kept.uids, ElementsAre());
  Command write = in("a", "UID STORE 1 +FLAGS (x)");
  write.need->uid_validity = 7;
  expect_failure(session->run(soon(), std::move(write)), Errc::stale, FailureKind::new_uid_validity);
}

TEST_F(ImapSession, GivesNothingOfItToWhoCameWhileItWasSelected) {
  std::atomic<bool> is_selecting = false;
  ScriptedServer server{[&](ScriptedServer& peer) {
    peer.greet();
    peer.expect("EXAMINE \"a\"");
    const std::string select = peer.tag;
    const std::string first = peer.expect("UID FETCH 1 FLAGS");
    is_selecting = true;
    is_selecting.notify_one();
    const std::string second = peer.expect("UID FETCH 2 FLAGS");
    peer.say("* OK [UIDVALIDITY 8] x\r\n" + select + " OK x\r\n" + first + " OK x\r\n* 2 FETCH (UID 2 FLAGS (x))\r\n" +
             second + " OK x\r\n");
  }};
  const auto session = open_session(io_, server);
  Pending any = session->start(fetch("a", "1", "FLAGS", nullptr));
  is_selecting.wait(false);
  Kept kept;
  Command old = fetch("a", "2", "FLAGS", &kept);
  old.need->uid_validity = 7;
  expect_failure(session->run(soon(), std::move(old)), Errc::stale, FailureKind::new_uid_validity);
  EXPECT_THAT(kept.uids, ElementsAre());
  EXPECT_TRUE(any.wait(soon()).has_value());
}

TEST_F(ImapSession, FindsWhatARemadeMailboxHas) {
  ScriptedServer server{[](ScriptedServer& peer) {
    peer.greet();
    for (const std::uint32_t validity : {7u, 8u}) {
      peer.select("EXAMINE \"a\"", validity);
      peer.expect("UID FETCH 1 FLAGS");
      peer.say("* 1 FETCH (UID 1 FLAGS (x))\r\n");
      peer.done();
    }
  }};
  const auto session = open_session(io_, server);
  for (const std::uint32_t validity : {7u, 8u}) {
    Kept kept;
    Command reading = fetch("a", "1", "FLAGS", &kept);
    reading.need->uid_validity = validity;
    EXPECT_TRUE(session->run(soon(), std::move(reading)).has_value()) << "what is selected is of before";
    EXPECT_THAT(kept.uids, ElementsAre(1u));
  }
}

TEST_F(ImapSession, TellsAllThatASelectWasRefused) {
  ScriptedServer server{[](ScriptedServer& peer) {
    peer.greet();
    peer.expect("EXAMINE \"a\"");
    const std::string select = peer.tag;
    const std::string read = peer.expect("UID FETCH 1 FLAGS");
    peer.say(select + " NO [NONEXISTENT] no such mailbox\r\n" + read + " BAD nothing selected\r\n");
    peer.expect("NOOP");
    peer.done();
  }};
  const auto session = open_session(io_, server);
  const Answer answer = session->run(soon(), fetch("a", "1", "FLAGS", nullptr));
  expect_failure(answer, Errc::not_found, FailureKind::refused);
  EXPECT_THAT(answer.error().to_string(), HasSubstr("no such mailbox"));
  EXPECT_THAT(answer.error().to_string(), HasSubstr("localhost"));
  EXPECT_TRUE(session->run(soon(), plain("NOOP")).has_value());
  EXPECT_EQ(session->selected(), "");
}

TEST_F(ImapSession, RefusesToWriteWhereItMayOnlyRead) {
  ScriptedServer server{[](ScriptedServer& peer) {
    peer.greet();
    peer.expect("SELECT \"a\"");
    peer.done("OK [READ-ONLY] x");
  }};
  const auto session = open_session(io_, server);
  expect_failure(session->run(soon(), in("a", "UID STORE 1 +FLAGS (x)", CommandClass::write)), Errc::read_only,
                 FailureKind::refused);
}

TEST_F(ImapSession, ResynchronisesBySelect) {
  ScriptedServer server{[](ScriptedServer& peer) {
    peer.greet("ENABLE QRESYNC CONDSTORE");
    peer.expect("ENABLE QRESYNC");
    peer.done();
    peer.select("EXAMINE \"a\" (QRESYNC (5 77 1:9))", 5,
                "* OK [HIGHESTMODSEQ 80] x\r\n* VANISHED (EARLIER) 2:3\r\n* 1 FETCH (UID 4 FLAGS (x) MODSEQ (79))\r\n");
  }};
  const auto session = open_session(io_, server);
  EXPECT_TRUE(session->has_qresync());
  Kept kept;
  Command select;
  select.receiver = &kept;
  select.need = Need{.mailbox = "a", .uid_validity = 5, .resync = Need::Resync{5, 77, UidSet::range(1, 9)}};
  const Answer answer = session->run(soon(), std::move(select));
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->selection->highest_modseq, 80u);
  EXPECT_THAT(kept.uids, ElementsAre(4));
  ASSERT_EQ(kept.others.size(), 1u);
  EXPECT_EQ(std::get<VanishedReply>(kept.others[0]).uids.text(), "2:3");
}

TEST_F(ImapSession, NothingOvertakesASelectOfItsMailbox) {
  ScriptedServer server{[](ScriptedServer& peer) {
    peer.greet("ENABLE QRESYNC CONDSTORE");
    peer.expect("ENABLE QRESYNC");
    peer.done();
    peer.select("EXAMINE \"a\" (CONDSTORE)", 5);
    const std::string before = peer.expect("UID FETCH 1 FLAGS");
    EXPECT_TRUE(peer.hears_nothing()) << "the mailbox is selected, but not as it is to be";
    peer.say(before + " OK x\r\n");
    peer.select("EXAMINE \"a\" (QRESYNC (5 77))", 5, "* OK [HIGHESTMODSEQ 80] x\r\n");
    peer.expect("UID FETCH 9:* FLAGS");
    peer.done();
  }};
  const auto session = open_session(io_, server);
  Command first;
  first.need = Need{.mailbox = "a"};
  ASSERT_TRUE(session->run(soon(), std::move(first)).has_value());
  Pending before = session->start(fetch("a", "1", "FLAGS", nullptr));
  Command select;
  select.need = Need{.mailbox = "a", .uid_validity = 5, .resync = Need::Resync{5, 77, {}}};
  Pending selecting = session->start(std::move(select));
  Pending after = session->start(fetch("a", "9:*", "FLAGS", nullptr));
  for (Pending* pending : {&before, &selecting, &after}) EXPECT_TRUE(pending->wait(soon()).has_value());
}

TEST_F(ImapSession, UnselectsBeforeItRemoves) {
  ScriptedServer server{[](ScriptedServer& peer) {
    peer.greet("UNSELECT");
    peer.select("EXAMINE \"a\"");
    peer.expect("UNSELECT");
    peer.done();
    peer.expect("DELETE a");
    peer.done();
    peer.select("EXAMINE \"b\"");
  }};
  const auto session = open_session(io_, server);
  ASSERT_TRUE(session->run(soon(), in("a", "")).has_value());
  Command remove = plain("DELETE a", CommandClass::exclusive);
  remove.unselects = true;
  EXPECT_TRUE(session->run(soon(), std::move(remove)).has_value());
  EXPECT_EQ(session->selected(), "");
  EXPECT_TRUE(session->run(soon(), in("b", "")).has_value());
}

}  // namespace
}  // namespace mapistore::imap::imap_selecting_test
