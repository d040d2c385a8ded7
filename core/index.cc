#include "core/index.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>

#include "core/index_schema.h"

namespace mapistore {

namespace {

constexpr std::size_t kept_readers = 8;

/// Whether a file that was closed cleanly is shorter than its own header says.
bool is_truncated(const std::filesystem::path& file) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  std::array<unsigned char, 32> header{};
  struct stat attributes {};
  const bool whole = ::fstat(fd, &attributes) == 0 && attributes.st_size > 0 &&
                     ::pread(fd, header.data(), header.size(), 0) == static_cast<ssize_t>(header.size());
  ::close(fd);
  if (!whole) return attributes.st_size > 0;
  // SQLite file format 1.3: page size at 16 (1 stands for 65536), size in pages at 28, both big-endian.
  const std::int64_t page = header[16] == 0 && header[17] == 1 ? 65536 : header[16] << 8 | header[17];
  const std::int64_t pages = std::int64_t{header[28]} << 24 | header[29] << 16 | header[30] << 8 | header[31];
  return attributes.st_size < page * pages;
}

}  // namespace

/// Tells whether other processes use the store, and whether the last one ended cleanly.
struct Index::Lock {
  explicit Lock(const std::filesystem::path& directory)
      : marker{directory / "unclean"},
        fd{::open((directory / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)} {}
  ~Lock() {
    if (fd >= 0 && ended_well && ::flock(fd, LOCK_EX | LOCK_NB) == 0) ::unlink(marker.c_str());
    if (fd >= 0) ::close(fd);
  }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

  bool try_alone() const { return ::flock(fd, LOCK_EX | LOCK_NB) == 0; }
  /// Leaves the marker and lets others in.
  void share() const {
    ::close(::open(marker.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    ::flock(fd, LOCK_SH);
  }

  /// Locks the byte `owner` until this process ends, however it ends.
  Result<> own(std::uint64_t owner) const {
    struct flock byte = one_byte(owner);
    if (::fcntl(fd, F_OFD_SETLK, &byte) != 0) return std::unexpected(system_error(errno, "lock"));
    return {};
  }
  /// Whether another process has that byte locked.
  bool is_owned(std::uint64_t owner) const {
    struct flock byte = one_byte(owner);
    return ::fcntl(fd, F_OFD_GETLK, &byte) != 0 || byte.l_type != F_UNLCK;
  }

  /// Whether another process has any.
  bool is_shared() const {
    struct flock all = one_byte(0);
    all.l_len = 0;
    return ::fcntl(fd, F_OFD_GETLK, &all) != 0 || all.l_type != F_UNLCK;
  }

  std::filesystem::path marker;
  int fd;
  bool ended_well = false;  ///< the index was open, and nobody has to look at it, whole, when it is opened again

 private:
  static struct flock one_byte(std::uint64_t number) {
    struct flock byte {};
    byte.l_type = F_WRLCK;
    byte.l_whence = SEEK_SET;
    byte.l_start = static_cast<off_t>(number);
    byte.l_len = 1;
    return byte;
  }
};

Index::Index(std::filesystem::path file, std::unique_ptr<sqlite::Database> writer, std::unique_ptr<Lock> lock,
             std::uint64_t seen_change, std::uint64_t owner)
    : file_{std::move(file)},
      lock_{std::move(lock)},
      owner_{owner},
      writer_{std::move(writer)},
      seen_change_{seen_change} {}

bool Index::is_alive(std::uint64_t owner) const { return lock_->is_owned(owner); }

bool Index::is_shared() const { return lock_->is_shared(); }

Index::~Index() {
  // Connections go first: the last one empties the write-ahead log, and only then is the end a clean one.
  readers_.clear();
  lock_->ended_well = !writer_->damage_seen();
  writer_.reset();
}

Result<std::unique_ptr<sqlite::Database>> Index::open_checked(const std::filesystem::path& file, bool check) {
  auto database = MAPISTORE_TRY(sqlite::Database::open(file, sqlite::Access::create));
  if (check) {
    sqlite::Query query = database->query("PRAGMA integrity_check(1)");
    MAPISTORE_CHECK(query.step());
    if (query.bytes(0) != "ok") return fail(Errc::corrupted, file.native(), query.bytes(0));
  }
  MAPISTORE_CHECK(prepare_schema(*database));
  return database;
}

Result<Index::Opened> Index::open(const std::filesystem::path& directory) {
  const std::filesystem::path file = directory / "index.sqlite";
  auto lock = std::make_unique<Lock>(directory);
  if (lock->fd < 0) return std::unexpected(system_error(errno, (directory / "lock").native()));

  Opened opened;
  opened.alone = lock->try_alone();
  const bool unclean = opened.alone && (::access(lock->marker.c_str(), F_OK) == 0 || is_truncated(file));
  if (!opened.alone) ::flock(lock->fd, LOCK_SH);

  auto database = open_checked(file, unclean);
  if (!database && database.error().code == Errc::corrupted && opened.alone) {
    const auto stamp = std::chrono::system_clock::now().time_since_epoch() / std::chrono::seconds(1);
    opened.moved_aside = file.native() + ".damaged-" + std::to_string(stamp);
    if (::rename(file.c_str(), opened.moved_aside.c_str()) != 0)
      return std::unexpected(system_error(errno, file.native()));
    for (const char* side : {"-wal", "-shm"}) ::unlink((file.native() + side).c_str());
    database = open_checked(file, false);
  }
  if (!database) return std::unexpected(std::move(database).error());
  // Who has the file alone has just looked at it, or made it.
  if (opened.alone) (*database)->forget_damage();
  lock->share();

  std::uint64_t seen = 0;
  {
    sqlite::Query query = (*database)->query("SELECT value FROM counters WHERE name='change'");
    if (MAPISTORE_TRY(query.step())) seen = query.unsigned_integer(0);
  }
  std::uint64_t owner = 0;
  {
    sqlite::Query query = (*database)->query("UPDATE counters SET value=value+1 WHERE name='fmid' RETURNING value-1");
    MAPISTORE_CHECK(query.step());
    owner = query.unsigned_integer(0);
  }
  MAPISTORE_CHECK(lock->own(owner));
  opened.index.reset(new Index{file, std::move(*database), std::move(lock), seen, owner});
  return opened;
}

Result<std::unique_ptr<sqlite::Database>> Index::lease() {
  {
    Locked locked{readers_mutex_};
    if (!readers_.empty()) {
      auto reader = std::move(readers_.back());
      readers_.pop_back();
      return reader;
    }
  }
  return sqlite::Database::open(file_, sqlite::Access::read);
}

void Index::give_back(std::unique_ptr<sqlite::Database> reader) {
  Locked locked{readers_mutex_};
  if (readers_.size() < kept_readers) readers_.push_back(std::move(reader));
}

std::optional<Fmid> Index::take_fmid() noexcept {
  Locked locked{readers_mutex_};
  if (next_fmid_ == end_of_reserve_) return std::nullopt;
  return Fmid{next_fmid_++};
}

}  // namespace mapistore
