#include "tests/unit/core/scratch.h"

#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

#include <gtest/gtest.h>

namespace mapistore::testing {

Scratch::Scratch() {
  std::string pattern = (std::filesystem::temp_directory_path() / "mapistore-XXXXXX").string();
  if (!::mkdtemp(pattern.data())) std::abort();
  path_ = pattern;
  ::chmod(path_.c_str(), 0755);
}

Scratch::~Scratch() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::filesystem::path Scratch::write(std::string_view name, std::string_view content, mode_t mode) const {
  const auto file = path_ / name;
  std::ofstream(file, std::ios::binary) << content;
  ::chmod(file.c_str(), mode);
  return file;
}

Variable::Variable(const char* name, std::optional<std::string> value) : name_(name) {
  if (const char* before = std::getenv(name)) before_ = before;
  value ? ::setenv(name, value->c_str(), 1) : ::unsetenv(name);
}

Variable::~Variable() { before_ ? ::setenv(name_, before_->c_str(), 1) : ::unsetenv(name_); }

std::string standard_error_of(const std::function<void()>& action) {
  ::testing::internal::CaptureStderr();
  action();
  return ::testing::internal::GetCapturedStderr();
}

void CollectingHost::log(LogLevel, std::string_view object, std::string_view text) noexcept {
  lines += std::string(object) + ": " + std::string(text) + '\n';
}

}  // namespace mapistore::testing
