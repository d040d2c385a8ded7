// Many bodies at once, from servers that tell of them as they like.
#include <gmock/gmock.h>

#include <map>

#include <mapistore/ability.h>

#include "backends/imap/backend.h"
#include "backends/imap/body_flow.h"
#include "tests/support/scripted_server.h"
#include "tests/unit/backends/imap_session_fixture.h"

namespace mapistore::imap {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using testing_backends::Listed;

/// What was streamed, by the places of the messages; unset: not all of it came.
struct Taken final : BodySink {
  std::map<std::size_t, std::optional<std::string>> bodies;
  std::vector<std::string> changes;

  Result<> begin(std::size_t index, const ChangeKey& change, std::uint64_t size) override {
    EXPECT_FALSE(bodies.contains(index)) << "each once";
    at_ = index;
    size_ = size;
    changes.push_back(change.bytes);
    bytes_.clear();
    return {};
  }
  Result<> data(std::span<const std::byte> bytes) override {
    bytes_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {};
  }
  Result<> end(bool complete) override {
    EXPECT_TRUE(!complete || bytes_.size() == size_);
    bodies[at_] = complete ? std::optional{bytes_} : std::nullopt;
    return {};
  }

 private:
  std::size_t at_ = 0;
  std::uint64_t size_ = 0;
  std::string bytes_;
};

std::string literal(std::string_view bytes) {
  return "{" + std::to_string(bytes.size()) + "}\r\n" + std::string(bytes);
}

/// A server of a few mails, each told as large as `told`, which gives their bodies as a test says.
class ImapStreaming : public ::testing::Test {
 protected:
  ImapStreaming() {
    host_.password = "s3cret";
    server_.answer("CAPABILITY", "* CAPABILITY IMAP4rev1 OBJECTID\r\n$TAG OK done\r\n");
    server_.answer("LIST", "* LIST () \"/\" INBOX\r\n$TAG OK done\r\n");
    server_.answer("LIST \"\" \"\"", "* LIST (\\Noselect) \"/\" \"\"\r\n$TAG OK done\r\n");
    server_.answer("UID FETCH", [this](const std::string& asked) {
      return asked.find("RFC822.SIZE") != std::string::npos ? listing() : body_of_(asked);
    });
  }

  std::string listing() const {
    std::string text;
    for (std::size_t uid = 1; uid <= told_.size(); ++uid)
      text += "* " + std::to_string(uid) + " FETCH (UID " + std::to_string(uid) + " FLAGS () EMAILID (M" +
              std::to_string(uid) + ") INTERNALDATE \"01-Jan-2024 00:00:00 +0000\" RFC822.SIZE " +
              std::to_string(told_[uid - 1]) + ")\r\n";
    return text + "$TAG OK done\r\n";
  }

  void read() {
    for (const char* command : {"SELECT", "EXAMINE"})
      server_.answer(command, "* FLAGS (\\Seen)\r\n* " + std::to_string(told_.size()) +
                                  " EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n* OK [UIDNEXT 9] ok\r\n$TAG OK done\r\n");
    const auto backend = make_backend(host_);
    const std::string uri = "imap://anna@localhost:" + std::to_string(server_.port()) + "/INBOX";
    auto context = backend->open(soon(), ContextUri::parse(uri)->uri, {});
    ASSERT_TRUE(context) << context.error().to_string();
    Listed listed;
    ASSERT_TRUE((*context)->changes(soon(), {}, {}, listed));
    std::vector<MessageRef> messages;
    for (const auto& [name, entry] : listed.messages) messages.push_back({entry.key, entry.change, {}, entry.size});
    ASSERT_EQ(messages.size(), told_.size());
    std::ranges::sort(messages, {}, [](const MessageRef& message) { return message.change.bytes; });
    const auto read = (*context)->ability<Reading>()->read_many(soon(), {}, messages, taken_);
    EXPECT_TRUE(read) << read.error().to_string();
  }

