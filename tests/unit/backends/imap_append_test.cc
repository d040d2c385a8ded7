#include <gmock/gmock.h>

#include <atomic>
#include <future>

#include "backends/imap/mailbox_memory.h"
#include "backends/imap/session.h"
#include "tests/unit/backends/imap_server.h"
#include "tests/unit/backends/support.h"

namespace mapistore::imap::imap_append_test {
namespace {

using namespace std::chrono_literals;

/// Gives `size` bytes in portions, or fails after so many.
struct Source final : LiteralSource {
  explicit Source(std::uint64_t the_size, std::uint64_t the_end = ~std::uint64_t{0}) : size{the_size}, end{the_end} {}

  Result<std::size_t> read(const Call&, std::span<std::byte> out) override {
    if (given >= end) return fail(Errc::io, "spool", "cannot be read");
    const std::size_t count = std::min({std::uint64_t{out.size()}, size - given, std::uint64_t{100'000}});
    std::ranges::fill(out.first(count), std::byte{'m'});
    given += count;
    return count;
  }

  std::uint64_t size, end, given = 0;
};

Command append(std::string bytes) {
  Command command;
  command.text.add("APPEND ").add_mailbox("a").add(" (\\Seen) ").add_literal(std::move(bytes));
  return command;
}

Command append_of(Source& source) {
  Command command;
  command.text.add("APPEND ").add_mailbox("a").add(" ").add_stream(source.size, source);
  return command;
}

/// A server whose client closes before it has sent the whole message.
void is_left_in_the_middle(ScriptedServer& peer) {
  peer.greet("LITERAL+");
  peer.expect("APPEND \"a\" {1000000+}");
  EXPECT_TRUE(peer.is_closed());
}

class ImapAppend : public ::testing::Test {
 protected:
  IoThread io_;
};

TEST_F(ImapAppend, PipelinesWhereItNeedNotAsk) {
  ScriptedServer server{[](ScriptedServer& peer) {
    peer.greet("LITERAL+ UIDPLUS");
    const std::string first = peer.expect("APPEND \"a\" (\\Seen) {6+}");
    EXPECT_EQ(peer.bytes(8), "abc\r\nd\r\n");
    const std::string second = peer.expect("APPEND \"a\" (\\Seen) {1+}");
    EXPECT_EQ(peer.bytes(3), "x\r\n");
    peer.say(first + " OK [APPENDUID 1 7] x\r\n" + second + " NO [TOOBIG] x\r\n");
  }};
  const auto session = open_session(io_, server);
  Pending one = session->start(append("abc\r\nd"));
  Pending two = session->start(append("x"));
  const Answer stored = one.wait(soon());
  ASSERT_TRUE(stored.has_value());
  EXPECT_EQ(stored->code("APPENDUID")->appended().value().uids.at(0), 7u);
  const Answer refused = two.wait(soon());
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::too_large);
}

TEST_F(ImapAppend, AsksWhereItMust) {
  for (const std::string_view capabilities : {"", "LITERAL-"}) {
    ScriptedServer server{[&](ScriptedServer& peer) {
      peer.greet(capabilities);
      peer.expect("APPEND \"a\" (\\Seen) {5000}");
      EXPECT_TRUE(peer.hears_nothing());
      peer.say("* 4 EXISTS\r\n+ go on\r\n");
      EXPECT_EQ(peer.bytes(5002).size(), 5002u);
      peer.done();
      peer.expect("NOOP");
      peer.done();
    }};
    const auto session = open_session(io_, server);
    Pending one = session->start(append(std::string(5000, 'x')));
    Command noop;
    noop.text.add("NOOP");
    Pending two = session->start(std::move(noop));
    EXPECT_TRUE(one.wait(soon()).has_value() && two.wait(soon()).has_value()) << capabilities;
  }
}

TEST_F(ImapAppend, AsksOnlyForLargeOnesByLiteralMinus) {
  ScriptedServer server{[](ScriptedServer& peer) {
    peer.greet("LITERAL-");
    peer.expect("APPEND \"a\" (\\Seen) {4096+}");
    peer.bytes(4098);
    peer.done();
    peer.expect("APPEND \"a\" (\\Seen) {4097}");
    peer.say("+\r\n");
    peer.bytes(4099);
    peer.done();
  }};
  const auto session = open_session(io_, server);
  for (const std::size_t size : {4096u, 4097u})
    EXPECT_TRUE(session->run(soon(), append(std::string(size, 'x'))).has_value());
}

TEST_F(ImapAppend, SendsNothingThatWasRefused) {
  ScriptedServer server{[](ScriptedServer& peer) {
    peer.greet();
    peer.expect("APPEND \"a\" (\\Seen) {4}");
    peer.done("NO [TRYCREATE] no such mailbox");
    peer.expect("NOOP");
    peer.done();
  }};
  const auto session = open_session(io_, server);
  const Answer refused = session->run(soon(), append("abcd"));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::not_found);
  Command noop;
  noop.text.add("NOOP");
  EXPECT_TRUE(session->run(soon(), std::move(noop)).has_value());
}

TEST_F(ImapAppend, StreamsSeveralMessagesInOneCommand) {
  constexpr std::uint64_t size = 3'000'000;
  ScriptedServer server{[](ScriptedServer& peer) {
    peer.greet("LITERAL+ MULTIAPPEND BINARY");
    peer.expect("APPEND \"a\" {3000000+}");
    EXPECT_EQ(peer.bytes(size), std::string(size, 'm'));
    EXPECT_EQ(peer.line(), " () ~{10+}");
    EXPECT_EQ(peer.line(), "mmmmmmmmmm {0+}");
    EXPECT_EQ(peer.line(), "");
    peer.done();
  }};
  const auto session = open_session(io_, server);
  Source large{size}, small{10}, empty{0};
  Command command;
  command.text.add("APPEND ").add_mailbox("a").add(" ").add_stream(size, large);
  command.text.add(" () ").add_stream(10, small, true).add(" ").add_stream(0, empty);
  EXPECT_TRUE(command.text.streams());
  EXPECT_TRUE(session->run(soon(), std::move(command)).has_value());
}

TEST_F(ImapAppend, ReadsOnWhenTheServerAnswersEarly) {
  ScriptedServer server{[](ScriptedServer& peer) {
    peer.greet("LITERAL+");
    peer.expect("APPEND \"a\" {1000000+}");
    peer.done("NO [OVERQUOTA] full");
    peer.bytes(1'000'002);
    peer.expect("NOOP");
    peer.done();
  }};
  const auto session = open_session(io_, server);
  Source source{1'000'000};
  const Answer refused = session->run(soon(), append_of(source));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::quota_exceeded);
  Command noop;
  noop.text.add("NOOP");
  EXPECT_TRUE(session->run(soon(), std::move(noop)).has_value());
}

TEST_F(ImapAppend, CanBeWaitedForUntilItIsSent) {
  std::promise<void> sent;
  ScriptedServer server{[&](ScriptedServer& peer) {
    peer.greet("LITERAL+");
    peer.expect("APPEND \"a\" {1000000+}");
    peer.bytes(1'000'002);
    EXPECT_EQ(sent.get_future().wait_for(10s), std::future_status::ready);
    peer.done();
  }};
  const auto session = open_session(io_, server);
  Source source{1'000'000};
  Pending append = session->start(append_of(source));
  append.wait_until_sent(soon());
  EXPECT_EQ(source.given, 1'000'000u);
  append.wait_until_sent(soon());
  sent.set_value();
  EXPECT_TRUE(append.wait(soon()).has_value());
}

TEST_F(ImapAppend, SaysWhenItIsAskedWhyItWasNotSent) {
  ScriptedServer server{is_left_in_the_middle};
  const auto session = open_session(io_, server);
  Source source{1'000'000, 300'000};
  Pending append = session->start(append_of(source));
  append.wait_until_sent(soon());
  append.wait_until_sent(soon());
  Pending moved = std::move(append);
  const Answer failed = moved.wait(soon());
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().object, "spool");
}

TEST(ImapPassages, AreExpectedInTheOrderOfTheirSending) {
  MailboxMemory memory;
  memory.selected("a", 7, 100);
  const auto one = memory.sending("a"), two = memory.sending("a"), three = memory.sending("a");
  EXPECT_EQ(one.expected, 100u);
  EXPECT_EQ(two.expected, 101u);
  EXPECT_EQ(three.expected, 102u);
  // Somebody else brought two; the answers are heard of in any order.
  memory.sent("a", two, 103);
  memory.selected("a", 7, 104);
  memory.sent("a", one, 102);
  EXPECT_EQ(memory.sending("a").expected, 105u) << "behind the third, which is on its way";
  // One that was refused leaves no gap.
  const auto after = memory.sending("a");
  memory.sent("a", after, 105);
  EXPECT_EQ(memory.sending("a").expected, 106u);
  // The mailbox is made anew.
  memory.selected("a", 8, 1);
  EXPECT_EQ(memory.sending("a").expected, 1u);
  EXPECT_EQ(memory.sending("b").expected, 0u) << "nothing is known";
}

TEST_F(ImapAppend, ClosesWhenTheSourceFailsInTheMiddle) {
  ScriptedServer server{is_left_in_the_middle};
  const auto session = open_session(io_, server);
  Source source{1'000'000, 300'000};
  const Answer failed = session->run(soon(), append_of(source));
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().code, Errc::io);
  EXPECT_EQ(failed.error().object, "spool");
  EXPECT_EQ(failed.error().kind, FailureKind::unknown_outcome);
}

TEST_F(ImapAppend, ClosesWhenGivenUpInTheMiddle) {
  std::atomic<bool> is_asked = false;
  ScriptedServer server{[&](ScriptedServer& peer) {
    peer.greet();
    peer.expect("APPEND \"a\" {100}");
    is_asked = true;
    is_asked.notify_one();
    EXPECT_TRUE(peer.is_closed());
  }};
  const auto session = open_session(io_, server);
  Source source{100};
  Command command;
  command.text.add("APPEND ").add_mailbox("a").add(" ").add_stream(100, source);
  Pending pending = session->start(std::move(command));
  is_asked.wait(false);
  const Answer failed = pending.wait(Call::within(0ms));
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().kind, FailureKind::unknown_outcome);
}

TEST_F(ImapAppend, SaysDatesInUtc) {
  ScriptedServer server{[](ScriptedServer& peer) {
    peer.greet("LITERAL+");
    peer.expect("APPEND a \"09-Sep-2001 01:46:40 +0000\" {1+}");
    peer.bytes(3);
    peer.done();
  }};
  const auto session = open_session(io_, server);
  Command command;
  command.text.add("APPEND a ").add_date_time(Time{1'000'000'000s}).add(" ").add_literal("x");
  EXPECT_TRUE(session->run(soon(), std::move(command)).has_value());
}

TEST_F(ImapAppend, QuotesOrCountsStrings) {
  ScriptedServer server{[](ScriptedServer& peer) {
    peer.greet("LITERAL+");
    EXPECT_EQ(peer.command(), R"(CREATE "a\"\\b")");
    peer.done();
    EXPECT_EQ(peer.command(), "CREATE {3+}");
    EXPECT_EQ(peer.line(),
              "\xc3\xbc"
              "x");
    peer.done();
    EXPECT_EQ(peer.command(), "CREATE {4+}");
    EXPECT_EQ(peer.bytes(6), "a\r\nb\r\n");
    peer.done();
  }};
  const auto session = open_session(io_, server);
  for (const std::string_view name : {"a\"\\b",
                                      "\xc3\xbc"
                                      "x",
                                      "a\r\nb"}) {
    Command command;
    command.text.add("CREATE ").add_mailbox(name);
    EXPECT_TRUE(session->run(soon(), std::move(command)).has_value());
  }
}

}  // namespace
}  // namespace mapistore::imap::imap_append_test
