#include "core/body_cache.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <ctime>
#include <vector>

#include "core/codec/digest.h"
#include "core/directories.h"
#include "core/files.h"

namespace mapistore {

namespace {

namespace fs = std::filesystem;

/// What a file's modification time can hold as seconds on any filesystem that we know.
constexpr std::uint64_t largest_body = std::uint64_t{1} << 33;
/// Between two notes of a file's use.
constexpr std::time_t use_precision = 60;
constexpr long nanoseconds = 1'000'000'000;

std::string number(std::uint64_t value) {
  std::array<char, 16> digits{};
  return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value, 16).ptr};
}

/// FMID and the hash of all the rest. The hash is also what the seal is made of.
std::string name_of(std::string_view store, const BodyVersion& version) {
  const std::string text = std::string(store) + std::to_string(version.context.value) + ' ' +
                           std::to_string(version.key.bytes.size()) + ' ' + version.key.bytes + version.change.bytes;
  const auto digest = codec::sha256(text);
  const std::string_view kept{reinterpret_cast<const char*>(digest.data()), digest.size() / 2};
  return number(version.fmid.value) + '-' + codec::hex(kept);
}

/// The modification time of a file that holds the whole of `size` bytes under `name`: whoever else writes to it, or
/// cuts it, leaves another.
timespec seal_of(const fs::path& name, std::uint64_t size) {
  const std::string text = name.filename().native();
  std::uint32_t mark = 0;
  std::from_chars(text.data() + text.size() - 8, text.data() + text.size(), mark, 16);
  return {static_cast<std::time_t>(size), static_cast<long>(mark % nanoseconds)};
}

bool is_sealed(const struct stat& status, const fs::path& name) {
  const timespec seal = seal_of(name, static_cast<std::uint64_t>(status.st_size));
  return S_ISREG(status.st_mode) && status.st_uid == ::geteuid() && status.st_mtim.tv_sec == seal.tv_sec &&
         status.st_mtim.tv_nsec == seal.tv_nsec;
}

struct Kept {
  timespec used;
  std::uint64_t size;
  fs::path path;
};

std::vector<Kept> all_in(const fs::path& directory) {
  std::vector<Kept> all;
  for (const fs::path& part : files_in(directory).value_or(std::vector<fs::path>{}))
    for (const fs::path& file : files_in(part).value_or(std::vector<fs::path>{})) {
      struct stat status{};
      if (::lstat(file.c_str(), &status) == 0 && !S_ISDIR(status.st_mode))
        all.push_back({status.st_atim, static_cast<std::uint64_t>(status.st_size), file});
    }
  return all;
}

}  // namespace

BodyCache::BodyCache(fs::path directory, std::uint64_t limit, std::string store)
    : directory_{std::move(directory)}, limit_{limit}, store_{std::move(store)}, unseen_{limit / trims_per_limit} {}

fs::path BodyCache::path_of(const BodyVersion& version) const {
  return directory_ / number(version.fmid.value % 256) / name_of(store_, version);
}

std::unique_ptr<Body> BodyCache::find(const BodyVersion& version) {
  if (limit_ == 0) return nullptr;
  const fs::path path = path_of(version);
  posix::UniqueFd fd{::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
  struct stat status{};
  if (!fd || ::fstat(fd.get(), &status) != 0) return nullptr;
  if (!is_sealed(status, path)) {
    ::unlink(path.c_str());
    return nullptr;
  }
  if (std::time(nullptr) - status.st_atim.tv_sec >= use_precision) {
    const std::array<timespec, 2> used{{{0, UTIME_NOW}, {0, UTIME_OMIT}}};
    ::futimens(fd.get(), used.data());
  }
  const posix::FileFacts facts{.size = static_cast<std::uint64_t>(status.st_size)};
  auto body = posix::file_body(std::move(fd), facts, version.change, "cached message");
  return body ? std::move(*body) : nullptr;
}

bool BodyCache::holds(const BodyVersion& version) const {
  if (limit_ == 0) return false;
  const fs::path path = path_of(version);
  struct stat status{};
  return ::lstat(path.c_str(), &status) == 0 && is_sealed(status, path);
}

std::optional<BodyCache::Filling> BodyCache::begin(std::uint64_t size) {
  // One that would push out everything else is not worth it.
  if (size > limit_ / 2 || size >= largest_body) return std::nullopt;
  const auto open = [&] { return ::open(directory_.c_str(), O_RDWR | O_TMPFILE | O_CLOEXEC, 0600); };
  posix::UniqueFd fd{open()};
  if (!fd && errno == ENOENT && directories::make_private_directory(directory_)) fd = posix::UniqueFd{open()};
  if (!fd) return std::nullopt;
  return Filling{std::move(fd)};
}

bool BodyCache::Filling::append(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(written_));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    written_ += static_cast<std::uint64_t>(count);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return true;
}

