#include "backends/imap/session.h"

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "tests/unit/backends/imap_server.h"
#include "tests/unit/backends/support.h"

namespace mapistore::imap {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

/// Keeps what a command brings.
struct Kept final : Receiver {
  LiteralUse body(const FetchReply& message, const BodyItem&) override {
    streamed += std::to_string(message.uid) + ':';
    return use;
  }
  void body_bytes(std::string_view bytes) override { streamed += bytes; }
  void body_end() override { streamed += '|'; }
  void fetch(FetchReply& message) override {
    uids.push_back(message.uid);
    messages.push_back(std::move(message));
  }
  void data(Reply& reply) override { others.push_back(std::move(reply)); }

  LiteralUse use = LiteralUse::keep;
  std::vector<Uid> uids;
  std::vector<FetchReply> messages;
  std::vector<Reply> others;
  std::string streamed;
};

Command in(std::string_view mailbox, std::string_view text, CommandClass kind = CommandClass::read,
           std::string_view uids = "1:*") {
  Command command;
  command.text.add(text);
  command.kind = kind;
  command.uids = UidSet::parse(uids).value();
  command.need = Need{.mailbox = std::string(mailbox), .writable = kind == CommandClass::write};
  return command;
}

Command fetch(std::string_view mailbox, std::string_view uids, std::string_view items, Receiver* receiver) {
  Command command = in(mailbox, "UID FETCH " + std::string(uids) + ' ' + std::string(items), CommandClass::read, uids);
  command.receiver = receiver;
  return command;
}

Command plain(std::string_view text, CommandClass kind = CommandClass::read) {
  Command command;
  command.text.add(text);
  command.kind = kind;
  return command;
}

void expect_failure(const Answer& answer, Errc code, FailureKind kind) {
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(name(answer.error().code), name(code)) << answer.error().to_string();
  EXPECT_EQ(answer.error().kind, kind) << answer.error().to_string();
}

class ImapSession : public testing::Test {
 protected:
  IoThread io_;
};

TEST_F(ImapSession, PipelinesAndGivesEachItsOwn) {
  ScriptedServer server{[](ScriptedServer& peer) {
    peer.greet();
    peer.select("EXAMINE \"a\"");
    const std::string first = peer.expect("UID FETCH 1 (UID FLAGS)");
    const std::string second = peer.expect("UID FETCH 2 (UID FLAGS)");
    const std::string third = peer.expect("NOOP");
    peer.say("* 2 FETCH (UID 2 FLAGS (b))\r\n" + second + " OK x\r\n" + third + " OK x\r\n");
    peer.say("* 1 FETCH (UID 1 FLAGS (a))\r\n" + first + " OK x\r\n");
  }};
  const auto session = open_session(io_, server);
  Kept first, second;
  Pending one = session->start(fetch("a", "1", "(UID FLAGS)", &first));
  Pending two = session->start(fetch("a", "2", "(UID FLAGS)", &second));
  Pending three = session->start(plain("NOOP"));
  EXPECT_TRUE(three.wait(soon()).has_value());
  EXPECT_TRUE(one.wait(soon()).has_value());
  EXPECT_TRUE(two.wait(soon()).has_value());
  EXPECT_THAT(first.uids, ElementsAre(1));
  EXPECT_THAT(second.uids, ElementsAre(2));
  EXPECT_EQ(session->load(), 0u);
  EXPECT_EQ(session->selected(), "a");
}

TEST_F(ImapSession, StreamsKeepsAndSkipsBodies) {
  ScriptedServer server{[](ScriptedServer& peer) {
    peer.greet();
    peer.select("EXAMINE \"a\"");
    const std::string body = "* 5 FETCH (UID 5 BODY[] {5}\r\nx OK\r)\r\n";
    for (int count = 0; count < 3; ++count) {
      peer.expect("UID FETCH 5 (UID BODY.PEEK[])");
      peer.say(body);
      peer.done();
    }
  }};
  const auto session = open_session(io_, server);
  for (const LiteralUse use : {LiteralUse::keep, LiteralUse::stream, LiteralUse::skip}) {
    Kept kept;
    kept.use = use;
    ASSERT_TRUE(session->run(soon(), fetch("a", "5", "(UID BODY.PEEK[])", &kept)).has_value());
    ASSERT_EQ(kept.messages.size(), 1u);
    const BodyItem& body = kept.messages[0].bodies.at(0);
    EXPECT_EQ(body.size, 5u);
    EXPECT_EQ(body.bytes, use == LiteralUse::keep ? std::optional<std::string>("x OK\r") : std::nullopt);
    EXPECT_EQ(kept.streamed, use == LiteralUse::stream ? "5:x OK\r|" : "5:");
  }
}

TEST_F(ImapSession, TellsBodiesFromFlagsAndSections) {
  ScriptedServer server{[](ScriptedServer& peer) {
    peer.greet();
    peer.select("EXAMINE \"a\"");
    const std::string meta = peer.expect("UID FETCH 1:* (UID FLAGS)");
    const std::string header = peer.expect("UID FETCH 1:3 (UID BODY.PEEK[HEADER.FIELDS (FROM)])");
    const std::string body = peer.expect("UID FETCH 2 (UID BODY.PEEK[])");
    peer.say("* 2 FETCH (BODY[] {1}\r\nb UID 2)\r\n* 2 FETCH (UID 2 FLAGS (x))\r\n");
    peer.say("* 2 FETCH (UID 2 BODY[HEADER.FIELDS (\"FROM\")] {1}\r\nh)\r\n");
    peer.say("* 3 FETCH (UID 3)\r\n* 3 FETCH (FLAGS (y))\r\n");
    for (const std::string& tag : {meta, header, body}) peer.say(tag + " OK x\r\n");
  }};
  const auto session = open_session(io_, server);
  Kept meta, header, body;
  Pending one = session->start(fetch("a", "1:*", "(UID FLAGS)", &meta));
  Pending two = session->start(fetch("a", "1:3", "(UID BODY.PEEK[HEADER.FIELDS (FROM)])", &header));
  Pending three = session->start(fetch("a", "2", "(UID BODY.PEEK[])", &body));
  for (Pending* pending : {&one, &two, &three}) EXPECT_TRUE(pending->wait(soon()).has_value());
  EXPECT_THAT(meta.uids, ElementsAre(2, 3, 3));
  EXPECT_THAT(header.uids, ElementsAre(2));
  EXPECT_THAT(body.uids, ElementsAre(2));
  EXPECT_EQ(body.messages[0].bodies.at(0).bytes, "b");
}

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

TEST_F(ImapSession, FindsTheCodesOfAMove) {
  ScriptedServer server{[](ScriptedServer& peer) {
    peer.greet("MOVE");
    peer.select("SELECT \"a\"");
    peer.expect("UID MOVE 4,6 \"b\"");
    peer.say("* OK [COPYUID 9 4,6 11:12] moved\r\n* 1 EXPUNGE\r\n* 1 EXPUNGE\r\n");
    peer.done();
  }};
  const auto session = open_session(io_, server);
  const Answer answer = session->run(soon(), in("a", "UID MOVE 4,6 \"b\"", CommandClass::write, "4,6"));
  ASSERT_TRUE(answer.has_value());
  ASSERT_NE(answer->code("COPYUID"), nullptr);
  EXPECT_THAT(answer->code("COPYUID")->copied().value().to, ElementsAre(11, 12));
}

TEST_F(ImapSession, GivesListsAndSearchesToWhoeverAsked) {
  ScriptedServer server{[](ScriptedServer& peer) {
    peer.greet("ESEARCH");
    const std::string list = peer.expect("LIST \"\" *");
    const std::string status = peer.expect("STATUS \"b\" (MESSAGES)");
    peer.say("* LIST () \"/\" a\r\n* STATUS b (MESSAGES 3)\r\n" + status + " OK x\r\n" + list + " OK x\r\n");
    peer.select("EXAMINE \"a\"");
    const std::string search = peer.expect("UID SEARCH RETURN (ALL) UNSEEN");
    const std::string other = peer.expect("UID SEARCH RETURN (ALL) SEEN");
    peer.say("* ESEARCH (TAG \"" + other + "\") UID ALL 2\r\n* ESEARCH (TAG \"" + search + "\") UID ALL 1\r\n" + other +
             " OK x\r\n" + search + " OK x\r\n");
  }};
  const auto session = open_session(io_, server);
  Kept list, status, unseen, seen;
  const auto begin = [&](Command command, Kept& kept) {
    command.receiver = &kept;
    return session->start(std::move(command));
  };
  Pending one = begin(plain("LIST \"\" *"), list);
  Pending two = begin(plain("STATUS \"b\" (MESSAGES)"), status);
  EXPECT_TRUE(one.wait(soon()).has_value() && two.wait(soon()).has_value());
  Pending three = begin(in("a", "UID SEARCH RETURN (ALL) UNSEEN"), unseen);
  Pending four = begin(in("a", "UID SEARCH RETURN (ALL) SEEN"), seen);
  EXPECT_TRUE(three.wait(soon()).has_value() && four.wait(soon()).has_value());
  EXPECT_EQ(std::get<ListReply>(list.others.at(0)).name, "a");
  EXPECT_EQ(std::get<StatusReply>(status.others.at(0)).name, "b");
  EXPECT_EQ(std::get<SearchReply>(unseen.others.at(0)).found.text(), "1");
  EXPECT_EQ(std::get<SearchReply>(seen.others.at(0)).found.text(), "2");
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

TEST_F(ImapSession, KeepsToADepth) {
  ScriptedServer server{[](ScriptedServer& peer) {
    peer.greet();
    peer.expect("NOOP");
    const std::string first = peer.tag;
    peer.expect("NOOP");
    EXPECT_TRUE(peer.hears_nothing());
    peer.done();
    peer.expect("NOOP");
    peer.done();
    peer.say(first + " OK x\r\n");
  }};
  SessionSettings settings = server.settings();
  settings.depth = 2;
  const auto session = Session::open(soon(), io_, settings).value();
  std::vector<Pending> pending;
  for (int count = 0; count < 3; ++count) pending.push_back(session->start(plain("NOOP")));
  for (Pending& one : pending) EXPECT_TRUE(one.wait(soon()).has_value());
}

TEST_F(ImapSession, PutsUrgentCommandsFirst) {
  std::atomic<bool> all_queued = false;
  ScriptedServer server{[&](ScriptedServer& peer) {
    peer.greet();
    peer.expect("NOOP");
    all_queued.wait(false);
    peer.done();
    const std::string urgent = peer.expect("STATUS c (MESSAGES)");
    const std::string other = peer.expect("STATUS b (MESSAGES)");
    peer.say(urgent + " OK x\r\n" + other + " OK x\r\n");
  }};
  const auto session = open_session(io_, server);
  Pending hold = session->start(plain("NOOP", CommandClass::exclusive));
  Pending one = session->start(plain("STATUS b (MESSAGES)"));
  Command urgent = plain("STATUS c (MESSAGES)");
  urgent.urgent = true;
  Pending two = session->start(std::move(urgent));
  all_queued = true;
  all_queued.notify_one();
  for (Pending* pending : {&hold, &one, &two}) EXPECT_TRUE(pending->wait(soon()).has_value());
}

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

/// Answers whatever comes; a FETCH with the mailbox selected as the message's only flag.
void answer_all(ScriptedServer& peer) {
  peer.greet();
  std::string selected;
  while (true) {
    const std::string text = peer.command();
    if (text.empty()) return;
    if (text.starts_with("EXAMINE ") || text.starts_with("SELECT ")) {
      selected = text.substr(text.find('"') + 1, 1);
      peer.say("* OK [UIDVALIDITY 1] x\r\n");
    } else if (text.starts_with("UID FETCH ")) {
      const std::string uid = text.substr(10, text.find(' ', 10) - 10);
      peer.say("* 1 FETCH (UID " + uid + " FLAGS (" + selected + "))\r\n");
    }
    peer.done("OK [READ-WRITE] x");
  }
}

TEST_F(ImapSession, ServesManyThreads) {
  ScriptedServer server{answer_all};
  SessionSettings settings = server.settings();
  settings.patience = 1ms;
  const auto session = Session::open(soon(), io_, settings).value();
  std::atomic<int> answered = 0;
  const auto work = [&](unsigned seed) {
    for (unsigned count = 0; count < 100; ++count) {
      const unsigned choice = seed * 31 + count * 7;
      const std::string mailbox(1, static_cast<char>('a' + choice % 3));
      const std::string uid = std::to_string(1 + choice % 20);
      if (choice % 5 == 0) {
        const std::string text = "UID STORE " + uid + " +FLAGS (x)";
        EXPECT_TRUE(session->run(soon(), in(mailbox, text, CommandClass::write, uid)).has_value());
        continue;
      }
      Kept kept;
      const Call call = choice % 7 == 0 ? Call::within(0ms) : soon();
      const Answer answer = session->run(call, fetch(mailbox, uid, "FLAGS", &kept));
      if (!answer) {
        EXPECT_EQ(name(answer.error().code), name(Errc::timed_out));
        continue;
      }
      ++answered;
      ASSERT_EQ(kept.messages.size(), 1u);
      EXPECT_EQ(std::to_string(kept.uids[0]), uid);
      EXPECT_THAT(kept.messages[0].flags.value(), ElementsAre(mailbox));
    }
  };
  {
    std::vector<std::jthread> threads;
    for (unsigned seed = 0; seed < 8; ++seed) threads.emplace_back(work, seed);
  }
  EXPECT_GT(answered, 400);
}

TEST_F(ImapSession, MapsRefusals) {
  ScriptedServer server{[](ScriptedServer& peer) {
    peer.greet();
    peer.expect("NOOP");
    peer.done("NO [OVERQUOTA] full");
    peer.expect("NOOP");
    peer.done("NO Request is throttled. Suggested Backoff Time: 299609 milliseconds");
  }};
  const auto session = open_session(io_, server);
  const Answer full = session->run(soon(), plain("NOOP"));
  expect_failure(full, Errc::quota_exceeded, FailureKind::refused);
  EXPECT_TRUE(full.error().response.is("OVERQUOTA"));
  const Answer later = session->run(soon(), plain("NOOP"));
  expect_failure(later, Errc::busy, FailureKind::refused);
  EXPECT_EQ(later.error().retry_after, 299'609ms);
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
}  // namespace mapistore::imap
