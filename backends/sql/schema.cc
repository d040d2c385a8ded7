#include "backends/sql/schema.h"

#include <array>
#include <vector>

#include "backends/sql/sqlite_file.h"

namespace mapistore::sql {
namespace {

// BYTES(n) are compared as they are, TEXT(n) is for people; UTC(x) shows microseconds as a date and time.
constexpr std::string_view tables = R"sql(
CREATE TABLE IF NOT EXISTS mst_meta (
  name BYTES(64) NOT NULL PRIMARY KEY, value BYTES(255) NOT NULL) OPTIONS;
CREATE TABLE IF NOT EXISTS mst_store (
  store_id BIGINT NOT NULL PRIMARY KEY, name BYTES(255) NOT NULL UNIQUE, born BIGINT NOT NULL,
  quota_bytes BIGINT NOT NULL DEFAULT 0) OPTIONS;
CREATE TABLE IF NOT EXISTS mst_folder (
  store_id BIGINT NOT NULL, folder_id BIGINT NOT NULL, parent_id BIGINT NOT NULL, name BYTES(255) NOT NULL,
  cn BIGINT NOT NULL DEFAULT 0, purged_cn BIGINT NOT NULL DEFAULT 0, parent_cn BIGINT NOT NULL DEFAULT 0,
  bytes BIGINT NOT NULL DEFAULT 0, modified_us BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (store_id, folder_id), UNIQUE (store_id, parent_id, name)) OPTIONS;
CREATE TABLE IF NOT EXISTS mst_message (
  store_id BIGINT NOT NULL, folder_id BIGINT NOT NULL, message_id BIGINT NOT NULL, cn BIGINT NOT NULL,
  op BIGINT NOT NULL DEFAULT 0, columns_lead SMALLINT NOT NULL DEFAULT 1, class BYTES(64) NOT NULL, name BYTES(255),
  generation BIGINT NOT NULL DEFAULT 0, size BIGINT NOT NULL DEFAULT 0, properties BIGINT NOT NULL DEFAULT 0,
  received_us BIGINT, flags BIGINT NOT NULL DEFAULT 0, importance SMALLINT NOT NULL DEFAULT 1, categories LONGBYTES,
  uid BYTES(1000), recurrence_id BYTES(64), date_us BIGINT, date_only SMALLINT NOT NULL DEFAULT 0, sender BYTES(512),
  recipient BYTES(512), subject TEXT(1000), start_us BIGINT, due_us BIGINT, completed_us BIGINT, status SMALLINT,
  percent SMALLINT, priority SMALLINT, owner TEXT(255), location TEXT(500), company TEXT(255), phone TEXT(64),
  email TEXT(320), note LONGTEXT,
  PRIMARY KEY (store_id, folder_id, message_id), UNIQUE (store_id, folder_id, name)KEY_CN) OPTIONS;
CREATE TABLE IF NOT EXISTS mst_chunk (
  store_id BIGINT NOT NULL, generation BIGINT NOT NULL, seq INT NOT NULL, data LONGBYTES NOT NULL,
  PRIMARY KEY (store_id, generation, seq)) OPTIONS;
CREATE TABLE IF NOT EXISTS mst_property (
  store_id BIGINT NOT NULL, message_id BIGINT NOT NULL, part BYTES(255) NOT NULL, name BYTES(1000) NOT NULL,
  value LONGBYTES, PRIMARY KEY (store_id, message_id, part, name)) OPTIONS;
CREATE TABLE IF NOT EXISTS mst_tomb (
  store_id BIGINT NOT NULL, folder_id BIGINT NOT NULL, object_id BIGINT NOT NULL, cn BIGINT NOT NULL,
  op BIGINT NOT NULL DEFAULT 0, since_us BIGINT NOT NULL DEFAULT 0, PRIMARY KEY (store_id, folder_id, object_id)KEY_CN) OPTIONS;
CREATE TABLE IF NOT EXISTS mst_garbage (
  store_id BIGINT NOT NULL, generation BIGINT NOT NULL, since_us BIGINT NOT NULL,
  PRIMARY KEY (store_id, generation)) OPTIONS)sql";

constexpr std::array views{
    R"sql(CREATE VIEW tasks AS SELECT store_id, folder_id, message_id, name, subject, UTC(due_us) AS due,
  CASE status WHEN 0 THEN 'not started' WHEN 1 THEN 'in progress' WHEN 2 THEN 'complete' WHEN 3 THEN 'waiting'
  WHEN 4 THEN 'deferred' END AS status, percent, owner, UTC(start_us) AS start, UTC(completed_us) AS completed, priority
  FROM mst_message WHERE class = 'IPM.Task')sql",
    R"sql(CREATE VIEW mail AS SELECT store_id, folder_id, message_id, name, subject, sender, recipient,
  UTC(date_us) AS date, UTC(received_us) AS received, size, flags, importance
  FROM mst_message WHERE class = 'IPM.Note')sql",
    R"sql(CREATE VIEW events AS SELECT store_id, folder_id, message_id, name, subject, UTC(start_us) AS starts,
  UTC(due_us) AS ends, date_only AS all_day, location, owner
  FROM mst_message WHERE class = 'IPM.Appointment')sql",
    R"sql(CREATE VIEW contacts AS SELECT store_id, folder_id, message_id, name, subject AS full_name, email, phone,
  company FROM mst_message WHERE class = 'IPM.Contact')sql",
};

