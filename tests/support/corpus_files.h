#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace mapistore::testing {

// The mails, calendars and cards of others. MAPISTORE_CORPUS names their folder; without one nothing is checked.

inline std::filesystem::path corpus() {
  const char* named = std::getenv("MAPISTORE_CORPUS");
  return named ? std::filesystem::path(named) : std::filesystem::path(MAPISTORE_SOURCE_DIR) / "../shared/corpus";
}

/// Sorted by name.
inline std::vector<std::filesystem::path> files_below(const std::filesystem::path& folder, std::string_view extension) {
  std::vector<std::filesystem::path> files;
  if (!std::filesystem::exists(folder)) return files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == extension) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

inline std::string contents(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// Unpacks the real mails into a folder of its own, empty without a corpus.
class RealMail : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::filesystem::path archive = corpus() / "real-mail.tar.xz";
    if (!std::filesystem::exists(archive)) return;
    std::string pattern = (std::filesystem::temp_directory_path() / "mapistore-real-mail-XXXXXX").native();
    ASSERT_TRUE(::mkdtemp(pattern.data()));
    folder_ = pattern;
    const std::string command = "tar -xJf '" + archive.native() + "' -C '" + folder_.native() + "'";
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
  }

  void TearDown() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  std::vector<std::filesystem::path> mails() const {
    return folder_.empty() ? std::vector<std::filesystem::path>{} : files_below(folder_, ".eml");
  }

 private:
  std::filesystem::path folder_;
};

}  // namespace mapistore::testing
