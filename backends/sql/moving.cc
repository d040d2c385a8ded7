#include "backends/sql/context.h"

namespace mapistore::sql {

namespace {

std::int64_t bytes_in_chunks(const Row& row) { return row.generation == 0 ? 0 : row.size; }

}  // namespace

Result<> SqlContext::count_changes(Connection& connection, std::int64_t one, std::int64_t other, std::int64_t& one_cn,
                                   std::int64_t& other_cn) const {
  // Always in the same order, so that two moves in opposite directions do not wait for each other.
  if (one <= other) {
    one_cn = MAPISTORE_TRY(count_change(connection, one));
    other_cn = MAPISTORE_TRY(count_change(connection, other));
  } else {
    other_cn = MAPISTORE_TRY(count_change(connection, other));
    one_cn = MAPISTORE_TRY(count_change(connection, one));
  }
  return {};
}

Result<> SqlContext::add_bytes(Connection& connection, std::int64_t folder, std::int64_t added) const {
  MAPISTORE_CHECK(connection.execute("UPDATE mst_folder SET bytes = bytes + ? WHERE store_id = ? AND folder_id = ?",
                                     {added, store_.id, folder}));
  return {};
}

Result<Entry> SqlContext::move(const Call& call, const FolderPath& from, const MessageRef& message,
                               const FolderPath& to, std::string_view name, const MessageRef* replaces) {
  MAPISTORE_CHECK(call.check());
  MAPISTORE_CHECK(check_writable());
  const std::int64_t op = ids_.next(host_.now());
  return database_->transact(call, Mode::write, [&](Connection& connection, bool uncertain) -> Result<Entry> {
    const std::int64_t source = MAPISTORE_TRY(resolve(connection, from));
    const std::int64_t target = MAPISTORE_TRY(resolve(connection, to));
    if (uncertain) {
      const auto there = find(connection, target, message.key);
      if (there && there->op == op) return describe(connection, *there);
    }
    std::int64_t source_cn = 0, target_cn = 0;
    MAPISTORE_CHECK(count_changes(connection, source, target, source_cn, target_cn));
    Row row = MAPISTORE_TRY(find(connection, source, message.key));
    if (source == target && name == row.name) return describe(connection, row);
    if (!(target == trash_folder && source == target)) MAPISTORE_CHECK(check_name(name));
    if (replaces) {
      const Row old = MAPISTORE_TRY(find_unchanged(connection, target, *replaces));
      if (old.id != row.id || source != target) MAPISTORE_CHECK(erase(connection, target, old, target_cn, op));
    }
    row.op = op;
    row.cn = target_cn;
    row.name = name;
    if (target == trash_folder)
      row.name = MAPISTORE_TRY(free_name(connection, target, name, row.id));
    else
      MAPISTORE_CHECK(check_free(connection, target, name, row.id));
    if (source != target) {
      MAPISTORE_CHECK(add_bytes(connection, source, -bytes_in_chunks(row)));
      MAPISTORE_CHECK(add_bytes(connection, target, bytes_in_chunks(row)));
      MAPISTORE_CHECK(bury(connection, source, row.id, source_cn, op));
    }
    MAPISTORE_CHECK(connection.execute(
        "UPDATE mst_message SET folder_id = ?, cn = ?, op = ?, name = ? WHERE store_id = ? AND folder_id = ? AND "
        "message_id = ?",
        {target, row.cn, row.op, Text{row.name}, store_.id, source, row.id}));
    return describe(connection, row);
  });
}

Result<> SqlContext::copy_large(const Call& call, const Row& row, std::int64_t generation) {
  MAPISTORE_CHECK(database_->transact(call, Mode::write, [&](Connection& connection, bool uncertain) -> Result<> {
    auto added = add_garbage(connection, store_.id, generation, host_.now());
    if (!added && uncertain && added.error().code == Errc::exists) return {};
    return added;
  }));
  for (std::int64_t begin = 0; begin < chunk_count(row.size); begin += chunks_at_once) {
    MAPISTORE_CHECK(database_->transact(call, Mode::write, [&](Connection& connection, bool uncertain) -> Result<> {
      if (uncertain)
        MAPISTORE_CHECK(
            connection.execute("DELETE FROM mst_chunk WHERE store_id = ? AND generation = ? AND seq >= ? AND seq < ?",
                               {store_.id, generation, begin, begin + chunks_at_once}));
      return copy_chunks(connection, store_.id, row.generation, generation, begin, begin + chunks_at_once);
    }));
  }
  return {};
}

Result<Entry> SqlContext::copy(const Call& call, const FolderPath& from, const MessageRef& message,
                               const FolderPath& to, std::string_view name) {
  MAPISTORE_CHECK(call.check());
  MAPISTORE_CHECK(check_writable());
  const Time now = host_.now();
  const std::int64_t id = ids_.next(now), op = ids_.next(now), generation = ids_.next(now);
  const auto source_row = [&](Connection& connection, bool) -> Result<Row> {
    return find(connection, MAPISTORE_TRY(resolve(connection, from)), message.key);
  };
  const Row seen = MAPISTORE_TRY(database_->transact(call, Mode::read, source_row));
  MAPISTORE_CHECK(check_name(name));
  const bool is_large = seen.generation != 0 && seen.size > largest_at_once;
  if (is_large) MAPISTORE_CHECK(copy_large(call, seen, generation));
  return database_->transact(call, Mode::write, [&](Connection& connection, bool uncertain) -> Result<Entry> {
    const std::int64_t target = MAPISTORE_TRY(resolve(connection, to));
    if (uncertain) {
      const auto there = find(connection, target, {std::to_string(id)});
      if (there && there->op == op) return describe(connection, *there);
    }
    const std::int64_t cn = MAPISTORE_TRY(count_change(connection, target));
    Row row = MAPISTORE_TRY(source_row(connection, false));
    if (is_large && row.generation != seen.generation) return fail(Errc::stale, message.key.bytes, "has changed");
    const SideProperties properties =
        row.properties == 0 ? SideProperties{} : MAPISTORE_TRY(read_properties(connection, row.id));
    if (row.generation != 0 && !is_large)
      MAPISTORE_CHECK(copy_chunks(connection, store_.id, row.generation, generation, 0, chunk_count(row.size)));
    if (is_large) MAPISTORE_CHECK(claim_garbage(connection, store_.id, generation, now));
    row.id = id;
    row.op = op;
    row.cn = cn;
    row.generation = row.generation == 0 ? 0 : generation;
    row.name = name;
    if (target == trash_folder) row.name = MAPISTORE_TRY(free_name(connection, target, name, id));
    MAPISTORE_CHECK(add_bytes(connection, target, bytes_in_chunks(row)));
    MAPISTORE_CHECK(check_room(connection));
    MAPISTORE_CHECK(insert(connection, store_.id, target, row));
    MAPISTORE_CHECK(write_properties(connection, id, properties));
    return describe(connection, row);
  });
}

}  // namespace mapistore::sql
