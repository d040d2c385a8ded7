// save=spool: close does not wait for the server, and what was closed gets there all the same, each once.
#include <fcntl.h>

#include <random>
#include <thread>

#include "tests/mount/imap_fixture.h"
#include "tests/support/wire_proxy.h"

namespace mapistore::mount_tests::imap_spool_test {
namespace {

using testing::eventually;
using testing::is_there;
using testing::read_file;
using testing::run;
using testing::set_xattr;
using testing::shell_word;
using testing::stat_of;
using testing::WireProxy;
using testing::write_file;
using testing::xattr;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

class ImapSpool : public Imap {
 protected:
  void SetUp() override {
    account_.other.ask("CREATE Box");
    mount_.emplace(sandbox_, account_.uri(proxy_.port()), "save=spool,deadline=10");
    ASSERT_TRUE(eventually([&] { return is_there(at("Box")); }));
  }
  std::string save(const std::string& name, const std::string& body = "Hello.\n") {
    const std::string bytes = crlf(mail(name, body));
    EXPECT_EQ(write_file(at("Box") / (name + ".eml"), bytes), 0) << name << mount_->errors();
    return bytes;
  }
  bool is_empty() const { return mount_->status().find(R"("waiting": 0)") != std::string::npos; }
  /// The server's messages, once nothing waits any more.
  std::vector<std::string> arrived(std::chrono::seconds limit = 30s) {
    EXPECT_TRUE(eventually([&] { return is_empty(); }, limit)) << mount_->status() << mount_->errors();
    return account_.bodies("Box");
  }

  /// The server does not answer any more, and says so.
  void go_away() {
    proxy_.set_mode(WireProxy::Mode::refuse);
    proxy_.cut_now();
  }

