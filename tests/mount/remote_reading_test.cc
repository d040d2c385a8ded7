// Reading a medium where each question costs a round trip: what programs cost, counted in questions.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include <gtest/gtest.h>

#include "tests/mount/corpus.h"

namespace mapistore::mount_tests::remote_reading_test {
namespace {

using testing::eventually;
using testing::names_in;
using testing::read_file;
using testing::run;
using testing::shell_word;
using testing::stat_of;
using testing::TempMount;
using testing::write_file;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

/// One medium, mounted twice: at `Here` it is local, and at `There` remote, and slow if the plan says so.
class RemoteReading : public ::testing::Test {
 protected:
  std::string profile(const std::string& more = {}) {
    plan("");
    write_file(sandbox_ / "p.toml",
               "[folders.Here]\nuri = \"memory://t\"\n[folders.There]\nuri = \"memory://t?remote=yes" + more +
                   "&faults=" + (sandbox_ / "faults").native() + "\"\n");
    return sandbox_ / "p.toml";
  }
  /// Written aside and moved in place: the plan is read at any time.
  void plan(const std::string& text) {
    write_file(sandbox_ / "faults.new",
               "* * record " + (sandbox_ / "calls").native() + "\n" + text + std::string(++plans_, '\n'));
    fs::rename(sandbox_ / "faults.new", sandbox_ / "faults");
    fs::remove(sandbox_ / "calls");
  }
  /// How often the medium has been asked to do `operation`, on what is in `folder`, since the plan.
  std::size_t calls(const std::string& operation, const std::string& folder = {}) const {
    std::ifstream lines{sandbox_ / "calls"};
    std::size_t count = 0;
    for (std::string line; std::getline(lines, line);)
      count += line.starts_with(operation + ' ') && line.find(folder) != std::string::npos;
    return count;
  }
  std::size_t questions() const { return calls("open") + calls("read_many"); }