std::unique_ptr<Body> BodyCache::Filling::body(ChangeKey change) const {
  posix::UniqueFd fd{::fcntl(fd_.get(), F_DUPFD_CLOEXEC, 0)};
  if (!fd) return nullptr;
  const posix::FileFacts facts{.size = written_};
  auto body = posix::file_body(std::move(fd), facts, std::move(change), "cached message");
  return body ? std::move(*body) : nullptr;
}

bool BodyCache::publish(const BodyVersion& version, const Filling& filling) {
  const fs::path path = path_of(version);
  const std::array<timespec, 2> times{{{0, UTIME_NOW}, seal_of(path, filling.written_)}};
  struct stat status{};
  // A filesystem that keeps no such times keeps no bodies.
  if (::futimens(filling.descriptor(), times.data()) != 0 || ::fstat(filling.descriptor(), &status) != 0 ||
      static_cast<std::uint64_t>(status.st_size) != filling.written_ || !is_sealed(status, path))
    return false;
  const std::string from = "/proc/self/fd/" + std::to_string(filling.descriptor());
  const auto link = [&] { return ::linkat(AT_FDCWD, from.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) == 0; };
  bool linked = link();
  if (!linked && errno == ENOENT && (::mkdir(path.parent_path().c_str(), 0700) == 0 || errno == EEXIST))
    linked = link();
  // Another was faster, or something else is in the way.
  if (!linked && errno == EEXIST && !holds(version)) linked = ::unlink(path.c_str()) == 0 && link();
  if (linked) unseen_ += filling.written_;
  return linked || holds(version);
}

std::optional<BodyCache::Filling> BodyCache::copy(const Call& call, Body& body) {
  auto filling = begin(body.size());
  if (!filling || !posix::copy_body(call, body, filling->descriptor())) return std::nullopt;
  filling->written_ = body.size();
  return filling;
}

void BodyCache::rename(const BodyVersion& from, const BodyVersion& to) {
  const fs::path old_path = path_of(from);
  const posix::UniqueFd fd{::open(old_path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
  struct stat status{};
  if (!fd || ::fstat(fd.get(), &status) != 0 || !is_sealed(status, old_path)) return;
  const fs::path new_path = path_of(to);
  if (old_path == new_path) return;
  const std::array<timespec, 2> times{{{0, UTIME_OMIT}, seal_of(new_path, static_cast<std::uint64_t>(status.st_size))}};
  // Between the two steps, and after a crash there, it is nobody's.
  if (::futimens(fd.get(), times.data()) != 0 || ::rename(old_path.c_str(), new_path.c_str()) != 0)
    ::unlink(old_path.c_str());
}

void BodyCache::remove(const BodyVersion& version) { ::unlink(path_of(version).c_str()); }

void BodyCache::trim() {
  // What came in meanwhile found nobody free to see to it.
  do {
    trim_once();
    trimming_ = false;
  } while (wants_trim());
}

void BodyCache::trim_once() {
  unseen_ = 0;
  std::vector<Kept> all = all_in(directory_);
  std::uint64_t total = 0;
  for (const Kept& kept : all) total += kept.size;
  // As much is left free as may come in until the next time.
  const std::uint64_t most = limit_ - limit_ / trims_per_limit;
  if (total > most) {
    std::ranges::sort(all, {}, [](const Kept& kept) { return std::pair{kept.used.tv_sec, kept.used.tv_nsec}; });
    for (const Kept& kept : all) {
      if (total <= most) break;
      if (::unlink(kept.path.c_str()) == 0) total -= kept.size;
    }
  }
}

}  // namespace mapistore