  WireProxy proxy_{account_.server.port()};
};
INSTANTIATE_TEST_SUITE_P(Servers, ImapSpool, ::testing::Values("dovecot", "mdbox", "cyrus"), server_name);

TEST_P(ImapSpool, CloseDoesNotWaitAndNothingChangesForTheUser) {
  go_away();
  std::vector<std::string> wanted;
  for (int i = 0; i < 40; ++i) wanted.push_back(save("m" + std::to_string(i)));
  std::ranges::sort(wanted);
  const Path file = at("Box") / "m7.eml";
  const auto before = stat_of(file);
  EXPECT_EQ(set_xattr(file, "user.mapi.flags", "flagged"), 0);
  ASSERT_EQ(run("touch -d 2024-02-03T04:05:06Z " + shell_word(file)).code, 0);
  EXPECT_EQ(names("Box").size(), 40u);
  EXPECT_EQ(read_file(file), crlf(mail("m7")));
  EXPECT_NE(mount_->status().find(R"("waiting": 40)"), std::string::npos) << mount_->status();
  EXPECT_TRUE(account_.stored("Box").empty());

  proxy_.set_mode(WireProxy::Mode::forward);
  EXPECT_EQ(arrived(), wanted);
  EXPECT_EQ(names("Box").size(), 40u);
  EXPECT_EQ(stat_of(file).st_ino, before.st_ino);
  EXPECT_EQ(stat_of(file).st_size, before.st_size);
  EXPECT_EQ(stat_of(file).st_mtim.tv_sec, 1706933106);
  EXPECT_EQ(xattr(file, "user.mapi.flags"), "flagged");
  EXPECT_EQ(xattr(file, "user.mapi.PidTagSubject"), "m7");
  EXPECT_TRUE(is_there(at("Box") / "m7.eml.d/headers"));
  for (const Stored& one : account_.stored("Box"))
    EXPECT_EQ(one.flags, one.bytes == crlf(mail("m7")) ? "\\Flagged" : "") << one.bytes;
}

TEST_P(ImapSpool, ManyShareTheRoundTrips) {
  constexpr int count = 300;
  proxy_.set_round_trip(40ms);
  const auto begin = Clock::now();
  std::vector<std::string> wanted;
  for (int i = 0; i < count; ++i) wanted.push_back(save("m" + std::to_string(i)));
  const auto closed = Clock::now();
  ASSERT_EQ(run("sync -d " + shell_word(at("Box")) +
                " || python3 -c 'import os,sys; os.fsync(os.open(sys.argv[1], os.O_RDONLY))' " + shell_word(at("Box")))
                .code,
            0)
      << mount_->errors();
  const auto there = Clock::now();
  EXPECT_TRUE(is_empty()) << "fsync of the folder waits for what is owed to it";
  std::ranges::sort(wanted);
  EXPECT_EQ(account_.bodies("Box"), wanted);
  // One after another would take a round trip each, at least. What Cyrus needs to store one is more than that.
  EXPECT_LT(closed - begin, count * 40ms);
  if (!is_cyrus()) {
    EXPECT_LT(there - begin, count * 40ms);
  }
  std::printf("%d saves at 40 ms: closed after %.2f s, there after %.2f s\n", count,
              std::chrono::duration<double>(closed - begin).count(),
              std::chrono::duration<double>(there - begin).count());
}

TEST_P(ImapSpool, ManyIntoANewFolderDoNotQueueUp) {
  constexpr int count = 20;
  ASSERT_EQ(::mkdir(at("Fresh").c_str(), 0700), 0);
  ASSERT_TRUE(eventually([&] { return names("Fresh").empty(); }));
  constexpr auto round_trip = 300ms;
  proxy_.set_round_trip(round_trip);
  const auto begin = Clock::now();
  for (int i = 0; i < count; ++i)
    ASSERT_EQ(write_file(at("Fresh") / (std::to_string(i) + ".eml"), crlf(mail("m" + std::to_string(i)))), 0);
  ASSERT_TRUE(eventually([&] { return is_empty(); }, 30s)) << mount_->status();
  // One asks for all of them which number comes next: if each did, that alone would take a round trip each.
  EXPECT_LT(Clock::now() - begin, count / 2 * round_trip);
  EXPECT_EQ(account_.bodies("Fresh").size(), std::size_t{count});
}

TEST_P(ImapSpool, WhatWaitsCanBeRenamedReplacedAndRemoved) {
  go_away();
  save("removed");
  save("renamed");
  save("replaced");
  save("moved over");
  save("rewritten");
  sh("cd Box; rm removed.eml; mv renamed.eml new.eml; mv 'moved over.eml' replaced.eml; mv new.eml new~; mv new~ "
     "last.eml");
  const std::string rewritten = save("rewritten", "Other words, and more of them.\n");
  sh("mv Box/rewritten.eml INBOX/; printf '\\r\\n' >> INBOX/rewritten.eml");
  proxy_.set_mode(WireProxy::Mode::forward);
  std::vector<std::string> wanted{crlf(mail("renamed")), crlf(mail("moved over"))};
  std::ranges::sort(wanted);
  EXPECT_EQ(arrived(), wanted);
  EXPECT_EQ(names("Box"), (Names{"last.eml", "replaced.eml"}));
  EXPECT_EQ(account_.bodies("INBOX"), std::vector<std::string>{rewritten + "\r\n"});
}

TEST_P(ImapSpool, UnmountingWaitsForTheServer) {
  proxy_.set_round_trip(40ms);
  std::vector<std::string> wanted;
  for (int i = 0; i < 50; ++i) wanted.push_back(save("m" + std::to_string(i)));
  std::ranges::sort(wanted);
  EXPECT_EQ(mount_->unmount().code, 0);
  EXPECT_EQ(account_.bodies("Box"), wanted);
}

TEST_P(ImapSpool, WhatAServerRefusesIsNamedKeptAndTriedAgain) {
  const std::string bytes = save("nul", std::string("a\0b\n", 4));
  ASSERT_TRUE(
      eventually([&] { return mount_->status().find(R"("file": "root/Box/nul.eml")") != std::string::npos; }, 10s))
      << mount_->status();
  EXPECT_NE(mount_->errors().find("nul.eml"), std::string::npos) << mount_->errors();
  EXPECT_EQ(read_file(at("Box") / "nul.eml"), bytes);
  EXPECT_TRUE(account_.stored("Box").empty());
  // Mended, it goes.
  const std::string mended = save("nul", "a b\n");
  EXPECT_EQ(arrived(), std::vector<std::string>{mended});
  EXPECT_EQ(write_file(at("Box") / "no.ics", "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"), EOPNOTSUPP) << "at once";
}

TEST_P(ImapSpool, SurvivesAServerThatIsAwayAndTheEndOfTheDaemon) {
  proxy_.set_mode(WireProxy::Mode::stall);
  std::vector<std::string> wanted;
  for (int i = 0; i < 10; ++i) wanted.push_back(save("m" + std::to_string(i)));
  std::ranges::sort(wanted);
  mount_->kill9();
  EXPECT_TRUE(account_.stored("Box").empty());
  proxy_.cut_now();
  proxy_.set_mode(WireProxy::Mode::forward);
  ASSERT_TRUE(mount_->remount());
  EXPECT_EQ(arrived(), wanted);
  EXPECT_EQ(names("Box").size(), 10u);
  EXPECT_EQ(read_file(at("Box") / "m3.eml"), crlf(mail("m3")));
}

TEST_P(ImapSpool, WhatIsAddedToAFileThatHadArrivedUnseenIsAddedToTheMessage) {
  // The server has it, and the daemon ends before it could be told so.
  proxy_.set_round_trip(300ms);
  proxy_.cut_after(WireProxy::Direction::down, 0, "APPENDUID");
  const std::string bytes = save("m");
  ASSERT_TRUE(eventually([&] { return proxy_.counts().cuts > 0; }, 10s));
  mount_->kill9();
  ASSERT_EQ(account_.bodies("Box"), std::vector<std::string>{bytes});
  ASSERT_TRUE(mount_->remount());
  const posix::UniqueFd file{::open((at("Box") / "m.eml").c_str(), O_WRONLY | O_APPEND)};
  const auto number = stat_of(at("Box") / "m.eml").st_ino;
  EXPECT_EQ(arrived(), std::vector<std::string>{bytes});
  EXPECT_EQ(::write(file.get(), "More.\r\n", 7), 7);
  EXPECT_EQ(::fsync(file.get()), 0);
  EXPECT_EQ(account_.bodies("Box"), std::vector<std::string>{bytes + "More.\r\n"}) << mount_->errors();
  EXPECT_EQ(names("Box"), Names{"m.eml"});
  EXPECT_EQ(stat_of(at("Box") / "m.eml").st_ino, number);
  EXPECT_EQ(read_file(at("Box") / "m.eml"), bytes + "More.\r\n");
}

TEST_P(ImapSpool, KillsAtAnyMomentLoseAndDoubleNothing) {
  proxy_.set_round_trip(10ms);
  std::mt19937 random{7};
  std::vector<std::string> wanted;
  for (int kill = 0; kill < 4; ++kill) {
    for (int i = 0; i < 30; ++i) wanted.push_back(save("m" + std::to_string(kill) + "-" + std::to_string(i)));
    std::this_thread::sleep_for(std::chrono::milliseconds{random() % 120});
    mount_->kill9();
    ASSERT_TRUE(mount_->remount());
  }
  std::ranges::sort(wanted);
  EXPECT_EQ(arrived(60s), wanted);
  EXPECT_TRUE(eventually([&] { return names("Box").size() == wanted.size(); }, 10s)) << names("Box").size();
}

TEST_P(ImapSpool, RsyncFindsWhatItHasBrought) {
  const std::string in = shell_word(sandbox_.make_directory("in"));
  std::vector<std::string> wanted;
  for (int i = 0; i < 30; ++i) {
    wanted.push_back(crlf(mail("r" + std::to_string(i))));
    ASSERT_EQ(write_file(sandbox_ / ("in/r" + std::to_string(i) + ".eml"), wanted.back()), 0);
  }
  std::ranges::sort(wanted);
  run("touch -d 2024-02-03T04:05:06Z " + in + "/*");
  EXPECT_EQ(sh("rsync -a --out-format=%n " + in + "/ Box/ | wc -l"), "31\n");
  EXPECT_EQ(sh("rsync -a --out-format=%n " + in + "/ Box/ | grep -c eml || true"), "0\n");
  EXPECT_EQ(arrived(), wanted);
  EXPECT_EQ(sh("rsync -a --out-format=%n " + in + "/ Box/ | grep -c eml || true"), "0\n");
  EXPECT_EQ(sh("diff -r " + in + " Box"), "");
}

}  // namespace
}  // namespace mapistore::mount_tests::imap_spool_test
