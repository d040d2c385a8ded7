#include "backends/archive/file.h"

#include <mapistore/posix.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "backends/archive/digest.h"
#include "backends/archive/format.h"
#include "backends/archive/schema.h"

namespace mapistore::archive {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view sqlite_magic{"SQLite format 3\0", 16};
constexpr std::size_t header_size = 100;
constexpr std::int64_t root_and_trash = 2;

std::uint32_t big_endian(std::string_view bytes, std::size_t at, std::size_t count) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < count; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

bool has_log(const fs::path& file) {
  struct ::stat log{};
  return ::stat((file.native() + "-wal").c_str(), &log) == 0 && log.st_size > 0;
}

/// Removes a file unless it was published.
struct UnfinishedFile {
  std::string path;
  ~UnfinishedFile() {
    for (const char* suffix : {"", "-journal", "-wal", "-shm"}) ::unlink((path + suffix).c_str());
  }
};

Result<> put(sqlite::Database& database, const char* name, std::string_view value) {
  return database.query("INSERT INTO meta VALUES(?, ?)").bind_text(name).bind(value).run();
}

Result<> put_text(sqlite::Database& database, const char* name, std::string_view value) {
  return database.query("INSERT INTO meta VALUES(?, ?)").bind_text(name).bind_text(value).run();
}

Result<> put(sqlite::Database& database, const char* name, std::uint64_t value) {
  return database.query("INSERT INTO meta VALUES(?, ?)").bind_text(name).bind(value).run();
}

Result<> put_key_record(sqlite::Database& database, const KeyRecord& record) {
  MAPISTORE_CHECK(put_text(database, "cipher", "xchacha20poly1305-ietf"));
  MAPISTORE_CHECK(put_text(database, "kdf", "argon2id13"));
  MAPISTORE_CHECK(put(database, "kdf_operations", record.operations));
  MAPISTORE_CHECK(put(database, "kdf_memory", record.memory));
  MAPISTORE_CHECK(put(database, "kdf_salt", std::string_view{record.salt}));
  return put(database, "sealed_key", std::string_view{record.sealed_key});
}

Result<std::string> random_name() {
  std::array<char, 16> bytes{};
  if (::getentropy(bytes.data(), bytes.size()) != 0) return std::unexpected(system_error(errno, "random numbers"));
  return hex({bytes.data(), bytes.size()});
}

Result<> seal_names(sqlite::Database& database, const Vault& vault) {
  for (std::int64_t id = 1; id <= root_and_trash; ++id) {
    const std::string name = vault.seal(Vault::Use::text, id == trash_folder ? "Trash" : "");
    MAPISTORE_CHECK(database.query("UPDATE folder SET name = ? WHERE id = ?").bind(name).bind(id).run());
  }
  return {};
}

Result<> fill(sqlite::Database& database, const Creation& creation, const std::string& identity) {
  // The whole file is brought to the disk before it gets its name.
  MAPISTORE_CHECK(database.execute("PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF"));
  MAPISTORE_CHECK(database.execute(schema));
  MAPISTORE_CHECK(database.execute("BEGIN"));
  MAPISTORE_CHECK(put_text(database, "readme", readme));
  MAPISTORE_CHECK(put_text(database, "identity", identity));
  MAPISTORE_CHECK(database.query("UPDATE counter SET train_at = ?").bind(creation.dictionary_after).run());
  MAPISTORE_CHECK(database.query("UPDATE folder SET modified = ?")
                      .bind(std::int64_t{creation.now.time_since_epoch().count()})
                      .run());
  if (creation.passphrase) {
    KeyRecord record;
    const Vault vault = MAPISTORE_TRY(Vault::create(*creation.passphrase, record));
    MAPISTORE_CHECK(put_key_record(database, record));
    MAPISTORE_CHECK(seal_names(database, vault));
  }
  MAPISTORE_CHECK(database.execute("COMMIT"));
  return database.execute("PRAGMA journal_mode = WAL");
}

}  // namespace

