// Listing again a mailbox whose server counts changes, but not always as it should.
#include <set>

#include "backends/imap/backend.h"
#include "tests/support/scripted_server.h"
#include "tests/unit/backends/imap_session_fixture.h"

namespace mapistore::imap {
namespace {

/// What a listing tells; knows nothing beforehand.
struct Told final : ChangeSink {
  std::set<std::string> messages, gone;

  bool known(const Key&, const ChangeKey&, const ChangeKey&) override { return false; }
  Result<> message(Entry entry) override { return messages.insert(entry.change.bytes), Result<>{}; }
  Result<> folder(FolderEntry) override { return {}; }
  Result<> removed(const Key& key) override { return gone.insert(key.bytes), Result<>{}; }
};

/// A server of three mails, of which it shows what a test wants.
class ImapListing : public ::testing::Test {
 protected:
  ImapListing() {
    host_.password = "s3cret";
    server_.answer("CAPABILITY", "* CAPABILITY IMAP4rev1 ENABLE CONDSTORE QRESYNC OBJECTID\r\n$TAG OK done\r\n");
    server_.answer("ENABLE", "* ENABLED QRESYNC\r\n$TAG OK done\r\n");
    server_.answer("LIST", "* LIST () \"/\" INBOX\r\n$TAG OK done\r\n");
    server_.answer("LIST \"\" \"\"", "* LIST (\\Noselect) \"/\" \"\"\r\n$TAG OK done\r\n");
    shows({1, 2, 3}, "4", "[HIGHESTMODSEQ 9]");
    const std::string uri = "imap://anna@localhost:" + std::to_string(server_.port()) + "/INBOX";
    auto opened = backend_->open(soon(), ContextUri::parse(uri)->uri, {});
    if (opened) context_ = *std::move(opened);
  }

  /// From the next SELECT on.
  void shows(const std::vector<int>& uids, const std::string& next, const std::string& modseq) {
    for (const char* command : {"SELECT", "EXAMINE"})
      server_.answer(command, "* FLAGS (\\Seen)\r\n* " + std::to_string(uids.size()) +
                                  " EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n* OK [UIDNEXT " + next + "] ok\r\n* OK " +
                                  modseq + " ok\r\n$TAG OK done\r\n");
    std::string all, found;
    for (const int uid : uids) {
      const std::string text = std::to_string(uid);
      all += "* " + text + " FETCH (UID " + text + " FLAGS () EMAILID (M" + text +
             ") INTERNALDATE \"01-Jan-2024 00:00:00 +0000\" RFC822.SIZE 9 MODSEQ (5))\r\n";
      found += ' ' + text;
    }
    server_.answer("UID FETCH", all + "$TAG OK done\r\n");
    server_.answer("UID SEARCH", "* SEARCH" + found + "\r\n$TAG OK done\r\n");
  }

  Listing list(const Cursor& since, Told& told) {
    auto listed = context_->changes(soon(), {}, since, told);
    EXPECT_TRUE(listed) << listed.error().to_string();
    return listed ? *std::move(listed) : Listing{};
  }

  testing::ScriptedServer server_;
  testing_backends::QuietHost host_;
  std::unique_ptr<Backend> backend_ = make_backend(host_);
  std::unique_ptr<Context> context_;
};

const std::set<std::string> all_three{"M1", "M2", "M3"};

TEST_F(ImapListing, CountsThatGoBackHaveAllListedAnew) {
  ASSERT_TRUE(context_);
  Told first;
  const Listing before = list({}, first);
  EXPECT_TRUE(before.complete);
  EXPECT_EQ(first.messages, all_three);
  for (const auto& [next, modseq] :
       {std::pair{"4", "[HIGHESTMODSEQ 3]"}, std::pair{"2", "[HIGHESTMODSEQ 20]"}, std::pair{"4", "[NOMODSEQ]"}}) {
    SCOPED_TRACE(modseq);
    shows({1, 2, 3}, next, modseq);
    Told told;
    EXPECT_TRUE(list(before.next, told).complete);
    EXPECT_EQ(told.messages, all_three);
  }
}

TEST_F(ImapListing, WhatIsMissingAmongThoseCountedIsFoundGone) {
  ASSERT_TRUE(context_);
  Told first, told;
  const Listing before = list({}, first);
  shows({1, 2, 3}, "4", "[HIGHESTMODSEQ 12]");
  EXPECT_FALSE(list(before.next, told).complete);
  EXPECT_EQ(told.gone.size(), 0u);
  // No VANISHED, though one is gone.
  server_.answer("UID FETCH 4", "$TAG OK done\r\n");
  shows({1, 3}, "4", "[HIGHESTMODSEQ 12]");
  Told later;
  EXPECT_FALSE(list(before.next, later).complete);
  EXPECT_EQ(later.gone.size(), 1u);
}

}  // namespace
}  // namespace mapistore::imap
