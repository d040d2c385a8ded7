#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <mapistore/posix.h>
#include "tests/mount/corpus.h"

namespace mapistore::mount_tests {

using Path = std::filesystem::path;
using Names = std::vector<std::string>;

// Each answers 0 or the errno.
inline int error_of(int result) { return result == 0 ? 0 : errno; }
inline int remove_name(const Path& path) { return error_of(::unlink(path.c_str())); }
inline int make_directory(const Path& path, mode_t mode = 0755) { return error_of(::mkdir(path.c_str(), mode)); }
inline int remove_directory(const Path& path) { return error_of(::rmdir(path.c_str())); }
inline int move(const Path& from, const Path& to, unsigned flags = 0) {
  return error_of(::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), flags));
}
inline int change_mode(const Path& path, mode_t mode) { return error_of(::chmod(path.c_str(), mode)); }
inline int shorten(const Path& path, off_t size) { return error_of(::truncate(path.c_str(), size)); }
/// Opens and closes.
inline int try_open(const Path& path, int flags, mode_t mode = 0644) {
  const posix::UniqueFd file{::open(path.c_str(), flags | O_CLOEXEC, mode)};
  return file ? 0 : errno;
}

/// An open file.
class Handle {
 public:
  Handle(const Path& path, int flags, mode_t mode = 0644) : fd_{::open(path.c_str(), flags | O_CLOEXEC, mode)} {
    EXPECT_GE(fd_, 0) << path << ": " << std::generic_category().message(errno);
  }
  Handle(const Handle&) = delete;
  ~Handle() { static_cast<void>(close()); }
  int get() const { return fd_; }
  int write(std::string_view bytes) const {
    return ::write(get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) ? 0 : errno;
  }
  int write_at(std::string_view bytes, off_t offset) const {
    return ::pwrite(get(), bytes.data(), bytes.size(), offset) == static_cast<ssize_t>(bytes.size()) ? 0 : errno;
  }
  /// All of it; none if it cannot be read.
  std::optional<std::string> read() const {
    std::string bytes(std::size_t{1} << 20, '\0');
    const ssize_t count = ::pread(get(), bytes.data(), bytes.size(), 0);
    if (count < 0) return std::nullopt;
    bytes.resize(static_cast<std::size_t>(count));
    return bytes;
  }
  struct stat status() const {
    struct stat status {};
    EXPECT_EQ(::fstat(get(), &status), 0) << std::generic_category().message(errno);
    return status;
  }
  int close() { return fd_ < 0 ? EBADF : error_of(::close(std::exchange(fd_, -1))); }

 private:
  int fd_ = -1;
};

/// A mount of an empty medium of one kind.
class Posix : public ::testing::TestWithParam<const char*> {
 protected:
  static std::string uri_of(const Sandbox& sandbox, const std::string& scheme) {
    return scheme == "memory" ? "memory://posix" : make_medium(sandbox, scheme);
  }
  Path at(std::string_view name) const { return mount_ / name; }
  /// Without the folder that a Maildir shows from the first removal on.
  Names names(std::string_view directory = ".") const {
    Names names = testing::names_in(at(directory));
    std::erase(names, "Trash");
    return names;
  }
  void put(const std::string& name) { ASSERT_EQ(testing::write_file(at(name), mail(name)), 0) << mount_.errors(); }
  std::string bytes(std::string_view name) const { return testing::read_file(at(name)).value_or("(none)"); }

  Sandbox sandbox_;
  testing::TempMount mount_{sandbox_, uri_of(sandbox_, GetParam())};
  const std::string too_long_ = std::string(256, 'n');
};

}  // namespace mapistore::mount_tests
