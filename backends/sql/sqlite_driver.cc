#include "backends/sql/sqlite_driver.h"

#include <mapistore/sqlite.h>

#include <array>
#include <chrono>
#include <deque>
#include <thread>

#include "backends/sql/sqlite_file.h"

namespace mapistore::sql {
namespace {

/// Copies what is bound: rows are read after the caller's temporaries are gone.
class SqliteRows final : public Rows {
 public:
  SqliteRows(sqlite::Database& database, const char* sql, Values values, Fault& fault)
      : query_{database.query(sql)}, fault_{fault} {
    for (const Value& value : values) bind(value);
  }

  Result<bool> next() override {
    auto row = query_.step();
    if (!row) fault_ = row.error().code == Errc::busy ? Fault::conflict : Fault::none;
    return row;
  }
  bool null(int column) const noexcept override { return query_.null(column); }
  std::int64_t integer(int column) const noexcept override { return query_.integer(column); }
  std::string_view bytes(int column) const noexcept override { return query_.bytes(column); }

 private:
  void bind(const Value& value) {
    if (const auto* number = std::get_if<std::int64_t>(&value.held()))
      query_.bind(*number);
    else if (const auto* bytes = std::get_if<std::string_view>(&value.held()))
      query_.bind(std::string_view{held_.emplace_back(*bytes)});
    else if (const auto* text = std::get_if<Text>(&value.held()))
      query_.bind_text(held_.emplace_back(text->utf8));
    else
      query_.bind(nullptr);
  }

  std::deque<std::string> held_;
  sqlite::Query query_;
  Fault& fault_;
};

class SqliteConnection final : public Connection {
 public:
  explicit SqliteConnection(std::unique_ptr<sqlite::Database> database) : database_{std::move(database)} {}

  void use(const Call&) override {}  // it waits for others a few milliseconds at most
  void rest() noexcept override {}

  Result<> begin(Mode mode) override {
    return checked(database_->execute(mode == Mode::read ? "BEGIN" : "BEGIN IMMEDIATE"));
  }
  Result<> commit() override { return checked(database_->execute("COMMIT")); }
  void rollback() noexcept override { static_cast<void>(database_->execute("ROLLBACK")); }

  Result<std::unique_ptr<Rows>> query(const char* sql, Values values) override {
    fault_ = Fault::none;
    return std::make_unique<SqliteRows>(*database_, sql, values, fault_);
  }
  Result<std::uint64_t> execute(const char* sql, Values values) override {
    fault_ = Fault::none;
    SqliteRows rows{*database_, sql, values, fault_};
    MAPISTORE_CHECK(rows.next());
    return static_cast<std::uint64_t>(database_->changes());
  }
  Result<> run_script(std::string_view script) override {
    return checked(database_->execute(std::string(script).c_str()));
  }
  Fault fault() const noexcept override { return fault_; }

 private:
  Result<> checked(Result<> done) {
    fault_ = !done && done.error().code == Errc::busy ? Fault::conflict : Fault::none;
    return done;
  }

  std::unique_ptr<sqlite::Database> database_;
  Fault fault_ = Fault::none;
};

class SqliteDriver final : public Driver {
 public:
  SqliteDriver(std::filesystem::path file, sqlite::Access access)
      : file_{std::move(file)}, name_{file_.native()}, access_{access} {}

  Result<std::unique_ptr<Connection>> connect(const Call& call) override {
    MAPISTORE_CHECK(call.check());
    auto database = MAPISTORE_TRY(sqlite::Database::open(file_, access_));
    // Who waits for a writer asks his call in between. What a power cut may take, `make_durable` brings to the disk.
    MAPISTORE_CHECK(database->execute("PRAGMA busy_timeout=20; PRAGMA synchronous=NORMAL"));
    return std::make_unique<SqliteConnection>(std::move(database));
  }
  Dialect dialect() const noexcept override { return Dialect::sqlite; }
  const std::string& name() const noexcept override { return name_; }
  bool is_read_only() const noexcept override { return access_ != sqlite::Access::write; }

 private:
  std::filesystem::path file_;
  std::string name_;
  sqlite::Access access_;
};

}  // namespace

Result<std::unique_ptr<Driver>> sqlite_driver(const std::filesystem::path& file) {
  const sqlite::Access access = MAPISTORE_TRY(prepare_file(file));
  return std::make_unique<SqliteDriver>(file, access);
}

}  // namespace mapistore::sql
