#include "core/shared_body.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace mapistore {

namespace {

/// Above, bytes are mapped instead of held.
constexpr std::uint64_t most_held = 256 * 1024;
constexpr std::size_t read_at_once = 64 * 1024;

class Mapping {
 public:
  Mapping(void* address, std::size_t size) : address_{address}, size_{size} {}
  ~Mapping() { ::munmap(address_, size_); }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

 private:
  void* address_;
  std::size_t size_;
};

}  // namespace

Result<SharedBytes> share_file(int fd) {
  struct stat status{};
  if (::fstat(fd, &status) != 0) return std::unexpected(system_error(errno, "nameless file"));
  if (status.st_size == 0) return SharedBytes{};
  const auto size = static_cast<std::size_t>(status.st_size);
  void* address = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
  if (address == MAP_FAILED) return std::unexpected(system_error(errno, "nameless file"));
  return SharedBytes{{static_cast<const char*>(address), size}, std::make_shared<const Mapping>(address, size)};
}

Result<SharedBytes> share_body(const Call& call, Body& body, const MakeFile& make_file) {
  if (body.size() > most_held) {
    const posix::UniqueFd file = MAPISTORE_TRY(make_file());
    MAPISTORE_CHECK(posix::copy_body(call, body, file.get()));
    return share_file(file.get());
  }
  std::string bytes(static_cast<std::size_t>(body.size()), '\0');
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const auto rest = std::as_writable_bytes(std::span{bytes}).subspan(filled);
    const std::size_t count = MAPISTORE_TRY(body.read_at(call, filled, rest));
    if (count == 0) break;
    filled += count;
  }
  bytes.resize(filled);
  return SharedBytes::of(std::move(bytes));
}

Result<> write_content(const Content& content, int fd) {
  const auto reader = content.reader();
  std::array<std::byte, read_at_once> buffer{};
  for (;;) {
    const std::size_t count = MAPISTORE_TRY(reader->read(buffer));
    for (std::size_t written = 0; written < count;) {
      const ssize_t now = ::write(fd, buffer.data() + written, count - written);
      if (now < 0 && errno == EINTR) continue;
      if (now < 0) return std::unexpected(system_error(errno, "nameless file"));
      written += static_cast<std::size_t>(now);
    }
    if (count == 0) return {};
  }
}

Result<std::unique_ptr<Body>> body_of(const Content& content, const MakeFile& make_file) {
  posix::UniqueFd file = MAPISTORE_TRY(make_file());
  MAPISTORE_CHECK(write_content(content, file.get()));
  const auto facts = MAPISTORE_TRY(posix::facts_of(file.get(), "nameless file"));
  return posix::file_body(std::move(file), facts, {}, "nameless file");
}

}  // namespace mapistore
