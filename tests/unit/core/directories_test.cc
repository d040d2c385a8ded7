#include "core/directories.h"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/process_host.h"
#include "core/secrets.h"
#include "tests/unit/core/scratch.h"

namespace mapistore::directories_test {
namespace {

using ::testing::HasSubstr;
using testing::Scratch;
using testing::Variable;

mode_t mode_of(const std::filesystem::path& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 07777 : 0;
}

TEST(Directories, FollowTheVariables) {
  const Variable config("XDG_CONFIG_HOME", "/c"), state("XDG_STATE_HOME", "/s"), cache("XDG_CACHE_HOME", "/k"),
      runtime("XDG_RUNTIME_DIR", "/r");
  EXPECT_EQ(directories::config_home(), "/c/mapistorefs");
  EXPECT_EQ(directories::state_home(), "/s/mapistorefs");
  EXPECT_EQ(directories::cache_home(), "/k/mapistorefs");
  EXPECT_EQ(directories::runtime_dir(), "/r/mapistorefs");
}

TEST(Directories, TakeARelativePathForNone) {
  const Variable home("HOME", "/home/anna"), config("XDG_CONFIG_HOME", "c"), state("XDG_STATE_HOME", ""),
      cache("XDG_CACHE_HOME", std::nullopt);
  EXPECT_EQ(directories::config_home(), "/home/anna/.config/mapistorefs");
  EXPECT_EQ(directories::state_home(), "/home/anna/.local/state/mapistorefs");
  EXPECT_EQ(directories::cache_home(), "/home/anna/.cache/mapistorefs");
}

TEST(Directories, AskTheUserDatabaseWithoutAHome) {
  const Variable home("HOME", std::nullopt);
  const passwd* user = ::getpwuid(::geteuid());
  ASSERT_NE(user, nullptr);
  EXPECT_EQ(directories::home(), user->pw_dir);
}

TEST(PrivateDirectory, IsMadeForUsAlone) {
  const Scratch scratch;
  const auto path = scratch.path() / "a/b/c";
  ASSERT_EQ(directories::make_private_directory(path), path);
  for (const auto& made : {path, path.parent_path(), path.parent_path().parent_path()}) EXPECT_EQ(mode_of(made), 0700);
  EXPECT_TRUE(directories::make_private_directory(path));
}

TEST(PrivateDirectory, IsClosedIfItWasOpen) {
  const Scratch scratch;
  ASSERT_TRUE(directories::make_private_directory(scratch.path()));
  EXPECT_EQ(mode_of(scratch.path()), 0700);
}

TEST(PrivateDirectory, IsNoFile) {
  const Scratch scratch;
  const auto file = scratch.write("file", "");
  EXPECT_EQ(directories::make_private_directory(file).error().code, Errc::not_a_folder);
  EXPECT_EQ(directories::make_private_directory(file / "below").error().code, Errc::not_a_folder);
}

TEST(PrivateDirectory, IsNotAnotherUsers) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give directories away";
  const Scratch scratch;
  ASSERT_EQ(::chown(scratch.path().c_str(), 12345, 0), 0);
  const auto made = directories::make_private_directory(scratch.path());
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().to_string(), HasSubstr(scratch.path().string() + ": belongs to user 12345"));
}

TEST(ProcessHost, GivesEachBackendItsDirectory) {
  const Scratch scratch;
  const Variable state("XDG_STATE_HOME", scratch.path().string());
  Secrets secrets;
  ProcessHost host(secrets);
  const auto directory = host.state_directory("imap");
  EXPECT_EQ(directory, scratch.path() / "mapistorefs/backends/imap");
  EXPECT_EQ(mode_of(*directory), 0700);
  for (const char* wrong : {"", ".", "..", "a/b", "../x", "A"})
    EXPECT_EQ(host.state_directory(wrong).error().code, Errc::invalid_argument) << wrong;
}

TEST(ProcessHost, TellsTheTime) {
  Secrets secrets;
  const ProcessHost host(secrets);
  const auto difference = std::chrono::system_clock::now() - host.now();
  EXPECT_LT(std::chrono::abs(difference), std::chrono::minutes(1));
}

}  // namespace
}  // namespace mapistore::directories_test
