#include <gmock/gmock.h>

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "backends/imap/session.h"
#include "tests/unit/backends/imap_server.h"
#include "tests/unit/backends/support.h"

namespace mapistore::imap::imap_idle_test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

/// Writes down what it is told.
class Diary final : public SessionObserver {
 public:
  void changed(std::string_view mailbox, const Reply& reply) override {
    std::string text = "changed " + std::string(mailbox);
    if (const auto* exists = std::get_if<ExistsReply>(&reply)) text += " exists " + std::to_string(exists->count);
    if (const auto* vanished = std::get_if<VanishedReply>(&reply)) text += " vanished " + vanished->uids.text();
    if (const auto* message = std::get_if<FetchReply>(&reply)) text += " fetch " + std::to_string(message->uid);
    if (const auto* status = std::get_if<StatusReply>(&reply)) text += " status " + status->name;
    add(std::move(text));
  }
  void selected(const Selection& selection) override { add("selected " + selection.mailbox); }
  void not_idling(const Failure&) override { add("not idling"); }
  void alert(std::string_view text) override { add("alert " + std::string(text)); }
  void lost(const Failure&) override { add("lost"); }

  std::vector<std::string> lines() {
    const std::lock_guard lock{mutex_};
    return lines_;
  }
  bool wait_for(const std::string& text, int times = 1) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, 10s, [&] { return std::ranges::count(lines_, text) >= times; });
  }

 private:
  void add(std::string text) {
    const std::lock_guard lock{mutex_};
    lines_.push_back(std::move(text));
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
};

Command noop() {
  Command command;
  command.text.add("NOOP");
  return command;
}

class ImapIdle : public ::testing::Test {
 protected:
  IoThread io_;
  Diary diary_;
};

TEST_F(ImapIdle, GoesInAndOut) {
  std::atomic<bool> is_idling = false;
  ScriptedServer server{[&](ScriptedServer& peer) {
    peer.greet("IDLE");
    peer.select("EXAMINE \"INBOX\"");
    for (int count = 0; count < 2; ++count) {
      const std::string idle = peer.expect("IDLE");
      peer.say("+ idling\r\n* 4 EXISTS\r\n* VANISHED 2\r\n* 1 FETCH (UID 9 FLAGS (x))\r\n");
      is_idling = true;
      is_idling.notify_one();
      EXPECT_EQ(peer.line(), "DONE");
      EXPECT_TRUE(peer.hears_nothing());
      peer.say(idle + " OK x\r\n");
      peer.expect("NOOP");
      peer.done();
    }
  }};
  const auto session = open_session(io_, server, &diary_);
  session->idle("INBOX");
  EXPECT_TRUE(diary_.wait_for("selected INBOX"));
  for (int count = 0; count < 2; ++count) {
    is_idling.wait(false);
    is_idling = false;
    EXPECT_TRUE(session->run(soon(), noop()).has_value());
  }
  session->stop_idling();
  EXPECT_TRUE(diary_.wait_for("changed INBOX exists 4"));
  EXPECT_TRUE(diary_.wait_for("changed INBOX vanished 2"));
  EXPECT_TRUE(diary_.wait_for("changed INBOX fetch 9"));
}

TEST_F(ImapIdle, TakesTheLastMessageForTheEndOfARangeAsked) {
  ScriptedServer server{[](ScriptedServer& peer) {
    peer.greet();
    peer.select("EXAMINE \"a\"");
    peer.expect("UID FETCH 10:* (UID INTERNALDATE)");
    peer.say("* 3 FETCH (UID 8 INTERNALDATE \"01-Feb-2024 04:05:06 +0000\")\r\n* 2 FETCH (UID 7 FLAGS (x))\r\n");
    peer.done();
  }};
  const auto session = open_session(io_, server, &diary_);
  Command command;
  command.text = CommandText{"UID FETCH 10:* (UID INTERNALDATE)"};
  command.need = Need{.mailbox = "a"};
  command.uids = UidSet::range(10, UidSet::last_uid);
  EXPECT_TRUE(session->run(soon(), std::move(command)).has_value());
  EXPECT_TRUE(diary_.wait_for("changed a fetch 7")) << "what others have flagged is news";
  EXPECT_THAT(diary_.lines(), ::testing::Not(testing::Contains("changed a fetch 8")));
}

TEST_F(ImapIdle, TakesItForTheEndOfARangeOnlyIfNobodyAskedForItself) {
  ScriptedServer server{[&](ScriptedServer& peer) {
    peer.greet();
    peer.select("EXAMINE \"a\"");
    const std::string range = peer.expect("UID FETCH 10:* (UID INTERNALDATE)");
    const std::string one = peer.expect("UID FETCH 8 (UID INTERNALDATE)");
    peer.say("* 3 FETCH (UID 8 INTERNALDATE \"01-Feb-2024 04:05:06 +0000\")\r\n" + range + " OK x\r\n" + one +
             " OK x\r\n");
  }};
  struct Counted final : Receiver {
    int messages = 0;
    void fetch(FetchReply&) override { ++messages; }
  } of_range, of_one;
  const auto session = open_session(io_, server, &diary_);
  const auto fetching = [&](const UidSet& uids, Receiver& receiver) {
    Command command;
    command.text = CommandText{"UID FETCH " + uids.text() + " (UID INTERNALDATE)"};
    command.need = Need{.mailbox = "a"};
    command.uids = uids;
    command.receiver = &receiver;
    return session->start(std::move(command));
  };
  Pending range = fetching(UidSet::range(10, UidSet::last_uid), of_range);
  Pending one = fetching(UidSet::range(8, 8), of_one);
  EXPECT_TRUE(range.wait(soon()).has_value());
  EXPECT_TRUE(one.wait(soon()).has_value());
  EXPECT_EQ(of_range.messages, 0);
  EXPECT_EQ(of_one.messages, 1);
}

