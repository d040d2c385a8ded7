// Messages written to a real mail server: what it then holds, and what it cannot hold and says so.
#include <fcntl.h>

#include <thread>

#include "tests/mount/imap_fixture.h"

namespace mapistore::mount_tests::imap_writing_test {
namespace {

using testing::eventually;
using testing::is_there;
using testing::names_in;
using testing::read_file;
using testing::run;
using testing::set_xattr;
using testing::shell_word;
using testing::stat_of;
using testing::write_file;
using testing::xattr;
using namespace std::chrono_literals;

constexpr time_t some_day = 1706933106;  // 2024-02-03T04:05:06Z

class ImapWriting : public Imap {
 protected:
  void SetUp() override {
    account_.other.ask("CREATE Box");
    account_.other.ask("CREATE Second");
  }
  Stored stored_one(std::string_view mailbox) {
    const auto all = account_.stored(mailbox);
    EXPECT_EQ(all.size(), 1u) << mailbox;
    return all.empty() ? Stored{} : all.front();
  }
  /// What could not be saved is named among the errors, and the file named there has the bytes.
  void expect_refused(std::string_view name, std::string_view bytes, int wanted) {
    EXPECT_EQ(write_file(at("Box") / name, bytes), wanted) << name << mount_->errors();
    EXPECT_FALSE(is_there(at("Box") / name));
    EXPECT_TRUE(account_.stored("Box").empty());
    EXPECT_NE(mount_->errors().find(name), std::string::npos) << mount_->errors();
    const auto kept =
        run("find " + shell_word(sandbox_ / "state") + " -type f -size -2 -exec grep -alF 'Kept text' {} +");
    ASSERT_FALSE(kept.output.empty()) << name;
    const std::string path = kept.output.substr(0, kept.output.find('\n'));
    EXPECT_EQ(read_file(path), bytes);
    EXPECT_NE(mount_->errors().find(path), std::string::npos) << mount_->errors();
  }
};
INSTANTIATE_TEST_SUITE_P(Servers, ImapWriting, ::testing::Values("dovecot", "mdbox", "cyrus"), server_name);

TEST_P(ImapWriting, WhatIsCopiedInIsWhatTheServerHas) {
  mount();
  const std::string in = shell_word(sandbox_.make_directory("in"));
  std::vector<std::string> wanted;
  for (std::size_t i = 0; i < 20; ++i) {
    wanted.push_back(crlf(mail(std::to_string(i), std::string(i * i * 300, 'x') + "\n.\nFrom here\n")));
    ASSERT_EQ(write_file(sandbox_ / ("in/" + std::to_string(i) + ".eml"), wanted.back()), 0);
  }
  run("touch -d 2024-02-03T04:05:06Z " + in + "/*");
  std::ranges::sort(wanted);
  sh("cp -p " + in + "/* Box");
  EXPECT_EQ(sh("cmp " + in + "/3.eml Box/3.eml; diff -r " + in + " Box"), "");
  EXPECT_EQ(account_.bodies("Box"), wanted);
  for (const Stored& one : account_.stored("Box")) EXPECT_EQ(time_of(one.date), some_day) << one.date;
  sh("rsync -a " + in + "/ Second");
  EXPECT_EQ(account_.bodies("Second"), wanted);
  for (const Stored& one : account_.stored("Second")) EXPECT_EQ(time_of(one.date), some_day) << one.date;
  EXPECT_EQ(sh("rsync -ai " + in + "/ Second"), "") << "nothing is new";
  ASSERT_TRUE(mount_->remount());
  EXPECT_EQ(sh("rsync -ai " + in + "/ Second; diff -r " + in + " Second"), "");
}

TEST_P(ImapWriting, LineEndsAreTheServersOnce) {
  mount();
  ASSERT_EQ(write_file(at("Box/a.eml"), mail("a")), 0);
  EXPECT_EQ(read_file(at("Box/a.eml")), crlf(mail("a"))) << "as the server has it, at once";
  EXPECT_EQ(stat_of(at("Box/a.eml")).st_size, static_cast<off_t>(crlf(mail("a")).size()));
  EXPECT_EQ(stored_one("Box").bytes, crlf(mail("a")));
  sh("cp Box/a.eml Box/b.eml; rm Box/a.eml; cat Box/b.eml > Box/a.eml");
  EXPECT_EQ(read_file(at("Box/a.eml")), crlf(mail("a")));
  EXPECT_EQ(read_file(at("Box/b.eml")), crlf(mail("a")));
}

TEST_P(ImapWriting, AnEditKeepsFlagsAndInode) {
  account_.append("Box", crlf(mail("a")), "(\\Seen \\Flagged $Mine)");
  mount();
  const Path file = only("Box");
  const struct stat before = stat_of(file);
  // As nano and many others do.
  ASSERT_EQ(write_file(file, crlf(mail("a", "Again.\n"))), 0);
  const auto check = [&](const char* when) {
    EXPECT_EQ(names("Box"), Names{file.filename()}) << when;
    EXPECT_EQ(stat_of(file).st_ino, before.st_ino) << when;
    const Stored now = stored_one("Box");
    EXPECT_EQ(now.bytes, crlf(mail("a", "Again.\n"))) << when;
    EXPECT_EQ(now.flags, "$Mine \\Flagged \\Seen") << when;
    EXPECT_EQ(read_file(file), now.bytes) << when;
  };
  check("at once");
  ASSERT_TRUE(mount_->remount());
  check("after a remount");
}

TEST_P(ImapWriting, WhatAnotherClientHasMarkedAsDeletedCanBeReplaced) {
  account_.append("Box", crlf(mail("a")), "(\\Seen \\Deleted)");
  mount();
  const Path file = only("Box");
  ASSERT_EQ(write_file(file, crlf(mail("a", "Again.\n"))), 0) << mount_->errors();
  const Stored now = stored_one("Box");
  EXPECT_EQ(now.bytes, crlf(mail("a", "Again.\n")));
  EXPECT_EQ(now.flags, "\\Seen");
  EXPECT_EQ(read_file(file), now.bytes);
}

TEST_P(ImapWriting, WhatAnotherClientIsReplacingStaysWhatThatMakesOfIt) {
  account_.append("Box", crlf(mail("a")));
  mount();
  const Path file = only("Box");
  const std::uint32_t uid = stored_one("Box").uid;
  account_.append("Box", crlf(mail("a", "Another's.\n")));
  account_.set_flags("Box", uid, "+FLAGS (\\Deleted)");
  // It is expunged once ours is there beside it.
  testing::RawImap watching = account_.server.login(account_.user);
  std::jthread other{[&] {
    EXPECT_TRUE(
        eventually([&] { return watching.ask("STATUS Box (MESSAGES)").find("MESSAGES 3") != std::string::npos; }, 10s));
    account_.expunge("Box", uid);
  }};
  EXPECT_EQ(write_file(file, crlf(mail("a", "Ours.\n"))), ESTALE);
  other.join();
  EXPECT_EQ(account_.bodies("Box"), std::vector{crlf(mail("a", "Another's.\n"))});
}

TEST_P(ImapWriting, AFileRenamedOverAMessageTakesItsPlaceAndFlags) {
  account_.append("Box", crlf(mail("a")), "(\\Seen \\Flagged $Mine)");
  mount();
  const Path file = only("Box");
  sh("sed -i s/Hello/Goodbye/ Box/*");
  EXPECT_EQ(names("Box"), Names{file.filename()});
  const Stored now = stored_one("Box");
  EXPECT_EQ(now.bytes, crlf(mail("a", "Goodbye.\n")));
  EXPECT_EQ(now.flags, "$Mine \\Flagged \\Seen");
  EXPECT_EQ(read_file(file), now.bytes);
  ASSERT_TRUE(mount_->remount());
  EXPECT_EQ(names("Box"), Names{file.filename()});
  EXPECT_EQ(read_file(file), now.bytes);
}

TEST_P(ImapWriting, AMoveInTheAccountKeepsAllThatTheServerKnows) {
  account_.append("Box", crlf(mail("a")), "(\\Answered $Mine) \"03-Feb-2024 04:05:06 +0000\"");
  mount();
  const Path file = only("Box"), to = at("Second/b.eml");
  const struct stat before = stat_of(file);
  ASSERT_EQ(move(file, to), 0) << mount_->errors();
  const auto check = [&](const char* when) {
    EXPECT_EQ(names("Box"), Names{}) << when;
    EXPECT_EQ(names("Second"), Names{"b.eml"}) << when;
    EXPECT_EQ(stat_of(to).st_ino, before.st_ino) << when;
    EXPECT_EQ(stat_of(to).st_mtim.tv_sec, some_day) << when;
    EXPECT_EQ(read_file(to), crlf(mail("a"))) << when;
    EXPECT_EQ(xattr(to, "user.mapi.flags"), "answered") << when;
    EXPECT_TRUE(account_.stored("Box").empty()) << when;
    const Stored now = stored_one("Second");
    EXPECT_EQ(now.bytes, crlf(mail("a"))) << when;
    EXPECT_EQ(now.flags, "$Mine \\Answered") << when;
    EXPECT_EQ(time_of(now.date), some_day) << when;
  };
  check("at once");
  ASSERT_TRUE(mount_->remount());
  check("after a remount");
  // Onto another message, whose place it takes.
  ASSERT_EQ(write_file(at("Box/c.eml"), crlf(mail("c"))), 0);
  ASSERT_EQ(move(at("Box/c.eml"), to), 0);
  EXPECT_EQ(stored_one("Second").bytes, crlf(mail("c")));
  EXPECT_TRUE(account_.stored("Box").empty());
  EXPECT_EQ(read_file(to), crlf(mail("c")));
}

TEST_P(ImapWriting, ACopyInTheMountIsASecondMessage) {
  account_.append("Box", crlf(mail("a")), "(\\Seen) \"03-Feb-2024 04:05:06 +0000\"");
  mount();
  only("Box");
  sh("cp -a Box/* Second/b.eml; cp -a Box/* Box/c.eml");
  EXPECT_EQ(account_.bodies("Box"), std::vector(2, crlf(mail("a"))));
  EXPECT_EQ(names("Box").size(), 2u);
  const Stored copy = stored_one("Second");
  EXPECT_EQ(copy.bytes, crlf(mail("a")));
  EXPECT_EQ(copy.flags, "\\Seen");
  EXPECT_EQ(time_of(copy.date), some_day) << copy.date;
  EXPECT_EQ(read_file(at("Second/b.eml")), crlf(mail("a")));
  EXPECT_NE(stat_of(at("Second/b.eml")).st_ino, stat_of(at("Box/c.eml")).st_ino);
}

TEST_P(ImapWriting, WhatIsRemovedIsInTheTrashAndPurgedThereAlone) {
  for (const char* name : {"a", "b", "c"}) account_.append("Box", crlf(mail(name)));
  mount();
  ASSERT_TRUE(eventually([&] { return names("Box").size() == 3; }));
  sh("rm Box/*_a.*");
  EXPECT_EQ(account_.bodies("Box"), (std::vector{crlf(mail("b")), crlf(mail("c"))}));
  EXPECT_EQ(account_.bodies("Trash"), std::vector{crlf(mail("a"))});
  EXPECT_EQ(read_file(only("Trash")), crlf(mail("a")));
  sh("rm Box/*_b.*");
  // Another client has marked it; removing it is that one's business.
  for (const Stored& one : account_.stored("Trash"))
    if (one.bytes == crlf(mail("b"))) account_.set_flags("Trash", one.uid, "+FLAGS (\\Deleted)");
  sh("rm Trash/*_a.*");
  const Stored left = stored_one("Trash");
  EXPECT_EQ(left.bytes, crlf(mail("b")));
  EXPECT_EQ(left.flags, "\\Deleted");
  EXPECT_EQ(account_.bodies("Box"), std::vector{crlf(mail("c"))});
}

TEST_P(ImapWriting, FoldersAreMadeRenamedAndRemoved) {
  mount();
  ASSERT_EQ(make_directory(at("New")), 0) << mount_->errors();
  ASSERT_EQ(make_directory(at("New/Below")), 0) << mount_->errors();
  EXPECT_EQ(make_directory(at("New")), EEXIST);
  ASSERT_EQ(write_file(at("New/Below/a.eml"), crlf(mail("a"))), 0);
  const ino_t inode = stat_of(at("New/Below/a.eml")).st_ino;
  EXPECT_EQ(account_.bodies("New/Below"), std::vector{crlf(mail("a"))});
  EXPECT_EQ(remove_directory(at("New")), ENOTEMPTY) << "a folder is in it";
  EXPECT_EQ(remove_directory(at("New/Below")), ENOTEMPTY) << "a message is in it";
  ASSERT_EQ(move(at("New"), at("Box/Other")), 0) << mount_->errors();
  EXPECT_EQ(account_.bodies("Box/Other/Below"), std::vector{crlf(mail("a"))});
  EXPECT_FALSE(account_.has_mailbox("New"));
  EXPECT_EQ(stat_of(at("Box/Other/Below/a.eml")).st_ino, inode);
  EXPECT_EQ(read_file(at("Box/Other/Below/a.eml")), crlf(mail("a")));
  EXPECT_EQ(move(at("Box"), at("Box/Other/Box")), EINVAL);
  sh("rm Box/Other/Below/a.eml; rmdir Box/Other/Below Box/Other");
  EXPECT_FALSE(account_.has_mailbox("Box/Other"));
  // One that came this moment, and that nobody here has seen.
  account_.append("Second", crlf(mail("b")));
  EXPECT_EQ(remove_directory(at("Second")), ENOTEMPTY);
  EXPECT_EQ(account_.bodies("Second"), std::vector{crlf(mail("b"))});
  account_.append("INBOX", crlf(mail("i")));
  EXPECT_NE(move(at("INBOX"), at("Elsewhere")), 0);
  EXPECT_NE(remove_directory(at("INBOX")), 0);
  EXPECT_EQ(account_.bodies("INBOX"), std::vector{crlf(mail("i"))});
  EXPECT_FALSE(account_.has_mailbox("Elsewhere"));
  EXPECT_TRUE(is_there(at("INBOX")));
}

TEST_P(ImapWriting, WhatNoServerHoldsIsRefusedAndKept) {
  mount();
  expect_refused("nul.eml", mail("nul", std::string("Kept text\0\n", 11)), EINVAL);
}

TEST_P(ImapWriting, WhatHasNoHeaderIsRefusedAndKept) {
  mount();
  expect_refused("bare.eml", "\n\nKept text\n", EINVAL);
}

TEST_P(ImapWriting, EightBitHeadersAreExactOrRefused) {
  mount();
  const std::string bytes = crlf(mail("Gr\xc3\xbc\xc3\x9f" "e", "Kept text\n"));
  if (is_cyrus()) return expect_refused("latin.eml", bytes, EINVAL);
  ASSERT_EQ(write_file(at("Box/latin.eml"), bytes), 0) << mount_->errors();
  EXPECT_EQ(read_file(at("Box/latin.eml")), bytes);
  EXPECT_EQ(stored_one("Box").bytes, bytes);
}

TEST_P(ImapWriting, WhatIsNoMailIsRefused) {
  mount();
  EXPECT_EQ(write_file(at("Box/a.ics"), event("a")), EOPNOTSUPP);
  EXPECT_NE(mount_->errors().find("a.ics"), std::string::npos) << mount_->errors();
  EXPECT_NE(mount_->errors().find("mail only"), std::string::npos) << mount_->errors();
  EXPECT_EQ(names("Box"), Names{});
  EXPECT_TRUE(account_.stored("Box").empty());
}

TEST_P(ImapWriting, FlagsGoBothWaysAndThoseOfOthersStay) {
  account_.append("Box", crlf(mail("a")), "($Foreign)");
  mount();
  const Path file = only("Box");
  ASSERT_EQ(set_xattr(file, "user.mapi.flags", "read flagged answered"), 0);
  EXPECT_EQ(stored_one("Box").flags, "$Foreign \\Answered \\Flagged \\Seen");
  account_.set_flags("Box", stored_one("Box").uid, "+FLAGS (Another)");
  ASSERT_EQ(set_xattr(file, "user.mapi.flags", "flagged"), 0) << "not knowing of the other's";
  EXPECT_EQ(stored_one("Box").flags, "$Foreign Another \\Flagged");
  ASSERT_EQ(set_xattr(file, "user.mapi.categories", "Red\nW\xc3\xa4sche\n$Foreign"), 0);
  EXPECT_EQ(xattr(file, "user.mapi.categories"), "Red\nW\xc3\xa4sche\n$Foreign");
  ASSERT_TRUE(mount_->remount());
  EXPECT_EQ(xattr(file, "user.mapi.flags"), "flagged");
  const std::string categories = xattr(file, "user.mapi.categories").value_or("");
  for (const char* name : {"Red", "W\xc3\xa4sche", "$Foreign"})
    EXPECT_NE(categories.find(name), std::string::npos) << categories;
}

TEST(ImapQuota, FullIsAnErrorThatChangesNothing) {
  testing::MailServer server =
      testing::MailServer::dovecot("plugin {\n  quota_rule = *:storage=200K\n  quota_grace = 0\n}\n");
  const Sandbox sandbox;
  Account account{server};
  const testing::TempMount mount{sandbox, account.uri()};
  ASSERT_EQ(write_file(mount / "INBOX/a.eml", crlf(mail("a", std::string(100'000, 'x') + "\n"))), 0);
  const std::string large = crlf(mail("b", std::string(150'000, 'x') + "\n"));
  EXPECT_EQ(write_file(mount / "INBOX/b.eml", large), EDQUOT) << mount.errors();
  EXPECT_FALSE(is_there(mount / "INBOX/b.eml"));
  EXPECT_EQ(account.stored("INBOX").size(), 1u);
  EXPECT_NE(mount.errors().find("b.eml"), std::string::npos) << mount.errors();
  EXPECT_EQ(write_file(mount / "INBOX/a.eml", large + large), EDQUOT) << "a larger version";
  EXPECT_EQ(read_file(mount / "INBOX/a.eml")->size(), crlf(mail("a", std::string(100'000, 'x') + "\n")).size());
  EXPECT_EQ(write_file(mount / "INBOX/c.eml", crlf(mail("c"))), 0) << "a small one fits";
}

}  // namespace
}  // namespace mapistore::mount_tests::imap_writing_test