  /// Mails in a folder, and all of them shown on the other side.
  void fill(const TempMount& mount, const std::string& folder, std::size_t count) {
    ASSERT_EQ(::mkdir((mount / ("Here/" + folder)).c_str(), 0700), 0);
    for (std::size_t i = 0; i < count; ++i)
      ASSERT_EQ(write_file(mount / ("Here/" + folder + "/" + std::to_string(i) + ".eml"),
                           mail(folder + std::to_string((i * 7919) % 10'007), std::string(i * 11 % 3000, 'x') + "\n")),
                0);
    ASSERT_TRUE(eventually([&] { return names_in(mount / ("There/" + folder)).size() == count; }, 20s));
  }
  /// What is in a directory, whatever its names.
  static std::string content(const fs::path& directory) {
    return run("find " + shell_word(directory) + " -type f -exec sha256sum {} + | cut -c1-64 | sort | sha256sum")
        .output;
  }
  /// Reads past the kernel's own pages.
  static testing::Outcome read_again(const fs::path& file) {
    return run("dd status=none iflag=direct bs=1M if=" + shell_word(file));
  }
  std::size_t cached() const {
    std::size_t count = 0;
    for (const auto& item : fs::recursive_directory_iterator{sandbox_ / "cache"}) count += item.is_regular_file();
    return count;
  }

  Sandbox sandbox_;

 private:
  std::size_t plans_ = 0;
};

TEST_F(RemoteReading, AWalkCostsRoundTripsForManyMessages) {
  constexpr std::size_t count = 500;
  TempMount mount{sandbox_, profile()};
  const std::string there = shell_word(mount / "There"), out = shell_word(sandbox_.make_directory("out"));
  const std::pair<std::string, std::string> programs[] = {{"cp", "cp -r " + there + "/cp " + out},
                                                          {"tar", "tar c -C " + there + " tar | tar x -C " + out},
                                                          {"grep", "grep -rh '' " + there + "/grep > " + out + "/grep"},
                                                          {"rsync", "rsync -a " + there + "/rsync " + out}};
  for (const auto& [folder, command] : programs) {
    fill(mount, folder, count);
    plan("* * stall 0.04\n");
    const auto outcome = run(command);
    const std::size_t asked = questions();
    plan("");
    EXPECT_EQ(outcome.code, 0) << outcome.output;
    EXPECT_LE(asked, 40u) << folder;
    RecordProperty(folder + "_questions", static_cast<int>(asked));
    if (folder != "grep") {
      EXPECT_EQ(content(sandbox_ / ("out/" + folder)), content(mount / ("Here/" + folder))) << folder;
    }
  }
  EXPECT_EQ(run("cat " + shell_word(mount / "Here/grep") + "/* | sort | sha256sum").output,
            run("sort " + out + "/grep | sha256sum").output);
}

TEST_F(RemoteReading, SmallFoldersAreReadAheadOfToo) {
  TempMount mount{sandbox_, profile()};
  for (int folder = 0; folder < 8; ++folder) fill(mount, "f" + std::to_string(folder), 40);
  plan("* * stall 0.04\n");
  EXPECT_EQ(run("cp -r " + shell_word(mount / "There") + " " + shell_word(sandbox_ / "out")).code, 0);
  EXPECT_LE(questions(), 60u) << "320 messages";
  EXPECT_EQ(content(sandbox_ / "out"), content(mount / "Here"));
}

TEST_F(RemoteReading, AWalkIsReadAheadOfFromFolderToFolder) {
  for (const auto& [command, top] : {std::pair{"cp -r ", "cp"}, std::pair{"rsync -a ", "rsync"}}) {
    SCOPED_TRACE(command);
    Sandbox sandbox;
    TempMount mount{sandbox_, profile()};
    fill(mount, top, 0);
    for (const char* folder : {"a", "b", "c", "c/d", "e", "f"}) fill(mount, std::string{top} + "/" + folder, 40);
    plan("* * stall 0.04\n");
    EXPECT_EQ(run(command + shell_word(mount / "There" / top) + " " + shell_word(sandbox / "out")).code, 0);
    // Three tell how the first folder is read, and one or two that he goes on; in the last four nothing is waited for.
    EXPECT_LE(calls("open"), 8u) << "240 messages";
    plan("");
    EXPECT_EQ(content(sandbox / "out"), content(mount / "Here" / top));
  }
}

TEST_F(RemoteReading, WhatIsCachedIsReadWithoutTheMedium) {
  TempMount mount{sandbox_, profile()};
  fill(mount, "box", 2);
  const auto names = names_in(mount / "There/box");
  const auto bytes = read_file(mount / ("There/box/" + names[0]));
  ASSERT_TRUE(bytes);
  plan("* * fail unreachable\n");
  EXPECT_EQ(read_again(mount / ("There/box/" + names[0])).output, *bytes);
  EXPECT_EQ(questions(), 0u);
  EXPECT_EQ(names_in(mount / "There/box"), names);
  EXPECT_NE(read_again(mount / ("There/box/" + names[1])).output.find("No route to host"), std::string::npos);
  plan("");
  EXPECT_EQ(read_again(mount / ("There/box/" + names[1])).code, 0);
}

TEST_F(RemoteReading, ChangesElsewhereShow) {
  TempMount mount{sandbox_, profile()};
  fill(mount, "box", 1);
  const fs::path here = mount / "Here/box/0.eml";
  const fs::path there = mount / "There/box" / names_in(mount / "There/box").at(0);
  for (int i = 0; i < 20; ++i) {
    const std::string bytes = mail("box0", std::string(static_cast<std::size_t>(i) * 100, 'n') + "\n");
    ASSERT_EQ(write_file(here, bytes), 0);
    EXPECT_TRUE(eventually([&] { return read_file(there) == bytes; }, 5s));
    EXPECT_EQ(stat_of(there).st_size, static_cast<off_t>(bytes.size()));
    EXPECT_LE(cached(), 1u);
  }
  ASSERT_EQ(::unlink(here.c_str()), 0);
  EXPECT_TRUE(eventually([&] { return names_in(mount / "There/box").empty() && cached() == 0; }, 5s)) << cached();
}

TEST_F(RemoteReading, WhatIsSavedIsNotReadBack) {
  TempMount mount{sandbox_, profile()};
  plan("");
  const std::string bytes = mail("a", std::string(300'000, 'x'));
  ASSERT_EQ(write_file(mount / "There/a.eml", bytes), 0);
  EXPECT_EQ(read_again(mount / "There/a.eml").output, bytes);
  EXPECT_EQ(run("sync " + shell_word(mount / "There/a.eml")).code, 0);
  EXPECT_EQ(questions(), 0u);
}

TEST_F(RemoteReading, ALargeMessageIsReadAsItComes) {
  TempMount mount{sandbox_, profile()};
  const std::string bytes = mail("big", run("seq 2600000").output);
  ASSERT_GT(bytes.size(), 17'000'000u);
  ASSERT_EQ(write_file(mount / "Here/big.eml", bytes), 0);
  ASSERT_TRUE(eventually([&] { return names_in(mount / "There").size() == 1; }, 10s));
  const fs::path there = mount / "There" / names_in(mount / "There").at(0);
  plan("* * stall 0.1\n");
  const int fd = ::open(there.c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  std::string piece(1000, '\0');
  ASSERT_EQ(::pread(fd, piece.data(), piece.size(), 0), 1000);
  EXPECT_EQ(piece, bytes.substr(0, 1000));
  EXPECT_LT(calls("read"), 8u) << "before it has all come";
  ASSERT_EQ(::pread(fd, piece.data(), piece.size(), 16'000'000), 1000);
  EXPECT_EQ(piece, bytes.substr(16'000'000, 1000));
  EXPECT_LT(calls("read"), 14u) << "before it has all come";
  EXPECT_EQ(read_file(there), bytes);
  ::close(fd);
  EXPECT_LT(calls("read"), 40u);
  EXPECT_TRUE(eventually([&] { return cached() == 1; }));
  plan("");
  EXPECT_EQ(read_again(there).output, bytes);
  EXPECT_EQ(questions(), 0u);
}

class SizeHints : public RemoteReading, public ::testing::WithParamInterface<int> {};
INSTANTIATE_TEST_SUITE_P(Wrong, SizeHints, ::testing::Values(-50, 100),
                         [](const auto& by) { return by.param < 0 ? "TooSmall" : "TooLarge"; });

TEST_P(SizeHints, AreCorrectedBeforeTheFirstRead) {
  TempMount mount{sandbox_, profile("&sizes=hint")};
  const std::string wrong = std::to_string(GetParam());
  plan("changes * wrong_size " + wrong + "\ninspect * wrong_size " + wrong + "\n");
  fill(mount, "box", 40);
  std::size_t seen = 0;
  for (const std::string& name : names_in(mount / "There/box")) {
    const fs::path there = mount / "There/box" / name;
    struct stat before = stat_of(there), status{};
    const int fd = ::open(there.c_str(), O_RDONLY | O_CLOEXEC);
    ASSERT_GE(fd, 0);
    ASSERT_EQ(::fstat(fd, &status), 0);
    seen += before.st_size != status.st_size;
    std::string bytes(static_cast<std::size_t>(status.st_size) + 1000, '\0');
    EXPECT_EQ(::read(fd, bytes.data(), bytes.size()), status.st_size) << "at once, and all of it";
    EXPECT_EQ(::read(fd, bytes.data(), bytes.size()), 0);
    ::close(fd);
    EXPECT_EQ(stat_of(there).st_size, status.st_size);
    EXPECT_EQ(stat_of(there).st_ctime, before.st_ctime);
  }
  EXPECT_GT(seen, 0u) << "some were wrong before";
  EXPECT_EQ(content(mount / "There/box"), content(mount / "Here/box"));
}

TEST_F(RemoteReading, TheCacheKeepsToItsSize) {
  TempMount mount{sandbox_, profile(), "cache_size=1MiB"};
  fill(mount, "box", 3);
  for (int i = 0; i < 30; ++i)
    ASSERT_EQ(write_file(mount / ("Here/box/b" + std::to_string(i) + ".eml"),
                         mail("b" + std::to_string(i), std::string(100'000, 'x'))),
              0);
  ASSERT_TRUE(eventually([&] { return names_in(mount / "There/box").size() == 33; }, 10s));
  EXPECT_EQ(run("cat " + shell_word(mount / "There/box") + "/* > /dev/null").code, 0);
  // Ten of a hundred kilobytes fill it; the three first ones are small.
  EXPECT_TRUE(eventually([&] { return cached() > 0 && cached() <= 13; })) << cached();
  EXPECT_EQ(run(sandbox_.program() + " -o cache_size=much x y").code, 64);
}

}  // namespace
}  // namespace mapistore::mount_tests::remote_reading_test
