// Reading an account of a real mail server: what it holds is there as files, and looking changes nothing.
#include <fcntl.h>

#include "tests/mount/imap_fixture.h"
#include "tests/support/wire_proxy.h"

namespace mapistore::mount_tests::imap_reading_test {
namespace {

using testing::eventually;
using testing::is_there;
using testing::names_in;
using testing::read_file;
using testing::run;
using testing::shell_word;
using testing::stat_of;
using testing::write_file;
using testing::xattr;
using namespace std::chrono_literals;

class ImapReading : public Imap {
 protected:
  /// Mails of very different sizes, also such as are fetched in parts.
  void fill(std::string_view mailbox) {
    for (std::size_t i = 0; i < 15; ++i) {
      const std::string text(i == 14 ? 1'300'000 : i * i * 100, static_cast<char>('a' + i));
      std::string lines;
      for (std::size_t begin = 0; begin < text.size(); begin += 70) lines += text.substr(begin, 70) + "\n";
      const std::string bytes = crlf(mail("Re: number " + std::to_string(i), lines + "needle " + std::to_string(i)));
      account_.append(mailbox, bytes, i % 3 == 0 ? "(\\Flagged $Mine) \"07-Feb-2024 03:04:05 +0200\"" : "");
      delivered_.push_back(bytes);
    }
    std::ranges::sort(delivered_);
  }
  std::vector<std::string> bodies_in(const Path& directory) const {
    std::vector<std::string> bodies;
    for (const std::string& name : names_in(directory))
      bodies.push_back(read_file(directory / name).value_or("(none)"));
    std::ranges::sort(bodies);
    return bodies;
  }
  std::string inventory() const { return sh("find . -printf '%P %i %s %T@ %y\\n' | sort"); }

