#pragma once

#include <cerrno>
#include <cstdlib>
#include <string>

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
    const bool maildir = std::filesystem::exists(sandbox_ / name / "cur");
    return std::stoul(testing::run("cd " + testing::shell_word(sandbox_ / name) + " && find . \\( -name '.mapistore*' -o -name .Trash \\) -prune" +
                          " -o -type f" + (maildir ? " \\( -path '*/cur/*' -o -path '*/new/*' \\)" : "") + " -print | wc -l")
                          .output);
  }
  static int move(const std::filesystem::path& from, const std::filesystem::path& to) {
    return ::rename(from.c_str(), to.c_str()) == 0 ? 0 : errno;
  }

  Sandbox sandbox_;
};

}  // namespace mapistore::mount_tests
