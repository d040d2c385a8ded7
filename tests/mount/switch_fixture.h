#pragma once

#include <sys/stat.h>

#include <atomic>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/mount/corpus.h"
#include "tests/support/temp_mount.h"

namespace mapistore::mount_tests {

/// A profile with one top folder `Mail`, that is to be put on other media.
class SwitchTest : public ::testing::Test {
 protected:
  std::filesystem::path profile() const { return sandbox_ / "p.toml"; }
  void write_profile(const std::string& uri) {
    ASSERT_EQ(
        testing::write_file(profile(), "# of the user\n[folders.Mail]\nuri = \"" + uri +
                                           "\"\nrole = \"mail\"\nrefresh = 1\n\n# the others\n[folders.Other]\nuri = "
                                           "\"memory://other\"\n"),
        0);
  }
  /// A file with `password` in it, as a profile may name it.
  std::string password_file(const std::string& password, std::string_view name = "password") const {
    const auto file = sandbox_ / name;
    EXPECT_EQ(testing::write_file(file, password + "\n"), 0);
    EXPECT_EQ(::chmod(file.c_str(), 0600), 0);
    return file;
  }
  testing::Outcome control(const std::string& arguments, std::chrono::seconds limit = std::chrono::seconds{90}) const {
    return testing::run(sandbox_.control_program() + " -p " + testing::shell_word(profile()) + " " + arguments, limit);
  }

  /// What the mount shows in `folder` and below: path to inode number and bytes.
  struct Shown {
    ino_t inode = 0;
    std::string bytes;
    friend bool operator==(const Shown&, const Shown&) = default;
  };
  static std::map<std::string, Shown> shown(const std::filesystem::path& folder, const std::string& below = {}) {
    std::map<std::string, Shown> all;
    for (const std::string& name : testing::names_in(folder)) {
      const auto path = folder / name;
      const struct stat facts = testing::stat_of(path);
      if (S_ISDIR(facts.st_mode)) {
        all[below + name] = {facts.st_ino, "directory"};
        all.merge(shown(path, below + name + "/"));
      } else {
        all[below + name] = {facts.st_ino, testing::read_file(path).value_or("unreadable")};
      }
    }
    return all;
  }

  Sandbox sandbox_;
};

/// What a Writer writes.
struct Writing {
  std::string extension;
  std::string (*make)(const std::string& name);
  /// Other bytes for what is there already.
  std::string (*again)(const std::string& before, const std::string& name);
  std::vector<std::string> folders;  ///< where it moves things, "" for the folder that it is given, others with a slash
};
inline const Writing mails{
    ".eml",
    [](const std::string& name) { return mail(name, std::string(name.size() * 97 % 3000, 'x') + "\n"); },
    [](const std::string&, const std::string& name) { return mail(name, "Again.\n"); },
    {"", "Sub/"}};

/// Somebody who works in a folder until told to stop, or for five minutes: creates, rewrites, renames, moves and
/// removes messages, and remembers what was acknowledged. Unless told otherwise it rests after each, to be slower than
/// any medium under test.
class Writer {
 public:
  explicit Writer(std::filesystem::path folder, const Writing& writing = mails,
                  std::chrono::milliseconds rest = std::chrono::milliseconds{5})
      : folder_{std::move(folder)}, writing_{writing}, rest_{rest} {
    thread_ = std::jthread{[this](const std::stop_token& stop) { work(stop); }};
  }
  /// Ends, and answers what must be there: path below the folder to bytes.
  const std::map<std::string, std::string>& finish() {
    if (thread_.joinable()) {
      thread_.request_stop();
      thread_.join();
    }
    return there_;
  }
  std::size_t count() const noexcept { return count_; }
  /// What failed, once it has ended.
  const std::string& failures() const noexcept { return failures_; }

 private:
  void work(const std::stop_token& stop) {
    std::mt19937 random{7};
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes{5};
    for (std::size_t i = 0; !stop.stop_requested() && std::chrono::steady_clock::now() < end; ++i, ++count_) {
      const unsigned what = there_.size() < 5 ? 0 : static_cast<unsigned>(random() % 6);
      auto one = there_.begin();
      if (what != 0) std::advance(one, static_cast<std::ptrdiff_t>(random() % there_.size()));
      const std::string title = "w" + std::to_string(i), name = title + writing_.extension;
      if (what <= 2) {
        const std::string bytes = writing_.make(title);
        if (did("create " + name, testing::write_file(folder_ / name, bytes))) there_[name] = bytes;
      } else if (what == 3) {
        const std::string bytes = writing_.again(one->second, title);
        if (did("rewrite " + one->first, testing::write_file(folder_ / one->first, bytes))) one->second = bytes;
      } else if (what == 4) {
        const std::string to = writing_.folders[random() % writing_.folders.size()] + name;
        const int error = ::rename((folder_ / one->first).c_str(), (folder_ / to).c_str()) == 0 ? 0 : errno;
        if (did("rename " + one->first, error)) {
          there_[to] = one->second;
          there_.erase(one);
        }
      } else if (did("remove " + one->first, ::unlink((folder_ / one->first).c_str()) == 0 ? 0 : errno)) {
        there_.erase(one);
      }
      std::this_thread::sleep_for(rest_);
    }
  }
  bool did(const std::string& what, int error) {
    if (error != 0) failures_ += what + ": " + std::to_string(error) + "\n";
    return error == 0;
  }

  std::filesystem::path folder_;
  const Writing& writing_;
  const std::chrono::milliseconds rest_;
  std::map<std::string, std::string> there_;
  std::string failures_;
  std::atomic<std::size_t> count_ = 0;
  std::jthread thread_;
};

}  // namespace mapistore::mount_tests