// The indexes that SQLite does not take as a part of a table.
constexpr std::string_view sqlite_indexes = R"sql(;
CREATE INDEX IF NOT EXISTS mst_message_cn ON mst_message (store_id, folder_id, cn);
CREATE INDEX IF NOT EXISTS mst_tomb_cn ON mst_tomb (store_id, folder_id, cn))sql";

struct Word {
  std::string_view word, sqlite, mariadb;
};

constexpr std::array words{
    Word{"LONGBYTES", "BLOB", "MEDIUMBLOB"},
    Word{"LONGTEXT", "TEXT", "MEDIUMTEXT"},
    Word{"BYTES(", "TEXT(", "VARBINARY("},
    Word{" TEXT(", " TEXT(", " VARCHAR("},
    Word{"KEY_CN", "", ", KEY mst_cn (store_id, folder_id, cn)"},
    Word{" OPTIONS", "", " ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"},
};

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != text.npos; at += to.size()) text.replace(at, from.size(), to);
}

/// `UTC(x)` as each of them has it.
void write_times(std::string& text, Dialect dialect) {
  constexpr std::string_view mark = "UTC(";
  for (std::size_t at = 0; (at = text.find(mark, at)) != text.npos;) {
    const std::size_t end = text.find(')', at);
    const std::string column = text.substr(at + mark.size(), end - at - mark.size());
    text.replace(at, end + 1 - at,
                 dialect == Dialect::sqlite ? "datetime(" + column + " / 1000000, 'unixepoch')"
                                            : "TIMESTAMPADD(MICROSECOND, " + column + ", '1970-01-01 00:00:00')");
  }
}

std::string in_dialect(std::string_view text, Dialect dialect) {
  std::string written{text};
  for (const Word& word : words)
    replace_all(written, word.word, dialect == Dialect::sqlite ? word.sqlite : word.mariadb);
  write_times(written, dialect);
  return written;
}

/// The version of the tables; zero: there are none.
Result<std::int64_t> version_of(Connection& connection, Dialect dialect) {
  const char* is_there = dialect == Dialect::sqlite
                             ? "SELECT COUNT(*) FROM sqlite_master WHERE name = 'mst_meta'"
                             : "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND "
                               "table_name = 'mst_meta'";
  {
    const auto rows = MAPISTORE_TRY(connection.query(is_there, {}));
    MAPISTORE_CHECK(rows->next());
    if (rows->integer(0) == 0) return 0;
  }
  const auto rows = MAPISTORE_TRY(connection.query("SELECT value FROM mst_meta WHERE name = 'schema_version'", {}));
  if (!MAPISTORE_TRY(rows->next())) return 0;
  return rows->integer(0);
}

