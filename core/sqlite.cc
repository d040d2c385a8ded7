#include <mapistore/sqlite.h>

#include <fcntl.h>
#include <mapistore/posix.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>
#include <set>
#include <string>

namespace mapistore::sqlite {

namespace {

constexpr int busy_wait_milliseconds = 20'000;

Errc code_of_sqlite(int code) noexcept {
  switch (code & 0xff) {
    case SQLITE_FULL: return Errc::no_space;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return Errc::busy;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_SCHEMA: return Errc::corrupted;
    case SQLITE_READONLY: return Errc::read_only;
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH: return Errc::access_denied;
    case SQLITE_NOMEM: return Errc::no_memory;
    case SQLITE_CONSTRAINT: return Errc::exists;
    default: return Errc::io;
  }
}

/// The files in which this process has met damage, as SQLite names them. A statement knows its connection's handle
/// alone, so that they are noted beside the connections. Lock rank: leaf.
struct DamagedFiles {
  std::mutex mutex;
  std::set<std::string> names;
};

DamagedFiles& damaged_files() {
  static DamagedFiles files;
  return files;
}

const char* file_of(sqlite3* handle) noexcept {
  return handle != nullptr ? sqlite3_db_filename(handle, "main") : nullptr;
}

std::unexpected<Error> failure(sqlite3* handle, int code) {
  const char* file = file_of(handle);
  if (code_of_sqlite(code) == Errc::corrupted && file != nullptr) {
    const std::lock_guard lock{damaged_files().mutex};
    damaged_files().names.insert(file);
  }
  return fail(code_of_sqlite(code), file != nullptr ? file : "database",
              handle != nullptr ? sqlite3_errmsg(handle) : sqlite3_errstr(code));
}

bool is_reading(Access access) noexcept { return access == Access::read || access == Access::frozen; }

/// Says why SQLite could not open `file`, and creates it for its owner alone: SQLite would with the process's umask.
/// Closes no descriptor of a file that was there: that would drop the locks of all connections of this process to it.
Result<> check_file(const std::filesystem::path& file, Access access) {
  if (access == Access::create) {
    const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0)
      ::close(fd);
    else if (errno != EEXIST)
      return std::unexpected(system_error(errno, file.native()));
  }
  if (::access(file.c_str(), is_reading(access) ? R_OK : R_OK | W_OK) != 0)
    return std::unexpected(system_error(errno, file.native()));
  return {};
}

/// What SQLite is to open where it can lock nothing.
std::string frozen_uri(const std::filesystem::path& file) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string uri = "file:";
  for (const char c : file.native()) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '/' || (byte > ' ' && byte < 0x7f && std::string_view{"%?#"}.find(c) == std::string_view::npos))
      uri += c;
    else
      uri.append({'%', digits[byte >> 4], digits[byte & 0xf]});
  }
  return uri + "?immutable=1";
}

}  // namespace

Query::~Query() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

Query& Query::bind(std::int64_t value) noexcept {
  sqlite3_bind_int64(statement_, ++bound_, value);
  return *this;
}

Query& Query::bind(std::string_view bytes) noexcept {
  // A null pointer would bind NULL; an empty value is not absent.
  sqlite3_bind_blob64(statement_, ++bound_, bytes.empty() ? "" : bytes.data(), bytes.size(), SQLITE_STATIC);
  return *this;
}

Query& Query::bind_text(std::string_view utf8) noexcept {
  sqlite3_bind_text64(statement_, ++bound_, utf8.empty() ? "" : utf8.data(), utf8.size(), SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}

Query& Query::bind(double value) noexcept {
  sqlite3_bind_double(statement_, ++bound_, value);
  return *this;
}

Query& Query::bind(std::nullptr_t) noexcept {
  sqlite3_bind_null(statement_, ++bound_);
  return *this;
}

Result<bool> Query::step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  if (statement_ == nullptr) return fail(Errc::corrupted, "database", "statement does not fit the schema");
  return failure(sqlite3_db_handle(statement_), code);
}

Result<> Query::run() {
  MAPISTORE_CHECK(step());
  return {};
}

std::int64_t Query::integer(int column) const noexcept { return sqlite3_column_int64(statement_, column); }

double Query::real(int column) const noexcept { return sqlite3_column_double(statement_, column); }

bool Query::null(int column) const noexcept { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

std::string_view Query::bytes(int column) const noexcept {
  const void* data = sqlite3_column_blob(statement_, column);
  if (data == nullptr) return {};
  return {static_cast<const char*>(data), static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::uint64_t memory_used() noexcept { return static_cast<std::uint64_t>(sqlite3_memory_used()); }

void limit_memory(std::uint64_t bytes) noexcept { sqlite3_soft_heap_limit64(static_cast<sqlite3_int64>(bytes)); }

Result<std::unique_ptr<Database>> Database::open(const std::filesystem::path& file, Access access) {
  MAPISTORE_CHECK(check_file(file, access));
  sqlite3* handle = nullptr;
  const int flags = (is_reading(access) ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) |
                    (access == Access::frozen ? SQLITE_OPEN_URI : 0) | SQLITE_OPEN_NOMUTEX;
  const int code =
      sqlite3_open_v2((access == Access::frozen ? frozen_uri(file) : file.native()).c_str(), &handle, flags, nullptr);
  std::unique_ptr<Database> database{new Database{handle}};
  if (code != SQLITE_OK) return failure(handle, code);
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, busy_wait_milliseconds);
  // No mapping: SQLite would give it up and take it again at every read after a write.
  MAPISTORE_CHECK(database->execute("PRAGMA cache_size=-2048; PRAGMA temp_store=MEMORY"));
  return database;
}

Result<> make_durable(const std::filesystem::path& database) {
  const std::string log = database.native() + "-wal";
  const posix::UniqueFd file{::open(log.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
  if (!file && errno == ENOENT) return {};
  if (!file || ::fdatasync(file.get()) != 0) return std::unexpected(system_error(errno, log));
  return {};
}

Database::~Database() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(handle_);
}

Query Database::query(const char* sql) {
  auto [place, added] = statements_.try_emplace(sql, nullptr);
  if (added) sqlite3_prepare_v3(handle_, sql, -1, SQLITE_PREPARE_PERSISTENT, &place->second, nullptr);
  return Query{place->second};
}

Result<> Database::execute(const char* sql) {
  if (const int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr); code != SQLITE_OK)
    return failure(handle_, code);
  return {};
}

bool Database::damage_seen() const {
  const char* file = file_of(handle_);
  const std::lock_guard lock{damaged_files().mutex};
  return file != nullptr && damaged_files().names.contains(file);
}

void Database::forget_damage() {
  const char* file = file_of(handle_);
  const std::lock_guard lock{damaged_files().mutex};
  if (file != nullptr) damaged_files().names.erase(file);
}

bool Database::in_transaction() const noexcept { return sqlite3_get_autocommit(handle_) == 0; }

int Database::changes() const noexcept { return sqlite3_changes(handle_); }

}  // namespace mapistore::sqlite