  testing::ScriptedServer server_;
  testing_backends::QuietHost host_;
  std::vector<std::uint64_t> told_;
  std::function<std::string(const std::string&)> body_of_;
  Taken taken_;
};

TEST_F(ImapStreaming, ItemsMayComeInAnyOrder) {
  told_ = {3, 5, 0, 6};
  body_of_ = [](const std::string&) {
    return "* 1 FETCH (BODY[] " + literal("one") + " EMAILID (M1) FLAGS () UID 1)\r\n* 2 FETCH (UID 2 BODY[] " +
           literal("zweit") + " EMAILID (M2))\r\n* 3 FETCH (UID 3 EMAILID (M3) BODY[] \"\")\r\n" +
           "* 4 FETCH (EMAILID (M4) UID 4 BODY[] " + literal("quatre") + " BODY[] " + literal("cinque") + ")\r\n" +
           "$TAG OK done\r\n";
  };
  read();
  EXPECT_EQ(taken_.bodies,
            (std::map<std::size_t, std::optional<std::string>>{{0, "one"}, {1, "zweit"}, {2, ""}, {3, "quatre"}}));
  EXPECT_THAT(taken_.changes, ElementsAre("M1", "M2", "M3", "M4"));
}

TEST_F(ImapStreaming, WhatIsFarLargerThanToldIsPassedOver) {
  told_ = {100, 4};
  const std::string vast(std::size_t{17} << 20, 'v');
  body_of_ = [&](const std::string&) {
    return "* 1 FETCH (UID 1 EMAILID (M1) BODY[] " + literal(vast) + ")\r\n* 2 FETCH (UID 2 EMAILID (M2) BODY[] " +
           literal("more") + ")\r\n* 7 FETCH (UID 7 EMAILID (M7) BODY[] " + literal("unasked") +
           ")\r\n$TAG OK done\r\n";
  };
  read();
  EXPECT_EQ(taken_.bodies, (std::map<std::size_t, std::optional<std::string>>{{1, "more"}}));
}

/// A mail in parts of 8 MiB, of which the second is `missing` bytes short.
class ImapStreamingParts : public ImapStreaming, public ::testing::WithParamInterface<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(Short, ImapStreamingParts, ::testing::Values(0, 1));

TEST_P(ImapStreamingParts, AreOneBody) {
  std::string large(std::size_t{20} << 20, 'l');
  for (std::size_t at = 0; at < large.size(); at += 4096) large[at] = static_cast<char>('a' + at / 4096 % 26);
  told_ = {large.size(), 5};
  body_of_ = [&](const std::string& asked) {
    const std::size_t range = asked.find("[]<");
    if (range == std::string::npos)
      return "* 2 FETCH (UID 2 EMAILID (M2) BODY[] " + literal("small") + ")\r\n$TAG OK done\r\n";
    const std::size_t offset = std::stoul(asked.substr(range + 3));
    std::string_view part =
        std::string_view(large).substr(offset, std::stoul(asked.substr(asked.find('.', range) + 1)));
    if (offset == std::size_t{8} << 20) part.remove_suffix(GetParam());
    return "* 1 FETCH (UID 1 EMAILID (M1) BODY[]<" + std::to_string(offset) + "> " + literal(part) +
           ")\r\n$TAG OK done\r\n";
  };
  read();
  EXPECT_EQ(taken_.bodies.size(), 2u);
  EXPECT_TRUE(taken_.bodies[0] == (GetParam() == 0 ? std::optional{large} : std::nullopt));
  EXPECT_EQ(taken_.bodies[1], "small");
}

/// Takes a body until it is full.
struct Vessel final : Receiver {
  LiteralUse body(const FetchReply&, const BodyItem&) override { return LiteralUse::stream; }
  void body_bytes(std::string_view bytes) override { arrived += bytes.size(); }
  bool is_full() override { return has_bottom && arrived > room; }

  /// Whether it becomes so within ten seconds.
  bool is_filled() const {
    const auto until = std::chrono::steady_clock::now() + 10s;
    while (arrived <= room && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(1ms);
    return arrived > room;
  }

  static constexpr std::size_t room = std::size_t{1} << 20;
  std::atomic<bool> has_bottom = true;
  std::atomic<std::size_t> arrived = 0;
};

class ImapFullReceiver : public ImapSession {
 protected:
  static constexpr std::size_t size = std::size_t{64} << 20;

  /// Made before anybody waits for it.
  const std::string reply_ = "* 1 FETCH (UID 1 BODY[] " + literal(std::string(size, 'b')) + ")\r\n";
  ScriptedServer server_{[this](ScriptedServer& peer) {
    peer.greet();
    peer.select("EXAMINE \"a\"");
    peer.expect("UID FETCH 1 (UID BODY.PEEK[])");
    peer.say(reply_);
    peer.done();
    peer.expect("NOOP");
    peer.done();
  }};
};

TEST_F(ImapFullReceiver, IsSentNothingUntilItHasRoom) {
  SessionSettings settings = server_.settings();
  settings.dead_after = 2s;
  const auto session = Session::open(soon(), io_, settings);
  ASSERT_TRUE(session);
  Vessel vessel;
  Pending pending = (*session)->start(fetch("a", "1", "(UID BODY.PEEK[])", &vessel));
  ASSERT_TRUE(vessel.is_filled());
  std::this_thread::sleep_for(3500ms);
  EXPECT_LE(vessel.arrived, Vessel::room + (256u << 10)) << "and a connection that nobody reads is not dead";
  vessel.has_bottom = false;
  (*session)->read_on();
  EXPECT_TRUE(pending.wait(soon()));
  EXPECT_EQ(vessel.arrived, size);
  EXPECT_TRUE((*session)->run(soon(), plain("NOOP")));
}

TEST_F(ImapFullReceiver, MayBeGone) {
  const auto session = open_session(io_, server_);
  {
    Vessel vessel;
    const Pending pending = session->start(fetch("a", "1", "(UID BODY.PEEK[])", &vessel));
    ASSERT_TRUE(vessel.is_filled());
  }
  session->read_on();
  EXPECT_TRUE(session->run(soon(), plain("NOOP")));
}

TEST(ImapBodyFlow, TellsWhoHasFilledIt) {
  BodyFlow flow;
  BodyFlow::Batch batch;
  EXPECT_EQ(flow.take(Call::within(10ms), batch).error().code, Errc::timed_out);
  flow.begin(3, 7, {"v"}, BodyFlow::most);
  flow.bytes(std::string(10, 'b'));
  EXPECT_EQ(flow.take(Call::within(10ms), batch).error().code, Errc::timed_out) << "not worth a look";
  EXPECT_FALSE(flow.is_full());
  flow.bytes(std::string(BodyFlow::most - 10, 'b'));
  EXPECT_TRUE(flow.is_full());
  flow.end(3);
  flow.over(3);
  EXPECT_TRUE(flow.take(soon(), batch).value());
  std::size_t count = 0;
  std::vector<BodyFlow::Event::Kind> kinds;
  for (const BodyFlow::Event& event : batch.events) kinds.push_back(event.kind), count += event.bytes;
  using enum BodyFlow::Event::Kind;
  EXPECT_THAT(kinds, ElementsAre(begin, bytes, bytes, end, over));
  EXPECT_EQ(count, batch.bytes.size());
  EXPECT_EQ(batch.events[0].uid, 7u);
  flow.over(4);
  EXPECT_FALSE(flow.take(soon(), batch).value());
  EXPECT_EQ(batch.bytes, "");
}

}  // namespace
}  // namespace mapistore::imap
