// How rows show themselves: as entries and as bytes.
#include <mapistore/conversion.h>
#include <mapistore/summarize.h>

#include "backends/sql/context.h"

namespace mapistore::sql {
namespace {

/// The name that a row's bytes are read and written under, which documents and notes are called by.
std::string name_of(const Row& row) {
  return row.name.empty() ? row.summary.subject + std::string(extension(row.kind)) : row.name;
}

/// What the columns of a row tell, those that a listing reads as well.
Columns columns_in(const Row& row) {
  Columns columns = row.columns;
  const auto maybe = [](const std::string& text) { return text.empty() ? std::nullopt : std::optional(text); };
  columns.subject = maybe(row.summary.subject);
  columns.uid = maybe(row.summary.message_id);
  columns.sender = maybe(row.summary.from);
  columns.recipient = maybe(row.summary.to);
  columns.date_only = row.summary.date_only;
  if (row.kind == MessageKind::mail && !columns.start_us && row.summary.date)
    columns.start_us = to_microseconds(*row.summary.date);
  return columns;
}

}  // namespace

Result<std::string> SqlContext::render(Connection& connection, const Row& row) const {
  Columns wanted = columns_in(row);
  MAPISTORE_CHECK(check(wanted));
  if (row.generation == 0) {
    // What has no UID of its own keeps one while all else about it changes.
    if (!wanted.uid) wanted.uid = std::to_string(row.id) + '.' + std::to_string(store_.born) + "@mapistorefs";
    MessageObject message;
    Columns nothing;
    apply(row.kind, nothing, wanted, message);
    return bytes_of(row.kind, message);
  }
  if (row.size > largest_with_columns)
    return fail(Errc::too_large, "columns_lead", "is set on a message of more than 1 MiB", "set it to 0");
  const std::string bytes = MAPISTORE_TRY(whole_body(connection, store_.id, row.generation, row.size));
  const MessageObject current = properties_of(row.kind, name_of(row), bytes);
  Columns told = columns_of(row.kind, current);
  const Summary summary = summarize(row.kind, name_of(row), std::string_view(bytes).substr(0, summary_window));
  // What these columns were filled with.
  told.subject = fitted(summary.subject, 1000);
  told.uid = summary.message_id;
  told.sender = summary.from;
  told.recipient = summary.to;
  told.date_only = summary.date_only;
  for (auto* text : {&told.subject, &told.uid, &told.sender, &told.recipient})
    if ((*text)->empty()) text->reset();
  if (row.kind == MessageKind::mail)
    told.start_us = summary.date ? std::optional(to_microseconds(*summary.date)) : std::nullopt;
  MessageObject changed = current;
  apply(row.kind, told, wanted, changed);
  return bytes_changed_to(row.kind, name_of(row), bytes, current, changed);
}

Result<Entry> SqlContext::describe(Connection& connection, const Row& row) const {
  Entry entry = entry_of(row);
  if (row.columns_lead) {
    auto bytes = render(connection, row);
    if (!bytes && connection.fault() != Fault::none) return std::unexpected(std::move(bytes).error());
    if (!bytes) {
      log_once(row.id, bytes.error().to_string());
      // What it was before somebody wrote to it is better than nothing.
      if (row.generation == 0) return std::unexpected(std::move(bytes).error());
    } else {
      entry.size = bytes->size();
      entry.summary = summarize(row.kind, name_of(row), std::string_view(*bytes).substr(0, summary_window));
    }
  }
  if (row.properties != 0) entry.properties = MAPISTORE_TRY(read_properties(connection, row.id));
  return entry;
}

Result<std::unique_ptr<Body>> SqlContext::open(const Call& call, const FolderPath& path, const MessageRef& message) {
  MAPISTORE_CHECK(call.check());
  struct Stored {
    Row row;
    std::optional<std::string> bytes;  ///< of a body that a chunk can hold, or that is in none
  };
  auto found = MAPISTORE_TRY(database_->transact(call, Mode::read, [&](Connection& connection, bool) -> Result<Stored> {
    const std::int64_t folder = MAPISTORE_TRY(resolve(connection, path));
    Stored one{MAPISTORE_TRY(find(connection, folder, message.key)), std::nullopt};
    if (one.row.columns_lead) {
      auto rendered = render(connection, one.row);
      if (rendered) {
        one.bytes = *std::move(rendered);
        return one;
      }
      if (connection.fault() != Fault::none || one.row.generation == 0)
        return std::unexpected(std::move(rendered).error());
    }
    if (one.row.size <= chunk_size)
      one.bytes = one.row.generation == 0
                      ? std::string{}
                      : MAPISTORE_TRY(whole_body(connection, store_.id, one.row.generation, one.row.size));
    return one;
  }));
  if (found.bytes) return held_body(*std::move(found.bytes), change_of(found.row));
  return stored_body(database_, store_.id, found.row.generation, found.row.size, change_of(found.row));
}

Result<Entry> SqlContext::inspect(const Call& call, const FolderPath& path, const Key& key) {
  MAPISTORE_CHECK(call.check());
  return database_->transact(call, Mode::read, [&](Connection& connection, bool) -> Result<Entry> {
    const std::int64_t folder = MAPISTORE_TRY(resolve(connection, path));
    return describe(connection, MAPISTORE_TRY(find(connection, folder, key)));
  });
}

}  // namespace mapistore::sql