/// Makes `version + 1` of `version`.
Result<> migrate(Host& host, Connection& connection, const Driver& driver, std::int64_t version) {
  const Dialect dialect = driver.dialect();
  if (version == 0) {
    MAPISTORE_CHECK(connection.run_script(schema_script(dialect)));
    for (const std::string& view : view_scripts(dialect))
      if (auto made = connection.run_script(view); !made)
        host.log(LogLevel::warning, driver.name(), "a view was not made: " + made.error().what);
  }
  const std::string next = std::to_string(version + 1);
  MAPISTORE_CHECK(connection.execute("DELETE FROM mst_meta WHERE name = 'schema_version'", {}));
  MAPISTORE_CHECK(connection.execute("INSERT INTO mst_meta (name, value) VALUES ('schema_version', ?)", {Text{next}}));
  return {};
}

Result<> bring_up_to_date(const Call& call, Host& host, Database& database) {
  const Driver& driver = database.driver();
  const std::int64_t version = MAPISTORE_TRY(database.transact(
      call, Mode::read, [&](Connection& connection, bool) { return version_of(connection, driver.dialect()); }));
  if (version > schema_version)
    return fail(
        Errc::incompatible, driver.name(),
        "has tables of version " + std::to_string(version) + ", and we know up to " + std::to_string(schema_version),
        "use a newer mapistorefs");
  if (version == schema_version) return {};
  if (driver.is_read_only())
    return fail(Errc::read_only, driver.name(), "has no tables, and nobody may make any", "make it writable");
  return database.transact(call, Mode::write, [&](Connection& connection, bool) -> Result<> {
    for (std::int64_t at = MAPISTORE_TRY(version_of(connection, driver.dialect())); at < schema_version; ++at)
      MAPISTORE_CHECK(migrate(host, connection, driver, at));
    return {};
  });
}

Result<std::optional<Store>> find_store(Connection& connection, std::string_view name) {
  const auto rows =
      MAPISTORE_TRY(connection.query("SELECT store_id, born, quota_bytes FROM mst_store WHERE name = ?", {Text{name}}));
  if (!MAPISTORE_TRY(rows->next())) return std::nullopt;
  return Store{rows->integer(0), rows->integer(1), rows->integer(2)};
}

Result<> insert_folder(Connection& connection, std::int64_t store, std::int64_t folder, std::string_view name) {
  MAPISTORE_CHECK(
      connection.execute("INSERT INTO mst_folder (store_id, folder_id, parent_id, name) VALUES (?, ?, ?, ?)",
                         {store, folder, no_folder, Text{name}}));
  return {};
}

}  // namespace

std::string schema_script(Dialect dialect) {
  std::string script = in_dialect(tables, dialect);
  if (dialect == Dialect::sqlite)
    script += std::string(sqlite_indexes) + ";\nPRAGMA application_id=" + std::to_string(sqlite_application_id);
  return script;
}

std::vector<std::string> view_scripts(Dialect dialect) {
  std::vector<std::string> scripts;
  for (const std::string_view view : views) scripts.push_back(in_dialect(view, dialect));
  return scripts;
}

Result<Store> open_store(const Call& call, Host& host, Database& database, std::string_view name, std::int64_t new_id) {
  MAPISTORE_CHECK(bring_up_to_date(call, host, database));
  const auto find = [&](Connection& connection, bool) { return find_store(connection, name); };
  if (auto found = MAPISTORE_TRY(database.transact(call, Mode::read, find))) return *found;
  if (database.driver().is_read_only())
    return fail(Errc::read_only, database.driver().name(), "has no such store, and nobody may make one");
  // The default store has the number that examples can count on.
  const Store store{.id = name.empty() ? 1 : new_id, .born = new_id, .quota = 0};
  const auto made = database.transact(call, Mode::write, [&](Connection& connection, bool) -> Result<> {
    MAPISTORE_CHECK(connection.execute("INSERT INTO mst_store (store_id, name, born) VALUES (?, ?, ?)",
                                       {store.id, Text{name}, store.born}));
    MAPISTORE_CHECK(insert_folder(connection, store.id, root_folder, "/"));
    return insert_folder(connection, store.id, trash_folder, ".trash");
  });
  if (!made && made.error().code != Errc::exists) return std::unexpected(made.error());
  // Another program may have been faster.
  if (auto found = MAPISTORE_TRY(database.transact(call, Mode::read, find))) return *found;
  return fail(Errc::corrupted, database.driver().name(), "a store was made and is not there");
}

}  // namespace mapistore::sql
