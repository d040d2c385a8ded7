#pragma once

#include <gtest/gtest.h>

#include "tests/mount/corpus.h"

namespace mapistore::mount_tests {

/// A small tree `in`, what people keep in a medium of the parameter's kind, and an empty mount `mnt` beside it: the
/// places between which the tests of tools go to and fro. docs/tools.md is the list of what they show.
class Tools : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    for (const char* name : {"1", "2", "3", "sub/4", "sub/deep/5"}) put(std::string(name) + ".eml", mail(name));
    put("sub/big.eml", mail("big", std::string(300'000, 'b')));
    if (holds_documents()) {
      put("review.ics", event("Review"));
      put("anna.vcf", contact("Anna"));
      put("sub/list.txt", "milk\n");
      put("sub/paper.pdf", std::string("%PDF\0\xff", 6));
    }
    sh("find in -exec touch -d '2001-02-03 04:05:06.789' {} +; chmod 640 in/1.eml");
  }

  /// Runs `script` in the sandbox by a shell that stops at the first failure, which fails the test. What it printed.
  std::string sh(const std::string& script) const {
    const auto outcome = testing::run("cd " + testing::shell_word(sandbox_.path()) + "; export " +
                                      sandbox_.environment() + "; set -e; " + script);
    EXPECT_EQ(outcome.code, 0) << script << '\n' << outcome.output;
    return outcome.output;
  }
  /// As `sh`, and nothing may be printed.
  void quiet(const std::string& script) const { EXPECT_EQ(sh(script), "") << script; }

  bool holds_documents() const { return GetParam() != std::string_view{"maildir"}; }
  bool is_directory() const { return GetParam() != std::string_view{"memory"}; }
  std::string source() const { return is_directory() ? make_medium(sandbox_, GetParam()) : "memory://tools"; }

  Sandbox sandbox_;
  testing::TempMount mount_{sandbox_, source()};

 private:
  void put(const std::string& name, std::string_view bytes) const {
    const std::filesystem::path path = sandbox_ / ("in/" + name);
    std::filesystem::create_directories(path.parent_path());
    ASSERT_EQ(testing::write_file(path, bytes), 0);
  }
};

}  // namespace mapistore::mount_tests
