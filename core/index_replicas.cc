// What another medium has of a context's objects: see Replica and Switcher.

#include "core/index_reader.h"
#include "core/index_row.h"
#include "core/index_writer.h"

namespace mapistore {

namespace {

#define MAPISTORE_REPLICA_COLUMNS                                                                                     \
  "r.fmid,r.context,r.is_folder,r.parent,r.name,r.key,r.change,r.state_change,r.size,r.size_trust,r.identity,r.role," \
  "r.special,r.source,r.mark"

ReplicaRow read_replica(const sqlite::Query& query) {
  ReplicaRow row;
  row.fmid = Fmid{query.unsigned_integer(0)};
  row.context = ContextId{static_cast<std::uint32_t>(query.integer(1))};
  row.is_folder = query.integer(2) != 0;
  row.parent = Fmid{query.unsigned_integer(3)};
  row.name = query.bytes(4);
  row.ref = {Key{std::string(query.bytes(5))}, ChangeKey{std::string(query.bytes(6))},
             ChangeKey{std::string(query.bytes(7))}, query.unsigned_integer(8)};
  row.size_trust = static_cast<SizeTrust>(query.integer(9));
  row.identity = query.bytes(10);
  row.role = static_cast<Role>(query.integer(11));
  row.special = query.integer(12) != 0;
  row.source = {std::string(query.bytes(13))};
  row.mark = query.bytes(14);
  return row;
}

}  // namespace

Result<std::vector<SwitchRow>> Index::switches() {
  Reader reader = MAPISTORE_TRY(Reader::lease(*this));
  sqlite::Query query = reader.query("SELECT context,phase,uri,section,own_uri,own_section,seen FROM switches");
  std::vector<SwitchRow> rows;
  while (MAPISTORE_TRY(query.step()))
    rows.push_back({.context = {static_cast<std::uint32_t>(query.integer(0))},
                    .phase = static_cast<SwitchPhase>(query.integer(1)),
                    .uri = std::string(query.bytes(2)),
                    .section = std::string(query.bytes(3)),
                    .own_uri = std::string(query.bytes(4)),
                    .own_section = std::string(query.bytes(5)),
                    .seen = query.unsigned_integer(6)});
  return rows;
}

Result<std::uint64_t> Index::last_change() {
  Reader reader = MAPISTORE_TRY(Reader::lease(*this));
  sqlite::Query query = reader.query("SELECT value FROM counters WHERE name='change'");
  MAPISTORE_CHECK(query.step());
  return query.unsigned_integer(0);
}

Result<std::vector<Fmid>> Index::changed_messages(ContextId context, std::uint64_t after) {
  Reader reader = MAPISTORE_TRY(Reader::lease(*this));
  sqlite::Query query = reader.query(
      "SELECT fmid FROM objects WHERE change_number>? AND context=? AND kind=1 AND gone IS NULL ORDER BY parent,fmid");
  query.bind(after).bind(context.value);
  std::vector<Fmid> fmids;
  while (MAPISTORE_TRY(query.step())) fmids.emplace_back(query.unsigned_integer(0));
  return fmids;
}

Result<std::vector<StoredFolder>> Index::subfolders(Fmid parent) {
  Reader reader = MAPISTORE_TRY(Reader::lease(*this));
  sqlite::Query query = reader.query("SELECT " MAPISTORE_NODE_COLUMNS
                                     ",f.display_name,f.role,f.special FROM objects o JOIN folders f ON f.fmid=o.fmid"
                                     " WHERE o.parent=? AND o.kind=0 AND o.gone IS NULL");
  query.bind(parent.value);
  std::vector<StoredFolder> folders;
  while (MAPISTORE_TRY(query.step())) {
    StoredFolder& folder = folders.emplace_back();
    read_node(query, folder.node);
    folder.display_name = query.bytes(node_column_count);
    folder.role = static_cast<Role>(query.integer(node_column_count + 1));
    folder.special = query.integer(node_column_count + 2) != 0;
  }
  return folders;
}

Result<ReplicaRow> Index::replica(Fmid fmid) {
  Reader reader = MAPISTORE_TRY(Reader::lease(*this));
  sqlite::Query query = reader.query("SELECT " MAPISTORE_REPLICA_COLUMNS " FROM replicas r WHERE r.fmid=?");
  query.bind(fmid.value);
  if (!MAPISTORE_TRY(query.step())) return fail(Errc::not_found, {}, "has no replica");
  return read_replica(query);
}

Result<std::vector<ReplicaRow>> Index::replicas_in(ContextId context, Fmid parent) {
  Reader reader = MAPISTORE_TRY(Reader::lease(*this));
  sqlite::Query query =
      reader.query("SELECT " MAPISTORE_REPLICA_COLUMNS " FROM replicas r WHERE r.context=? AND r.parent=?");
  query.bind(context.value).bind(parent.value);
  std::vector<ReplicaRow> rows;
  while (MAPISTORE_TRY(query.step())) rows.push_back(read_replica(query));
  return rows;
}

Result<std::vector<ReplicaRow>> Index::lost_replicas(ContextId context) {
  Reader reader = MAPISTORE_TRY(Reader::lease(*this));
  sqlite::Query query = reader.query("SELECT " MAPISTORE_REPLICA_COLUMNS
                                     " FROM replicas r LEFT JOIN objects o ON o.fmid=r.fmid AND o.context=r.context"
                                     " AND o.gone IS NULL AND o.kind IN (0,1)"
                                     " WHERE r.context=? AND o.fmid IS NULL ORDER BY r.is_folder,r.fmid DESC");
  query.bind(context.value);
  std::vector<ReplicaRow> rows;
  while (MAPISTORE_TRY(query.step())) rows.push_back(read_replica(query));
  return rows;
}

Result<Index::ReplicaCounts> Index::replica_counts(ContextId context) {
  Reader reader = MAPISTORE_TRY(Reader::lease(*this));
  sqlite::Query query = reader.query(
      "SELECT (SELECT count(*) FROM objects WHERE context=?1 AND kind=1 AND gone IS NULL),"
      "(SELECT count(*) FROM replicas r JOIN objects o ON o.fmid=r.fmid AND o.context=r.context AND o.kind=1"
      " AND o.gone IS NULL WHERE r.context=?1 AND r.source=o.change)");
  query.bind(context.value);
  MAPISTORE_CHECK(query.step());
  return ReplicaCounts{.messages = query.unsigned_integer(0), .held = query.unsigned_integer(1)};
}

Result<bool> Index::has_unsettled(ContextId context) {
  Reader reader = MAPISTORE_TRY(Reader::lease(*this));
  sqlite::Query query = reader.query(
      "SELECT 1 FROM objects o WHERE o.context=?1 AND (o.kind=4"
      " OR o.fmid IN (SELECT folder FROM removals UNION ALL SELECT source FROM transfers"
      " UNION ALL SELECT target FROM transfers UNION ALL SELECT folder FROM folder_moves"
      " UNION ALL SELECT parent FROM beginnings)) LIMIT 1");
  query.bind(context.value);
  return query.step();
}

Result<> IndexWriter::set_switch(const SwitchRow& row) {
  sqlite::Query query = db().query(
      "INSERT OR REPLACE INTO switches(context,phase,uri,section,own_uri,own_section,seen) VALUES(?,?,?,?,?,?,?)");
  query.bind(row.context.value).bind(static_cast<int>(row.phase)).bind(row.uri).bind(row.section);
  return query.bind(row.own_uri).bind(row.own_section).bind(row.seen).run();
}

Result<> IndexWriter::end_switch(ContextId context) {
  MAPISTORE_CHECK(db().query("DELETE FROM replicas WHERE context=?").bind(context.value).run());
  return db().query("DELETE FROM switches WHERE context=?").bind(context.value).run();
}

Result<> IndexWriter::set_replica(const ReplicaRow& row) {
  sqlite::Query query = db().query(
      "INSERT OR REPLACE INTO replicas(fmid,context,is_folder,parent,name,key,change,state_change,size,size_trust,"
      "identity,role,special,source,mark) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
  query.bind(row.fmid.value).bind(row.context.value).bind(row.is_folder ? 1 : 0).bind(row.parent.value);
  query.bind(row.name).bind(row.ref.key.bytes).bind(row.ref.change.bytes).bind(row.ref.state_change.bytes);
  query.bind(row.ref.size).bind(static_cast<int>(row.size_trust)).bind(row.identity);
  query.bind(static_cast<int>(row.role)).bind(row.special ? 1 : 0).bind(row.source.bytes).bind(row.mark);
  return query.run();
}

Result<> IndexWriter::erase_replica(Fmid fmid) {
  return db().query("DELETE FROM replicas WHERE fmid=?").bind(fmid.value).run();
}

Result<> IndexWriter::exchange_media(const SwitchRow& row, bool remote) {
  folders_changed_ = true;
  const std::uint32_t context = row.context.value;
  // What an earlier mount of the other medium alone has left would stand in its way.
  MAPISTORE_CHECK(db().query("DELETE FROM objects WHERE context IN (SELECT id FROM contexts WHERE uri=? AND id<>?)")
                      .bind(row.uri)
                      .bind(context)
                      .run());
  MAPISTORE_CHECK(db().query("DELETE FROM contexts WHERE uri=? AND id<>?").bind(row.uri).bind(context).run());
  MAPISTORE_CHECK(db().query("UPDATE contexts SET uri=?,remote=? WHERE id=?")
                      .bind(row.uri)
                      .bind(remote ? 1 : 0)
                      .bind(context)
                      .run());
  // What is remembered of gone objects speaks of the other medium.
  MAPISTORE_CHECK(db().query("DELETE FROM objects WHERE context=? AND gone IS NOT NULL").bind(context).run());
  MAPISTORE_CHECK(
      db().execute("CREATE TEMP TABLE IF NOT EXISTS former(fmid INTEGER PRIMARY KEY,key BLOB,change BLOB,"
                   "state_change BLOB,identity BLOB,size INTEGER,size_trust INTEGER,role INTEGER,"
                   "special INTEGER); DELETE FROM temp.former"));
  MAPISTORE_CHECK(db().query("INSERT INTO temp.former SELECT o.fmid,o.key,coalesce(o.change,x''),"
                             "coalesce(o.state_change,x''),coalesce(o.identity,x''),o.size,o.size_trust,"
                             "coalesce(f.role,0),coalesce(f.special,0) FROM objects o JOIN replicas r ON r.fmid=o.fmid"
                             " LEFT JOIN folders f ON f.fmid=o.fmid WHERE r.context=?")
                      .bind(context)
                      .run());
  // First out of each other's way: two media may have one key for different objects.
  MAPISTORE_CHECK(db().query("UPDATE objects SET key=NULL WHERE fmid IN (SELECT fmid FROM temp.former)").run());
  MAPISTORE_CHECK(db().query("UPDATE objects SET key=r.key,change=r.change,state_change=r.state_change,"
                             "identity=CASE WHEN length(r.identity)=0 THEN NULL ELSE r.identity END,size=r.size,"
                             "size_trust=r.size_trust,change_number=? FROM replicas r"
                             " WHERE r.fmid=objects.fmid AND r.context=?")
                      .bind(change_number_)
                      .bind(context)
                      .run());
  MAPISTORE_CHECK(db().query("UPDATE folders SET role=r.role,special=r.special FROM replicas r"
                             " WHERE r.fmid=folders.fmid AND r.context=?")
                      .bind(context)
                      .run());
  MAPISTORE_CHECK(forget_cursors(row.context));
  MAPISTORE_CHECK(
      db().query("UPDATE replicas SET source=replicas.change,key=f.key,change=f.change,state_change=f.state_change,"
                 "identity=f.identity,size=f.size,size_trust=f.size_trust,role=f.role,special=f.special"
                 " FROM temp.former f WHERE f.fmid=replicas.fmid AND replicas.context=?")
          .bind(context)
          .run());
  MAPISTORE_CHECK(db().execute("DELETE FROM temp.former"));
  const bool back = row.phase == SwitchPhase::returning;
  return set_switch({.context = row.context,
                     .phase = back ? SwitchPhase::returned : SwitchPhase::switched,
                     .uri = row.own_uri,
                     .section = row.own_section,
                     .own_uri = row.uri,
                     .own_section = row.section,
                     .seen = change_number_});
}

}  // namespace mapistore