TEST_F(ImapIdle, AsksForOtherMailboxesToo) {
  ScriptedServer server{[](ScriptedServer& peer) {
    peer.greet("IDLE NOTIFY");
    peer.select("EXAMINE \"INBOX\"");
    EXPECT_THAT(peer.command(), HasSubstr("NOTIFY SET (SELECTED ("));
    peer.done();
    const std::string idle = peer.expect("IDLE");
    peer.say("+ idling\r\n* STATUS b (UIDNEXT 7)\r\n");
    EXPECT_EQ(peer.line(), "DONE");
    peer.say(idle + " OK x\r\n");
    peer.expect("NOOP");
    peer.done();
  }};
  const auto session = open_session(io_, server, &diary_);
  session->idle("INBOX", true);
  EXPECT_TRUE(diary_.wait_for("changed INBOX status b"));
  session->stop_idling();
  EXPECT_TRUE(session->run(soon(), noop()).has_value());
}

TEST_F(ImapIdle, WaitsForTheContinuation) {
  std::atomic<bool> is_asked = false;
  ScriptedServer server{[&](ScriptedServer& peer) {
    peer.greet("IDLE");
    const std::string idle = peer.expect("IDLE");
    is_asked = true;
    is_asked.notify_one();
    EXPECT_TRUE(peer.hears_nothing());
    peer.say("+ idling\r\n");
    EXPECT_EQ(peer.line(), "DONE");
    peer.say(idle + " OK x\r\n");
    peer.expect("NOOP");
    peer.done();
  }};
  const auto session = open_session(io_, server, &diary_);
  session->idle("");
  is_asked.wait(false);
  Pending pending = session->start(noop());
  session->stop_idling();
  EXPECT_TRUE(pending.wait(soon()).has_value());
}

TEST_F(ImapIdle, IsRenewed) {
  std::atomic<bool> is_renewed = false;
  ScriptedServer server{[&](ScriptedServer& peer) {
    peer.greet("IDLE");
    for (int count = 0; count < 2; ++count) {
      const std::string idle = peer.expect("IDLE");
      peer.say("+ idling\r\n");
      EXPECT_EQ(peer.line(), "DONE");
      peer.say(idle + " OK x\r\n");
    }
    is_renewed = true;
    is_renewed.notify_one();
  }};
  SessionSettings settings = server.settings();
  settings.idle_renewal = 1s;
  const auto session = Session::open(soon(), io_, settings, &diary_).value();
  session->idle("");
  is_renewed.wait(false);
}

TEST_F(ImapIdle, NoticesADeadServerWhenRenewing) {
  ScriptedServer server{[](ScriptedServer& peer) {
    peer.greet("IDLE");
    peer.expect("IDLE");
    peer.say("+ idling\r\n");
    EXPECT_EQ(peer.line(), "DONE");
    EXPECT_TRUE(peer.is_closed());
  }};
  SessionSettings settings = server.settings();
  settings.idle_renewal = 1s;
  settings.dead_after = 1s;
  const auto session = Session::open(soon(), io_, settings, &diary_).value();
  session->idle("");
  EXPECT_TRUE(diary_.wait_for("lost"));
  EXPECT_TRUE(session->is_lost());
}

TEST_F(ImapIdle, IsGivenUpWhereItIsRefused) {
  ScriptedServer server{[](ScriptedServer& peer) {
    peer.greet("IDLE");
    peer.expect("EXAMINE \"gone\"");
    peer.done("NO no such mailbox");
    peer.expect("IDLE");
    peer.done("BAD no");
    peer.expect("NOOP");
    peer.done();
  }};
  const auto session = open_session(io_, server, &diary_);
  session->idle("gone");
  EXPECT_TRUE(diary_.wait_for("not idling"));
  session->idle("");
  EXPECT_TRUE(diary_.wait_for("not idling", 2));
  EXPECT_TRUE(session->run(soon(), noop()).has_value());
}

TEST_F(ImapIdle, TellsWhatComesUnasked) {
  ScriptedServer server{[](ScriptedServer& peer) {
    peer.greet();
    peer.expect("NOOP");
    peer.say("* OK [ALERT] tea is ready\r\n* STATUS b (MESSAGES 3)\r\n* 7 FETCH (FLAGS (x))\r\n* X-NEWS 5\r\n");
    peer.done();
    peer.say("* BYE enough\r\n");
    peer.close();
  }};
  const auto session = open_session(io_, server, &diary_);
  EXPECT_TRUE(session->run(soon(), noop()).has_value());
  for (const char* text : {"alert tea is ready", "changed  status b", "changed  fetch 0", "lost"})
    EXPECT_TRUE(diary_.wait_for(text)) << text;
}

}  // namespace
}  // namespace mapistore::imap::imap_idle_test
