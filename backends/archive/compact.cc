#include "backends/archive/compact.h"

#include "backends/archive/contents.h"
#include "backends/archive/file.h"
#include "backends/archive/rows.h"

namespace mapistore::archive {
namespace {

constexpr std::uint64_t batch_size = 500;   // contents that one transaction packs again
constexpr std::int64_t few_messages = 200;  // for whom a dictionary is too much

Result<> clear(Archive& archive, Transaction& transaction) {
  sqlite::Database& database = transaction.database;
  MAPISTORE_CHECK(database.execute(
      "DELETE FROM insertion WHERE content NOT IN (SELECT id FROM content);"
      "DELETE FROM more_frames WHERE content NOT IN (SELECT id FROM content);"
      "CREATE TEMP TABLE IF NOT EXISTS used(id INTEGER PRIMARY KEY, n INTEGER);"
      "DELETE FROM used;"
      "INSERT INTO used SELECT id, sum(n) FROM (SELECT content AS id, count(*) AS n FROM message GROUP BY content"
      " UNION ALL SELECT part, count(*) FROM insertion GROUP BY part) GROUP BY id;"
      "UPDATE content SET uses = coalesce((SELECT n FROM used WHERE id = content.id), 0)"
      " WHERE uses <> coalesce((SELECT n FROM used WHERE id = content.id), 0);"
      "UPDATE content SET unused_since = 0 WHERE uses = 0 AND unused_since IS NULL;"
      "DROP TABLE used;"
      "DELETE FROM gone"));
  transaction.frees = true;
  MAPISTORE_CHECK(database.query("UPDATE counter SET horizon = ?").bind(transaction.next()).run());
  return sweep(archive, transaction, archive.host().now());
}

/// The newest dictionary, to compress with at `level`; null if there is none.
Result<std::shared_ptr<const Dictionary>> newest_dictionary(Archive& archive, sqlite::Database& database, int level) {
  auto query = database.query("SELECT id, bytes FROM dictionary ORDER BY id DESC LIMIT 1");
  if (!MAPISTORE_TRY(query.step())) return nullptr;
  const std::string bytes = MAPISTORE_TRY(archive.vault().unseal(Vault::Use::dictionary, query.bytes(1)));
  return Dictionary::make(query.integer(0), bytes, level);
}

struct Small {
  std::int64_t id = 0, dictionary = 0;
  std::size_t size = 0;
};

/// Contents after `id` that are one frame.
Result<std::vector<Small>> next_small(sqlite::Database& database, std::int64_t id) {
  std::vector<Small> found;
  auto query = database.query(
      "SELECT id, dictionary, length(frame) FROM content c WHERE id > ? AND hash IS NOT NULL AND NOT EXISTS"
      "(SELECT 1 FROM more_frames WHERE content = c.id) ORDER BY id LIMIT ?");
  query.bind(id).bind(batch_size);
  while (MAPISTORE_TRY(query.step()))
    found.push_back({query.integer(0), query.integer(1), static_cast<std::size_t>(query.integer(2))});
  return found;
}

/// Packs a content once more if that makes it smaller. A damaged one stays as it is.
Result<> repack(Archive& archive, Transaction& transaction, const Small& content, const Dictionary* dictionary,
                int level) {
  sqlite::Database& database = transaction.database;
  const auto plain = archive.frame(database, content.id, content.dictionary, 0, "content");
  if (!plain) return plain.error().code == Errc::io ? Result<>{} : std::unexpected(plain.error());
  const Dictionary* with = plain->size() <= dictionary_limit ? dictionary : nullptr;
  const std::string packed = MAPISTORE_TRY(archive.frames().pack(*plain, with, level));
  const std::string stored = archive.vault().seal(Vault::Use::frame, packed);
  if (stored.size() >= content.size) return {};
  return database.query("UPDATE content SET frame = ?, dictionary = ? WHERE id = ?")
      .bind(stored)
      .bind(with != nullptr ? std::optional{with->id()} : std::nullopt)
      .bind(content.id)
      .run();
}

Result<> repack_all(const Call& call, Archive& archive, int level) {
  std::shared_ptr<const Dictionary> dictionary;
  {
    const auto lease = MAPISTORE_TRY(archive.read());
    dictionary = MAPISTORE_TRY(newest_dictionary(archive, *lease, level));
  }
  std::int64_t id = 0;
  for (bool more = true; more;) {
    std::int64_t last = id;
    MAPISTORE_CHECK(archive.write(call, [&](Transaction& transaction) -> Result<> {
      const auto contents = MAPISTORE_TRY(next_small(transaction.database, id));
      for (const Small& content : contents)
        MAPISTORE_CHECK(repack(archive, transaction, content, dictionary.get(), level));
      more = !contents.empty();
      if (more) last = contents.back().id;
      return {};
    }));
    id = last;
  }
  return {};
}

Result<bool> wants_dictionary(sqlite::Database& database) {
  auto query = database.query(
      "SELECT NOT EXISTS(SELECT 1 FROM dictionary) AND (SELECT count(*) FROM content WHERE kind = 0) >= ?");
  query.bind(few_messages);
  return MAPISTORE_TRY(query.step()) && query.integer(0) != 0;
}

}  // namespace

Result<> compact(const Call& call, Archive& archive, int level) {
  MAPISTORE_CHECK(archive.write(call, [&](Transaction& transaction) { return clear(archive, transaction); }));
  bool untrained = false;
  {
    const auto lease = MAPISTORE_TRY(archive.read());
    untrained = MAPISTORE_TRY(wants_dictionary(*lease));
  }
  if (untrained) MAPISTORE_CHECK(archive.train(call));
  MAPISTORE_CHECK(repack_all(call, archive, level));
  const auto database = MAPISTORE_TRY(connect(archive.file(), sqlite::Access::write));
  // Vacuuming copies the whole database: not into memory.
  MAPISTORE_CHECK(database->execute("PRAGMA temp_store = FILE; VACUUM"));
  return database->execute("PRAGMA wal_checkpoint(TRUNCATE)");
}

}  // namespace mapistore::archive
