// What a server or the owner of a mailbox does not allow: known beforehand where the server tells, an error that names
// the folder or message where it does not.
#include "tests/mount/imap_fixture.h"
#include "tests/support/scripted_server.h"

namespace mapistore::mount_tests::imap_limits_test {
namespace {

using testing::eventually;
using testing::is_there;
using testing::MailServer;
using testing::names_in;
using testing::read_file;
using testing::set_xattr;
using testing::TempMount;
using testing::write_file;
using namespace std::chrono_literals;

/// A server that says what each test wants, with the empty mailboxes INBOX, Box and Second.
class ImapScripted : public ::testing::Test {
 protected:
  ImapScripted() {
    offers("IMAP4rev1");
    server_.answer("LIST",
                   "* LIST () \"/\" INBOX\r\n* LIST () \"/\" Box\r\n* LIST () \"/\" Second\r\n$TAG OK done\r\n");
    server_.answer("LIST \"\" \"\"", "* LIST (\\Noselect) \"/\" \"\"\r\n$TAG OK done\r\n");
    for (const char* command : {"SELECT", "EXAMINE"})
      server_.answer(command,
                     "* FLAGS (\\Seen)\r\n* 0 EXISTS\r\n* 0 RECENT\r\n* OK [UIDVALIDITY 7] ok\r\n"
                     "* OK [UIDNEXT 1] ok\r\n$TAG OK done\r\n");
    server_.answer("APPEND", "$TAG OK [APPENDUID 7 1] done\r\n");
    server_.answer("UID FETCH 1",
                   "* 1 FETCH (UID 1 FLAGS () INTERNALDATE \"01-Jan-2024 00:00:00 +0000\" RFC822.SIZE 99)\r\n"
                   "$TAG OK done\r\n");
  }
  void offers(const std::string& capabilities) {
    server_.answer("CAPABILITY", "* CAPABILITY " + capabilities + "\r\n$TAG OK done\r\n");
  }
  void mount() {
    ::setenv("MAPISTORE_PASSWORD", "secret", 1);
    mount_.emplace(sandbox_, "imap://anna@localhost:" + std::to_string(server_.port()));
  }
  Path at(std::string_view name) const { return *mount_ / name; }
  /// The first command that begins so; empty if there was none.
  std::string sent(const std::string& begin) const {
    for (const std::string& command : server_.commands())
      if (command.starts_with(begin)) return command;
    return {};
  }
  void expect_said(const std::string& text) const {
    EXPECT_NE(mount_->errors().find(text), std::string::npos) << text << '\n' << mount_->errors();
  }

