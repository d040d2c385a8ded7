#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "backends/imap/fetched.h"
#include "tests/unit/backends/imap_session_fixture.h"

namespace mapistore::imap::imap_session_test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

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

TEST_F(ImapSession, CollectsBodiesWhereTheyStay) {
  const std::string large(Fetched::largest_body + 1, 'l');
  ScriptedServer server{[&](ScriptedServer& peer) {
    peer.greet();
    peer.select("EXAMINE \"a\"");
    peer.expect("UID FETCH 1:5 (UID BODY.PEEK[1] BODY.PEEK[2] BODY.PEEK[3])");
    peer.say("* 1 FETCH (BODY[1] {3}\r\none BODY[2] \"two\" BODY[3] {5}\r\nthree UID 1)\r\n");
    peer.say("* 2 FETCH (UID 2 BODY[1] {" + std::to_string(large.size()) + "}\r\n" + large +
             " BODY[2] NIL BODY[3] {0}\r\n)\r\n");
    peer.say("* 3 FETCH (UID 3 BODY[1] \"q\" BODY[2] {6}\r\nsecond)\r\n");
    peer.say("* 4 FETCH (UID 4");
    const std::string most(Fetched::largest_body, 'm');
    for (const char* head : {"", ")\r\n* 5 FETCH (UID 5"}) {
      peer.say(head);
      for (int i = 0; i < 18; ++i) peer.say(" BODY[1] {" + std::to_string(most.size()) + "}\r\n" + most);
    }
    peer.say(")\r\n");
    peer.done();
  }};
  const auto session = open_session(io_, server);
  Fetched fetched;
  const Answer answer =
      session->run(soon(), fetch("a", "1:5", "(UID BODY.PEEK[1] BODY.PEEK[2] BODY.PEEK[3])", &fetched));
  ASSERT_TRUE(answer.has_value());
  const auto bodies = [&](Uid uid) {
    std::vector<std::string> all;
    for (const BodyItem& body : fetched.messages[uid].bodies) all.push_back(body.bytes.value_or("none"));
    return all;
  };
  EXPECT_THAT(bodies(1), ElementsAre("one", "two", "three"));
  EXPECT_THAT(bodies(2), ElementsAre("none", "none", ""));
  EXPECT_THAT(bodies(3), ElementsAre("q", "second"));
  std::uint64_t held = 0;
  for (const Uid uid : {4, 5})
    for (const BodyItem& body : fetched.messages[uid].bodies) held += body.bytes.value_or("").size();
  EXPECT_EQ(held, Fetched::most_bodies - Fetched::largest_body) << "the others have taken a little";
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

}  // namespace
}  // namespace mapistore::imap::imap_session_test
