// The verbs of mapistorectl that deal with mounts, with and without a mountd.
#include <fcntl.h>
#include <unistd.h>

#include <csignal>

#include "core/mount_table.h"
#include "tests/mount/mountd_fixture.h"

namespace mapistore::mount_tests::mountd_verbs_test {
namespace {

using testing::Outcome;
using testing::shell_word;
using namespace std::chrono_literals;

class MountdVerbs : public MountdTest {
 protected:
  /// The system's own mountd, if this machine has one, is none of ours.
  Outcome verb(const std::string& arguments) const { return ctl(arguments + " --socket " + shell_word(socket())); }
  Json json_of(const std::string& arguments) const {
    const Outcome outcome = verb(arguments + " --json");
    EXPECT_EQ(outcome.code, 0) << outcome.output;
    return Json::parse(outcome.output, nullptr, false);
  }
  /// The one of `status --json` that is mounted at mnt(name).
  Json status_of(const std::string& name) const { return json_of("status " + shell_word(mnt(name)))["mounts"][0]; }
};

TEST_F(MountdVerbs, SteerWhatMountdKeeps) {
  configure(quick + mount_table("a") + mount_table("b"));
  start();
  ASSERT_TRUE(wait_up({"a", "b"}));
  const Json both = json_of("status");
  EXPECT_EQ(both["mounts"][0]["name"], "a");
  EXPECT_EQ(both["mounts"][0]["kept"], true);
  const Outcome text = verb("status a");
  EXPECT_TRUE(text.output.starts_with("a: up for ")) << text.output;
  EXPECT_TRUE(text.output.contains("1 message in ")) << text.output;

  EXPECT_EQ(verb("unmount a --dry-run").output, "a: would be unmounted\n");
  EXPECT_EQ(state("a"), "up");
  EXPECT_EQ(verb("unmount a").output, "a: is unmounted\n");
  EXPECT_EQ(state("a"), "down");
  EXPECT_EQ(verb("status a").code, 69);
  EXPECT_EQ(verb("mount a -n").output, "a: would be mounted\n");
  EXPECT_EQ(state("a"), "down");
  EXPECT_EQ(verb("mount a").output, "a: is mounted\n");
  EXPECT_EQ(state("a"), "up");
  // By its directory too; and mountd does not think that it has crashed.
  EXPECT_EQ(verb("unmount " + shell_word(mnt("b"))).code, 0);
  EXPECT_EQ(state("b"), "down");
  EXPECT_EQ(report("b")["restarts"], 0);
}

TEST_F(MountdVerbs, SayWhoUsesAMount) {
  configure(quick + mount_table("a"));
  start();
  ASSERT_TRUE(wait_up({"a"}));
  const posix::UniqueFd used{::open((mnt("a") / "hello.eml").c_str(), O_RDONLY | O_CLOEXEC)};
  const Outcome refused = verb("unmount a");
  EXPECT_EQ(refused.code, 69);
  EXPECT_EQ(refused.output, "mapistorectl: " + mnt("a").native() + ": is in use by mountd_tests (process " +
                                std::to_string(::getpid()) + " of root): end them, or unmount with --force\n");
  EXPECT_EQ(verb("unmount --force a").code, 0);
  EXPECT_FALSE(mounted_store_at(mnt("a")));
}

TEST_F(MountdVerbs, WorkWithoutAMountd) {
  static_cast<void>(mount_table("a"));
  const std::string there = shell_word(mnt("a")), source = "file://" + medium("a").native();
  EXPECT_EQ(verb("mount " + source + " " + there + " --dry-run").code, 0);
  EXPECT_FALSE(mounted_store_at(mnt("a")));
  EXPECT_EQ(verb("mount -o ro " + source + " " + there).code, 0);
  ASSERT_TRUE(mounted_store_at(mnt("a")));
  EXPECT_EQ(verb("mount " + source + " " + there + " -n").code, 69) << "is there already";
  const Json status = status_of("a");
  sandbox_.note_process(status["pid"].get<pid_t>());
  EXPECT_EQ(status["kept"], false);
  EXPECT_EQ(status["state"], "up");
  EXPECT_EQ(status["options"], "ro");
  EXPECT_EQ(status["status"]["contexts"][0]["messages"], 1);
  EXPECT_TRUE(verb("metrics " + there).output.contains("mapistorefs_mount_up{")) << "numbers too";
  {
    const posix::UniqueFd used{::open((mnt("a") / "hello.eml").c_str(), O_RDONLY | O_CLOEXEC)};
    EXPECT_TRUE(verb("unmount " + there).output.contains("is in use by mountd_tests"));
  }
  EXPECT_EQ(verb("unmount " + there).code, 0);
  EXPECT_FALSE(mounted_store_at(mnt("a")));
}

TEST_F(MountdVerbs, AHungMountHangsNobody) {
  static_cast<void>(mount_table("a"));
  ASSERT_EQ(verb("mount file://" + medium("a").native() + " " + shell_word(mnt("a"))).code, 0);
  const pid_t daemon = status_of("a")["pid"].get<pid_t>();
  sandbox_.note_process(daemon);
  ::kill(daemon, SIGSTOP);
  const Json all = json_of("status");
  ::kill(daemon, SIGCONT);
  std::string state;
  for (const Json& mount : all["mounts"])
    if (mount["directory"] == mnt("a").native()) state = mount["state"];
  EXPECT_EQ(state, "hung");
}

TEST_F(MountdVerbs, TakeAMountWhoseDirectoryIsNamedFromWhereItLies) {
  static_cast<void>(mount_table("a"));
  ASSERT_EQ(verb("mount file://" + medium("a").native() + ' ' + shell_word(mnt("a"))).code, 0);
  const auto from_beside = [&](const std::string& what, const std::string& name) {
    return testing::run("cd " + shell_word(mnt("a").parent_path()) + " && " + sandbox_.control_program() + ' ' + what +
                        ' ' + shell_word(name) + " --socket " + shell_word(socket()));
  };
  const std::string name = mnt("a").filename();
  const Outcome told = from_beside("status", name);
  EXPECT_EQ(told.code, 0) << told.output;
  EXPECT_TRUE(told.output.contains(mnt("a").native())) << told.output;
  EXPECT_EQ(from_beside("status", "nothing").code, 66);
  EXPECT_EQ(from_beside("unmount", "nothing").code, 66);
  EXPECT_EQ(from_beside("unmount", name).code, 0);
  EXPECT_FALSE(mounted_store_at(mnt("a")));
}

TEST_F(MountdVerbs, ADeadMountIsToldWithTheWayOut) {
  static_cast<void>(mount_table("a"));
  const std::string source = "file://" + medium("a").native(), there = shell_word(mnt("a"));
  ASSERT_EQ(verb("mount " + source + " " + there).code, 0);
  const pid_t daemon = status_of("a")["pid"].get<pid_t>();
  sandbox_.note_process(daemon);
  ::kill(daemon, SIGKILL);
  ASSERT_TRUE(testing::eventually([&] { return !testing::is_running(daemon); }));
  const Outcome told = verb("status " + there);
  EXPECT_EQ(told.code, 69);
  EXPECT_TRUE(told.output.contains(": dead, ")) << told.output;
  EXPECT_TRUE(told.output.contains("\n    its daemon is gone\n")) << told.output;
  const std::string way_out = "mapistorectl unmount " + mnt("a").native();
  ASSERT_TRUE(told.output.contains("\n    " + way_out + ", and mount it again; ")) << told.output;
  EXPECT_EQ(verb(way_out.substr(way_out.find(' ') + 1)).code, 0);
  EXPECT_EQ(verb("mount " + source + " " + there).code, 0);
  const Json again = status_of("a");
  sandbox_.note_process(again["pid"].get<pid_t>());
  EXPECT_EQ(again["state"], "up");
  EXPECT_TRUE(again["advice"].is_null()) << again;
}

TEST_F(MountdVerbs, AreNotTooEarlyForAMountdThatStarts) {
  configure(quick + mount_table("a"));
  // Without one, nobody waits.
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(verb("mount a").code, 66);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 1s);
  const std::string start = environment() + " " + shell_word(MAPISTORE_BUILD_DIR "/mountd/mapistore-mountd") +
                            " --config " + shell_word(sandbox_ / "config") + " </dev/null >>" +
                            shell_word(sandbox_ / "log") + " 2>&1 & mountd=$!; ";
  const std::string mount = environment() + " " + shell_word(MAPISTORE_BUILD_DIR "/mountd/mapistorectl") +
                            " mount a --socket " + shell_word(socket()) + "; code=$?; kill $mountd; wait; exit $code";
  // As it comes, and on a machine that lets it wait.
  const std::string slowly =
      "until grep -q mapistore /proc/$mountd/comm; do :; done; kill -STOP $mountd; "
      "(sleep 1; kill -CONT $mountd) & ";
  for (const std::string& between : {std::string{}, slowly}) {
    const Outcome outcome = testing::run(start + between + mount);
    EXPECT_EQ(outcome.code, 0) << between << outcome.output << log();
    EXPECT_TRUE(outcome.output.contains("a: is mounted")) << outcome.output;
  }
}

TEST_F(MountdVerbs, RefuseWhatTheyDoNotUnderstand) {
  EXPECT_EQ(verb("mount").code, 64);
  EXPECT_EQ(verb("mount nothing-of-that-name").code, 66);
  EXPECT_EQ(verb("mount a -o ro").code, 64);
  EXPECT_EQ(verb("unmount " + shell_word(sandbox_ / "home")).code, 66);
  EXPECT_EQ(verb("status " + shell_word(sandbox_ / "home")).code, 66);
  EXPECT_EQ(verb("top --interval 0").code, 64);
  EXPECT_EQ(verb("mount file:///does/not/exist " + shell_word(mnt(""))).code, 66);
}

TEST_F(MountdVerbs, TopTellsWhatHappens) {
  configure(quick + mount_table("a"));
  start();
  ASSERT_TRUE(wait_up({"a"}));
  const Outcome busy = testing::run("(for i in 1 2 3 4 5 6 7 8; do echo x > " + shell_word(mnt("a") / "new") +
                                    "$i.txt; sleep 0.1; done) & " + environment() + " " +
                                    shell_word(MAPISTORE_BUILD_DIR "/mountd/mapistorectl") +
                                    " top --json --interval 1 --socket " + shell_word(socket()) + "; wait");
  const Json sample = Json::parse(busy.output, nullptr, false);
  ASSERT_TRUE(sample.is_object()) << busy.output;
  const auto found = std::ranges::find_if(sample["mounts"], [](const Json& mount) { return mount["name"] == "a"; });
  ASSERT_NE(found, sample["mounts"].end());
  EXPECT_GT((*found)["operations_per_second"], 8.0) << sample;
  EXPECT_GT((*found)["written_bytes_per_second"], 1.0) << sample;
  EXPECT_GT((*found)["memory_kb"], 1000) << sample;
  const Outcome table = verb("top --interval 0.1 --count 2");
  EXPECT_EQ(table.code, 0);
  EXPECT_TRUE(table.output.starts_with("mount  ")) << table.output;
}

}  // namespace
}  // namespace mapistore::mount_tests::mountd_verbs_test
