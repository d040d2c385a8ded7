#pragma once

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "tests/mount/corpus.h"

namespace mapistore::mount_tests {

/// How often a kill test kills; MAPISTORE_TEST_KILLS asks for more.
inline int kills(int by_default) {
  const char* text = std::getenv("MAPISTORE_TEST_KILLS");
  return text != nullptr ? std::stoi(text) : by_default;
}

struct Pair {
  std::string from, to;
};

/// Runs `action`, and kills the daemon at its `step`th call from now on that changes a disk or
/// asks a server. False: it made fewer.
inline bool killed_at(const Sandbox& sandbox, testing::TempMount& mount, int step,
                      const std::function<void()>& action) {
  using namespace std::chrono_literals;
  const std::string pid = std::to_string(mount.pid());
  const std::string log = (sandbox / "strace").native();
  std::jthread tracer{[&] {
    testing::run(
        "strace -f -qq -o " + testing::shell_word(log) + " -p " + pid +
            " -e "
            "trace=pwrite64,write,rename,renameat,renameat2,linkat,mkdirat,unlink,unlinkat,copy_file_range,openat,"
            "utimensat,ftruncate,sendto -e inject=pwrite64,rename,renameat,renameat2,linkat,mkdirat,unlink,unlinkat,"
            "copy_file_range,utimensat,ftruncate,sendto:signal=SIGKILL:when=" +
            std::to_string(step),
        20s);
  }};
  EXPECT_TRUE(testing::eventually(
      [&] {
        // What it does on its own may be the call already.
        return !testing::is_running(mount.pid()) ||
               testing::run("grep -q 'TracerPid:.[1-9]' /proc/" + pid + "/status").code == 0;
      },
      10s));
  action();
  // What follows is part of it.
  const bool killed = testing::eventually([&] { return !testing::is_running(mount.pid()); }, 300ms);
  if (killed) {
    mount.kill9();
  } else {
    testing::run("pkill -INT -f 'strace -f -qq -o " + log + "'");
  }
  return killed;
}

/// A store of two top folders, From and To, on two media.
class MoveBase : public ::testing::Test {
 protected:
  std::string profile(const Pair& media) {
    const std::string path = (sandbox_ / "two.toml").native();
    testing::write_file(path, "[folders.From]\nuri = \"" + make_medium(sandbox_, media.from, "from") +
                                  "\"\n[folders.To]\nuri = \"" + make_medium(sandbox_, media.to, "to") + "\"\n");
    return path;
  }
  /// The messages that a medium itself has, without state files and trash.
  std::size_t in_medium(const std::string& name) {
    const auto count = [&](const std::filesystem::path& file, const char* messages) {
      return std::stoul(testing::run("sqlite3 -readonly -cmd '.timeout 10000' " + testing::shell_word(file) +
                                     " 'SELECT COUNT(*) FROM " + messages + "'")
                            .output);
    };
    if (const auto archive = sandbox_ / name / "archive.mza"; std::filesystem::exists(archive))
      return count(archive, "message WHERE folder <> 2");
    if (const auto store = sandbox_ / name / "store.sqlite"; std::filesystem::exists(store))
      return count(store, "mst_message WHERE folder_id <> 2");
    const bool maildir = std::filesystem::exists(sandbox_ / name / "cur");
    return std::stoul(testing::run("cd " + testing::shell_word(sandbox_ / name) +
                                   " && find . \\( -name '.mapistore*' -o -name .Trash \\) -prune" + " -o -type f" +
                                   (maildir ? " \\( -path '*/cur/*' -o -path '*/new/*' \\)" : "") + " -print | wc -l")
                          .output);
  }
  static int move(const std::filesystem::path& from, const std::filesystem::path& to) {
    return ::rename(from.c_str(), to.c_str()) == 0 ? 0 : errno;
  }

  /// See killed_at.
  bool is_killed_at(testing::TempMount& mount, int step, const std::function<void()>& action) {
    return killed_at(sandbox_, mount, step, action);
  }

  Sandbox sandbox_;
};

}  // namespace mapistore::mount_tests
