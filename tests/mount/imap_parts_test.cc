// Looking into a large mail of a mail server, and taking one attachment out of it, without having all of it brought.
#include <atomic>
#include <random>
#include <thread>

#include "core/codec/transfer.h"
#include "core/mime/part.h"
#include "tests/mount/imap_fixture.h"
#include "tests/support/scripted_server.h"
#include "tests/support/wire_proxy.h"

namespace mapistore::mount_tests::imap_parts_test {
namespace {

using testing::eventually;
using testing::names_in;
using testing::read_file;
using testing::run;
using testing::shell_word;
using testing::stat_of;
using testing::write_file;
using testing::xattr;
using namespace std::chrono_literals;

std::string random_bytes(std::size_t count, unsigned seed) {
  std::mt19937 random{seed};
  std::string bytes(count, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

std::string part(std::string_view name, const std::string& bytes) {
  const std::string line = codec::base64_of(bytes);
  std::string text = "--=_b\nContent-Type: application/octet-stream; name=\"" + std::string(name) +
                     "\"\nContent-Disposition: attachment; filename=\"" + std::string(name) +
                     "\"\nContent-Transfer-Encoding: base64\n\n";
  for (std::size_t at = 0; at < line.size(); at += 76) text += line.substr(at, 76) + "\n";
  return text;
}

/// A mail of 8.3 MB with attachments of 0.1 MB and twice 3 MB, which are 4.1 MB in it.
struct LargeMail {
  const std::vector<std::pair<std::string, std::string>> attachments = {
      {"01_small.bin", random_bytes(100'000, 1)},
      {"02_left.bin", random_bytes(2'990'000, 2)},
      {"03_right.bin", random_bytes(2'990'001, 3)},
  };
  const std::string bytes = crlf(
      "From: anna@example.org\nTo: bob@example.org\nDate: Mon, 17 Aug 2026 09:31:02 +0000\nSubject: large\n"
      "Message-ID: <large@example.org>\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"=_b\"\n\n--=_b\n"
      "Content-Type: text/plain; charset=utf-8\n\nlook at these\n" +
      part("small.bin", attachments[0].second) + part("left.bin", attachments[1].second) +
      part("right.bin", attachments[2].second) + "--=_b--\n");
};

class ImapParts : public Imap {
 protected:
  void SetUp() override {
    ASSERT_NEAR(static_cast<double>(large_.bytes.size()), 8.3e6, 1e5);
    account_.append("INBOX", large_.bytes);
    account_.other.ask("CREATE Box");
    account_.append("Box", crlf(mail("small")));
    mount_.emplace(sandbox_, account_.uri(wire_.port()));
    parts_ = only("INBOX").native() + ".d";
  }
  /// Bytes that the server sent meanwhile.
  std::uint64_t sent(const std::function<void()>& step) {
    const auto before = wire_.counts();
    step();
    return (wire_.counts() - before).down;
  }
  Path attachment(std::size_t index) const { return parts_ / "attachments" / large_.attachments[index].first; }
  /// Waits until what the daemon does by itself, connecting and idling, is done.
  bool is_silent() {
    return eventually(
        [&] {
          const std::uint64_t before = wire_.counts().up;
          std::this_thread::sleep_for(500ms);
          return wire_.counts().up == before;
        },
        20s);
  }
  void expect_listed() const {
    Names expected;
    for (const auto& [name, bytes] : large_.attachments) {
      expected.push_back(name);
      EXPECT_EQ(stat_of(parts_ / "attachments" / name).st_size, static_cast<off_t>(bytes.size())) << name;
    }
    EXPECT_EQ(names_in(parts_ / "attachments"), expected);
  }
  void expect_right(std::size_t index) const {
    EXPECT_TRUE(read_file(attachment(index)) == large_.attachments[index].second) << index << mount_->errors();
  }
  std::string headers() const { return large_.bytes.substr(0, large_.bytes.find("\r\n\r\n") + 2); }

  const LargeMail large_;
  testing::WireProxy wire_{account_.server.port()};
  Path parts_;
};
INSTANTIATE_TEST_SUITE_P(Servers, ImapParts, ::testing::Values("dovecot", "mdbox", "cyrus"), server_name);

TEST_P(ImapParts, LookingIntoALargeMailBringsLittle) {
  const std::uint64_t bytes = sent([&] {
    EXPECT_EQ(run("ls -l " + shell_word(parts_) + " " + shell_word(parts_ / "attachments")).code, 0);
    expect_listed();
    EXPECT_EQ(read_file(parts_ / "headers"), headers());
    EXPECT_EQ(read_file(parts_ / "body.txt"), "look at these");
    EXPECT_TRUE(read_file(parts_ / "recipients.json"));
    EXPECT_TRUE(read_file(parts_ / "loss"));
    expect_right(0);
  });
  EXPECT_LT(bytes, 400'000u);
  RecordProperty("bytes", static_cast<int>(bytes));
}

TEST_P(ImapParts, EachLookTakesFewRoundTrips) {
  EXPECT_EQ(read_file(only("Box")), crlf(mail("small"))) << "the connections are made";
  wire_.set_round_trip(40ms);
  const auto look = [&](const std::string& what, std::uint64_t most, const std::function<void()>& step) {
    ASSERT_TRUE(is_silent());
    const auto before = wire_.counts();
    const auto begin = std::chrono::steady_clock::now();
    step();
    const auto took = std::chrono::steady_clock::now() - begin;
    const auto now = wire_.counts() - before;
    EXPECT_LE(now.round_trips, most) << what;
    RecordProperty(what + "_ms", static_cast<int>(took / 1ms));
    RecordProperty(what + "_kB", static_cast<int>(now.down / 1000));
    RecordProperty(what + "_round_trips", static_cast<int>(now.round_trips));
  };
  look("list", 7, [&] { EXPECT_EQ(run("ls -l " + shell_word(parts_ / "attachments")).code, 0); });
  look("headers", 0, [&] { EXPECT_EQ(read_file(parts_ / "headers"), headers()); });
  look("small", 0, [&] { expect_right(0); });
  look("large", 4, [&] { expect_right(1); });
  look("other", 8, [&] { expect_right(2); });
}

TEST_P(ImapParts, OneLargeAttachmentComesAloneAndTheNextWithAll) {
  EXPECT_LT(sent([&] { expect_right(1); }), 4'600'000u) << "4.1 MB, and what is looked at";
  EXPECT_LT(sent([&] { expect_right(2); }), 8'600'000u);
  const std::uint64_t nothing = sent([&] {
    for (std::size_t index = 0; index < 3; ++index) expect_right(index);
    EXPECT_TRUE(read_file(only("INBOX")) == large_.bytes);
  });
  EXPECT_LT(nothing, 10'000u) << "all of it is in the cache";
}

TEST_P(ImapParts, WhatIsReadAgainIsSoonInTheCache) {
  std::uint64_t bytes = 0;
  for (int round = 0; round < 5; ++round) bytes += sent([&] { expect_right(1); });
  EXPECT_LT(bytes, 13'000'000u);
  wire_.set_mode(testing::WireProxy::Mode::refuse);
  wire_.cut_now();
  expect_right(1);
  expect_listed();
  EXPECT_TRUE(read_file(only("INBOX")) == large_.bytes);
}

TEST_P(ImapParts, WhatWasReadAsAWholeIsNotAskedForAgain) {
  expect_listed();
  EXPECT_TRUE(read_file(only("INBOX")) == large_.bytes);
  wire_.set_mode(testing::WireProxy::Mode::refuse);
  wire_.cut_now();
  for (std::size_t index = 0; index < 3; ++index) expect_right(index);
}

TEST_P(ImapParts, AllElseIsOfTheWholeMail) {
  expect_listed();
  const std::string file = shell_word(only("INBOX"));
  EXPECT_EQ(xattr(only("INBOX"), "user.mapi.size"), std::to_string(large_.bytes.size()));
  EXPECT_EQ(xattr(only("INBOX"), "user.mapi.sha256")->substr(0, 64), run("sha256sum < " + file).output.substr(0, 64));
  EXPECT_TRUE(read_file(only("INBOX")) == large_.bytes);
}

TEST_P(ImapParts, ThePropertyFileIsTheSameAfterAnOutline) {
  expect_listed();
  const auto first = read_file(only("INBOX").native() + ".mapi.json");
  ASSERT_TRUE(first);
  EXPECT_GT(first->size(), 8'000'000u) << "with all contents";
  ASSERT_TRUE(mount_->remount());
  EXPECT_TRUE(read_file(only("INBOX").native() + ".mapi.json") == first) << "from the cache, without an outline";
}

TEST_P(ImapParts, AnAttachmentIsAddedAndRemovedAfterAnOutline) {
  expect_listed();
  ASSERT_EQ(write_file(parts_ / "attachments/new.txt", "new\n"), 0) << mount_->errors();
  const auto has = [&](std::string_view name, std::size_t count) {
    return eventually([&] {
      const auto stored = account_.bodies("INBOX");
      return stored.size() == 1 && (stored[0].find(name) != std::string::npos) == (count > 0);
    });
  };
  EXPECT_TRUE(has("new.txt", 1));
  ASSERT_EQ(mount_->unmount().code, 0);
  testing::run("rm -rf " + shell_word(sandbox_ / "cache"));
  ASSERT_EQ(mount_->start().code, 0);
  ASSERT_TRUE(mount_->wait_ready());
  EXPECT_EQ(names_in(parts_ / "attachments").size(), 4u);
  EXPECT_EQ(remove_name(attachment(0)), 0) << mount_->errors();
  EXPECT_TRUE(has("small.bin", 0));
  const std::string stored = account_.bodies("INBOX").at(0);
  for (const std::size_t index : {1u, 2u})
    EXPECT_NE(stored.find(codec::base64_of(large_.attachments[index].second.substr(0, 57))), std::string::npos);
  EXPECT_GT(stored.size(), large_.bytes.size() - 200'000);
}

TEST_P(ImapParts, WithoutTheServerThereIsAnErrorAndThenTheRightBytes) {
  expect_listed();
  wire_.set_mode(testing::WireProxy::Mode::refuse);
  wire_.cut_now();
  EXPECT_EQ(read_file(parts_ / "headers"), headers());
  expect_listed();
  EXPECT_FALSE(read_file(attachment(1)));
  wire_.set_mode(testing::WireProxy::Mode::forward);
  EXPECT_TRUE(eventually([&] { return read_file(attachment(1)) == large_.attachments[1].second; }, 20s));
}

TEST_P(ImapParts, AConnectionThatIsCutMeanwhileCostsNoBytes) {
  expect_listed();
  wire_.cut_after(testing::WireProxy::Direction::down, 1'500'000, "BODY[]<");
  expect_right(1);
  EXPECT_EQ(wire_.counts().cuts, 1u);
}

TEST_P(ImapParts, OneThatIsRemovedMeanwhileIsGone) {
  expect_listed();
  account_.expunge("INBOX", account_.stored("INBOX").front().uid);
  EXPECT_FALSE(read_file(attachment(1)));
  EXPECT_TRUE(eventually([&] { return names("INBOX").empty(); }));
}

/// A server that gives the right bytes of one large mail, and tells of its structure what a test wants.
class ImapLies : public ::testing::Test {
 protected:
  ImapLies() {
    server_.answer("CAPABILITY", "* CAPABILITY IMAP4rev1\r\n$TAG OK done\r\n");
    server_.answer("LIST", "* LIST () \"/\" INBOX\r\n$TAG OK done\r\n");
    server_.answer("LIST \"\" \"\"", "* LIST (\\Noselect) \"/\" \"\"\r\n$TAG OK done\r\n");
    for (const char* command : {"SELECT", "EXAMINE"})
      server_.answer(command,
                     "* FLAGS (\\Seen)\r\n* 1 EXISTS\r\n* 0 RECENT\r\n* OK [UIDVALIDITY 7] ok\r\n"
                     "* OK [UIDNEXT 2] ok\r\n$TAG OK done\r\n");
    server_.answer("UID SEARCH", "* SEARCH 1\r\n$TAG OK done\r\n");
    for (const char* command : {"UID FETCH", "FETCH"})
      server_.answer(command, [this](const std::string& asked) { return fetched(asked); });
    for (const mime::Part& child : mime::read_structure(large_.bytes).children) octets_.push_back(child.body.size());
  }

  std::string fetched(const std::string& command) {
    const auto has = [&](const char* item) { return command.find(item) != std::string::npos; };
    const auto literal = [](std::string_view bytes) {
      return " {" + std::to_string(bytes.size()) + "}\r\n" + std::string(bytes);
    };
    std::string reply = "* 1 FETCH (UID 1 FLAGS () INTERNALDATE \"01-Jan-2024 00:00:00 +0000\" RFC822.SIZE " +
                        std::to_string(large_.bytes.size());
    if (has("BODYSTRUCTURE")) {
      ++asked_;
      reply += " BODYSTRUCTURE (";
      for (const std::uint64_t octets : told_)
        reply += "(\"APPLICATION\" \"ZIP\" NIL NIL NIL \"BASE64\" " + std::to_string(octets) + ")";
      reply += " \"MIXED\")";
    }
    if (const std::size_t at = command.find("BODY.PEEK[HEADER"); at != std::string::npos) {
      const std::size_t end = command.find(']', at);
      reply += " BODY" + command.substr(at + 9, end + 1 - at - 9) +
               literal(large_.bytes.substr(0, large_.bytes.find("\r\n\r\n") + 4));
    } else if (const std::size_t range = command.find("BODY.PEEK[]<"); range != std::string::npos) {
      const std::size_t offset = std::stoul(command.substr(range + 12));
      const std::size_t size = std::stoul(command.substr(command.find('.', range + 12) + 1));
      reply += " BODY[]<" + std::to_string(offset) + ">" +
               literal(std::string_view(large_.bytes).substr(std::min(offset, large_.bytes.size()), size));
    }
    return reply + ")\r\n$TAG OK done\r\n";
  }

  /// What is read is right, or an error; and soon it is right.
  void expect_no_wrong_bytes() {
    ::setenv("MAPISTORE_PASSWORD", "secret", 1);
    Sandbox sandbox;
    const testing::TempMount mount{sandbox, "imap://anna@localhost:" + std::to_string(server_.port())};
    ASSERT_EQ(names_in(mount / "INBOX").size(), 1u) << mount.errors();
    const Path attachments = (mount / "INBOX" / names_in(mount / "INBOX")[0]).native() + ".d/attachments";
    static_cast<void>(run("ls -l " + shell_word(attachments)));
    for (int round = 0; round < 3; ++round)
      for (const auto& [name, bytes] : large_.attachments) {
        const auto read = read_file(attachments / name);
        EXPECT_TRUE(!read || *read == bytes) << name << " in round " << round << ": " << read->size();
        EXPECT_TRUE(read || round < 2) << name << mount.errors();
      }
    EXPECT_EQ(names_in(attachments).size(), 3u);
    EXPECT_GT(asked_, 0);
  }

  const LargeMail large_;
  std::vector<std::uint64_t> octets_, told_;
  std::atomic<int> asked_ = 0;
  testing::ScriptedServer server_;
};

TEST_F(ImapLies, TheTruthIsBelieved) {
  told_ = octets_;
  expect_no_wrong_bytes();
  EXPECT_LT(std::ranges::count_if(server_.commands(),
                                  [](const std::string& one) { return one.find("BODY.PEEK[]<") != one.npos; }),
            30);
}

TEST_F(ImapLies, OctetsThatAreWrong) {
  for (const std::int64_t by :
       std::initializer_list<std::int64_t>{-100'000, -78, -1, 1, 2, 78, 780, 100'000, 4'000'000'000}) {
    SCOPED_TRACE(by);
    told_ = octets_;
    told_[2] += static_cast<std::uint64_t>(by);
    expect_no_wrong_bytes();
  }
}

TEST_F(ImapLies, PartsThatAreHidden) {
  // All of the next part within this one, up to its very end.
  const auto children = mime::read_structure(large_.bytes).children;
  told_ = octets_;
  told_[2] = static_cast<std::uint64_t>(children[3].body.data() + children[3].body.size() - children[2].body.data());
  told_.pop_back();
  expect_no_wrong_bytes();
}

TEST_F(ImapLies, PartsThatAreNotThere) {
  told_ = octets_;
  told_.insert(told_.begin(), 3'000'000);
  expect_no_wrong_bytes();
  told_ = {octets_[3], octets_[2], octets_[1], octets_[0]};
  expect_no_wrong_bytes();
  told_ = {octets_[0]};
  expect_no_wrong_bytes();
}

}  // namespace
}  // namespace mapistore::mount_tests::imap_parts_test
