// mapistorectl switch: a top folder on another medium while it is in use.
#include <fcntl.h>
#include <unistd.h>

#include "tests/mount/switch_fixture.h"

namespace mapistore::mount_tests::switch_test {
namespace {

using testing::eventually;
using testing::names_in;
using testing::read_file;
using testing::shell_word;
using testing::TempMount;
using testing::write_file;
using namespace std::chrono_literals;

class Switch : public SwitchTest {
 protected:
  /// Ten messages, some in a folder, one with state.
  static void fill(const std::filesystem::path& mail_folder) {
    ASSERT_EQ(::mkdir((mail_folder / "Sub").c_str(), 0700), 0);
    for (int i = 0; i < 10; ++i) {
      const std::string name = (i % 3 == 0 ? "Sub/m" : "m") + std::to_string(i) + ".eml";
      ASSERT_EQ(write_file(mail_folder / name, mail("m" + std::to_string(i))), 0);
    }
    ASSERT_EQ(testing::set_xattr(mail_folder / "m1.eml", "user.mapi.flags", "flagged"), 0);
    ASSERT_EQ(testing::set_xattr(mail_folder / "m2.eml", "user.mapi.0x6abf0003", "-7"), 0);
  }
};

TEST_F(Switch, GoesBackWithAllThatHasChangedSince) {
  const std::string from = make_medium(sandbox_, "file", "old");
  write_profile(from);
  TempMount mount{sandbox_, profile()};
  fill(mount / "Mail");
  const auto as_it_was = *read_file(profile());
  const std::string to = make_medium(sandbox_, "archive", "new");
  ASSERT_EQ(control("switch Mail " + to).code, 0) << mount.errors();
  const auto told = control("status " + shell_word((mount / "Mail").parent_path())).output;
  EXPECT_TRUE(told.contains("switched: Mail is in " + to + ", and " + from + " holds 10 of 10 messages\n")) << told;
  ASSERT_EQ(write_file(mount / "Mail/new.eml", mail("new")), 0);
  ASSERT_EQ(write_file(mount / "Mail/m2.eml", mail("m2", "Rewritten.\n")), 0);
  ASSERT_EQ(::unlink((mount / "Mail/m1.eml").c_str()), 0);
  ASSERT_EQ(::rename((mount / "Mail/Sub").c_str(), (mount / "Mail/Other").c_str()), 0);
  EXPECT_EQ(read_file(sandbox_ / "old/m2.eml"), mail("m2")) << "the old medium is as it was";
  const auto before = shown(mount / "Mail");
  const auto back = control("switch Mail --rollback");
  ASSERT_EQ(back.code, 0) << back.output << mount.errors();
  EXPECT_EQ(shown(mount / "Mail"), before);
  EXPECT_EQ(*read_file(profile()), as_it_was);
  EXPECT_EQ(read_file(sandbox_ / "old/new.eml"), mail("new"));
  EXPECT_EQ(read_file(sandbox_ / "old/m2.eml"), mail("m2", "Rewritten.\n"));
  EXPECT_FALSE(testing::is_there(sandbox_ / "old/m1.eml"));
  EXPECT_TRUE(testing::is_there(sandbox_ / "old/Other/m0.eml"));
  EXPECT_FALSE(testing::is_there(sandbox_ / "old/Sub"));
  ASSERT_TRUE(mount.remount());
  EXPECT_EQ(shown(mount / "Mail"), before);
}

TEST_F(Switch, SurvivesKillsAtAnyMoment) {
  write_profile(make_medium(sandbox_, "file", "old"));
  const std::string to = make_medium(sandbox_, "sqlite", "new");
  TempMount mount{sandbox_, profile()};
  fill(mount / "Mail");
  for (int i = 0; i < 300; ++i)
    ASSERT_EQ(write_file(mount / ("Mail/k" + std::to_string(i) + ".eml"), mail(std::to_string(i))), 0);
  const auto before = shown(mount / "Mail");
  std::mt19937 random{11};
  int kills = 0;
  for (; kills < 40; ++kills) {
    const auto begun = control("switch Mail " + to + " --no-wait");
    const bool is_over = begun.output.find("has been switched") != std::string::npos;
    if (is_over) break;
    ::usleep(static_cast<useconds_t>(random() % 150'000));
    mount.kill9();
    ASSERT_EQ(mount.start().code, 0);
    ASSERT_TRUE(mount.wait_ready());
    ASSERT_EQ(shown(mount / "Mail").size(), before.size()) << "after kill " << kills;
  }
  EXPECT_GT(kills, 0);
  // Whoever was killed had not changed the profile: the index knows, and finishing makes the profile say so.
  ASSERT_TRUE(eventually([&] { return mount.status().find("\"switched\"") != std::string::npos; }, 30s))
      << mount.status();
  EXPECT_EQ(shown(mount / "Mail"), before);
  const auto finished = control("switch Mail --finish");
  ASSERT_EQ(finished.code, 0) << finished.output;
  EXPECT_NE(read_file(profile())->find(to), std::string::npos);
  ASSERT_TRUE(mount.remount());
  EXPECT_EQ(shown(mount / "Mail"), before);
  EXPECT_NE(mount.status().find(to), std::string::npos);
}

TEST_F(Switch, KeepsAnotherMediumLikeTheFolder) {
  write_profile(make_medium(sandbox_, "maildir", "old"));
  const std::string to = make_medium(sandbox_, "file", "copy");
  TempMount mount{sandbox_, profile()};
  fill(mount / "Mail");
  const auto begun = control("replicate Mail " + to);
  ASSERT_EQ(begun.code, 0) << begun.output;
  ASSERT_TRUE(eventually([&] { return read_file(sandbox_ / "copy/Sub/m9.eml") == mail("m9"); }, 10s)) << mount.errors();
  ASSERT_EQ(write_file(mount / "Mail/later.eml", mail("later")), 0);
  ASSERT_EQ(::unlink((mount / "Mail/m1.eml").c_str()), 0);
  EXPECT_TRUE(eventually([&] { return read_file(sandbox_ / "copy/later.eml") == mail("later"); }, 10s));
  EXPECT_TRUE(eventually([&] { return !testing::is_there(sandbox_ / "copy/m1.eml"); }, 10s));
  EXPECT_NE(read_file(profile())->find("maildir://"), std::string::npos) << "the folder is where it was";
  ASSERT_EQ(control("replicate Mail --stop").code, 0);
  ASSERT_EQ(write_file(mount / "Mail/last.eml", mail("last")), 0);
  ::sleep(3);
  EXPECT_FALSE(testing::is_there(sandbox_ / "copy/last.eml"));
}

TEST_F(Switch, TargetThatFailsLeavesTheFolderWhereItWas) {
  write_profile(make_medium(sandbox_, "file", "old"));
  TempMount mount{sandbox_, profile()};
  fill(mount / "Mail");
  ASSERT_EQ(write_file(sandbox_ / "faults", "save *m5* fail no_space\n"), 0);
  const std::string to = "memory://full?faults=" + (sandbox_ / "faults").native();
  ASSERT_EQ(control("switch Mail '" + to + "' --no-wait").code, 0);
  EXPECT_TRUE(eventually([&] { return mount.errors().find("m5") != std::string::npos; }, 15s)) << mount.errors();
  EXPECT_NE(mount.status().find("\"phase\": \"switching\""), std::string::npos) << mount.status();
  ASSERT_EQ(write_file(mount / "Mail/new.eml", mail("new")), 0);
  EXPECT_EQ(read_file(sandbox_ / "old/new.eml"), mail("new"));
  const auto ended = control("switch Mail --rollback");
  EXPECT_EQ(ended.code, 0) << ended.output;
  EXPECT_NE(read_file(profile())->find("file://"), std::string::npos);
  // The same target once there is room again.
  ASSERT_EQ(write_file(sandbox_ / "faults", ""), 0);
  const auto switched = control("switch Mail '" + to + "'");
  EXPECT_EQ(switched.code, 0) << switched.output << mount.errors();
  EXPECT_EQ(names_in(mount / "Mail").size(), 8u);
}

TEST_F(Switch, WhoWritesFasterThanTheNewMediumIsSlowedDownUntilItHasCaughtUp) {
  write_profile(make_medium(sandbox_, "file", "old"));
  TempMount mount{sandbox_, profile()};
  ASSERT_EQ(::mkdir((mount / "Mail/Sub").c_str(), 0700), 0);
  // Two at a time, it takes 40 a second.
  ASSERT_EQ(write_file(sandbox_ / "faults", "save * stall 0.05\n"), 0);
  Writer writer{mount / "Mail", mails, 0ms};
  ASSERT_TRUE(eventually([&] { return writer.count() > 300; }, 30s));
  const auto switched = control("switch Mail 'memory://slow?faults=" + (sandbox_ / "faults").native() + "'", 150s);
  EXPECT_EQ(switched.code, 0) << switched.output << mount.errors();
  const std::size_t at_once = writer.count();
  EXPECT_TRUE(eventually([&] { return writer.count() > at_once + 10; }, 10s)) << "it still writes";
  const auto wanted = writer.finish();
  EXPECT_EQ(writer.failures(), "") << mount.errors();
  auto now = shown(mount / "Mail");
  now.erase("Sub");
  EXPECT_EQ(now.size(), wanted.size());
  for (const auto& [path, bytes] : wanted) EXPECT_TRUE(now.contains(path) && now.at(path).bytes == bytes) << path;
}

TEST_F(Switch, AContextInTwoMountsIsNotExchangedUntilOneIsLeft) {
  write_profile(make_medium(sandbox_, "file", "old"));
  TempMount mount{sandbox_, profile()};
  fill(mount / "Mail");
  const std::string to = make_medium(sandbox_, "sqlite", "new");
  {
    TempMount other{sandbox_, profile(), {}, "other"};
    ASSERT_EQ(control("switch Mail " + to + " --no-wait").code, 0);
    EXPECT_TRUE(eventually(
        [&] {
          return (mount.status() + other.status()).find("Mail: is part of another mount too: unmount that one") !=
                 std::string::npos;
        },
        15s))
        << mount.status();
    EXPECT_EQ(mount.status().find("\"switched\""), std::string::npos);
    EXPECT_NE(read_file(profile())->find("file://"), std::string::npos);
    ASSERT_EQ(write_file(other / "Mail/late.eml", mail("late")), 0);
  }
  const auto switched = control("switch Mail " + to);
  ASSERT_EQ(switched.code, 0) << switched.output << mount.errors();
  EXPECT_EQ(read_file(mount / "Mail/late.eml"), mail("late"));
  EXPECT_NE(read_file(profile())->find(to), std::string::npos);
}

TEST_F(Switch, ProfileThatMayNotBeWrittenIsToldBeforeAnythingBegins) {
  write_profile(make_medium(sandbox_, "file", "old"));
  TempMount mount{sandbox_, profile()};
  fill(mount / "Mail");
  // Of a directory that not even root may write.
  const auto closed = sandbox_.make_directory("closed");
  ASSERT_EQ(testing::run("cp " + shell_word(profile()) + " " + shell_word(closed) + " && mount --bind -o ro " +
                         shell_word(closed) + " " + shell_word(closed))
                .code,
            0);
  const auto outcome = testing::run(sandbox_.control_program() + " -p " + shell_word(closed / "p.toml") +
                                    " switch Mail " + make_medium(sandbox_, "sqlite", "new"));
  EXPECT_EQ(testing::run("umount " + shell_word(closed)).code, 0);
  EXPECT_NE(outcome.code, 0);
  EXPECT_NE(outcome.output.find("p.toml: is to be changed, and its directory cannot be written"), std::string::npos)
      << outcome.output;
  EXPECT_NE(mount.status().find("\"switches\": []"), std::string::npos) << mount.status();
}

TEST_F(Switch, MemoryIsWarnedOfAndItsLossIsNotCarriedBack) {
  const std::string from = make_medium(sandbox_, "file", "old");
  write_profile(from);
  TempMount mount{sandbox_, profile()};
  fill(mount / "Mail");
  const auto before = shown(mount / "Mail");
  const auto switched = control("switch Mail memory://new");
  ASSERT_EQ(switched.code, 0) << switched.output;
  EXPECT_NE(switched.output.find("memory://new: keeps nothing once the mount ends"), std::string::npos)
      << switched.output;
  EXPECT_EQ(shown(mount / "Mail"), before);
  ASSERT_TRUE(mount.remount());
  EXPECT_EQ(names_in(mount / "Mail").size(), 0u);
  const auto refused = control("switch Mail --rollback");
  EXPECT_EQ(refused.code, 77) << refused.output;
  EXPECT_NE(refused.output.find("has no messages any more, and " + from + " has"), std::string::npos) << refused.output;
  // The way out that it tells.
  ASSERT_EQ(control("switch Mail --finish").code, 0);
  const auto back = control("switch Mail " + from);
  ASSERT_EQ(back.code, 0) << back.output;
  const auto now = shown(mount / "Mail");
  ASSERT_EQ(now.size(), before.size());
  for (const auto& [path, was] : before) EXPECT_TRUE(now.contains(path) && now.at(path).bytes == was.bytes) << path;
}

TEST_F(Switch, WrongUseIsToldAndChangesNothing) {
  write_profile(make_medium(sandbox_, "file", "old"));
  TempMount mount{sandbox_, profile()};
  fill(mount / "Mail");
  const auto as_it_was = *read_file(profile());
  struct Case {
    const char* arguments;
    int code;
    const char* says;
  };
  const std::string password = "switch Mail imap://u:geheim@localhost:1/";
  for (const Case& one : {Case{"switch Mail", 64, "needs the new URI"},
                          {"switch Post memory://x", 66, "Post: is no top folder of the profile"},
                          {"switch Mail sqlite:///nowhere/x.sqlite", 66, "/nowhere"},
                          {"switch Mail nonsense://x", 64, "nonsense"},
                          {"switch Mail memory://x --set colour=red", 78, "colour"},
                          {"switch Mail memory://x --set nothing", 64, "is not KEY=VALUE"},
                          {"switch Mail memory://other", 78, "'Other' has the same URI as 'Mail'"},
                          {"switch Mail --finish", 66, "there is nothing to finish"},
                          {"switch Mail --rollback", 66, "there is nothing to go back to"},
                          {"switch Mail memory://x --finish", 64, "takes no URI"},
                          {password.c_str(), 64, "has a password in it"}}) {
    const auto outcome = control(one.arguments);
    EXPECT_EQ(outcome.code, one.code) << one.arguments << ": " << outcome.output;
    EXPECT_NE(outcome.output.find(one.says), std::string::npos) << one.arguments << ": " << outcome.output;
    EXPECT_EQ(outcome.output.find("geheim"), std::string::npos) << outcome.output;
  }
  const auto dry = control("--dry-run switch Mail sqlite://" + (sandbox_ / "old/../x.sqlite").native());
  EXPECT_EQ(dry.code, 0) << dry.output;
  EXPECT_EQ(*read_file(profile()), as_it_was);
  EXPECT_NE(mount.status().find("\"switches\": []"), std::string::npos);
}

TEST_F(Switch, OfAStoreThatIsNotMounted) {
  write_profile(make_medium(sandbox_, "file", "old"));
  {
    TempMount mount{sandbox_, profile()};
    fill(mount / "Mail");
  }
  const std::string to = make_medium(sandbox_, "archive", "new");
  const auto switched = control("--json switch Mail " + to);
  ASSERT_EQ(switched.code, 0) << switched.output;
  EXPECT_NE(switched.output.find("\"phase\": \"switched\""), std::string::npos) << switched.output;
  TempMount mount{sandbox_, profile()};
  EXPECT_EQ(names_in(mount / "Mail").size(), 7u);
  EXPECT_EQ(read_file(mount / "Mail/Sub/m9.eml"), mail("m9"));
  EXPECT_NE(mount.status().find(to), std::string::npos);
}

}  // namespace
}  // namespace mapistore::mount_tests::switch_test
