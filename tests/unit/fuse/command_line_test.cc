#include "fuse/command_line.h"

#include <gtest/gtest.h>

#include "tests/unit/core/scratch.h"

namespace mapistore::fs::command_line_test {
namespace {

Result<CommandLine> parse(std::vector<std::string> words) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  return parse_command_line(arguments);
}

TEST(CommandLine, TakesASourceAndAMountPoint) {
  const auto line = parse({"mapistorefs", "memory://x", "/mnt"});
  ASSERT_TRUE(line) << line.error().to_string();
  EXPECT_EQ(line->action, CommandLine::Action::mount);
  EXPECT_EQ(line->source, "memory://x");
  EXPECT_EQ(line->mount_point, "/mnt");
  EXPECT_FALSE(line->foreground);
  EXPECT_EQ(line->options.umask, 077u);
}

TEST(CommandLine, TakesEveryOption) {
  const std::string options =
      "ro,allow_other,uid=1,gid=2,umask=022,delete=purge,trash_keep=30,spin=off,deadline=5s,refresh=7,"
      "backend_dir=/b,log_level=debug";
  const auto line = parse({"mapistorefs", "-f", "-o", options, "--backend-dir", "/a", "work", "/mnt"});
  ASSERT_TRUE(line) << line.error().to_string();
  EXPECT_TRUE(line->foreground);
  const MountOptions& mount = line->options;
  EXPECT_TRUE(mount.read_only);
  EXPECT_TRUE(mount.allow_other);
  EXPECT_TRUE(mount.purge);
  EXPECT_FALSE(mount.spin);
  EXPECT_EQ(mount.uid, 1u);
  EXPECT_EQ(mount.gid, 2u);
  EXPECT_EQ(mount.umask, 022u);
  EXPECT_EQ(mount.deadline, std::chrono::seconds{5});
  EXPECT_EQ(line->refresh, std::chrono::seconds{7});
  EXPECT_EQ(line->trash_keep, std::chrono::days{30});
  EXPECT_EQ(line->log_level, LogLevel::debug);
  EXPECT_EQ(line->backend_directories, (std::vector<std::filesystem::path>{"/a", "/b"}));
}

TEST(CommandLine, ReadsWhatMountCallsIt) {
  for (const char* program : {"/sbin/mount.mapistorefs", "mount.fuse.mapistorefs"}) {
    const auto line =
        parse({program, "work", "/mnt", "-sv", "-n", "-t", "mapistorefs", "-o",
               "rw,noauto,nofail,user,_netdev,x-systemd.automount,x-gvfs-show,comment=mine,defaults,umask=027"});
    ASSERT_TRUE(line) << line.error().to_string();
    EXPECT_EQ(line->source, "work");
    EXPECT_EQ(line->mount_point, "/mnt");
    EXPECT_EQ(line->options.umask, 027u);
    EXPECT_FALSE(line->foreground);
    const auto fake = parse({program, "work", "/mnt", "-f"});
    ASSERT_TRUE(fake);
    EXPECT_EQ(fake->action, CommandLine::Action::nothing) << "-f is mount's --fake";
  }
}

TEST(CommandLine, KnowsOtherActions) {
  EXPECT_EQ(parse({"mapistorefs", "--help"})->action, CommandLine::Action::help);
  EXPECT_EQ(parse({"mapistorefs", "--version"})->action, CommandLine::Action::version);
  const auto list = parse({"mapistorefs", "--list-backends", "--json"});
  EXPECT_EQ(list->action, CommandLine::Action::list_backends);
  EXPECT_TRUE(list->json);
  const auto debug = parse({"mapistorefs", "-d", "a", "b"});
  EXPECT_TRUE(debug->foreground && debug->debug);
  EXPECT_EQ(debug->log_level, LogLevel::debug);
  EXPECT_NE(usage().find("--list-backends"), std::string::npos);
}

TEST(CommandLine, TakesTheLogLevelFromTheEnvironmentUnlessItIsGiven) {
  const testing::Variable level{"MAPISTORE_LOG", "warning"};
  EXPECT_EQ(parse({"mapistorefs", "a", "b"})->log_level, LogLevel::warning);
  EXPECT_EQ(parse({"mapistorefs", "-o", "log_level=error", "a", "b"})->log_level, LogLevel::error);
  EXPECT_EQ(parse({"mapistorefs", "-d", "a", "b"})->log_level, LogLevel::debug);
  const testing::Variable wrong{"MAPISTORE_LOG", "loud"};
  ASSERT_FALSE(parse({"mapistorefs", "a", "b"}));
  EXPECT_NE(parse({"mapistorefs", "a", "b"}).error().to_string().find("loud"), std::string::npos);
}

TEST(CommandLine, NamesWhatIsWrong) {
  const std::vector<std::pair<std::string, std::string>> wrong = {{"nonsense", "nonsense"},
                                                                  {"umask=9", "umask"},
                                                                  {"uid=me", "uid"},
                                                                  {"uid=", "uid"},
                                                                  {"uid=-1", "uid"},
                                                                  {"delete=maybe", "delete"},
                                                                  {"trash_keep=0", "trash_keep"},
                                                                  {"trash_keep=a week", "trash_keep"},
                                                                  {"trash_keep=99999999", "trash_keep"},
                                                                  {"spin=on", "spin"},
                                                                  {"deadline=0", "deadline"},
                                                                  {"deadline=soon", "deadline"},
                                                                  {"ro,refresh=x", "refresh"},
                                                                  {"log_level=loud", "loud"},
                                                                  {"uid=99999999999", "uid"}};
  for (const auto& [options, named] : wrong) {
    const auto line = parse({"mapistorefs", "-o", options, "a", "/b"});
    ASSERT_FALSE(line) << options;
    EXPECT_EQ(line.error().code, Errc::invalid_argument) << options;
    EXPECT_NE(line.error().to_string().find(named), std::string::npos) << line.error().to_string();
  }
  const std::vector<std::vector<std::string>> others = {{"mapistorefs"},
                                                        {"mapistorefs", "only"},
                                                        {"mapistorefs", "a", "b", "c"},
                                                        {"mapistorefs", "--wrong", "a", "b"},
                                                        {"mapistorefs", "a", "b", "-o"}};
  for (const auto& words : others) EXPECT_FALSE(parse(words)) << words.back();
}

}  // namespace
}  // namespace mapistore::fs::command_line_test
