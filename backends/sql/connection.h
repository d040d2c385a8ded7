#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include <mapistore/call.h>
#include <mapistore/result.h>

namespace mapistore::sql {

/// What people compare with: a name, a subject. Bytes that are no text are bound as std::string_view.
struct Text {
  std::string_view utf8;
};

/// What is bound to a `?`. Views are borrowed until the statement is at its end.
class Value {
 public:
  Value(std::nullptr_t) noexcept {}                            // NOLINT(google-explicit-constructor)
  Value(std::int64_t number) noexcept : held_{number} {}       // NOLINT(google-explicit-constructor)
  Value(int number) noexcept : held_{std::int64_t{number}} {}  // NOLINT(google-explicit-constructor)
  Value(std::string_view bytes) noexcept : held_{bytes} {}     // NOLINT(google-explicit-constructor)
  Value(Text text) noexcept : held_{text} {}                   // NOLINT(google-explicit-constructor)
  template <class T>
  Value(const std::optional<T>& value) {  // NOLINT(google-explicit-constructor)
    if (value) *this = Value{*value};
  }

  const std::variant<std::monostate, std::int64_t, std::string_view, Text>& held() const noexcept { return held_; }

 private:
  std::variant<std::monostate, std::int64_t, std::string_view, Text> held_;
};
using Values = std::span<const Value>;

/// The rows of one query, one after the other: never all of them in memory. Ends the query when it goes.
class Rows {
 public:
  virtual ~Rows() = default;
  /// True with a row to read.
  virtual Result<bool> next() = 0;
  virtual bool null(int column) const noexcept = 0;
  /// Zero for NULL and for what is no number.
  virtual std::int64_t integer(int column) const noexcept = 0;
  /// Of bytes or text; empty for NULL. Valid until the next row.
  virtual std::string_view bytes(int column) const noexcept = 0;

  std::optional<std::int64_t> maybe_integer(int column) const noexcept {
    return null(column) ? std::nullopt : std::optional(integer(column));
  }
};

/// Why the last statement failed, as far as another attempt may help.
enum class Fault : std::uint8_t {
  none,
  conflict,  ///< others were in the way: the whole transaction may succeed when tried again
  lost,      ///< the connection is gone, and the transaction with it
};

enum class Mode : std::uint8_t {
  read,  ///< one snapshot for all queries
  write,
};

/// One connection to a database. Used by one thread at a time, with one Rows at a time.
///
/// `sql` is a literal: prepared once per connection and known by its address. Everything blocks until the deadline of
/// the call that was given to `use` at most. Errc::exists: a key is taken.
class Connection {
 public:
  virtual ~Connection() = default;

  /// Whose deadline and stop request ends what follows, until `rest`.
  virtual void use(const Call& call) = 0;
  virtual void rest() noexcept = 0;

  virtual Result<> begin(Mode mode) = 0;
  /// If this fails with Fault::lost, nobody knows whether the transaction took place.
  virtual Result<> commit() = 0;
  virtual void rollback() noexcept = 0;

  virtual Result<std::unique_ptr<Rows>> query(const char* sql, Values values) = 0;
  /// Answers how many rows it found to change.
  virtual Result<std::uint64_t> execute(const char* sql, Values values) = 0;
  /// Runs statements without values, separated by ";".
  virtual Result<> run_script(std::string_view script) = 0;

  virtual Fault fault() const noexcept = 0;

  Result<std::unique_ptr<Rows>> query(const char* sql, std::initializer_list<Value> values) {
    return query(sql, Values{values.begin(), values.size()});
  }
  Result<std::uint64_t> execute(const char* sql, std::initializer_list<Value> values) {
    return execute(sql, Values{values.begin(), values.size()});
  }
};

/// Which of the two SQLs a text is to be in.
enum class Dialect : std::uint8_t { sqlite, mariadb };

/// Makes connections to one database. Thread-safe.
class Driver {
 public:
  virtual ~Driver() = default;
  virtual Result<std::unique_ptr<Connection>> connect(const Call& call) = 0;
  virtual Dialect dialect() const noexcept = 0;
  /// What errors call the database: a path or a URI.
  virtual const std::string& name() const noexcept = 0;
  /// Nobody may write to it.
  virtual bool is_read_only() const noexcept = 0;
};

}  // namespace mapistore::sql
