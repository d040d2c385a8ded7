#include "tests/mount/mountd_fixture.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

namespace mapistore::mount_tests {

using testing::eventually;
using testing::shell_word;
using namespace std::chrono_literals;

MountdTest::MountdTest() {
  // As udev has it on every Debian machine; others cannot mount without.
  ::chmod("/dev/fuse", 0666);
  for (const char* name : {"run", "mnt", "media"}) sandbox_.make_directory(name);
}

MountdTest::~MountdTest() {
  if (pid_ == 0) return;
  for (const int signal : {SIGTERM, SIGTERM, SIGKILL})
    if (end(signal)) return;
}

std::string MountdTest::mount_table(const std::string& name, const std::string& more, std::optional<uid_t> owner) {
  for (const auto& path : {sandbox_.make_directory("media/" + name), sandbox_.make_directory("mnt/" + name)})
    EXPECT_EQ(owner ? ::chown(path.c_str(), *owner, *owner) : 0, 0);
  testing::write_file(medium(name) / "hello.eml", "Subject: hello " + name + "\n\nhello\n");
  return "[mounts." + name + "]\nsource = \"file://" + medium(name).native() + "\"\ndirectory = \"" +
         mnt(name).native() + "\"\n" + more + "\n";
}

void MountdTest::configure(const std::string& text) const {
  ASSERT_EQ(testing::write_file(sandbox_ / "config/mounts.toml", text), 0);
}

std::string MountdTest::environment() const {
  return sandbox_.environment() + " XDG_RUNTIME_DIR=" + shell_word(sandbox_ / "run") +
         " MAPISTOREFS=" + shell_word(MAPISTORE_BUILD_DIR "/fuse/mapistorefs");
}

void MountdTest::start(const std::string& words) {
  const std::string command =
      "exec env " + environment() + " " + words + " " + shell_word(MAPISTORE_BUILD_DIR "/mountd/mapistore-mountd") +
      " --config " + shell_word(sandbox_ / "config") + " </dev/null >>" + shell_word(sandbox_ / "log") + " 2>&1";
  pid_ = ::fork();
  if (pid_ == 0) {
    ::execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    ::_exit(127);
  }
  sandbox_.note_process(pid_);
  ASSERT_TRUE(eventually([&] { return ask("list").has_value(); }, 10s)) << log();
}

std::optional<int> MountdTest::end(int signal) {
  if (signal != 0) ::kill(pid_, signal);
  int status = 0;
  if (!eventually([&] { return ::waitpid(pid_, &status, WNOHANG) == pid_; }, 20s)) return std::nullopt;
  pid_ = 0;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

Result<MountdTest::Json> MountdTest::ask(const std::string& verb, const std::string& name, bool force) const {
  auto client = mountd::ControlClient::connect(socket());
  if (!client) return std::unexpected(client.error());
  return client->ask({verb, name, force}, 30s);
}

MountdTest::Json MountdTest::report(const std::string& name) const {
  const auto answer = ask("list", name);
  if (!answer || (*answer)["mounts"].empty()) return Json::object();
  return (*answer)["mounts"][0];
}

std::string MountdTest::state(const std::string& name) const { return report(name).value("state", "none"); }
pid_t MountdTest::daemon(const std::string& name) const {
  const pid_t id = report(name).value("pid", 0);
  if (id > 0) sandbox_.note_process(id);
  return id;
}

bool MountdTest::wait_up(const std::vector<std::string>& names, std::chrono::seconds limit) const {
  const bool all_up = eventually(
      [&] {
        const auto answer = ask("list");
        return answer && std::ranges::all_of(names, [&](const std::string& name) {
                 return std::ranges::any_of((*answer)["mounts"], [&](const Json& mount) {
                   return mount["name"] == name && mount["state"] == "up";
                 });
               });
      },
      limit);
  for (const std::string& name : names) static_cast<void>(daemon(name));
  return all_up;
}

testing::Outcome MountdTest::ctl(const std::string& arguments) const {
  return testing::run(environment() + " " + shell_word(MAPISTORE_BUILD_DIR "/mountd/mapistorectl") + " " + arguments);
}

int MountdTest::as_user(uid_t user, const std::function<int()>& work) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(::setgid(user) == 0 && ::setuid(user) == 0 ? work() : 255);
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

}  // namespace mapistore::mount_tests
