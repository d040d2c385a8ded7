#include <charconv>
#include <vector>

#include "backends/sql/context.h"

namespace mapistore::sql {
namespace {

/// "BORN:CN". Zero if it is of another store, or of a future that a restored backup has not seen.
std::int64_t cn_of(const Cursor& cursor, std::int64_t born, std::int64_t now) {
  const std::string_view text = cursor.bytes;
  const std::size_t colon = text.find(':');
  std::int64_t cn = 0;
  if (colon == text.npos || text.substr(0, colon) != std::to_string(born)) return 0;
  const auto [end, error] = std::from_chars(text.data() + colon + 1, text.data() + text.size(), cn);
  return error == std::errc{} && end == text.data() + text.size() && cn <= now ? cn : 0;
}

}  // namespace

/// One listing: what it is asked for, and which rows take more than their own columns.
struct SqlContext::ListingRun {
  const Call& call;
  Connection& connection;
  ChangeSink& sink;
  std::int64_t folder = 0;
  std::int64_t since = 0;
  bool led_by_columns = false;           ///< some rows are
  std::vector<std::int64_t> one_by_one{};  ///< ids of those with more rows in other tables

  Result<> report(Entry entry) const {
    if (sink.known(entry.key, entry.change, entry.state_change)) return {};
    return sink.message(std::move(entry));
  }
};

Result<Listing> SqlContext::changes(const Call& call, const FolderPath& path, const Cursor& cursor, ChangeSink& sink) {
  MAPISTORE_CHECK(call.check());
  // Not tried again once something was reported.
  bool has_begun = false;
  return database_->transact(call, Mode::read, [&](Connection& connection, bool) -> Result<Listing> {
    if (has_begun) return fail(Errc::disconnected, database_->driver().name(), "the listing was cut");
    const std::int64_t folder = MAPISTORE_TRY(resolve(connection, path));
    std::int64_t now = 0, purged = 0;
    {
      const auto rows = MAPISTORE_TRY(connection.query(
          "SELECT cn, purged_cn FROM mst_folder WHERE store_id = ? AND folder_id = ?", {store_.id, folder}));
      if (!MAPISTORE_TRY(rows->next())) return fail(Errc::not_found, std::to_string(folder), "no such folder");
      now = rows->integer(0);
      purged = rows->integer(1);
    }
    has_begun = true;
    ListingRun run{.call = call, .connection = connection, .sink = sink, .folder = folder};
    run.since = cn_of(cursor, store_.born, now);
    const bool from_the_beginning = run.since == 0 || run.since < purged;
    if (from_the_beginning) run.since = -1;
    if (!from_the_beginning) MAPISTORE_CHECK(list_removed(run));
    MAPISTORE_CHECK(list_folders(run));
    MAPISTORE_CHECK(list_messages(run));
    if (run.led_by_columns) MAPISTORE_CHECK(list_led_by_columns(run));
    MAPISTORE_CHECK(list_one_by_one(run));
    return Listing{.next = {std::to_string(store_.born) + ':' + std::to_string(now)}, .complete = from_the_beginning};
  });
}

Result<> SqlContext::list_removed(ListingRun& run) const {
  const auto rows = MAPISTORE_TRY(run.connection.query(
      "SELECT t.object_id FROM mst_tomb t WHERE t.store_id = ? AND t.folder_id = ? AND t.cn > ? AND NOT EXISTS "
      "(SELECT 1 FROM mst_message m WHERE m.store_id = t.store_id AND m.folder_id = t.folder_id AND "
      "m.message_id = t.object_id) AND NOT EXISTS (SELECT 1 FROM mst_folder f WHERE f.store_id = t.store_id AND "
      "f.folder_id = t.object_id AND f.parent_id = t.folder_id)",
      {store_.id, run.folder, run.since}));
  while (MAPISTORE_TRY(rows->next())) MAPISTORE_CHECK(run.sink.removed({std::to_string(rows->integer(0))}));
  return {};
}

Result<> SqlContext::list_folders(ListingRun& run) const {
  const auto rows = MAPISTORE_TRY(run.connection.query(
      "SELECT folder_id, name, modified_us FROM mst_folder WHERE store_id = ? AND parent_id = ? AND parent_cn > ?",
      {store_.id, run.folder, run.since}));
  while (MAPISTORE_TRY(rows->next())) {
    MAPISTORE_CHECK(run.call.check());
    const std::string id = std::to_string(rows->integer(0));
    if (auto valid = check_name(rows->bytes(1)); !valid) {
      log_once(rows->integer(0), "the name of this folder " + valid.error().what + ": it is not shown");
      continue;
    }
    MAPISTORE_CHECK(run.sink.folder(
        {{id}, std::string(rows->bytes(1)), id, Role::none, false, from_microseconds(rows->integer(2))}));
  }
  return {};
}

Result<> SqlContext::list_messages(ListingRun& run) const {
  // All of a folder lies together in the table; by the index on `cn` each row would be looked for on its own.
  const auto rows = MAPISTORE_TRY(
      run.since < 0 ? run.connection.query("SELECT " MAPISTORE_SQL_LISTED
                                           " FROM mst_message WHERE store_id = ? AND folder_id = ?",
                                           {store_.id, run.folder})
                    : run.connection.query("SELECT " MAPISTORE_SQL_LISTED
                                           " FROM mst_message WHERE store_id = ? AND folder_id = ? AND cn > ?",
                                           {store_.id, run.folder, run.since}));
  while (MAPISTORE_TRY(rows->next())) {
    Row row;
    MAPISTORE_CHECK(run.call.check());
    if (auto read = read_listed(*rows, row); !read) {
      log_once(row.id, read.error().to_string() + ": it is not shown");
    } else if (row.properties != 0 || (row.columns_lead && row.generation != 0)) {
      run.one_by_one.push_back(row.id);
    } else if (row.columns_lead) {
      run.led_by_columns = true;
    } else {
      MAPISTORE_CHECK(run.report(entry_of(std::move(row))));
    }
  }
  return {};
}

Result<> SqlContext::list_led_by_columns(ListingRun& run) const {
  const auto rows = MAPISTORE_TRY(run.connection.query(
      "SELECT " MAPISTORE_SQL_LISTED ", " MAPISTORE_SQL_TYPED
      " FROM mst_message WHERE store_id = ? AND folder_id = ? AND cn > ? AND columns_lead <> 0 AND generation = 0 AND "
      "properties = 0",
      {store_.id, run.folder, run.since}));
  Row row;
  while (MAPISTORE_TRY(rows->next())) {
    MAPISTORE_CHECK(run.call.check());
    if (!read_listed(*rows, row)) continue;  // named already
    read_typed(*rows, row);
    auto entry = describe(run.connection, row);
    if (entry) MAPISTORE_CHECK(run.report(*std::move(entry)));  // else it was named by `describe`
  }
  return {};
}

Result<> SqlContext::list_one_by_one(ListingRun& run) const {
  for (const std::int64_t id : run.one_by_one) {
    MAPISTORE_CHECK(run.call.check());
    const Row row = MAPISTORE_TRY(find(run.connection, run.folder, {std::to_string(id)}));
    auto entry = describe(run.connection, row);
    if (!entry && run.connection.fault() != Fault::none) return std::unexpected(std::move(entry).error());
    if (entry) MAPISTORE_CHECK(run.report(*std::move(entry)));
  }
  return {};
}

}  // namespace mapistore::sql
