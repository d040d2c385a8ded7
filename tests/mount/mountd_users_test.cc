// Root's mountd for several users, and a user's own: what is one's own, and what stays closed.
#include <sys/stat.h>

#include <csignal>

#include "core/mount_table.h"
#include "tests/mount/mountd_fixture.h"

namespace mapistore::mount_tests::mountd_users_test {
namespace {

using testing::names_in;
using testing::run;
using testing::shell_word;
using testing::stat_of;
using namespace std::chrono_literals;

class MountdUsers : public MountdTest {
 protected:
  /// Directories for a user without a home.
  std::string as(const std::string& user, uid_t id) {
    std::string text = "user = \"" + user + "\"\nenvironment = {";
    for (const char* variable : {"XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"}) {
      const auto directory = sandbox_.make_directory(user + "/" + variable);
      EXPECT_EQ(::chown(directory.c_str(), id, id), 0);
      text += (text.ends_with('{') ? "" : ", ") + std::string(variable) + " = \"" + directory.native() + "\"";
    }
    return text + "}";
  }
  void two_users() {
    configure(quick + mount_table("hers", as("nobody", user_nobody), user_nobody) +
              mount_table("his", as("daemon", user_daemon), user_daemon) + mount_table("roots"));
    start();
    ASSERT_TRUE(wait_up({"hers", "his", "roots"})) << log();
  }
  /// The names of the mounts that `user` is told of, joined; "?" if that fails.
  std::string seen_by(uid_t user) const {
    const auto out = (sandbox_ / "run" / ("seen-" + std::to_string(user)));
    testing::write_file(out, "");
    ::chmod(out.c_str(), 0666);
    as_user(user, [&] {
      const auto answer = ask("status");
      std::string names = answer ? "" : "?";
      if (answer)
        for (const Json& mount : (*answer)["mounts"]) names += mount["name"].get<std::string>() + " ";
      return testing::write_file(out, names);
    });
    return testing::read_file(out).value_or("?");
  }
  /// The code of the error that `user` gets, 0 for none.
  int refused(uid_t user, const std::string& verb, const std::string& name) const {
    return as_user(user, [&] {
      const auto answer = ask(verb, name);
      return answer ? 0 : static_cast<int>(answer.error().code);
    });
  }
};

TEST_F(MountdUsers, EachDaemonRunsAsItsUser) {
  two_users();
  const auto mount = mounted_store_at(mnt("hers"));
  ASSERT_TRUE(mount);
  EXPECT_EQ(mount->user, user_nobody);
  const std::string status = testing::read_file("/proc/" + std::to_string(daemon("hers")) + "/status").value_or("");
  EXPECT_TRUE(status.contains("Uid:\t65534\t65534\t65534\t65534")) << status;
  EXPECT_TRUE(status.contains("Groups:\t65534")) << status;
  EXPECT_TRUE(status.contains("CapEff:\t0000000000000000")) << status;
}

TEST_F(MountdUsers, MountsAndSocketsStayClosedToEachOther) {
  two_users();
  EXPECT_EQ(seen_by(user_nobody), "hers ");
  EXPECT_EQ(seen_by(user_daemon), "his ");
  EXPECT_EQ(seen_by(0), "hers his roots ");
  EXPECT_EQ(seen_by(2), "");
  EXPECT_EQ(as_user(user_nobody, [&] { return names_in(mnt("hers")).size() == 1 ? 0 : 1; }), 0);
  EXPECT_EQ(as_user(user_daemon, [&] { return names_in(mnt("hers")).size() == 1 ? 0 : 1; }), 1);
  for (const char* verb : {"unmount", "mount", "status", "metrics"})
    EXPECT_EQ(refused(user_daemon, verb, "hers"), static_cast<int>(Errc::not_found)) << verb;
  EXPECT_EQ(refused(user_daemon, "unmount", mnt("hers").native()), static_cast<int>(Errc::not_found));
  EXPECT_EQ(refused(user_daemon, "reload", ""), static_cast<int>(Errc::not_permitted));
  EXPECT_EQ(state("hers"), "up");
  EXPECT_EQ(refused(user_daemon, "unmount", "his"), 0);
  EXPECT_EQ(state("his"), "down");
  EXPECT_EQ(refused(user_daemon, "mount", "his"), 0);
  EXPECT_EQ(state("his"), "up");
}

TEST_F(MountdUsers, AUsersCrashedMountIsMendedAsThatUser) {
  two_users();
  const pid_t before = daemon("hers");
  ::kill(before, SIGKILL);
  EXPECT_TRUE(testing::eventually([&] { return state("hers") == "up" && daemon("hers") != before; }, 10s)) << log();
  EXPECT_EQ(end(SIGTERM), 0) << log();
  EXPECT_FALSE(mounted_store_at(mnt("hers")) || mounted_store_at(mnt("his")));
}

TEST_F(MountdUsers, AUsersOwnMountdIsHisAlone) {
  for (const char* name : {"run", "state", "cache", "config", "home"})
    ASSERT_EQ(::chown((sandbox_ / name).c_str(), user_nobody, user_nobody), 0);
  const std::string mine = mount_table("mine", "", user_nobody);
  const std::string other = mount_table("other", "user = \"daemon\"");
  configure(quick + mine);
  start("setpriv --reuid=65534 --regid=65534 --clear-groups");
  ASSERT_TRUE(wait_up({"mine"})) << log();
  EXPECT_EQ(stat_of(socket()).st_mode & 0777u, 0600u);
  EXPECT_EQ(stat_of(socket().parent_path()).st_mode & 0777u, 0700u);
  EXPECT_EQ(seen_by(user_nobody), "mine ");
  EXPECT_EQ(seen_by(user_daemon), "?");
  // Not even with the way to it open.
  ASSERT_EQ(::chmod(socket().parent_path().c_str(), 0755), 0);
  ASSERT_EQ(::chmod(socket().c_str(), 0666), 0);
  EXPECT_EQ(seen_by(user_daemon), "?");

  configure(quick + mine + other);
  const auto reloaded = ask("reload");
  ASSERT_FALSE(reloaded);
  EXPECT_NE(reloaded.error().what.find("only root's mountd may mount for another user"), std::string::npos);
}

TEST_F(MountdUsers, AllowOtherIsTheAdministratorsToGrant) {
  const bool granted = run("grep -q '^user_allow_other' /etc/fuse.conf").code == 0;
  configure(quick + mount_table("hers", as("nobody", user_nobody) + "\noptions = \"allow_other\"", user_nobody) +
            mount_table("roots", "options = \"allow_other,umask=022\""));
  start();
  ASSERT_TRUE(wait_up({"roots"})) << log();
  ASSERT_TRUE(testing::eventually([&] { return state("hers") == (granted ? "up" : "waiting"); }, 10s)) << log();
  EXPECT_EQ(has_logged("option allow_other only allowed if 'user_allow_other' is set in /etc/fuse.conf"), !granted)
      << log();
  EXPECT_EQ(as_user(user_nobody, [&] { return names_in(mnt("roots")).size() == 1 ? 0 : 1; }), 0);
}

}  // namespace
}  // namespace mapistore::mount_tests::mountd_users_test
