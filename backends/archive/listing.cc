#include <charconv>

#include "backends/archive/context.h"
#include "backends/archive/format.h"

namespace mapistore::archive {
namespace {

/// The change number of a cursor "IDENTITY:NUMBER"; 0 if it is of another archive.
std::int64_t number_of(const Cursor& cursor, std::string_view identity) {
  const std::string_view text = cursor.bytes;
  const std::size_t colon = text.find(':');
  std::int64_t number = 0;
  if (colon != text.npos && text.substr(0, colon) == identity)
    std::from_chars(text.data() + colon + 1, text.data() + text.size(), number);
  return number;
}

Result<> tell_gone(sqlite::Database& database, std::int64_t folder, std::int64_t since, ChangeSink& sink) {
  auto query = database.query(
      "SELECT id FROM gone g WHERE folder = ?1 AND changed > ?2 AND NOT EXISTS(SELECT 1 FROM message WHERE id = g.id"
      " AND folder = ?1) AND NOT EXISTS(SELECT 1 FROM folder WHERE id = g.id AND parent = ?1)");
  query.bind(folder).bind(since);
  while (MAPISTORE_TRY(query.step())) MAPISTORE_CHECK(sink.removed(key_of(query.integer(0))));
  return {};
}

Result<> tell_folders(const Archive& archive, sqlite::Database& database, std::int64_t folder, std::int64_t since,
                      ChangeSink& sink) {
  auto query = database.query("SELECT id, name, modified FROM folder WHERE parent = ? AND changed > ? AND id <> ?");
  query.bind(folder).bind(since).bind(trash_folder);
  while (MAPISTORE_TRY(query.step())) {
    const std::int64_t id = query.integer(0);
    const auto name = archive.unseal_text(query.bytes(1));
    MAPISTORE_CHECK(sink.folder({key_of(id), name ? *name : "damaged " + std::to_string(id), std::to_string(id),
                                 Role::none, false, time_of(query.integer(2))}));
  }
  return {};
}

Result<> tell_messages(const Call& call, const Archive& archive, sqlite::Database& database, std::int64_t folder,
                       std::int64_t since, ChangeSink& sink) {
  auto query = database.query("SELECT " MAPISTORE_ARCHIVE_ENTRY " FROM message WHERE folder = ? AND changed > ?");
  query.bind(folder).bind(since);
  while (MAPISTORE_TRY(query.step())) {
    MAPISTORE_CHECK(call.check());
    if (sink.known(key_of(query.integer(0)), change_key(query.integer(2)), {std::to_string(query.integer(3))}))
      continue;
    MAPISTORE_CHECK(sink.message(read_entry(archive, query)));
  }
  return {};
}

}  // namespace

Result<Listing> ArchiveContext::changes(const Call& call, const FolderPath& path, const Cursor& cursor,
                                        ChangeSink& sink) {
  MAPISTORE_CHECK(call.check());
  const auto snapshot = MAPISTORE_TRY(Snapshot::begin(*archive_));
  const std::int64_t folder = MAPISTORE_TRY(find(*snapshot, path));
  std::int64_t number = 0, since = number_of(cursor, archive_->identity());
  {
    auto query = snapshot->query("SELECT value, horizon FROM counter");
    if (!MAPISTORE_TRY(query.step())) return fail(Errc::corrupted, archive_->file().native(), "has lost its counter");
    number = query.integer(0);
    // A copy from a backup is behind its cursors; what is before the horizon is not remembered.
    if (since > number || since < query.integer(1)) since = 0;
  }
  if (since != 0) MAPISTORE_CHECK(tell_gone(*snapshot, folder, since, sink));
  MAPISTORE_CHECK(tell_folders(*archive_, *snapshot, folder, since, sink));
  MAPISTORE_CHECK(tell_messages(call, *archive_, *snapshot, folder, since, sink));
  return Listing{.next = {archive_->identity() + ':' + std::to_string(number)}, .complete = since == 0};
}

}  // namespace mapistore::archive