  std::vector<std::string> delivered_;
};
INSTANTIATE_TEST_SUITE_P(Servers, ImapReading, ::testing::Values("dovecot", "mdbox", "cyrus"), server_name);

TEST_P(ImapReading, FilesAreTheBytesThatWereDelivered) {
  account_.other.ask("CREATE Box");
  fill("Box");
  mount();
  ASSERT_EQ(names("Box").size(), delivered_.size());
  std::size_t dated = 0;
  for (const std::string& name : names("Box")) {
    EXPECT_TRUE(name.starts_with("20260817T093102Z_anna@example.org_Re_number_") && name.ends_with(".eml")) << name;
    const struct stat before = stat_of(at("Box") / name);
    EXPECT_EQ(static_cast<std::size_t>(before.st_size), read_file(at("Box") / name)->size()) << name;
    EXPECT_EQ(stat_of(at("Box") / name).st_size, before.st_size);
    dated += before.st_mtim.tv_sec == 1707267845;
  }
  EXPECT_EQ(dated, 5u) << "of them came on 7 February 2024";
  EXPECT_EQ(bodies_in(at("Box")), delivered_);
}

TEST_P(ImapReading, ProgramsReadAllAndChangeNothing) {
  account_.other.ask("CREATE Box");
  account_.other.ask("CREATE Box/Sub");
  fill("Box");
  account_.append("Box/Sub", crlf(mail("below")));
  const auto before = account_.stored("Box");
  const std::string recent = account_.recent("Box");
  mount();
  EXPECT_EQ(sh("grep -rl '^needle' Box | wc -l"), "15\n");
  const std::string out = shell_word(sandbox_.make_directory("out"));
  sh("tar c Box | tar x -C " + out + "; diff -r Box " + out +
     "/Box; find Box -type f -exec head -c 10 {} + > /dev/null");
  sh("rsync -a Box/ " + out + "/copy");
  EXPECT_EQ(sh("rsync -ai Box/ " + out + "/copy"), "") << "nothing is new";
  sh("getfattr -R -d Box > /dev/null; diff -r Box " + out + "/copy");
  ASSERT_TRUE(mount_->remount());
  EXPECT_EQ(sh("rsync -ai Box/ " + out + "/copy"), "") << "nor after a remount";
  const auto after = account_.stored("Box");
  ASSERT_EQ(after.size(), before.size());
  for (std::size_t i = 0; i < after.size(); ++i) {
    EXPECT_EQ(after[i].uid, before[i].uid);
    EXPECT_EQ(after[i].flags, before[i].flags) << "read by nobody";
    EXPECT_EQ(after[i].date, before[i].date);
  }
  EXPECT_EQ(account_.recent("Box"), recent);
}

TEST_P(ImapReading, ARemountShowsTheSameNamesAndInodes) {
  account_.other.ask("CREATE Box");
  fill("Box");
  account_.append("Box", crlf(mail("twin")));
  account_.append("Box", crlf(mail("twin")));
  mount();
  ASSERT_EQ(names("Box").size(), 17u) << "twins are two files";
  const std::string before = inventory();
  ASSERT_TRUE(mount_->remount());
  EXPECT_EQ(inventory(), before);
  // Flags that change meanwhile are no other message.
  ASSERT_EQ(mount_->unmount().code, 0);
  account_.set_flags("Box", account_.stored("Box").front().uid, "+FLAGS (\\Seen)");
  ASSERT_EQ(mount_->start().code, 0);
  ASSERT_TRUE(mount_->wait_ready());
  EXPECT_EQ(inventory(), before);
}

TEST_P(ImapReading, WhatComesElsewhereAppears) {
  account_.other.ask("CREATE Box");
  mount();
  EXPECT_EQ(names("INBOX"), Names{});
  EXPECT_EQ(names("Box"), Names{});
  for (int i = 0; i < 3; ++i) {
    account_.append("INBOX", crlf(mail("new" + std::to_string(i))));
    EXPECT_TRUE(eventually([&] { return names("INBOX").size() == static_cast<std::size_t>(i) + 1; })) << i;
  }
  if (is_cyrus()) return;  // tells of the inbox alone
  for (int i = 0; i < 3; ++i) {
    account_.append("Box", crlf(mail("new" + std::to_string(i))));
    EXPECT_TRUE(eventually([&] { return names("Box").size() == static_cast<std::size_t>(i) + 1; })) << i;
  }
  EXPECT_EQ(bodies_in(at("Box")), account_.bodies("Box"));
}

TEST_P(ImapReading, FlagsSetElsewhereShow) {
  account_.append("INBOX", crlf(mail("a")));
  mount();
  const Path file = only("INBOX");
  const ino_t inode = stat_of(file).st_ino;
  const auto shows = [&](const char* name, const std::string& value) {
    return eventually([&] { return xattr(file, name) == value; });
  };
  const std::uint32_t uid = account_.stored("INBOX").front().uid;
  EXPECT_EQ(xattr(file, "user.mapi.flags").value_or(""), "");
  account_.set_flags("INBOX", uid, "+FLAGS (\\Seen \\Flagged)");
  EXPECT_TRUE(shows("user.mapi.flags", "read flagged")) << xattr(file, "user.mapi.flags").value_or("(none)");
  account_.set_flags("INBOX", uid, "-FLAGS (\\Seen)");
  EXPECT_TRUE(shows("user.mapi.flags", "flagged"));
  account_.set_flags("INBOX", uid, "+FLAGS (Work)");
  EXPECT_TRUE(shows("user.mapi.categories", "Work")) << xattr(file, "user.mapi.categories").value_or("(none)");
  EXPECT_EQ(names("INBOX"), Names{file.filename()});
  EXPECT_EQ(stat_of(file).st_ino, inode);
}

TEST_P(ImapReading, AnOpenFileOutlivesItsExpunge) {
  const std::string bytes = crlf(mail("a", std::string(600'000, 'x') + "\n"));
  account_.append("INBOX", crlf(mail("b")));
  account_.append("INBOX", bytes);
  mount();
  std::uint32_t uid = 0;
  for (const Stored& one : account_.stored("INBOX"))
    if (one.bytes == bytes) uid = one.uid;
  Path file;
  for (const std::string& name : names("INBOX"))
    if (stat_of(at("INBOX") / name).st_size > 600'000) file = at("INBOX") / name;
  const Handle open{file, O_RDONLY};
  EXPECT_EQ(open.read(), bytes);
  account_.expunge("INBOX", uid);
  EXPECT_TRUE(eventually([&] { return names("INBOX").size() == 1 && !is_there(file); }));
  EXPECT_EQ(open.read(), bytes);
  EXPECT_EQ(read_file(only("INBOX")), crlf(mail("b")));
}

TEST_P(ImapReading, ALargeMessageComesFasterThanItsPartsOneByOne) {
  std::string lines;
  while (lines.size() < 12'000'000) lines += "a line of sixty-four octets, of which there are very many.......\n";
  const std::string bytes = crlf(mail("large", lines));
  account_.append("INBOX", crlf(mail("small")));
  account_.append("INBOX", bytes);
  testing::WireProxy wire{account_.server.port()};
  mount_.emplace(sandbox_, account_.uri(wire.port()));
  Path large, small;
  for (const std::string& name : names("INBOX"))
    (name.find("large") != std::string::npos ? large : small) = at("INBOX") / name;
  EXPECT_EQ(read_file(small), crlf(mail("small"))) << "the connections are made";
  wire.set_round_trip(200ms);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(read_file(large), bytes);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 2000ms) << "12 round trips are 2400 ms";
}

TEST_P(ImapReading, FoldersMadeRenamedAndDeletedElsewhere) {
  // A server that does not tell of mailboxes is asked.
  write_file(sandbox_ / "p.toml", "[folders.Mail]\nuri = \"" + account_.uri() +
                                      "\"\npassword_env = \"MAPISTORE_PASSWORD\"\npoll = 1\n");
  mount_.emplace(sandbox_, (sandbox_ / "p.toml").native());
  const auto at = [&](const std::string& name) { return *mount_ / "Mail" / name; };
  const auto names = [&](const std::string& name) { return names_in(at(name)); };
  const auto only = [&](const std::string& name) { return at(name) / names(name).at(0); };
  const auto limit = 5000ms;
  const Names before = names(".");
  account_.other.ask("CREATE Elsewhere");
  account_.append("Elsewhere", crlf(mail("a")));
  ASSERT_TRUE(eventually([&] { return is_there(at("Elsewhere")) && names("Elsewhere").size() == 1; }, limit));
  const ino_t inode = stat_of(only("Elsewhere")).st_ino;
  account_.other.ask("RENAME Elsewhere Renamed");
  ASSERT_TRUE(eventually([&] { return !is_there(at("Elsewhere")) && names("Renamed").size() == 1; }, limit));
  EXPECT_EQ(stat_of(only("Renamed")).st_ino, inode) << "the same message";
  account_.other.ask("CREATE Renamed/Below");
  EXPECT_TRUE(eventually([&] { return is_there(at("Renamed/Below")); }, limit));
  account_.other.ask("DELETE Renamed/Below");
  EXPECT_TRUE(eventually([&] { return !is_there(at("Renamed/Below")); }, limit));
  account_.other.ask("DELETE Renamed");
  EXPECT_TRUE(eventually([&] { return names(".") == before; }, limit));
}

TEST(ImapDelivery, WhatIsPutIntoAMaildirAppears) {
  const Sandbox sandbox;
  Account account{"dovecot"};
  const testing::TempMount mount{sandbox, account.uri()};
  account.server.deliver(account.user, mail("a"));
  EXPECT_TRUE(eventually([&] { return names_in(mount / "INBOX").size() == 1; }));
}

}  // namespace
}  // namespace mapistore::mount_tests::imap_reading_test
