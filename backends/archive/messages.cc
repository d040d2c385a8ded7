#include <algorithm>
#include <array>

#include "backends/archive/contents.h"
#include "backends/archive/context.h"
#include "backends/archive/ingest.h"
#include "backends/archive/message_bytes.h"

namespace mapistore::archive {
namespace {

constexpr std::size_t piece_size = std::size_t{128} * 1024;  // of a body that is streamed

/// What a message row holds beside its bytes.
struct Row {
  std::int64_t id = 0, folder = 0, content = 0, changed = 0;
  const NewContent& bytes;
  const Draft& draft;
  Time received;
};

Result<> insert(const Archive& archive, sqlite::Database& database, const Row& row) {
  const Summary& summary = row.draft.summary;
  // Only these are known by their file names.
  const bool named = summary.kind == MessageKind::document || summary.kind == MessageKind::note;
  const std::string about = about_of(archive, summary, named ? row.draft.name : "");
  const std::string marks = marks_of(archive, row.draft.state, row.draft.properties);
  auto query = database.query("INSERT INTO message VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  query.bind(row.id).bind(row.folder).bind(row.content).bind(row.bytes.size).bind(version_of(row.bytes.hash));
  query.bind(row.changed).bind(static_cast<int>(summary.kind)).bind(flags_of(row.draft.state));
  query.bind(int{row.draft.state.importance}).bind(nanoseconds(row.received));
  query.bind(summary.date ? std::optional{nanoseconds(*summary.date)} : std::nullopt);
  query.bind(summary.date_only ? 1 : 0);
  archive.bind_text(query, about);
  if (marks.empty())
    query.bind(nullptr);
  else
    archive.bind_text(query, marks);
  return query.run();
}

}  // namespace

Result<Entry> ArchiveContext::inspect(const Call& call, const FolderPath& path, const Key& key) {
  MAPISTORE_CHECK(call.check());
  const auto snapshot = MAPISTORE_TRY(Snapshot::begin(*archive_));
  const std::int64_t folder = MAPISTORE_TRY(find(*snapshot, path));
  return entry(*snapshot, folder, key);
}

Result<std::unique_ptr<Body>> ArchiveContext::open(sqlite::Database& database, std::int64_t folder,
                                                   const Key& key) const {
  const Found found = MAPISTORE_TRY(find(database, folder, key));
  return open_body(archive_, database, found.content, change_key(found.version), object(key));
}

Result<std::unique_ptr<Body>> ArchiveContext::open(const Call& call, const FolderPath& path,
                                                   const MessageRef& message) {
  MAPISTORE_CHECK(call.check());
  const auto snapshot = MAPISTORE_TRY(Snapshot::begin(*archive_));
  return open(*snapshot, MAPISTORE_TRY(find(*snapshot, path)), message.key);
}

Result<Entry> ArchiveContext::save(const Call& call, const FolderPath& path, const Draft& draft,
                                   const MessageRef* replaces) {
  MAPISTORE_CHECK(call.check());
  if (archive_->is_read_only()) return fail(Errc::read_only, archive_->file().native(), "cannot be written to");
  {
    const auto snapshot = MAPISTORE_TRY(Snapshot::begin(*archive_));
    const std::int64_t folder = MAPISTORE_TRY(find(*snapshot, path));
    if (replaces) MAPISTORE_CHECK(find_replaced(*snapshot, folder, *replaces));
  }
  const NewMessage message = MAPISTORE_TRY(pack(call, *archive_, *draft.body));
  Entry saved;
  auto stored = archive_->write(call, [&](Transaction& transaction) -> Result<> {
    sqlite::Database& database = transaction.database;
    const std::int64_t folder = MAPISTORE_TRY(find(database, path));
    const Found old = replaces ? MAPISTORE_TRY(find_replaced(database, folder, *replaces)) : Found{};
    const std::int64_t content = MAPISTORE_TRY(store(transaction, message, now()));
    const std::int64_t number = transaction.next();
    const std::int64_t id = replaces ? old.id : number;
    if (replaces) {
      MAPISTORE_CHECK(database.query("DELETE FROM message WHERE id = ?").bind(id).run());
      MAPISTORE_CHECK(release(*archive_, transaction, old.content, now()));
    }
    MAPISTORE_CHECK(insert(*archive_, database,
                           {.id = id,
                            .folder = folder,
                            .content = content,
                            .changed = number,
                            .bytes = message.whole,
                            .draft = draft,
                            .received = draft.received.value_or(now())}));
    saved = MAPISTORE_TRY(entry(database, folder, key_of(id)));
    return {};
  });
  if (stored) return saved;
  give_up(*archive_, message);
  return std::unexpected(std::move(stored).error());
}

Result<Entry> ArchiveContext::set_state(const Call& call, const FolderPath& path, const MessageRef& message,
                                        const StateChange& change) {
  Entry changed;
  MAPISTORE_CHECK(archive_->write(call, [&](Transaction& transaction) -> Result<> {
    sqlite::Database& database = transaction.database;
    const std::int64_t folder = MAPISTORE_TRY(find(database, path));
    const Entry old = MAPISTORE_TRY(entry(database, folder, message.key));
    const State& state = change.state ? *change.state : old.state;
    const std::string marks = marks_of(*archive_, state, change.properties ? *change.properties : old.properties);
    {
      auto query = database.query(
          "UPDATE message SET changed = ?, flags = ?, importance = ?, received = ?, marks = ? WHERE id = ?");
      query.bind(transaction.next()).bind(flags_of(state)).bind(int{state.importance});
      query.bind(nanoseconds(change.received.value_or(old.received)));
      if (marks.empty())
        query.bind(nullptr);
      else
        archive_->bind_text(query, marks);
      MAPISTORE_CHECK(query.bind(id_of(message.key)).run());
    }
    changed = MAPISTORE_TRY(entry(database, folder, message.key));
    return {};
  }));
  return changed;
}

Result<> ArchiveContext::erase(Transaction& transaction, std::int64_t folder, const Found& found) const {
  MAPISTORE_CHECK(transaction.database.query("DELETE FROM message WHERE id = ?").bind(found.id).run());
  MAPISTORE_CHECK(bury(transaction, folder, found.id, false));
  MAPISTORE_CHECK(release(*archive_, transaction, found.content, now()));
  return sweep(*archive_, transaction, now());
}

Result<> ArchiveContext::remove(const Call& call, const FolderPath& path, const MessageRef& message) {
  return archive_->write(call, [&](Transaction& transaction) -> Result<> {
    const std::int64_t folder = MAPISTORE_TRY(find(transaction.database, path));
    const Found found = MAPISTORE_TRY(find(transaction.database, folder, message.key));
    if (!message.change.bytes.empty() && change_key(found.version) != message.change)
      return fail(Errc::stale, message.key.bytes, "is not what it was");
    return erase(transaction, folder, found);
  });
}

Result<Entry> ArchiveContext::move(const Call& call, const FolderPath& from, const MessageRef& message,
                                   const FolderPath& to, std::string_view, const MessageRef* replaces) {
  Entry moved;
  MAPISTORE_CHECK(archive_->write(call, [&](Transaction& transaction) -> Result<> {
    sqlite::Database& database = transaction.database;
    const std::int64_t source = MAPISTORE_TRY(find(database, from));
    const std::int64_t target = MAPISTORE_TRY(find(database, to));
    const Found found = MAPISTORE_TRY(find(database, source, message.key));
    if (replaces) {
      const Found old = MAPISTORE_TRY(find_replaced(database, target, *replaces));
      if (old.id != found.id) MAPISTORE_CHECK(erase(transaction, target, old));
    }
    if (source != target) {
      MAPISTORE_CHECK(bury(transaction, source, found.id, false));
      MAPISTORE_CHECK(database.query("UPDATE message SET folder = ?, changed = ? WHERE id = ?")
                          .bind(target)
                          .bind(transaction.next())
                          .bind(found.id)
                          .run());
    }
    moved = MAPISTORE_TRY(entry(database, target, message.key));
    return {};
  }));
  return moved;
}

Result<Entry> ArchiveContext::copy(const Call& call, const FolderPath& from, const MessageRef& message,
                                   const FolderPath& to, std::string_view) {
  Entry copied;
  MAPISTORE_CHECK(archive_->write(call, [&](Transaction& transaction) -> Result<> {
    sqlite::Database& database = transaction.database;
    const std::int64_t source = MAPISTORE_TRY(find(database, from));
    const std::int64_t target = MAPISTORE_TRY(find(database, to));
    const Found found = MAPISTORE_TRY(find(database, source, message.key));
    const std::int64_t id = transaction.next();
    MAPISTORE_CHECK(database
                        .query("INSERT INTO message SELECT ?1, ?2, content, size, version, ?1, kind, flags, importance,"
                               " received, date, date_only, about, marks FROM message WHERE id = ?3")
                        .bind(id)
                        .bind(target)
                        .bind(found.id)
                        .run());
    MAPISTORE_CHECK(database.query("UPDATE content SET uses = uses + 1, unused_since = NULL WHERE id = ?")
                        .bind(found.content)
                        .run());
    copied = MAPISTORE_TRY(entry(database, target, key_of(id)));
    return {};
  }));
  return copied;
}

Result<> ArchiveContext::read_many(const Call& call, const FolderPath& path, std::span<const MessageRef> messages,
                                   BodySink& sink) {
  std::vector<std::byte> buffer(piece_size);
  for (std::size_t i = 0; i < messages.size(); ++i) {
    MAPISTORE_CHECK(call.check());
    std::unique_ptr<Body> body;
    {
      const auto snapshot = MAPISTORE_TRY(Snapshot::begin(*archive_));
      auto opened = open(*snapshot, MAPISTORE_TRY(find(*snapshot, path)), messages[i].key);
      if (opened)
        body = std::move(*opened);
      else if (opened.error().code != Errc::not_found && opened.error().code != Errc::io)
        return std::unexpected(std::move(opened.error()));
    }
    if (!body) continue;  // who opens it learns why
    MAPISTORE_CHECK(sink.begin(i, body->change(), body->size()));
    std::uint64_t at = 0;
    bool complete = true;
    while (at < body->size()) {
      const auto count = body->read_at(call, at, buffer);
      if (!count) MAPISTORE_CHECK(call.check());
      complete = count && *count > 0;
      if (!complete) break;
      MAPISTORE_CHECK(sink.data(std::span(buffer).first(*count)));
      at += *count;
    }
    MAPISTORE_CHECK(sink.end(complete));
  }
  return {};
}

}  // namespace mapistore::archive