  Sandbox sandbox_;
  testing::ScriptedServer server_;
  std::optional<TempMount> mount_;
};

TEST_F(ImapScripted, RefusesWhatIsTooLargeForAllBeforeTheUpload) {
  offers("IMAP4rev1 APPENDLIMIT=1000");
  mount();
  EXPECT_EQ(write_file(at("Box/large.eml"), crlf(mail("large", std::string(2000, 'x') + "\n"))), EFBIG);
  expect_said("large.eml");
  expect_said("and the server takes 1000 at most");
  EXPECT_EQ(sent("APPEND"), "");
  EXPECT_EQ(write_file(at("Box/small.eml"), crlf(mail("small"))), 0) << mount_->errors();
  EXPECT_NE(sent("APPEND"), "");
}

TEST_F(ImapScripted, RefusesWhatIsTooLargeForOneMailboxBeforeTheUpload) {
  offers("IMAP4rev1 APPENDLIMIT");
  server_.answer("STATUS \"Box\" (APPENDLIMIT)", "* STATUS Box (APPENDLIMIT 1000)\r\n$TAG OK done\r\n");
  server_.answer("STATUS \"Second\" (APPENDLIMIT)", "* STATUS Second (APPENDLIMIT NIL)\r\n$TAG OK done\r\n");
  server_.answer("STATUS \"INBOX\" (APPENDLIMIT)", "$TAG NO not today\r\n");
  mount();
  const std::string large = crlf(mail("large", std::string(2000, 'x') + "\n"));
  for (const char* name : {"Box/a.eml", "Box/b.eml"}) EXPECT_EQ(write_file(at(name), large), EFBIG);
  expect_said("takes 1000 at most");
  EXPECT_EQ(sent("APPEND"), "");
  EXPECT_EQ(std::ranges::count(server_.commands(), "STATUS \"Box\" (APPENDLIMIT)"), 1) << "asked once";
  EXPECT_EQ(write_file(at("Second/c.eml"), large), 0) << mount_->errors();
  EXPECT_EQ(write_file(at("INBOX/d.eml"), large), 0) << mount_->errors();
}

TEST_F(ImapScripted, NamesTheFolderThatAServerRefuses) {
  for (const char* command : {"CREATE", "RENAME", "DELETE"})
    server_.answer(command, "$TAG NO [NOPERM] not for you\r\n");
  mount();
  EXPECT_EQ(make_directory(at("New")), EACCES);
  expect_said("New: CREATE: the server refused (not for you)");
  EXPECT_EQ(move(at("Box"), at("Other")), EACCES);
  expect_said("Box: RENAME: the server refused (not for you)");
  EXPECT_EQ(remove_directory(at("Second")), EACCES);
  expect_said("Second: DELETE: the server refused (not for you)");
  EXPECT_EQ(names_in(mount_->path()), (Names{"Box", "INBOX", "Second"}));
}

TEST_F(ImapScripted, AsksForRightsOneByOneWhereAListDoesNotTell) {
  offers("IMAP4rev1 ACL");
  server_.answer("MYRIGHTS", "* MYRIGHTS INBOX lrswitekxa\r\n$TAG OK done\r\n");
  server_.answer("MYRIGHTS \"Box\"", "* MYRIGHTS Box lr\r\n$TAG OK done\r\n");
  server_.answer("MYRIGHTS \"Second\"", "$TAG NO unknown\r\n");
  mount();
  EXPECT_EQ(write_file(at("Box/a.eml"), crlf(mail("a"))), EACCES);
  expect_said("Box: you may not put messages here: ask its owner for the right 'i'");
  EXPECT_EQ(make_directory(at("Box/New")), EACCES);
  EXPECT_EQ(remove_directory(at("Box")), EACCES);
  for (const char* command : {"APPEND", "CREATE", "DELETE"}) EXPECT_EQ(sent(command), "");
  EXPECT_EQ(write_file(at("Second/a.eml"), crlf(mail("a"))), 0) << "who does not say lets one try";
  EXPECT_EQ(write_file(at("INBOX/a.eml"), crlf(mail("a"))), 0) << mount_->errors();
  // The rights of RFC 2086.
  server_.answer("MYRIGHTS \"Box\"", "* MYRIGHTS Box lrswicd\r\n$TAG OK done\r\n");
  EXPECT_EQ(write_file(at("Box/a.eml"), crlf(mail("a"))), 0) << "granted since";
}

/// UTF8=ACCEPT (RFC 6855), which neither of the real servers has.
class ImapUtf8 : public ImapScripted {
 protected:
  const std::string gruesse_ =
      crlf(mail("Gr\xc3\xbc\xc3\x9f"
                "e"));
};

TEST_F(ImapUtf8, NamesAndHeadersAreUtf8WhereEnabled) {
  offers("IMAP4rev1 ENABLE UTF8=ACCEPT LITERAL+");
  server_.answer("ENABLE", "* ENABLED UTF8=ACCEPT\r\n$TAG OK done\r\n");
  server_.answer("LIST \"\" \"*\"",
                 "* LIST () \"/\" INBOX\r\n* LIST () \"/\" \"B\xc3\xbc"
                 "cher\"\r\n$TAG OK done\r\n");
  mount();
  EXPECT_NE(sent("ENABLE").find("UTF8=ACCEPT"), std::string::npos);
  EXPECT_EQ(names_in(mount_->path()), (Names{"B\xc3\xbc"
                                             "cher",
                                             "INBOX"}));
  ASSERT_EQ(write_file(at("INBOX/a.eml"), gruesse_), 0) << mount_->errors();
  const std::string size = std::to_string(gruesse_.size());
  EXPECT_NE(sent("APPEND").find("UTF8 (~{" + size + "+}\r\n" + gruesse_ + ")"), std::string::npos) << sent("APPEND");
  EXPECT_EQ(write_file(at("INBOX/b.eml"), crlf(mail("b"))), 0);
  EXPECT_EQ(server_.commands().back().find("UTF8"), std::string::npos);
  EXPECT_EQ(write_file(at("INBOX/c.eml"), crlf(mail("Gr\xfc\xdf"
                                                    "e"))),
            EINVAL)
      << "that is Latin-1";
  expect_said("not UTF-8");
  static_cast<void>(
      make_directory(at("Gr\xc3\xb6\xc3\x9f"
                        "e")));  // the list is what it was
  EXPECT_NE(sent("CREATE").find("Gr\xc3\xb6\xc3\x9f"
                                "e"),
            std::string::npos)
      << sent("CREATE");
}

TEST_F(ImapUtf8, NamesAndHeadersAreAsciiElsewhere) {
  offers("IMAP4rev1 ENABLE UTF8=ACCEPT");
  server_.answer("ENABLE", "$TAG NO not now\r\n");
  server_.answer("LIST \"\" \"*\"", "* LIST () \"/\" INBOX\r\n* LIST () \"/\" \"B&APw-cher\"\r\n$TAG OK done\r\n");
  mount();
  EXPECT_EQ(names_in(mount_->path()), (Names{"B\xc3\xbc"
                                             "cher",
                                             "INBOX"}));
  EXPECT_EQ(write_file(at("INBOX/a.eml"), gruesse_), EINVAL);
  expect_said("beyond ASCII");
  EXPECT_EQ(sent("APPEND"), "");
}

TEST(ImapAppendLimit, OfARealServerIsKnownBeforeTheUpload) {
  MailServer server = MailServer::cyrus("maxmessagesize: 65536");
  Account account{server};
  const Sandbox sandbox;
  const TempMount mount{sandbox, account.uri()};
  EXPECT_EQ(write_file(mount / "INBOX/large.eml", crlf(mail("large", std::string(70'000, 'x') + "\n"))), EFBIG);
  EXPECT_NE(mount.errors().find("65536 at most"), std::string::npos) << mount.errors();
  EXPECT_EQ(write_file(mount / "INBOX/small.eml", crlf(mail("small"))), 0) << mount.errors();
  EXPECT_EQ(account.bodies("INBOX"), std::vector{crlf(mail("small"))});
}

/// A mailbox that somebody else shares.
TEST(ImapShared, WhatItsOwnerDoesNotAllowIsRefusedBeforehand) {
  MailServer& server = MailServer::shared_cyrus();
  Account owner{server}, guest{server};
  owner.other.ask("CREATE Shared");
  owner.append("Shared", crlf(mail("a")));
  owner.other.ask("SETACL Shared " + guest.user + " lr");
  const Sandbox sandbox;
  const TempMount mount{sandbox, guest.uri()};
  const Path shared = mount / ("Other Users/" + owner.user + "/Shared");
  ASSERT_TRUE(eventually([&] { return names_in(shared).size() == 1; }, 5s)) << mount.errors();
  const Path file = shared / names_in(shared).front();
  EXPECT_EQ(read_file(file), crlf(mail("a")));
  EXPECT_EQ(testing::stat_of(shared).st_mode, static_cast<mode_t>(S_IFDIR | 0500)) << "it shows";
  EXPECT_NE(testing::stat_of(mount / "INBOX").st_mode & S_IWUSR, 0u);
  EXPECT_EQ(write_file(shared / "b.eml", crlf(mail("b"))), EACCES);
  EXPECT_NE(mount.errors().find("Shared: you may not put messages here"), std::string::npos) << mount.errors();
  EXPECT_EQ(set_xattr(file, "user.mapi.flags", "flagged"), EACCES);
  EXPECT_NE(mount.errors().find("Shared: you may not change flags here"), std::string::npos) << mount.errors();
  EXPECT_EQ(write_file(file, crlf(mail("a", "Edited.\n"))), EACCES);
  EXPECT_EQ(remove_name(file), EACCES);
  EXPECT_EQ(make_directory(shared / "New"), EACCES);
  EXPECT_NE(remove_directory(shared), 0) << "a message is in it";
  EXPECT_EQ(read_file(file), crlf(mail("a"))) << "nothing has changed";
  EXPECT_EQ(owner.bodies("Shared"), std::vector{crlf(mail("a"))});
  owner.other.ask("SETACL Shared " + guest.user + " lrsi");
  EXPECT_EQ(write_file(shared / "b.eml", crlf(mail("b"))), 0) << "granted since: " << mount.errors();
  EXPECT_TRUE(eventually([&] { return (testing::stat_of(shared).st_mode & S_IWUSR) != 0; }, 10s)) << "and that shows";
  EXPECT_EQ(owner.bodies("Shared"), (std::vector{crlf(mail("a")), crlf(mail("b"))}));
  EXPECT_EQ(set_xattr(file, "user.mapi.flags", "read"), 0) << mount.errors();
}

/// What an account may not do with a mailbox of its own.
class ImapRights : public Imap {};
INSTANTIATE_TEST_SUITE_P(Servers, ImapRights, ::testing::Values("dovecot", "cyrus"), server_name);

TEST_P(ImapRights, ThatAreNotGrantedAreMissedBeforehand) {
  account_.other.ask("CREATE Box");
  account_.append("Box", crlf(mail("a")));
  account_.other.ask("SETACL Box " + account_.user + " lra");
  mount();
  const Path file = only("Box");
  EXPECT_EQ(write_file(at("Box/b.eml"), crlf(mail("b"))), EACCES);
  EXPECT_NE(mount_->errors().find("Box: you may not put messages here"), std::string::npos) << mount_->errors();
  EXPECT_EQ(move(file, at("INBOX/a.eml")), EACCES);
  EXPECT_NE(mount_->errors().find("Box: you may not remove messages here"), std::string::npos) << mount_->errors();
  EXPECT_EQ(read_file(file), crlf(mail("a")));
  EXPECT_EQ(account_.bodies("Box"), std::vector{crlf(mail("a"))});
  EXPECT_TRUE(account_.stored("INBOX").empty());
}

}  // namespace
}  // namespace mapistore::mount_tests::imap_limits_test
