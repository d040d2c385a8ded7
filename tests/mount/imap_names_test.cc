// Names of folders on a mail server: each shows as it is meant, none is another's, and what comes back is the same.
#include "tests/mount/imap_fixture.h"

namespace mapistore::mount_tests::imap_names_test {
namespace {

using testing::eventually;
using testing::is_there;
using testing::names_in;
using testing::read_file;
using testing::stat_of;
using testing::write_file;

class ImapNames : public Imap {};
INSTANTIATE_TEST_SUITE_P(Servers, ImapNames, ::testing::Values("dovecot", "mdbox", "cyrus"), server_name);

struct Name {
  const char *wire, *meant;  ///< on the wire, and to people
  const char *shown;         ///< as a file, which some programs want without such characters
};

constexpr Name ordinary[] = {
    {"Entw&APw-rfe (Gr&APYA3w-e)", "Entwürfe (Größe)", "Entwürfe _Größe"},
    {"&TtVOiw-", "仕事", "仕事"},
    {"&2D3fBg-", "\xf0\x9f\x9c\x86", "unnamed"},
    {"Boost &- Asio", "Boost & Asio", "Boost _ Asio"},
    {"two  blanks", "two  blanks", "two  blanks"},
    {"Parent/Child &- Co", "Parent/Child & Co", "Parent/Child _ Co"},
};

TEST_P(ImapNames, ShowAsTheyAreMeant) {
  for (const Name& name : ordinary) {
    account_.other.ask("CREATE \"" + std::string(name.wire) + "\"");
    account_.append(name.wire, crlf(mail(name.wire)));
  }
  mount();
  for (const Name& name : ordinary) {
    EXPECT_EQ(read_file(only(name.shown)), crlf(mail(name.wire))) << name.shown;
    EXPECT_EQ(testing::xattr(at(name.shown), "user.mapi.displayname"), Path{name.meant}.filename()) << name.shown;
  }
  const Names before = names(".");
  ASSERT_TRUE(mount_->remount());
  EXPECT_EQ(names("."), before);
}

TEST_P(ImapNames, MadeHereAreWrittenAsTheServerWantsThem) {
  mount();
  for (const Name& name : ordinary) {
    if (std::string_view{name.wire}.starts_with("Parent/")) {
      ASSERT_EQ(make_directory(at("Parent")), 0);
    }
    ASSERT_EQ(make_directory(at(name.meant)), 0) << name.meant << mount_->errors();
    EXPECT_TRUE(account_.has_mailbox(name.wire)) << name.wire;
    ASSERT_EQ(write_file(at(name.meant) / "a.eml", crlf(mail(name.wire))), 0) << mount_->errors();
    EXPECT_EQ(account_.bodies(name.wire), std::vector{crlf(mail(name.wire))});
  }
}

TEST_P(ImapNames, ThoseThatLookAlikeAreTwo) {
  // One character and two, capitals and none.
  constexpr Name pairs[] = {
      {"caf&AOk-", "caf\xc3\xa9", ""}, {"cafe&AwE-", "cafe\xcc\x81", ""}, {"Case", "Case", ""}, {"case", "case", ""}};
  for (const Name& name : pairs) {
    account_.other.ask("CREATE \"" + std::string(name.wire) + "\"");
    account_.append(name.wire, crlf(mail(name.wire)));
  }
  const auto bodies_found = [&] {
    std::vector<std::string> bodies;
    for (const std::string& folder : names("."))
      for (const std::string& file : names(folder)) bodies.push_back(read_file(at(folder) / file).value_or("(none)"));
    std::ranges::sort(bodies);
    return bodies;
  };
  mount();
  std::vector<std::string> wanted;
  for (const Name& name : pairs) wanted.push_back(crlf(mail(name.wire)));
  std::ranges::sort(wanted);
  EXPECT_EQ(bodies_found(), wanted);
  // Writing into one reaches that one.
  for (const Name& name : pairs) {
    if (!is_there(at(name.meant))) continue;
    ASSERT_EQ(write_file(at(name.meant) / "more.eml", crlf(mail(std::string("more ") + name.wire))), 0);
    EXPECT_EQ(account_.stored(name.wire).size(), 2u) << name.wire;
  }
  EXPECT_TRUE(is_there(at("Case")) && is_there(at("case")));
  const Names before = names(".");
  ASSERT_TRUE(mount_->remount());
  EXPECT_EQ(names("."), before);
}

TEST_P(ImapNames, WhatTheServerCannotHoldIsRefused) {
  mount();
  const Names before = names(".");
  // Maildir keeps folders by names with dots between their levels.
  if (GetParam() == std::string_view{"dovecot"}) {
    EXPECT_NE(make_directory(at("a.b")), 0);
    EXPECT_NE(mount_->errors().find("mailbox name"), std::string::npos) << mount_->errors();
  } else {
    EXPECT_EQ(make_directory(at("a.b")), 0) << mount_->errors();
    EXPECT_TRUE(account_.has_mailbox("a.b"));
    EXPECT_EQ(remove_directory(at("a.b")), 0);
  }
  EXPECT_EQ(names("."), before);
}

TEST(ImapSeparator, IsNoPartOfAName) {
  testing::MailServer server = testing::MailServer::dovecot("namespace inbox {\n  separator = ^\n}\n");
  const Sandbox sandbox;
  Account account{server};
  const testing::TempMount mount{sandbox, account.uri()};
  const Names before = names_in(mount.path());
  EXPECT_EQ(make_directory(mount / "a^b"), EINVAL);
  EXPECT_NE(mount.errors().find("a^b"), std::string::npos) << mount.errors();
  EXPECT_EQ(names_in(mount.path()), before);
  ASSERT_EQ(make_directory(mount / "a"), 0);
  ASSERT_EQ(make_directory(mount / "a/b"), 0);
  EXPECT_TRUE(account.has_mailbox("a^b"));
}

TEST_P(ImapNames, ALeadingDotStaysHereWhenMadeHere) {
  mount();
  const Names before = names(".");
  ASSERT_EQ(make_directory(at(".local")), 0);
  ASSERT_EQ(write_file(at(".local/a.eml"), mail("a")), 0);
  EXPECT_EQ(account_.other.ask("LIST \"\" *").find("local"), std::string::npos);
  EXPECT_EQ(names(".").size(), before.size() + 1);
}

TEST_P(ImapNames, TheInboxIsOneInAnySpelling) {
  account_.append("INBOX", crlf(mail("a")));
  mount();
  EXPECT_EQ(std::ranges::count(names("."), "INBOX"), 1);
  EXPECT_NE(make_directory(at("inbox")), 0);
  EXPECT_EQ(std::ranges::count_if(names("."), [](std::string name) {
              std::ranges::transform(name, name.begin(), ::toupper);
              return name == "INBOX";
            }),
            1);
  EXPECT_EQ(read_file(only("INBOX")), crlf(mail("a")));
}

TEST_P(ImapNames, OneMailboxCanBeMountedAlone) {
  account_.other.ask("CREATE \"Entw&APw-rfe\"");
  account_.other.ask("CREATE \"Entw&APw-rfe/Sub\"");
  account_.append("Entw&APw-rfe", crlf(mail("a")));
  mount_.emplace(sandbox_, account_.uri() + "/Entw%C3%BCrfe");
  EXPECT_EQ(names(".").size(), 2u);
  EXPECT_TRUE(is_there(at("Sub")));
  ASSERT_EQ(write_file(at("b.eml"), mail("b")), 0);
  EXPECT_EQ(account_.stored("Entw&APw-rfe").size(), 2u);
}

}  // namespace
}  // namespace mapistore::mount_tests::imap_names_test