Result<> create_file(const fs::path& file, const Creation& creation) {
  const std::string identity = MAPISTORE_TRY(random_name());
  const UnfinishedFile draft{(file.parent_path() / ("." + identity.substr(0, 12) + ".new")).native()};
  {
    const auto database = MAPISTORE_TRY(sqlite::Database::open(draft.path, sqlite::Access::create));
    MAPISTORE_CHECK(fill(*database, creation, identity));
  }
  const int fd = ::open(draft.path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 || ::fsync(fd) != 0) return std::unexpected(system_error(errno, file.native()));
  ::close(fd);
  if (::link(draft.path.c_str(), file.c_str()) != 0) return std::unexpected(system_error(errno, file.native()));
  const int directory = ::open(file.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory >= 0) {
    ::fsync(directory);
    ::close(directory);
  }
  return {};
}

Result<> judge_file(const fs::path& file) {
  const posix::UniqueFd fd{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  struct ::stat facts{};
  if (!fd || ::fstat(fd.get(), &facts) != 0) return std::unexpected(system_error(errno, file.native()));
  constexpr std::string_view way_out = "name an archive, or a file that does not exist yet";
  if (!S_ISREG(facts.st_mode)) return fail(Errc::invalid_content, file.native(), "is no file", way_out);
  const std::string head = MAPISTORE_TRY(posix::read_head(fd.get(), header_size, file.native()));
  if (head.size() < header_size || !head.starts_with(sqlite_magic) || big_endian(head, 68, 4) != application_id)
    return fail(Errc::invalid_content, file.native(), "is no archive of mapistorefs", way_out);
  if (big_endian(head, 60, 4) > schema_version)
    return fail(Errc::incompatible, file.native(), "was written by a newer version", "use that version");
  std::uint64_t page_size = big_endian(head, 16, 2);
  if (page_size == 1) page_size = 65536;
  const std::uint64_t size = big_endian(head, 28, 4) * page_size;
  if (static_cast<std::uint64_t>(facts.st_size) < size && !has_log(file))
    return fail(Errc::corrupted, file.native(),
                "ends too early: it has " + std::to_string(facts.st_size) + " of " + std::to_string(size) + " bytes",
                "restore it from a copy; sqlite3's .recover finds what is left");
  return {};
}

Result<sqlite::Access> access_to(const fs::path& file) {
  if (::access(file.c_str(), W_OK) == 0) return sqlite::Access::write;
  if (::access(file.parent_path().c_str(), W_OK) == 0) return sqlite::Access::read;
  if (has_log(file))
    return fail(Errc::read_only, file.native(), "was not closed well, and nothing can be written where it lies",
                "copy it and the file with -wal behind its name to where that can be");
  return sqlite::Access::frozen;
}

Result<std::unique_ptr<sqlite::Database>> connect(const fs::path& file, sqlite::Access access) {
  auto database = MAPISTORE_TRY(sqlite::Database::open(file, access));
  MAPISTORE_CHECK(database->execute("PRAGMA trusted_schema = OFF"));
  if (access == sqlite::Access::write)
    MAPISTORE_CHECK(database->execute("PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 16777216"));
  return database;
}

Result<std::optional<KeyRecord>> read_key_record(sqlite::Database& database) {
  KeyRecord record;
  bool sealed = false;
  auto query = database.query("SELECT name, value FROM meta");
  while (MAPISTORE_TRY(query.step())) {
    const std::string_view name = query.bytes(0);
    if (name == "cipher") sealed = true;
    if (name == "kdf_operations") record.operations = query.unsigned_integer(1);
    if (name == "kdf_memory") record.memory = query.unsigned_integer(1);
    if (name == "kdf_salt") record.salt = query.bytes(1);
    if (name == "sealed_key") record.sealed_key = query.bytes(1);
  }
  if (!sealed) return std::optional<KeyRecord>{};
  return record;
}

}  // namespace mapistore::archive
