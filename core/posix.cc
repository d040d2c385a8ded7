#include <mapistore/posix.h>

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>

namespace mapistore::posix {
namespace {

constexpr unsigned facts_mask = STATX_BASIC_STATS | STATX_BTIME;

Time time_of(const struct statx_timestamp& stamp) {
  return Time{std::chrono::seconds{stamp.tv_sec} + std::chrono::nanoseconds{stamp.tv_nsec}};
}

FileFacts facts_from(const struct statx& raw) {
  return {raw.stx_mode,
          makedev(raw.stx_dev_major, raw.stx_dev_minor),
          raw.stx_ino,
          raw.stx_size,
          time_of(raw.stx_mtime),
          time_of(raw.stx_ctime),
          (raw.stx_mask & STATX_BTIME) != 0 ? time_of(raw.stx_btime) : Time{}};
}

void append_hex(std::string& text, std::uint64_t number) {
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, 16).ptr;
  if (!text.empty()) text += '.';
  text.append(digits.data(), end);
}

std::uint64_t ticks(Time time) { return static_cast<std::uint64_t>(time.time_since_epoch().count()); }

bool is_component(std::string_view name) {
  constexpr std::string_view forbidden{"/\0", 2};
  return !name.empty() && name != "." && name != ".." && name.find_first_of(forbidden) == std::string_view::npos;
}

}  // namespace

