#include "backends/sql/context.h"

namespace mapistore::sql {
namespace {

std::unexpected<Error> must_stay(std::string_view what) { return fail(Errc::not_permitted, {}, what); }

}  // namespace

Result<FolderEntry> SqlContext::read_folder(Connection& connection, std::int64_t folder) const {
  const auto rows = MAPISTORE_TRY(connection.query(
      "SELECT name, modified_us FROM mst_folder WHERE store_id = ? AND folder_id = ?", {store_.id, folder}));
  if (!MAPISTORE_TRY(rows->next())) return fail(Errc::not_found, std::to_string(folder), "no such folder");
  const std::string id = std::to_string(folder);
  return FolderEntry{{id}, std::string(rows->bytes(0)), id, Role::none, false, from_microseconds(rows->integer(1))};
}

Result<> SqlContext::check_free_folder(Connection& connection, std::int64_t parent, std::string_view name,
                                       std::int64_t own_id) const {
  const auto rows = MAPISTORE_TRY(
      connection.query("SELECT folder_id FROM mst_folder WHERE store_id = ? AND parent_id = ? AND name = ?",
                       {store_.id, parent, Text{name}}));
  if (MAPISTORE_TRY(rows->next()) && rows->integer(0) != own_id)
    return fail(Errc::exists, fitted(name, 255), "there is a folder of this name");
  return {};
}

Result<FolderEntry> SqlContext::create_folder(const Call& call, const FolderPath& parent,
                                              std::string_view display_name) {
  MAPISTORE_CHECK(call.check());
  MAPISTORE_CHECK(check_writable());
  const std::int64_t id = ids_.next(host_.now());
  return database_->transact(call, Mode::write, [&](Connection& connection, bool uncertain) -> Result<FolderEntry> {
    const std::int64_t above = MAPISTORE_TRY(resolve(connection, parent));
    MAPISTORE_CHECK(check_name(display_name));
    if (uncertain)
      if (auto there = read_folder(connection, id)) return there;
    const std::int64_t cn = MAPISTORE_TRY(count_change(connection, above));
    MAPISTORE_CHECK(check_free_folder(connection, above, display_name, id));
    MAPISTORE_CHECK(
        connection.execute("INSERT INTO mst_folder (store_id, folder_id, parent_id, name, parent_cn, modified_us) "
                           "VALUES (?, ?, ?, ?, ?, ?)",
                           {store_.id, id, above, Text{display_name}, cn, to_microseconds(host_.now())}));
    return read_folder(connection, id);
  });
}

Result<> SqlContext::check_no_loop(Connection& connection, std::int64_t folder, std::int64_t new_parent) const {
  constexpr int deepest = 10'000;  // rows written by hand may go round in circles
  std::int64_t at = new_parent;
  for (int depth = 0; at != no_folder && depth < deepest; ++depth) {
    if (at == folder) return fail(Errc::invalid_argument, {}, "a folder cannot move into itself");
    const auto rows = MAPISTORE_TRY(
        connection.query("SELECT parent_id FROM mst_folder WHERE store_id = ? AND folder_id = ?", {store_.id, at}));
    at = MAPISTORE_TRY(rows->next()) ? rows->integer(0) : no_folder;
  }
  return {};
}

Result<FolderEntry> SqlContext::rename_folder(const Call& call, const FolderPath& path, const FolderPath& new_parent,
                                              std::string_view new_name) {
  MAPISTORE_CHECK(call.check());
  MAPISTORE_CHECK(check_writable());
  if (path.empty() || path == trash()) return must_stay("this folder must keep its name");
  const std::int64_t op = ids_.next(host_.now());
  return database_->transact(call, Mode::write, [&](Connection& connection, bool uncertain) -> Result<FolderEntry> {
    if (uncertain) {
      // What has moved already is at its new place.
      FolderPath moved = new_parent;
      moved.push_back(path.back());
      if (const auto there = resolve(connection, moved)) {
        const auto entry = read_folder(connection, *there);
        if (entry && entry->display_name == new_name) return entry;
      }
    }
    const std::int64_t folder = MAPISTORE_TRY(resolve(connection, path));
    const std::int64_t source = MAPISTORE_TRY(resolve(connection, parent_of(path)));
    const std::int64_t target = MAPISTORE_TRY(resolve(connection, new_parent));
    MAPISTORE_CHECK(check_name(new_name));
    std::int64_t source_cn = 0, target_cn = 0;
    MAPISTORE_CHECK(count_changes(connection, source, target, source_cn, target_cn));
    MAPISTORE_CHECK(check_no_loop(connection, folder, target));
    MAPISTORE_CHECK(check_free_folder(connection, target, new_name, folder));
    MAPISTORE_CHECK(connection.execute(
        "UPDATE mst_folder SET parent_id = ?, name = ?, parent_cn = ?, modified_us = ? WHERE store_id = ? AND "
        "folder_id = ?",
        {target, Text{new_name}, target_cn, to_microseconds(host_.now()), store_.id, folder}));
    if (source != target) MAPISTORE_CHECK(bury(connection, source, folder, source_cn, op));
    return read_folder(connection, folder);
  });
}

Result<> SqlContext::remove_folder(const Call& call, const FolderPath& path) {
  MAPISTORE_CHECK(call.check());
  MAPISTORE_CHECK(check_writable());
  if (path.empty() || path == trash()) return must_stay("this folder must stay");
  const std::int64_t op = ids_.next(host_.now());
  return database_->transact(call, Mode::write, [&](Connection& connection, bool uncertain) -> Result<> {
    const std::int64_t parent = MAPISTORE_TRY(resolve(connection, parent_of(path)));
    const auto folder = resolve(connection, path);
    if (!folder && uncertain && MAPISTORE_TRY(was_buried(connection, parent, op))) return {};
    if (!folder) return std::unexpected(folder.error());
    std::int64_t parent_cn = 0, own_cn = 0;
    // Whoever is about to put something into it waits, and then finds it gone.
    MAPISTORE_CHECK(count_changes(connection, parent, *folder, parent_cn, own_cn));
    for (const char* sql : {"SELECT 1 FROM mst_message WHERE store_id = ? AND folder_id = ? LIMIT 1",
                            "SELECT 1 FROM mst_folder WHERE store_id = ? AND parent_id = ? LIMIT 1"}) {
      const auto rows = MAPISTORE_TRY(connection.query(sql, {store_.id, *folder}));
      if (MAPISTORE_TRY(rows->next())) return fail(Errc::not_empty, path.back().bytes, "has messages or folders in it");
    }
    MAPISTORE_CHECK(
        connection.execute("DELETE FROM mst_folder WHERE store_id = ? AND folder_id = ?", {store_.id, *folder}));
    MAPISTORE_CHECK(
        connection.execute("DELETE FROM mst_tomb WHERE store_id = ? AND folder_id = ?", {store_.id, *folder}));
    return bury(connection, parent, *folder, parent_cn, op);
  });
}

}  // namespace mapistore::sql
