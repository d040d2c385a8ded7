// Files written whole or not at all, and files read as message bodies.

#include <mapistore/posix.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <span>

namespace mapistore::posix {
namespace {

constexpr std::string_view temporary_prefix = ".mapistore-";
constexpr std::string_view temporary_suffix = ".tmp";
constexpr std::size_t step = 4 * 1024 * 1024;  // between two looks at the deadline

bool is_temporary(std::string_view name) {
  return name.starts_with(temporary_prefix) && name.ends_with(temporary_suffix);
}

std::string temporary_name() {
  std::uint64_t number = 0;
  while (::getrandom(&number, sizeof number, 0) != sizeof number) {
  }
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, 16).ptr;
  return std::string(temporary_prefix).append(digits.data(), end).append(temporary_suffix);
}

Result<> write_all(int fd, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return std::unexpected(system_error(errno, {}));
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

/// Copies [from, end) inside the kernel. Errc::unsupported: these two files cannot; nothing was copied.
Result<> copy_range(const Call& call, int source, int target, off64_t from, off64_t end) {
  off64_t to = from;
  while (from < end) {
    MAPISTORE_CHECK(call.check());
    const auto wanted = static_cast<std::size_t>(std::min<off64_t>(end - from, step));
    const ssize_t count = ::copy_file_range(source, &from, target, &to, wanted, 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && (errno == EXDEV || errno == EINVAL || errno == ENOSYS)) return fail(Errc::unsupported);
    if (count < 0) return std::unexpected(system_error(errno, {}));
    if (count == 0) return fail(Errc::unsupported);
  }
  return {};
}

Result<> copy_in_kernel(const Call& call, int source, int target, std::uint64_t size) {
  const auto end = static_cast<off64_t>(size);
  if (::ftruncate(target, end) != 0) return std::unexpected(system_error(errno, {}));
  for (off64_t at = 0; at < end;) {
    const off64_t data = ::lseek64(source, at, SEEK_DATA);
    if (data < 0 && errno == ENXIO) break;  // a hole up to the end
    const off64_t hole = data < 0 ? -1 : ::lseek64(source, data, SEEK_HOLE);
    if (hole < 0) return fail(Errc::unsupported);
    MAPISTORE_CHECK(copy_range(call, source, target, data, std::min(hole, end)));
    at = hole;
  }
  return {};
}

Result<> copy_by_reading(const Call& call, Body& body, int target) {
  if (::ftruncate(target, 0) != 0) return std::unexpected(system_error(errno, {}));
  std::vector<std::byte> buffer(std::min<std::uint64_t>(body.size(), 256 * 1024));
  for (std::uint64_t at = 0; at < body.size();) {
    const std::size_t count = MAPISTORE_TRY(body.read_at(call, at, buffer));
    if (count == 0) return fail(Errc::corrupted, {}, "the source ended before the size it told");
    MAPISTORE_CHECK(write_all(target, std::span(buffer).first(count)));
    at += count;
  }
  return {};
}

class FileBody final : public Body {
 public:
  FileBody(UniqueFd fd, ChangeKey change, std::uint64_t size, std::string object)
      : fd_{std::move(fd)}, change_{std::move(change)}, size_{size}, object_{std::move(object)} {}

  const ChangeKey& change() const noexcept override { return change_; }
  std::uint64_t size() const noexcept override { return size_; }
  int descriptor() const noexcept override { return fd_.get(); }

  Result<std::size_t> read_at(const Call& call, std::uint64_t offset, std::span<std::byte> out) override {
    std::size_t done = 0;
    while (done < out.size()) {
      MAPISTORE_CHECK(call.check());
      const std::size_t wanted = std::min(out.size() - done, step);
      const ssize_t count = ::pread(fd_.get(), out.data() + done, wanted, static_cast<off64_t>(offset + done));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return std::unexpected(system_error(errno, object_));
      if (count == 0) break;
      done += static_cast<std::size_t>(count);
    }
    return done;
  }

 private:
  UniqueFd fd_;
  ChangeKey change_;
  std::uint64_t size_;
  std::string object_;
};

}  // namespace

NewFile::NewFile(const Directory& directory, std::string name, UniqueFd fd)
    : directory_{&directory}, name_{std::move(name)}, fd_{std::move(fd)} {}

NewFile::~NewFile() {
  if (fd_) ::unlinkat(directory_->descriptor(), name_.c_str(), 0);
}

Result<NewFile> NewFile::create(const Directory& directory) {
  std::string name = temporary_name();
  UniqueFd fd{::openat(directory.descriptor(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
  if (!fd) return directory.failure(errno, {});
  // Says that somebody is at work on it. Where there are no such locks, its age has to do.
  static_cast<void>(::flock(fd.get(), LOCK_EX | LOCK_NB));
  return NewFile{directory, std::move(name), std::move(fd)};
}

Result<> NewFile::write(std::string_view text) {
  auto written = write_all(fd_.get(), std::as_bytes(std::span(text)));
  if (!written) written.error().object = directory_->path();
  return written;
}

Result<> copy_body(const Call& call, Body& body, int target) {
  MAPISTORE_CHECK(call.check());
  Result<> copied = fail(Errc::unsupported);
  if (body.descriptor() >= 0) copied = copy_in_kernel(call, body.descriptor(), target, body.size());
  if (!copied && copied.error().code == Errc::unsupported) copied = copy_by_reading(call, body, target);
  return copied;
}

Result<> NewFile::copy_from(const Call& call, Body& body) {
  auto copied = copy_body(call, body, fd_.get());
  if (!copied && copied.error().object.empty()) copied.error().object = directory_->path();
  return copied;
}

Result<> NewFile::publish(const Directory& to, std::string_view name, bool replace) {
  MAPISTORE_CHECK(directory_->rename(name_, to, name, replace));
  fd_ = UniqueFd{};
  return {};
}

void Directory::remove_abandoned(const std::vector<DirectoryItem>& items) const {
  for (const DirectoryItem& item : items) {
    if (!is_temporary(item.name)) continue;
    const UniqueFd fd{::openat(descriptor(), item.name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
    if (fd && ::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) (void)remove_file(item.name);
  }
}

void Directory::remove_leftovers(const std::vector<DirectoryItem>& items, Time now) const {
  for (const DirectoryItem& item : items) {
    if (!is_temporary(item.name)) continue;
    const auto found = facts(item.name);
    if (found && found->is_file() && found->changed + std::chrono::days{1} < now) (void)remove_file(item.name);
  }
}

Result<std::unique_ptr<Body>> file_body(UniqueFd fd, const FileFacts& facts, ChangeKey change, std::string object) {
  return std::make_unique<FileBody>(std::move(fd), std::move(change), facts.size, std::move(object));
}

Result<std::string> read_head(int fd, std::size_t limit, std::string_view object) {
  std::string head(limit, '\0');
  std::size_t done = 0;
  while (done < limit) {
    const ssize_t count = ::pread(fd, head.data() + done, limit - done, static_cast<off64_t>(done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return std::unexpected(system_error(errno, object));
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  head.resize(done);
  return head;
}

}  // namespace mapistore::posix
