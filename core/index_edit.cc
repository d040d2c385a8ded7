// The writes that follow a user's own operation, as IndexWriter::apply follows a medium's report.

#include "core/index_derived.h"
#include "core/index_row.h"
#include "core/index_writer.h"
#include "core/side_store.h"

namespace mapistore {

Result<> IndexWriter::stamp(Fmid fmid) {
  return db()
      .query("UPDATE objects SET changed=?,change_number=? WHERE fmid=?")
      .bind(to_integer(now_))
      .bind(change_number_)
      .bind(fmid.value)
      .run();
}

Result<> IndexWriter::note_folder(Fmid fmid) {
  sqlite::Query query = db().query("SELECT kind IN (0,3) FROM objects WHERE fmid=?");
  query.bind(fmid.value);
  if (MAPISTORE_TRY(query.step()) && query.integer(0) != 0) folders_changed_ = true;
  return {};
}

Result<> IndexWriter::make_way(Fmid parent, std::string_view name, const std::optional<Key>& key, Fmid self) {
  std::vector<Fmid> in_the_way;
  {
    sqlite::Query query = db().query("SELECT fmid FROM objects WHERE parent=? AND name=? AND gone IS NULL AND fmid<>?");
    query.bind(parent.value).bind(name).bind(self.value);
    while (MAPISTORE_TRY(query.step())) in_the_way.push_back(Fmid{query.unsigned_integer(0)});
  }
  if (key) {
    sqlite::Query query = db().query(
        "SELECT fmid FROM objects WHERE parent=?1 AND context=(SELECT context FROM objects WHERE fmid=?1) AND key=?2"
        " AND key IS NOT NULL AND gone IS NULL AND fmid<>?3");
    query.bind(parent.value).bind(key->bytes).bind(self.value);
    while (MAPISTORE_TRY(query.step())) in_the_way.push_back(Fmid{query.unsigned_integer(0)});
  }
  for (const Fmid fmid : in_the_way) MAPISTORE_CHECK(erase(fmid));
  return {};
}

Result<> IndexWriter::commit_message(Fmid fmid, ContextId context, Fmid parent, std::string_view name,
                                     const Entry& entry, const Node& like, const Rules& rules) {
  bool there = false;
  {
    sqlite::Query query = db().query("SELECT 1 FROM objects WHERE fmid=? AND parent=? AND kind=1 AND gone IS NULL");
    there = MAPISTORE_TRY(query.bind(fmid.value).bind(parent.value).step());
  }
  MAPISTORE_CHECK(make_way(parent, name, entry.key, fmid));
  MAPISTORE_CHECK(insert_message(fmid, context, parent, name, entry, Derived{entry, rules.outgoing}, like));
  MAPISTORE_CHECK(settle_side_properties(fmid));
  if (like.kind == NodeKind::local_file) MAPISTORE_CHECK(end_spooled(fmid));
  return there ? Result<>{} : touch_folder(parent);
}

Result<> IndexWriter::add_local(const Node& node) {
  // Not REPLACE, which would take the properties along and leave other processes unaware of what gave way.
  MAPISTORE_CHECK(make_way(node.parent, node.name, {}, node.fmid));
  sqlite::Query query = db().query(
      "INSERT INTO objects(fmid,context,parent,kind,name,size,modified,changed,mode,uid,gid,change_number)"
      " VALUES(?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT(fmid) DO UPDATE SET "
      "context=excluded.context,parent=excluded.parent,"
      "kind=excluded.kind,name=excluded.name,size=excluded.size,modified=excluded.modified,changed=excluded.changed,"
      "mode=excluded.mode,uid=excluded.uid,gid=excluded.gid,change_number=excluded.change_number,canonical=NULL,"
      "id10=NULL,key=NULL,change=NULL,state_change=NULL,identity=NULL,size_trust=0,gone=NULL");
  query.bind(node.fmid.value).bind(node.context.value).bind(node.parent.value).bind(static_cast<int>(node.kind));
  query.bind(node.name).bind(node.size).bind(to_integer(node.modified)).bind(to_integer(now_));
  query.bind(node.mode).bind(node.uid).bind(node.gid).bind(change_number_);
  MAPISTORE_CHECK(query.run());
  if (node.kind == NodeKind::local_folder)
    MAPISTORE_CHECK(db()
                        .query("INSERT INTO folders(fmid,display_name,listed) VALUES(?,?,1)")
                        .bind(node.fmid.value)
                        .bind(node.name)
                        .run());
  return touch_folder(node.parent);
}

Result<Fmid> IndexWriter::add_folder(ContextId context, Fmid parent, std::string_view name, const FolderEntry& entry,
                                     std::optional<std::uint32_t> mode) {
  const Fmid fmid = MAPISTORE_TRY(new_fmid());
  MAPISTORE_CHECK(make_way(parent, name, entry.key, fmid));
  MAPISTORE_CHECK(insert_folder(fmid, context, parent, name, entry, mode));
  MAPISTORE_CHECK(set_listed(fmid, {}));
  MAPISTORE_CHECK(touch_folder(parent));
  return fmid;
}

Result<> IndexWriter::renumber(Fmid fmid, Fmid new_fmid) {
  MAPISTORE_CHECK(db().query("UPDATE objects SET fmid=? WHERE fmid=?").bind(new_fmid.value).bind(fmid.value).run());
  return stamp(new_fmid);
}

Result<bool> IndexWriter::learn_size(const StoredMessage& message, std::uint64_t size) {
  // Not stamped: the message is what it was, and was only described wrongly.
  sqlite::Query query = db().query(
      "UPDATE objects SET size=?1,size_trust=0,change_number=?2 WHERE fmid=?3 AND kind=1 AND gone IS NULL AND key=?4"
      " AND (change IS ?5 OR (?5 IS NULL AND length(change)=0)) AND (size<>?1 OR size_trust<>0)");
  query.bind(size).bind(change_number_).bind(message.node.fmid.value).bind(message.ref.key.bytes);
  MAPISTORE_CHECK(query.bind(absent_if_empty(message.ref.change.bytes)).run());
  return db().changes() != 0;
}

Result<> IndexWriter::set_remote(ContextId context, bool remote) {
  return db().query("UPDATE contexts SET remote=? WHERE id=?").bind(remote ? 1 : 0).bind(context.value).run();
}

Result<> IndexWriter::set_size(Fmid fmid, std::uint64_t size, Time modified) {
  MAPISTORE_CHECK(db().query("UPDATE objects SET size=?,size_trust=0,modified=? WHERE fmid=?")
                      .bind(size)
                      .bind(to_integer(modified))
                      .bind(fmid.value)
                      .run());
  return stamp(fmid);
}

Result<> IndexWriter::move(Fmid fmid, Fmid parent, std::string_view name, const std::optional<Key>& key) {
  Fmid old_parent;
  {
    sqlite::Query query = db().query("SELECT parent FROM objects WHERE fmid=?");
    query.bind(fmid.value);
    if (!MAPISTORE_TRY(query.step())) return fail(Errc::not_found, name);
    old_parent = Fmid{query.unsigned_integer(0)};
  }
  MAPISTORE_CHECK(note_folder(fmid));
  MAPISTORE_CHECK(make_way(parent, name, key, fmid));
  MAPISTORE_CHECK(db()
                      .query("UPDATE objects SET old_parent=parent,old_name=name,parent=?1,name=?2,key=?3,gone=NULL,"
                             "context=(SELECT context FROM objects WHERE fmid=?1) WHERE fmid=?4")
                      .bind(parent.value)
                      .bind(name)
                      .bind(key ? std::optional<std::string_view>{key->bytes} : std::nullopt)
                      .bind(fmid.value)
                      .run());
  MAPISTORE_CHECK(stamp(fmid));
  MAPISTORE_CHECK(touch_folder(parent));
  if (old_parent != parent) MAPISTORE_CHECK(touch_folder(old_parent));
  return {};
}

Result<> IndexWriter::set_state(Fmid fmid, const Entry& entry, const State& state) {
  const std::string categories = pack_categories(state);
  MAPISTORE_CHECK(
      db().query("UPDATE objects SET state=?,categories=?,modified=?,key=?,change=?,state_change=? WHERE fmid=?")
          .bind(pack_state(state))
          .bind(categories)
          .bind(to_integer(entry.received))
          .bind(entry.key.bytes)
          .bind(entry.change.bytes)
          .bind(entry.state_change.bytes)
          .bind(fmid.value)
          .run());
  return stamp(fmid);
}

Result<> IndexWriter::set_attributes(Fmid fmid, const Attributes& attributes) {
  MAPISTORE_CHECK(
      db()
          .query("UPDATE objects SET mode=coalesce(?,mode),uid=coalesce(?,uid),gid=coalesce(?,gid),"
                 "modified=coalesce(?,modified) WHERE fmid=?")
          .bind(attributes.mode)
          .bind(attributes.uid)
          .bind(attributes.gid)
          .bind(attributes.modified ? std::optional<std::int64_t>{to_integer(*attributes.modified)} : std::nullopt)
          .bind(fmid.value)
          .run());
  return stamp(fmid);
}

Result<> IndexWriter::set_property(Fmid fmid, std::string_view name, std::string_view value) {
  MAPISTORE_CHECK(db()
                      .query("INSERT OR REPLACE INTO properties(fmid,name,value) VALUES(?,?,?)")
                      .bind(fmid.value)
                      .bind(name)
                      .bind(value)
                      .run());
  return stamp(fmid);
}

Result<> IndexWriter::remove_property(Fmid fmid, std::string_view name) {
  MAPISTORE_CHECK(db().query("DELETE FROM properties WHERE fmid=? AND name=?").bind(fmid.value).bind(name).run());
  if (db().changes() == 0) return fail(Errc::no_data, name, "is not set");
  return stamp(fmid);
}

Result<bool> IndexWriter::set_side_properties(Fmid fmid, const SideProperties& side) {
  if (MAPISTORE_TRY(read_side_properties(db().query(MAPISTORE_SIDE_QUERY), fmid)) == side) return false;
  MAPISTORE_CHECK(db().query("DELETE FROM side_properties WHERE fmid=?").bind(fmid.value).run());
  for (const auto& [part, key, value] : side) {
    sqlite::Query query = db().query("INSERT INTO side_properties(fmid,part,key,value) VALUES(?,?,?,?)");
    query.bind(fmid.value).bind(part).bind(key);
    query.bind(value ? std::optional<std::string_view>{*value} : std::nullopt);
    MAPISTORE_CHECK(query.run());
  }
  MAPISTORE_CHECK(stamp(fmid));
  return true;
}

Result<> IndexWriter::settle_side_properties(Fmid fmid) {
  auto side = MAPISTORE_TRY(read_side_properties(db().query(MAPISTORE_SIDE_QUERY), fmid));
  if (!side.empty()) MAPISTORE_CHECK(set_side_properties(fmid, settled(std::move(side))));
  return {};
}

Result<> IndexWriter::set_display_name(Fmid folder, std::string_view display_name) {
  return db().query("UPDATE folders SET display_name=? WHERE fmid=?").bind(display_name).bind(folder.value).run();
}

Result<> IndexWriter::set_listed(Fmid folder, const Cursor& cursor) {
  folders_changed_ = true;
  return db()
      .query("UPDATE folders SET listed=1,cursor=? WHERE fmid=?")
      .bind(cursor.bytes)
      .bind(folder.value)
      .run();
}

Result<> IndexWriter::forget_cursors(ContextId context) {
  folders_changed_ = true;
  return db()
      .query("UPDATE folders SET cursor=NULL WHERE fmid IN (SELECT fmid FROM objects WHERE context=?)")
      .bind(context.value)
      .run();
}

// An object and what goes with it. A message that still lies in another medium is not gone with its folder.
#define MAPISTORE_BELOW                                                                         \
  "WITH RECURSIVE below(fmid) AS (SELECT ? UNION ALL SELECT o.fmid FROM objects o JOIN below b" \
  " ON o.parent=b.fmid WHERE o.gone IS NULL AND (o.kind IN (0,4) OR (o.kind=1 AND"              \
  " o.context=(SELECT p.context FROM objects p WHERE p.fmid=o.parent))))"

Result<> IndexWriter::set_gone(Fmid fmid) {
  MAPISTORE_CHECK(note_folder(fmid));
  // What a folder that comes back is said to have changed since says nothing of what has gone with it.
  if (folders_changed_)
    MAPISTORE_CHECK(db().query(MAPISTORE_BELOW " UPDATE folders SET cursor=NULL WHERE fmid IN (SELECT fmid FROM below)")
                        .bind(fmid.value)
                        .run());
  return db()
      .query(MAPISTORE_BELOW " UPDATE objects SET gone=?,change_number=? WHERE fmid IN (SELECT fmid FROM below)")
      .bind(fmid.value)
      .bind(to_integer(now_))
      .bind(change_number_)
      .run();
}

Result<> IndexWriter::erase(Fmid fmid) {
  // The row stays a while, so that other processes on this index learn of its end; nothing brings it back.
  MAPISTORE_CHECK(set_gone(fmid));
  return db().query("UPDATE objects SET identity=NULL,key=NULL WHERE fmid=?").bind(fmid.value).run();
}

Result<> IndexWriter::erase_gone_before(Time limit) {
  return db().query("DELETE FROM objects WHERE gone<?").bind(to_integer(limit)).run();
}

Result<> IndexWriter::touch_folder(Fmid folder) {
  return db()
      .query("UPDATE objects SET modified=?,changed=?,change_number=? WHERE fmid=?")
      .bind(to_integer(now_))
      .bind(to_integer(now_))
      .bind(change_number_)
      .bind(folder.value)
      .run();
}

}  // namespace mapistore
