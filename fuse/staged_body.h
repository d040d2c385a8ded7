#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include <mapistore/message.h>

namespace mapistore::fs {

/// The bytes of a staged file, as a medium takes them. The file stays open for as long.
class StagedBody final : public Body {
 public:
  /// With the size that it has now.
  static Result<StagedBody> of(int fd) {
    struct stat status {};
    if (::fstat(fd, &status) != 0) return std::unexpected(system_error(errno, "staged file"));
    return StagedBody{fd, static_cast<std::uint64_t>(status.st_size)};
  }
  StagedBody(int fd, std::uint64_t size) : fd_{fd}, size_{size} {}

  const ChangeKey& change() const noexcept override { return change_; }
  std::uint64_t size() const noexcept override { return size_; }
  int descriptor() const noexcept override { return fd_; }
  Result<std::size_t> read_at(const Call&, std::uint64_t offset, std::span<std::byte> out) override {
    const ssize_t count = ::pread(fd_, out.data(), out.size(), static_cast<off_t>(offset));
    if (count < 0) return std::unexpected(system_error(errno, "staged file"));
    return static_cast<std::size_t>(count);
  }

 private:
  int fd_;
  std::uint64_t size_;
  ChangeKey change_;
};

}  // namespace mapistore::fs
