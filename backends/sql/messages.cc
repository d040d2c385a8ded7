#include <mapistore/conversion.h>
#include <mapistore/summarize.h>

#include "backends/sql/context.h"

namespace mapistore::sql {
namespace {

/// Which kinds have columns that a summary does not fill.
bool has_columns(MessageKind kind) {
  return kind == MessageKind::task || kind == MessageKind::appointment || kind == MessageKind::contact ||
         kind == MessageKind::journal;
}

/// As what is listed later will be.
Summary stored(const Summary& summary) {
  Summary kept = summary;
  kept.message_id.resize(std::min<std::size_t>(kept.message_id.size(), 1000));
  kept.recurrence_id.resize(std::min<std::size_t>(kept.recurrence_id.size(), 64));
  kept.from.resize(std::min<std::size_t>(kept.from.size(), 512));
  kept.to.resize(std::min<std::size_t>(kept.to.size(), 512));
  kept.subject = fitted(kept.subject, 1000);
  if (kept.date) kept.date = from_microseconds(to_microseconds(*kept.date));
  return kept;
}

Result<Columns> read_columns(const Call& call, const Draft& draft) {
  const MessageKind kind = draft.summary.kind;
  if (!has_columns(kind) || draft.body->size() > largest_with_columns) return Columns{};
  std::string bytes(draft.body->size(), '\0');
  const std::size_t count = MAPISTORE_TRY(draft.body->read_at(call, 0, std::as_writable_bytes(std::span(bytes))));
  bytes.resize(count);
  return columns_of(kind, properties_of(kind, draft.name, bytes));
}

}  // namespace

Result<> SqlContext::upload(const Call& call, std::int64_t generation, Body& body) {
  MAPISTORE_CHECK(database_->transact(call, Mode::write, [&](Connection& connection, bool uncertain) -> Result<> {
    auto added = add_garbage(connection, store_.id, generation, host_.now());
    if (!added && uncertain && added.error().code == Errc::exists) return {};
    return added;
  }));
  const std::int64_t count = chunk_count(static_cast<std::int64_t>(body.size()));
  for (std::int64_t begin = 0; begin < count; begin += chunks_at_once) {
    const std::int64_t end = std::min(begin + chunks_at_once, count);
    MAPISTORE_CHECK(database_->transact(call, Mode::write, [&](Connection& connection, bool uncertain) -> Result<> {
      if (uncertain)
        MAPISTORE_CHECK(
            connection.execute("DELETE FROM mst_chunk WHERE store_id = ? AND generation = ? AND seq >= ? AND seq < ?",
                               {store_.id, generation, begin, end}));
      return write_chunks(call, connection, store_.id, generation, body, begin, end);
    }));
  }
  return {};
}

Result<Entry> SqlContext::save(const Call& call, const FolderPath& path, const Draft& draft,
                               const MessageRef* replaces) {
  MAPISTORE_CHECK(call.check());
  MAPISTORE_CHECK(check_writable());
  MAPISTORE_CHECK(check_name(draft.name));
  const Time now = host_.now();
  Row wanted{.id = ids_.next(now),
             .cn = 0,
             .op = ids_.next(now),
             .columns_lead = false,
             .kind = draft.summary.kind,
             .name = draft.name,
             .generation = ids_.next(now),
             .size = static_cast<std::int64_t>(draft.body->size()),
             .properties = static_cast<std::int64_t>(draft.properties.size()),
             .received_us = to_microseconds(draft.received.value_or(now)),
             .state = draft.state,
             .summary = stored(draft.summary),
             .columns = MAPISTORE_TRY(read_columns(call, draft))};
  const bool is_large = wanted.size > largest_at_once;
  if (is_large) {
    // What cannot be saved is not sent first.
    MAPISTORE_CHECK(database_->transact(call, Mode::read, [&](Connection& connection, bool) -> Result<> {
      const std::int64_t folder = MAPISTORE_TRY(resolve(connection, path));
      if (replaces) MAPISTORE_CHECK(find_unchanged(connection, folder, *replaces));
      return {};
    }));
    MAPISTORE_CHECK(upload(call, wanted.generation, *draft.body));
  }
  return database_->transact(call, Mode::write, [&](Connection& connection, bool uncertain) -> Result<Entry> {
    const std::int64_t folder = MAPISTORE_TRY(resolve(connection, path));
    Row row = wanted;
    if (uncertain) {
      const auto there = find(connection, folder, replaces ? replaces->key : Key{std::to_string(row.id)});
      if (there && there->op == row.op) return describe(connection, *there);
    }
    // Before the folder is locked: this is what takes time.
    if (!is_large)
      MAPISTORE_CHECK(write_chunks(call, connection, store_.id, row.generation, *draft.body, 0, chunk_count(row.size)));
    // The folder's number is asked for first: whoever else changes it waits, so what is checked stays true.
    row.cn = MAPISTORE_TRY(count_change(connection, folder, row.size));
    if (replaces) {
      const Row old = MAPISTORE_TRY(find_unchanged(connection, folder, *replaces));
      row.id = old.id;
      MAPISTORE_CHECK(forget(connection, folder, old));
    }
    if (folder == trash_folder) row.name = MAPISTORE_TRY(free_name(connection, folder, row.name, row.id));
    MAPISTORE_CHECK(check_room(connection));
    MAPISTORE_CHECK(insert(connection, store_.id, folder, row));
    if (is_large) MAPISTORE_CHECK(claim_garbage(connection, store_.id, row.generation, now));
    MAPISTORE_CHECK(write_properties(connection, row.id, draft.properties));
    Entry entry = entry_of(std::move(row));
    entry.properties = draft.properties;
    return entry;
  });
}

Result<Entry> SqlContext::set_state(const Call& call, const FolderPath& path, const MessageRef& message,
                                    const StateChange& change) {
  MAPISTORE_CHECK(call.check());
  MAPISTORE_CHECK(check_writable());
  return database_->transact(call, Mode::write, [&](Connection& connection, bool) -> Result<Entry> {
    const std::int64_t folder = MAPISTORE_TRY(resolve(connection, path));
    const std::int64_t cn = MAPISTORE_TRY(count_change(connection, folder));
    Row row = MAPISTORE_TRY(find(connection, folder, message.key));
    row.cn = cn;
    if (change.state) row.state = *change.state;
    if (change.received) row.received_us = to_microseconds(*change.received);
    if (change.properties) {
      MAPISTORE_CHECK(
          connection.execute("DELETE FROM mst_property WHERE store_id = ? AND message_id = ?", {store_.id, row.id}));
      MAPISTORE_CHECK(write_properties(connection, row.id, *change.properties));
      row.properties = static_cast<std::int64_t>(change.properties->size());
    }
    const std::string categories = categories_text(row.state.categories);
    MAPISTORE_CHECK(connection.execute(
        "UPDATE mst_message SET cn = ?, received_us = ?, flags = ?, importance = ?, categories = ?, properties = ? "
        "WHERE store_id = ? AND folder_id = ? AND message_id = ?",
        {row.cn, row.received_us, flags_of(row.state), int{row.state.importance},
         categories.empty() ? Value{nullptr} : Value{std::string_view{categories}}, row.properties, store_.id, folder,
         row.id}));
    return describe(connection, row);
  });
}

Result<> SqlContext::remove(const Call& call, const FolderPath& path, const MessageRef& message) {
  MAPISTORE_CHECK(call.check());
  MAPISTORE_CHECK(check_writable());
  const std::int64_t op = ids_.next(host_.now());
  return database_->transact(call, Mode::write, [&](Connection& connection, bool uncertain) -> Result<> {
    const std::int64_t folder = MAPISTORE_TRY(resolve(connection, path));
    const std::int64_t cn = MAPISTORE_TRY(count_change(connection, folder));
    const auto row = find(connection, folder, message.key);
    if (!row && uncertain && row.error().code == Errc::not_found && MAPISTORE_TRY(was_buried(connection, folder, op)))
      return {};
    if (!row) return std::unexpected(row.error());
    if (!message.change.bytes.empty() && change_of(*row) != message.change)
      return fail(Errc::stale, message.key.bytes, "is not what it was");
    return erase(connection, folder, *row, cn, op);
  });
}

Result<bool> SqlContext::was_buried(Connection& connection, std::int64_t folder, std::int64_t op) const {
  const auto rows = MAPISTORE_TRY(connection.query(
      "SELECT 1 FROM mst_tomb WHERE store_id = ? AND folder_id = ? AND op = ?", {store_.id, folder, op}));
  return rows->next();
}

}  // namespace mapistore::sql
