#include "backends/archive/contents.h"

#include <algorithm>

namespace mapistore::archive {
namespace {

constexpr std::chrono::nanoseconds grace = std::chrono::hours{1};

std::int64_t number_of(Time time) noexcept { return time.time_since_epoch().count(); }

Result<std::int64_t> find(sqlite::Database& database, const NewContent& content) {
  auto query = database.query(
      "SELECT id FROM content WHERE substr(hash, 1, 8) = substr(?1, 1, 8) AND hash = ?1 AND hash IS NOT NULL"
      " AND kind = ?2 AND size = ?3");
  query.bind(view(content.hash)).bind(static_cast<int>(content.kind)).bind(content.size);
  return MAPISTORE_TRY(query.step()) ? query.integer(0) : 0;
}

Result<> remove_rows(sqlite::Database& database, std::int64_t id) {
  MAPISTORE_CHECK(database.query("DELETE FROM more_frames WHERE content = ?").bind(id).run());
  MAPISTORE_CHECK(database.query("DELETE FROM insertion WHERE content = ?").bind(id).run());
  return database.query("DELETE FROM content WHERE id = ?").bind(id).run();
}

Result<> write_frames(sqlite::Database& database, const NewContent& content, std::int64_t id, Time now) {
  std::int64_t number = content.written;
  for (const std::string& frame : content.frames) {
    if (number == 0) {
      auto query = database.query("INSERT INTO content VALUES(?, ?, NULL, 0, 0, ?, ?, ?)");
      query.bind(id).bind(static_cast<int>(content.kind)).bind(number_of(now));
      query.bind(content.dictionary != 0 ? std::optional{content.dictionary} : std::nullopt).bind(frame);
      MAPISTORE_CHECK(query.run());
    } else {
      MAPISTORE_CHECK(
          database.query("INSERT INTO more_frames VALUES(?, ?, ?)").bind(id).bind(number).bind(frame).run());
    }
    ++number;
  }
  return {};
}

/// Whether the content whose frames were just added still had its row.
Result<> check_kept(const sqlite::Database& database) {
  if (database.changes() == 1) return {};
  return fail(Errc::busy, {}, "took so long to come that its beginning was swept away", "save it again");
}

Result<> discard(Transaction& transaction, const NewContent& content) {
  if (content.id == 0) return {};
  transaction.frees = true;
  return remove_rows(transaction.database, content.id);
}

/// The content of these bytes, with one use more.
Result<std::int64_t> use(Transaction& transaction, const NewContent& content, Time now, bool& is_new) {
  sqlite::Database& database = transaction.database;
  std::int64_t id = MAPISTORE_TRY(find(database, content));
  is_new = id == 0;
  if (!is_new) {
    MAPISTORE_CHECK(discard(transaction, content));
    MAPISTORE_CHECK(
        database.query("UPDATE content SET uses = uses + 1, unused_since = NULL WHERE id = ?").bind(id).run());
    return id;
  }
  id = content.id != 0 ? content.id : transaction.next();
  if (content.written == 0 && content.frames.size() == 1) {
    auto query = database.query("INSERT INTO content VALUES(?, ?, ?, ?, 1, NULL, ?, ?)");
    query.bind(id).bind(static_cast<int>(content.kind)).bind(view(content.hash)).bind(content.size);
    query.bind(content.dictionary != 0 ? std::optional{content.dictionary} : std::nullopt).bind(content.frames[0]);
    MAPISTORE_CHECK(query.run());
    return id;
  }
  MAPISTORE_CHECK(write_frames(database, content, id, now));
  MAPISTORE_CHECK(database.query("UPDATE content SET hash = ?, size = ?, uses = 1, unused_since = NULL WHERE id = ?")
                      .bind(view(content.hash))
                      .bind(content.size)
                      .bind(id)
                      .run());
  MAPISTORE_CHECK(check_kept(database));
  return id;
}

/// Removes a content, and the parts that nothing else uses.
Result<> remove(Archive& archive, Transaction& transaction, std::int64_t id, Time now) {
  std::vector<std::int64_t> parts;
  {
    auto query = transaction.database.query("SELECT part FROM insertion WHERE content = ?");
    query.bind(id);
    while (MAPISTORE_TRY(query.step())) parts.push_back(query.integer(0));
  }
  MAPISTORE_CHECK(remove_rows(transaction.database, id));
  transaction.frees = true;
  for (const std::int64_t part : parts) MAPISTORE_CHECK(release(archive, transaction, part, now));
  return {};
}

}  // namespace

Result<std::int64_t> store(Transaction& transaction, const NewMessage& message, Time now) {
  bool is_new = false;
  const std::int64_t whole = MAPISTORE_TRY(use(transaction, message.whole, now, is_new));
  if (!is_new) {
    for (const NewContent& part : message.parts) MAPISTORE_CHECK(discard(transaction, part));
    return whole;
  }
  ++transaction.fresh;
  std::vector<std::int64_t> parts;
  for (const NewContent& part : message.parts) parts.push_back(MAPISTORE_TRY(use(transaction, part, now, is_new)));
  for (const NewContent::Insertion& insertion : message.insertions) {
    auto query = transaction.database.query("INSERT INTO insertion VALUES(?, ?, ?, ?, ?, ?, ?, ?)");
    query.bind(whole).bind(insertion.offset).bind(insertion.size).bind(parts[insertion.part]);
    query.bind(static_cast<int>(insertion.layout.coding)).bind(insertion.layout.width);
    query.bind_text(insertion.layout.line_end).bind_text(insertion.layout.prefix);
    MAPISTORE_CHECK(query.run());
  }
  return whole;
}

Result<> spill(Transaction& transaction, const NewContent& content, std::int64_t id, Time now) {
  MAPISTORE_CHECK(write_frames(transaction.database, content, id, now));
  MAPISTORE_CHECK(transaction.database.query("UPDATE content SET unused_since = ? WHERE id = ?")
                      .bind(number_of(now))
                      .bind(id)
                      .run());
  return check_kept(transaction.database);
}

Result<> discard(Transaction& transaction, const NewMessage& message) {
  MAPISTORE_CHECK(discard(transaction, message.whole));
  for (const NewContent& part : message.parts) MAPISTORE_CHECK(discard(transaction, part));
  return {};
}

Result<> release(Archive& archive, Transaction& transaction, std::int64_t content, Time now) {
  sqlite::Database& database = transaction.database;
  MAPISTORE_CHECK(database.query("UPDATE content SET uses = uses - 1 WHERE id = ?").bind(content).run());
  bool unused = false, small = false, part = false;
  {
    auto query = database.query("SELECT uses, size, kind FROM content WHERE id = ?");
    query.bind(content);
    if (!MAPISTORE_TRY(query.step())) return {};
    unused = query.integer(0) <= 0;
    small = query.unsigned_integer(1) <= whole_limit;
    part = query.integer(2) == static_cast<int>(ContentKind::part);
  }
  if (!unused) return {};
  // A part goes with its message, which nobody reads any more.
  if (small || part) return remove(archive, transaction, content, now);
  return database.query("UPDATE content SET unused_since = ? WHERE id = ?").bind(number_of(now)).bind(content).run();
}

Result<> sweep(Archive& archive, Transaction& transaction, Time now) {
  std::vector<std::int64_t> unused;
  {
    auto query = transaction.database.query("SELECT id FROM content WHERE unused_since <= ?");
    query.bind(number_of(now - grace));
    while (MAPISTORE_TRY(query.step())) unused.push_back(query.integer(0));
  }
  for (const std::int64_t id : unused)
    if (!archive.is_pinned(id)) MAPISTORE_CHECK(remove(archive, transaction, id, now));
  return {};
}

}  // namespace mapistore::archive
