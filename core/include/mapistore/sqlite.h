#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>

#include <mapistore/export.h>
#include <mapistore/result.h>

struct sqlite3;
struct sqlite3_stmt;

/// SQLite files, for the index and for media that are one. Nothing here throws.
namespace mapistore::sqlite {

/// One run of a prepared statement; resets it when it goes. Borrowed from its Database.
class MAPISTORE_API Query {
 public:
  explicit Query(sqlite3_stmt* statement) noexcept : statement_{statement} {}
  ~Query();
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  Query& bind(std::int64_t value) noexcept;
  Query& bind(std::uint64_t value) noexcept { return bind(static_cast<std::int64_t>(value)); }
  Query& bind(std::uint32_t value) noexcept { return bind(std::int64_t{value}); }
  Query& bind(int value) noexcept { return bind(std::int64_t{value}); }
  /// Bytes are not copied: they must outlive the Query.
  Query& bind(std::string_view bytes) noexcept;
  /// The same, but stored as text: what people who query the file compare with.
  Query& bind_text(std::string_view utf8) noexcept;
  Query& bind(double value) noexcept;
  Query& bind(std::nullptr_t) noexcept;
  template <class T>
  Query& bind(const std::optional<T>& value) noexcept {
    return value ? bind(*value) : bind(nullptr);
  }

  /// True with a row to read, false at the end.
  Result<bool> step();
  /// For statements without rows.
  Result<> run();

  std::int64_t integer(int column) const noexcept;
  std::uint64_t unsigned_integer(int column) const noexcept { return static_cast<std::uint64_t>(integer(column)); }
  double real(int column) const noexcept;
  bool null(int column) const noexcept;
  /// Of a blob or text; valid until the next step.
  std::string_view bytes(int column) const noexcept;

 private:
  sqlite3_stmt* statement_;
  int bound_ = 0;
};

enum class Access : std::uint8_t {
  read,
  frozen,  ///< a file that nobody can change, on a medium where nothing can be written beside it
  write,   ///< a file that is there
  create,  ///< makes it (0600) if it is not
};

/// Bytes that all connections of this process hold, most of them pages of their files. Thread-safe.
MAPISTORE_API std::uint64_t memory_used() noexcept;
/// While all connections of this process together hold more than so many bytes, each reads a page in place of another
/// one. A wish: what a statement needs it gets. Thread-safe.
MAPISTORE_API void limit_memory(std::uint64_t bytes) noexcept;

/// Brings to the disk what was committed to `database`, in WAL mode and with synchronous=NORMAL, by whichever
/// connection: the log, which is all that may still be on its way.
MAPISTORE_API Result<> make_durable(const std::filesystem::path& database);

/// One SQLite connection. Not thread-safe: its owner guards it.
class MAPISTORE_API Database {
 public:
  /// Errc::not_found; Errc::corrupted for what is no database.
  static Result<std::unique_ptr<Database>> open(const std::filesystem::path& file, Access access);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// A run of `sql`, a string literal: prepared once per connection, known by its address. One run at a time.
  /// A statement that does not compile is a defect of ours and ends in Errc::corrupted at its first step.
  Query query(const char* sql);

  /// Runs statements without parameters.
  Result<> execute(const char* sql);

  /// Whether a connection of this process to this file, open or closed by now, has met damage. Thread-safe.
  bool damage_seen() const;
  /// What was met so far concerns what is no more: the file was checked, or replaced. Thread-safe.
  void forget_damage();

  /// Whether a transaction is open; some errors, such as a full disk, end it.
  bool in_transaction() const noexcept;

  /// Rows changed by the last statement.
  int changes() const noexcept;

  /// For what this class does not wrap. Owned by the Database.
  sqlite3* handle() const noexcept { return handle_; }

 private:
  explicit Database(sqlite3* handle) noexcept : handle_{handle} {}

  sqlite3* handle_;
  std::unordered_map<const char*, sqlite3_stmt*> statements_;
};

}  // namespace mapistore::sqlite
