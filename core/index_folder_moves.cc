// The journal of folders that were moved to another medium: see FolderMover.

#include "core/index_reader.h"
#include "core/index_row.h"
#include "core/index_writer.h"

namespace mapistore {

Result<> IndexWriter::begin_folder(Fmid parent, std::string_view name) {
  sqlite::Query query = db().query("INSERT OR REPLACE INTO beginnings(parent,name,owner) VALUES(?,?,?)");
  return query.bind(parent.value).bind(name).bind(index_.owner_).run();
}

Result<> IndexWriter::end_beginning(Fmid parent, std::string_view name) {
  return db().query("DELETE FROM beginnings WHERE parent=? AND name=?").bind(parent.value).bind(name).run();
}

Result<> IndexWriter::abandon_beginning(Fmid parent, std::string_view name) {
  return db().query("UPDATE beginnings SET owner=0 WHERE parent=? AND name=?").bind(parent.value).bind(name).run();
}

Result<Fmid> IndexWriter::move_to_medium(const Node& folder, ContextId context, Fmid parent, std::string_view name,
                                         const FolderEntry& entry, Fmid left_in) {
  folders_changed_ = true;
  std::string key, identity;
  {
    sqlite::Query query = db().query("SELECT key,identity FROM objects WHERE fmid=? AND gone IS NULL");
    query.bind(folder.fmid.value);
    if (!MAPISTORE_TRY(query.step())) return fail(Errc::not_found, folder.name);
    key = query.bytes(0);
    identity = query.bytes(1);
  }
  MAPISTORE_CHECK(make_way(parent, name, entry.key, folder.fmid));
  {
    sqlite::Query query = db().query(
        "UPDATE objects SET old_parent=parent,old_name=name,context=?,parent=?,name=?,key=?,identity=?,change_number=?"
        " WHERE fmid=?");
    query.bind(context.value).bind(parent.value).bind(name).bind(entry.key.bytes);
    query.bind(absent_if_empty(entry.identity)).bind(change_number_).bind(folder.fmid.value);
    MAPISTORE_CHECK(query.run());
  }
  const Fmid origin = MAPISTORE_TRY(new_fmid());
  // No directory entry has a slash in its name.
  MAPISTORE_CHECK(insert_folder(origin, folder.context, left_in, "leaving/" + std::to_string(origin.value),
                                {.key = {key}, .display_name = folder.name, .identity = identity,
                                 .modified = folder.modified}, {}));
  MAPISTORE_CHECK(db().query("UPDATE objects SET kind=4 WHERE fmid=?").bind(origin.value).run());
  MAPISTORE_CHECK(db()
                      .query("UPDATE folders SET display_name=?,role=?,listed=1,cursor=NULL WHERE fmid=?")
                      .bind(entry.display_name)
                      .bind(static_cast<int>(entry.role))
                      .bind(folder.fmid.value)
                      .run());
  // Files of this machine go along.
  MAPISTORE_CHECK(db()
                      .query("WITH RECURSIVE local(fmid) AS (SELECT fmid FROM objects WHERE parent=?1 AND kind IN (2,3)"
                             " UNION ALL SELECT o.fmid FROM objects o JOIN local l ON o.parent=l.fmid)"
                             " UPDATE objects SET context=?2 WHERE fmid IN (SELECT fmid FROM local)")
                      .bind(folder.fmid.value)
                      .bind(context.value)
                      .run());
  MAPISTORE_CHECK(db()
                      .query("INSERT INTO folder_moves(folder,origin) VALUES(?,?)")
                      .bind(folder.fmid.value)
                      .bind(origin.value)
                      .run());
  return origin;
}

Result<> IndexWriter::set_home(Fmid fmid, ContextId context, const Entry& entry) {
  sqlite::Query query =
      db().query("UPDATE objects SET context=?,key=?,change=?,state_change=?,identity=?,change_number=? WHERE fmid=?");
  query.bind(context.value).bind(entry.key.bytes).bind(absent_if_empty(entry.change.bytes));
  query.bind(absent_if_empty(entry.state_change.bytes)).bind(absent_if_empty(entry.identity));
  return query.bind(change_number_).bind(fmid.value).run();
}

Result<std::string> IndexWriter::put_back(const Node& message, Fmid origin) {
  std::string name = MAPISTORE_TRY(free_name(origin, message.name, {}, message.fmid));
  sqlite::Query query = db().query("UPDATE objects SET old_parent=parent,old_name=name,parent=?,name=? WHERE fmid=?");
  MAPISTORE_CHECK(query.bind(origin.value).bind(name).bind(message.fmid.value).run());
  MAPISTORE_CHECK(stamp(message.fmid));
  return name;
}

Result<std::vector<Fmid>> IndexWriter::reveal(Fmid origin) {
  folders_changed_ = true;
  std::vector<Fmid> revealed;
  for (Fmid at = origin;;) {
    Fmid parent;
    std::string wanted;
    {
      sqlite::Query query = db().query(
          "SELECT o.parent,f.display_name FROM objects o JOIN folders f ON f.fmid=o.fmid"
          " WHERE o.fmid=? AND o.kind=4 AND o.gone IS NULL");
      query.bind(at.value);
      if (!MAPISTORE_TRY(query.step())) return revealed;
      parent = Fmid{query.unsigned_integer(0)};
      wanted = query.bytes(1);
    }
    const std::string name = MAPISTORE_TRY(free_name(parent, wanted, {}, at));
    MAPISTORE_CHECK(db().query("UPDATE objects SET kind=0,name=? WHERE fmid=?").bind(name).bind(at.value).run());
    MAPISTORE_CHECK(stamp(at));
    MAPISTORE_CHECK(touch_folder(parent));
    revealed.push_back(at);
    at = parent;
  }
}

Result<> IndexWriter::end_folder_move(Fmid folder) {
  return db().query("DELETE FROM folder_moves WHERE folder=?").bind(folder.value).run();
}

Result<Fmid> Index::home(const Node& message) {
  if (MAPISTORE_TRY(folder_facts(message.parent))->context == message.context) return message.parent;
  Reader reader = MAPISTORE_TRY(Reader::lease(*this));
  sqlite::Query query = reader.query("SELECT origin FROM folder_moves WHERE folder=?");
  query.bind(message.parent.value);
  if (!MAPISTORE_TRY(query.step()))
    return fail(Errc::not_found, message.name, "is no longer where its folder was moved from");
  return Fmid{query.unsigned_integer(0)};
}

Result<std::vector<FolderMove>> Index::folder_moves() {
  Reader reader = MAPISTORE_TRY(Reader::lease(*this));
  // Origins are numbered as they are made, those of parents first.
  sqlite::Query query = reader.query("SELECT folder,origin FROM folder_moves ORDER BY origin DESC");
  std::vector<FolderMove> moves;
  while (MAPISTORE_TRY(query.step()))
    moves.push_back({Fmid{query.unsigned_integer(0)}, Fmid{query.unsigned_integer(1)}});
  return moves;
}

Result<std::vector<StoredMessage>> Index::awaiting(const FolderMove& move, Fmid after, std::size_t most) {
  Reader reader = MAPISTORE_TRY(Reader::lease(*this));
  sqlite::Query query =
      reader.query("SELECT " MAPISTORE_MESSAGE_COLUMNS
                   " FROM objects o INDEXED BY objects_by_parent WHERE o.parent=? AND o.fmid>? AND o.gone IS NULL"
                   " AND o.kind=1 AND o.context=(SELECT context FROM objects WHERE fmid=?) ORDER BY o.fmid LIMIT ?");
  query.bind(move.folder.value).bind(after.value).bind(move.origin.value).bind(static_cast<std::uint64_t>(most));
  std::vector<StoredMessage> messages;
  while (MAPISTORE_TRY(query.step())) messages.push_back(read_message(query));
  return messages;
}

Result<StoredMessage> Index::awaiting_at(Fmid origin, const Key& key) {
  Reader reader = MAPISTORE_TRY(Reader::lease(*this));
  sqlite::Query query =
      reader.query("SELECT " MAPISTORE_MESSAGE_COLUMNS
                   " FROM folder_moves m JOIN objects f ON f.fmid=m.origin JOIN objects o ON o.parent=m.folder"
                   " AND o.context=f.context WHERE m.origin=? AND o.key=? AND o.gone IS NULL");
  query.bind(origin.value).bind(key.bytes);
  if (!MAPISTORE_TRY(query.step())) return fail(Errc::not_found, key.bytes);
  return read_message(query);
}

Result<std::uint64_t> Index::count_awaiting(const FolderMove& move) {
  Reader reader = MAPISTORE_TRY(Reader::lease(*this));
  sqlite::Query query = reader.query(
      "SELECT count(*) FROM objects WHERE parent=? AND gone IS NULL AND kind=1"
      " AND context=(SELECT context FROM objects WHERE fmid=?)");
  query.bind(move.folder.value).bind(move.origin.value);
  MAPISTORE_CHECK(query.step());
  return query.unsigned_integer(0);
}

Result<std::vector<Fmid>> Index::leaving_from(Fmid parent) {
  Reader reader = MAPISTORE_TRY(Reader::lease(*this));
  sqlite::Query query = reader.query("SELECT fmid FROM objects WHERE parent=? AND kind=4 AND gone IS NULL");
  query.bind(parent.value);
  std::vector<Fmid> folders;
  while (MAPISTORE_TRY(query.step())) folders.push_back(Fmid{query.unsigned_integer(0)});
  return folders;
}

Result<std::vector<std::pair<Fmid, std::string>>> Index::abandoned_beginnings() {
  Reader reader = MAPISTORE_TRY(Reader::lease(*this));
  sqlite::Query query = reader.query("SELECT parent,name FROM beginnings WHERE owner=0");
  std::vector<std::pair<Fmid, std::string>> beginnings;
  while (MAPISTORE_TRY(query.step())) beginnings.emplace_back(Fmid{query.unsigned_integer(0)}, query.bytes(1));
  return beginnings;
}

}  // namespace mapistore