UniqueFd& UniqueFd::operator=(UniqueFd&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

UniqueFd::~UniqueFd() {
  if (fd_ >= 0) ::close(fd_);
}

bool FileFacts::is_file() const noexcept { return S_ISREG(mode); }
bool FileFacts::is_directory() const noexcept { return S_ISDIR(mode); }

std::string FileFacts::identity() const {
  std::string text;
  append_hex(text, device);
  append_hex(text, inode);
  append_hex(text, ticks(born));
  return text;
}

std::string FileFacts::version() const {
  std::string text;
  text.reserve(40);
  append_hex(text, ticks(changed));
  append_hex(text, size);
  append_hex(text, inode);
  return text;
}

Result<FileFacts> facts_of(int fd, std::string_view object) {
  struct statx raw;
  if (::statx(fd, "", AT_EMPTY_PATH, facts_mask, &raw) != 0) return std::unexpected(system_error(errno, object));
  return facts_from(raw);
}

std::unexpected<Error> Directory::failure(int number, std::string_view name) const {
  return std::unexpected(system_error(number, name.empty() ? path_ : path_ + '/' + std::string(name)));
}

Result<Directory> Directory::open(std::string path) {
  UniqueFd fd{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!fd) return std::unexpected(system_error(errno, path));
  return Directory{std::move(fd), std::move(path)};
}

Result<Directory> Directory::reopen() const {
  UniqueFd fd{::fcntl(fd_.get(), F_DUPFD_CLOEXEC, 0)};
  if (!fd) return failure(errno, {});
  return Directory{std::move(fd), path_};
}

Result<Directory> Directory::enter(std::string_view name) const {
  if (!is_component(name)) return failure(EINVAL, name);
  std::string child{name};
  UniqueFd fd{::openat(fd_.get(), child.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  if (!fd) return failure(errno, name);
  return Directory{std::move(fd), path_ + '/' + child};
}

Result<Directory> Directory::enter_or_create(std::string_view name) const {
  if (auto made = make_directory(name); !made && made.error().code != Errc::exists)
    return std::unexpected(std::move(made).error());
  return enter(name);
}

Result<FileFacts> Directory::facts(std::string_view name) const {
  if (!is_component(name)) return failure(EINVAL, name);
  struct statx raw;
  const int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;
  if (::statx(fd_.get(), std::string(name).c_str(), flags, facts_mask, &raw) != 0) return failure(errno, name);
  return facts_from(raw);
}

Result<UniqueFd> Directory::open_file(std::string_view name) const {
  if (!is_component(name)) return failure(EINVAL, name);
  // O_NONBLOCK: a FIFO put here must not hold us; regular files ignore it.
  const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  UniqueFd fd{::openat(fd_.get(), std::string(name).c_str(), flags)};
  if (!fd) return failure(errno == ELOOP || errno == ENXIO ? ENOENT : errno, name);
  struct stat status;
  if (::fstat(fd.get(), &status) != 0) return failure(errno, name);
  if (!S_ISREG(status.st_mode)) return failure(ENOENT, name);
  return fd;
}

Result<std::unique_ptr<Body>> Directory::open_body(const FolderPath& folder, std::string_view name) const {
  std::string below;
  for (const Key& key : folder) {
    if (!is_component(key.bytes)) return failure(EINVAL, key.bytes);
    below.append(key.bytes).push_back('/');
  }
  if (!is_component(name)) return failure(EINVAL, name);
  below += name;
  open_how how{};
  // O_NONBLOCK: a FIFO put here must not hold us; regular files ignore it.
  how.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  UniqueFd fd{static_cast<int>(::syscall(SYS_openat2, fd_.get(), below.c_str(), &how, sizeof(how)))};
  if (!fd && errno == ENOSYS) {
    // In steps, where a sandbox forbids the call (systemd's RestrictSUIDSGID).
    Directory at = MAPISTORE_TRY(reopen());
    for (const Key& key : folder) at = MAPISTORE_TRY(at.enter(key.bytes));
    fd = MAPISTORE_TRY(at.open_file(name));
  }
  if (!fd)
    return failure(errno == ELOOP || errno == ENXIO || errno == ENOTDIR || errno == EXDEV ? ENOENT : errno, below);
  const FileFacts facts = MAPISTORE_TRY(facts_of(fd.get(), below));
  if (!facts.is_file()) return failure(ENOENT, below);
  return file_body(std::move(fd), facts, ChangeKey{facts.version()}, path_ + '/' + below);
}

Result<std::vector<DirectoryItem>> Directory::list(const Call& call) const {
  const int fd = ::openat(fd_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return failure(errno, {});
  const std::unique_ptr<DIR, decltype([](DIR* stream) { ::closedir(stream); })> stream{::fdopendir(fd)};
  if (!stream) return failure(errno, {});
  std::vector<DirectoryItem> items;
  errno = 0;
  while (const dirent* item = ::readdir(stream.get())) {
    const std::string_view name = item->d_name;
    if (name != "." && name != "..")
      items.push_back({std::string(name), item->d_ino, item->d_type == DT_DIR || item->d_type == DT_UNKNOWN});
    if (items.size() % 1024 == 0) MAPISTORE_CHECK(call.check());
    errno = 0;
  }
  if (errno != 0) return failure(errno, {});
  // readdir(3) hides that the directory itself was removed; an empty listing would tell that all in it was.
  struct stat status;
  if (items.empty() && ::fstat(fd, &status) == 0 && status.st_nlink == 0) return failure(ENOENT, {});
  std::ranges::sort(items, {}, &DirectoryItem::inode);
  return items;
}

Result<> Directory::make_directory(std::string_view name) const {
  if (!is_component(name)) return failure(EINVAL, name);
  if (::mkdirat(fd_.get(), std::string(name).c_str(), 0700) != 0) return failure(errno, name);
  return {};
}

Result<> Directory::rename(std::string_view name, const Directory& to, std::string_view new_name, bool replace) const {
  if (!is_component(name)) return failure(EINVAL, name);
  if (!is_component(new_name)) return to.failure(EINVAL, new_name);
  const std::string source{name};
  const std::string target{new_name};
  const unsigned flags = replace ? 0 : RENAME_NOREPLACE;
  if (::renameat2(fd_.get(), source.c_str(), to.fd_.get(), target.c_str(), flags) == 0) return {};
  if (replace || (errno != EINVAL && errno != ENOSYS)) return to.failure(errno, new_name);
  // A filesystem without RENAME_NOREPLACE: a link does not replace either. Without links too: look, then rename.
  if (::linkat(fd_.get(), source.c_str(), to.fd_.get(), target.c_str(), 0) == 0) return remove_file(name);
  if (errno != EPERM && errno != EOPNOTSUPP) return to.failure(errno, new_name);
  if (to.facts(new_name)) return to.failure(EEXIST, new_name);
  if (::renameat(fd_.get(), source.c_str(), to.fd_.get(), target.c_str()) != 0) return to.failure(errno, new_name);
  return {};
}

Result<> Directory::remove_file(std::string_view name) const {
  if (!is_component(name)) return failure(EINVAL, name);
  if (::unlinkat(fd_.get(), std::string(name).c_str(), 0) != 0) return failure(errno, name);
  return {};
}

Result<> Directory::remove_directory(std::string_view name) const {
  if (!is_component(name)) return failure(EINVAL, name);
  if (::unlinkat(fd_.get(), std::string(name).c_str(), AT_REMOVEDIR) != 0) return failure(errno, name);
  return {};
}

bool Directory::is_read_only() const noexcept {
  struct statvfs status;
  if (::fstatvfs(fd_.get(), &status) == 0 && (status.f_flag & ST_RDONLY) != 0) return true;
  return ::faccessat(fd_.get(), ".", W_OK | X_OK, AT_EACCESS) != 0;
}

Result<> Directory::make_durable() const {
  if (::syncfs(fd_.get()) != 0) return std::unexpected(system_error(errno, path_));
  return {};
}

Result<Usage> Directory::usage() const {
  struct statvfs status;
  if (::fstatvfs(fd_.get(), &status) != 0) return failure(errno, {});
  return Usage{status.f_blocks * status.f_frsize, status.f_bavail * status.f_frsize, status.f_files, status.f_favail};
}

namespace {

std::array<timespec, 2> access_and_modification(Time time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const timespec stamp{seconds.time_since_epoch().count(), (time - seconds).count()};
  return {stamp, stamp};
}

}  // namespace

Result<> Directory::set_modified(std::string_view name, Time time) const {
  if (!is_component(name)) return failure(EINVAL, name);
  const auto times = access_and_modification(time);
  if (::utimensat(fd_.get(), std::string(name).c_str(), times.data(), AT_SYMLINK_NOFOLLOW) != 0)
    return failure(errno, name);
  return {};
}

Result<> NewFile::set_modified(Time time) {
  const auto times = access_and_modification(time);
  if (::futimens(fd_.get(), times.data()) != 0) return directory_->failure(errno, name_);
  return {};
}

Result<> NewFile::make_durable() {
  if (::fdatasync(fd_.get()) != 0) return directory_->failure(errno, name_);
  return {};
}

Result<> NewFile::set_permissions(std::uint32_t mode) {
  if (::fchmod(fd_.get(), mode & 07777) != 0) return directory_->failure(errno, name_);
  return {};
}

}  // namespace mapistore::posix
