#include "core/index_writer.h"

#include <chrono>

#include "core/codec/names.h"
#include "core/index_derived.h"
#include "core/index_row.h"
#include "core/index_schema.h"

namespace mapistore {

namespace {

/// FMIDs that a process sets aside at once. What it has not given when it ends is never given.
constexpr std::uint64_t fmid_reserve = 4096;
/// In a folder's mode, beside what a user can set: its medium lets nothing be changed there.
constexpr std::uint32_t read_only_mark = 1u << 16u;

Time wall_clock() { return std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now()); }

}  // namespace

IndexWriter::Derived::Derived(const Entry& entry, bool outgoing)
    : canonical{canonical_name(entry.summary, entry.size, entry.received, outgoing)},
      id10{mapistore::id10(entry.summary, entry.size)},
      categories{pack_categories(entry.state)} {}

Result<std::unique_ptr<IndexWriter>> IndexWriter::begin(Index& index) {
  std::unique_ptr<IndexWriter> writer{new IndexWriter{index}};
  MAPISTORE_CHECK(writer->start());
  return writer;
}

Result<> IndexWriter::start() {
  MAPISTORE_CHECK(db().execute("BEGIN IMMEDIATE"));
  sqlite::Query query = db().query("SELECT value FROM counters WHERE name='change'");
  MAPISTORE_CHECK(query.step());
  foreign_after_ = index_.seen_change_;
  change_number_ = query.unsigned_integer(0) + 1;
  now_ = wall_clock();
  return {};
}

IndexWriter::~IndexWriter() {
  if (!committed_) static_cast<void>(db().execute("ROLLBACK"));
}

Result<> IndexWriter::commit() {
  MAPISTORE_CHECK(db().query("UPDATE counters SET value=? WHERE name='change'").bind(change_number_).run());
  bool reserve_low = false;
  {
    Locked locked{index_.readers_mutex_};
    reserve_low = index_.end_of_reserve_ - index_.next_fmid_ < fmid_reserve / 2;
  }
  std::uint64_t end = 0;
  if (reserve_low) {
    sqlite::Query query = db().query("UPDATE counters SET value=value+? WHERE name='fmid' RETURNING value");
    query.bind(fmid_reserve);
    MAPISTORE_CHECK(query.step());
    end = query.unsigned_integer(0);
  }
  MAPISTORE_CHECK(db().execute("COMMIT"));
  committed_ = true;
  ++index_.commits_;
  if (folders_changed_) index_.forget_folder_facts();
  index_.seen_change_ = change_number_;
  if (reserve_low) {
    Locked locked{index_.readers_mutex_};
    index_.next_fmid_ = end - fmid_reserve;
    index_.end_of_reserve_ = end;
  }
  locked_.unlock();
  // It is done, whether or not what others have done can be told.
  static_cast<void>(index_.report_foreign(foreign_after_, change_number_ - 1));
  return {};
}

Result<Fmid> Index::new_fmid() {
  while (true) {
    if (const auto fmid = take_fmid()) return *fmid;
    auto writer = MAPISTORE_TRY(IndexWriter::begin(*this));
    MAPISTORE_CHECK(writer->commit());
  }
}

Result<Fmid> IndexWriter::new_fmid() {
  if (const auto fmid = index_.take_fmid()) return *fmid;
  sqlite::Query query = db().query("UPDATE counters SET value=value+1 WHERE name='fmid' RETURNING value-1");
  MAPISTORE_CHECK(query.step());
  return Fmid{query.unsigned_integer(0)};
}

Result<ContextRow> IndexWriter::context(std::string_view uri) {
  {
    sqlite::Query query = db().query("SELECT id,root,trash,remote FROM contexts WHERE uri=?");
    query.bind(uri);
    if (MAPISTORE_TRY(query.step()))
      return ContextRow{{static_cast<std::uint32_t>(query.integer(0))},
                        {query.unsigned_integer(1)},
                        {query.unsigned_integer(2)},
                        query.integer(3) != 0};
  }
  ContextRow row{{}, MAPISTORE_TRY(new_fmid()), MAPISTORE_TRY(new_fmid())};
  {
    sqlite::Query query = db().query("INSERT INTO contexts(uri,root,trash) VALUES(?,?,?) RETURNING id");
    query.bind(uri).bind(row.root.value).bind(row.trash.value);
    MAPISTORE_CHECK(query.step());
    row.id = ContextId{static_cast<std::uint32_t>(query.integer(0))};
  }
  const std::string name = std::to_string(row.id.value);
  FolderEntry top;
  top.special = true;
  top.modified = now_;
  MAPISTORE_CHECK(insert_folder(row.root, row.id, Fmid{}, name + "/root", top, {}));
  MAPISTORE_CHECK(insert_folder(row.trash, row.id, Fmid{}, name + "/trash", top, {}));
  return row;
}

Result<std::string> IndexWriter::free_name(Fmid parent, std::string_view wanted, std::string_view id10, Fmid self) {
  const auto taken = [&](std::string_view name) -> Result<bool> {
    sqlite::Query query = db().query("SELECT 1 FROM objects WHERE parent=? AND name=? AND gone IS NULL AND fmid<>?");
    return query.bind(parent.value).bind(name).bind(self.value).step();
  };
  if (!MAPISTORE_TRY(taken(wanted))) return std::string(wanted);
  // Equal names share their id: counting those first keeps a folder of a thousand equals from probing a thousand times.
  std::uint64_t number = 1;
  if (!id10.empty()) {
    sqlite::Query query = db().query("SELECT count(*) FROM objects WHERE parent=? AND id10=? AND gone IS NULL");
    query.bind(parent.value).bind(id10);
    MAPISTORE_CHECK(query.step());
    number = std::max<std::uint64_t>(1, query.unsigned_integer(0));
  }
  for (;; ++number) {
    std::string name = numbered(wanted, static_cast<unsigned>(number));
    if (!MAPISTORE_TRY(taken(name))) return name;
  }
}

Result<> IndexWriter::insert_message(Fmid fmid, ContextId context, Fmid parent, std::string_view name,
                                     const Entry& entry, const Derived& derived, const Node& like) {
  sqlite::Query query = db().query(
      "INSERT INTO "
      "objects(fmid,context,parent,kind,message_kind,name,size,modified,changed,mode,uid,gid,state,categories,"
      "birth,canonical,id10,key,change,state_change,identity,change_number,size_trust)"
      " VALUES(?,?,?,1,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT(fmid) DO UPDATE SET context=excluded.context,"
      "parent=excluded.parent,kind=1,message_kind=excluded.message_kind,name=excluded.name,size=excluded.size,"
      "modified=excluded.modified,changed=excluded.changed,mode=excluded.mode,uid=excluded.uid,gid=excluded.gid,"
      "state=excluded.state,categories=excluded.categories,birth=excluded.birth,canonical=excluded.canonical,"
      "id10=excluded.id10,key=excluded.key,change=excluded.change,state_change=excluded.state_change,"
      "identity=excluded.identity,change_number=excluded.change_number,size_trust=excluded.size_trust,gone=NULL");
  query.bind(fmid.value).bind(context.value).bind(parent.value).bind(static_cast<int>(entry.summary.kind)).bind(name);
  query.bind(entry.size).bind(to_integer(entry.received)).bind(to_integer(now_));
  query.bind(like.mode).bind(like.uid).bind(like.gid);
  query.bind(pack_state(entry.state)).bind(absent_if_empty(derived.categories));
  query.bind(to_integer(entry.summary.date.value_or(entry.received)));
  query.bind(absent_if_empty(derived.canonical_unless(name))).bind(derived.id10);
  query.bind(entry.key.bytes).bind(absent_if_empty(entry.change.bytes)).bind(absent_if_empty(entry.state_change.bytes));
  query.bind(absent_if_empty(entry.identity)).bind(change_number_).bind(static_cast<int>(entry.size_trust));
  return query.run();
}

Result<> IndexWriter::insert_folder(Fmid fmid, ContextId context, Fmid parent, std::string_view name,
                                    const FolderEntry& entry, std::optional<std::uint32_t> mode) {
  folders_changed_ = true;
  {
    sqlite::Query query = db().query(
        "INSERT INTO objects(fmid,context,parent,kind,name,modified,changed,mode,key,identity,change_number)"
        " VALUES(?,?,?,0,?,?,?,?,?,?,?)");
    query.bind(fmid.value).bind(context.value).bind(parent.value).bind(name);
    query.bind(to_integer(entry.modified)).bind(to_integer(now_)).bind(mode);
    query.bind(absent_if_empty(entry.key.bytes)).bind(absent_if_empty(entry.identity)).bind(change_number_);
    MAPISTORE_CHECK(query.run());
  }
  return db()
      .query("INSERT INTO folders(fmid,display_name,role,special) VALUES(?,?,?,?)")
      .bind(fmid.value)
      .bind(entry.display_name)
      .bind(static_cast<int>(entry.role))
      .bind(entry.special ? 1 : 0)
      .run();
}

Result<IndexWriter::Applied> IndexWriter::apply(ContextId context, Fmid parent, const Entry& entry, const Rules& rules,
                                                std::optional<Fmid> moved_from) {
  Applied applied;
  std::optional<StoredMessage> before;
  {
    sqlite::Query query =
        db().query("SELECT " MAPISTORE_MESSAGE_COLUMNS
                   " FROM objects o WHERE o.parent=? AND o.context=? AND o.key=? AND o.key IS NOT NULL"
                   " AND o.gone IS NULL");
    query.bind(parent.value).bind(context.value).bind(entry.key.bytes);
    if (MAPISTORE_TRY(query.step())) before = read_message(query);
  }
  if (!before && moved_from) {
    sqlite::Query query = db().query("SELECT " MAPISTORE_MESSAGE_COLUMNS " FROM objects o WHERE o.fmid=?");
    query.bind(moved_from->value);
    if (MAPISTORE_TRY(query.step())) {
      before = read_message(query);
      applied.moved = true;
      applied.old_name = before->node.name;
      applied.old_parent = before->node.parent;
    }
  }
  const Derived derived{entry, rules.outgoing};
  applied.in_transfer = MAPISTORE_TRY(is_in_transfer(parent, entry, derived, before.has_value(), rules.rewrites_bytes));
  if (applied.in_transfer) return applied;
  const std::string_view wanted = entry.name.empty() ? std::string_view{derived.canonical} : entry.name;
  if (!before) {
    applied.fmid = MAPISTORE_TRY(new_fmid());
    applied.added = true;
    applied.name = MAPISTORE_TRY(free_name(parent, wanted, derived.id10, applied.fmid));
    MAPISTORE_CHECK(insert_message(applied.fmid, context, parent, applied.name, entry, derived, {}));
    if (rules.keeps_properties) MAPISTORE_CHECK(set_side_properties(applied.fmid, entry.properties));
    return applied;
  }

  const Node& node = before->node;
  applied.fmid = node.fmid;
  // What was measured is worth more than what is only guessed of the same bytes.
  const bool measured =
      entry.size_trust != SizeTrust::exact && node.size_trust == SizeTrust::exact && before->ref.change == entry.change;
  const std::uint64_t size = measured ? node.size : entry.size;
  const SizeTrust size_trust = measured ? SizeTrust::exact : entry.size_trust;
  applied.bytes_changed = before->ref.change != entry.change || node.size != size;
  if (applied.bytes_changed) applied.old_bytes = before->ref;
  const State& state = rules.keeps_state ? entry.state : before->state;
  applied.attributes_changed = applied.bytes_changed || state != before->state || node.modified != entry.received;
  if (!applied.attributes_changed && !applied.moved && before->ref.state_change == entry.state_change) return applied;

  // A name stays as long as the object does, unless the medium itself names it otherwise.
  const bool rename = applied.moved && !entry.name.empty();
  applied.name = MAPISTORE_TRY(free_name(parent, rename ? wanted : node.name, derived.id10, node.fmid));
  const std::string categories = pack_categories(state);
  sqlite::Query query = db().query(
      "UPDATE objects SET "
      "old_parent=parent,old_name=name,context=?,parent=?,name=?,key=?,message_kind=?,size=?,size_trust=?,modified=?,"
      "changed=?,state=?,categories=?,"
      "birth=?,canonical=?,id10=?,change=?,state_change=?,identity=?,change_number=?,gone=NULL WHERE fmid=?");
  query.bind(context.value).bind(parent.value).bind(applied.name).bind(entry.key.bytes);
  query.bind(static_cast<int>(entry.summary.kind)).bind(size).bind(static_cast<int>(size_trust));
  query.bind(to_integer(entry.received))
      .bind(to_integer(now_))
      .bind(pack_state(state))
      .bind(absent_if_empty(categories));
  query.bind(to_integer(entry.summary.date.value_or(entry.received)));
  query.bind(absent_if_empty(derived.canonical_unless(applied.name))).bind(derived.id10);
  query.bind(absent_if_empty(entry.change.bytes)).bind(absent_if_empty(entry.state_change.bytes));
  query.bind(absent_if_empty(entry.identity)).bind(change_number_).bind(node.fmid.value);
  MAPISTORE_CHECK(query.run());
  if (applied.bytes_changed) MAPISTORE_CHECK(settle_side_properties(node.fmid));
  if (rules.keeps_properties && MAPISTORE_TRY(set_side_properties(node.fmid, entry.properties)))
    applied.attributes_changed = true;
  return applied;
}

Result<IndexWriter::Applied> IndexWriter::apply(ContextId context, Fmid parent, const FolderEntry& entry,
                                                const Rules& rules, std::optional<Fmid> moved_from) {
  Applied applied;
  const std::string wanted = rules.own_names ? entry.display_name : folder_name(entry.display_name);
  {
    sqlite::Query query = db().query(
        "SELECT fmid FROM objects WHERE parent=? AND context=? AND key=? AND key IS NOT NULL AND gone IS NULL");
    query.bind(parent.value).bind(context.value).bind(entry.key.bytes);
    if (MAPISTORE_TRY(query.step())) applied.fmid = Fmid{query.unsigned_integer(0)};
  }
  if (applied.fmid != Fmid{}) {
    applied.attributes_changed = MAPISTORE_TRY(show_whether_read_only(applied.fmid, entry.read_only));
    return applied;
  }
  {
    sqlite::Query query = db().query("SELECT 1 FROM beginnings WHERE parent=? AND name=?");
    applied.in_transfer = MAPISTORE_TRY(query.bind(parent.value).bind(entry.display_name).step());
    if (applied.in_transfer) return applied;
  }
  if (!moved_from) {
    applied.fmid = MAPISTORE_TRY(new_fmid());
    applied.added = true;
    applied.name = MAPISTORE_TRY(free_name(parent, wanted, {}, applied.fmid));
    MAPISTORE_CHECK(insert_folder(applied.fmid, context, parent, applied.name, entry, {}));
    MAPISTORE_CHECK(show_whether_read_only(applied.fmid, entry.read_only));
    return applied;
  }

  applied.fmid = *moved_from;
  applied.moved = true;
  folders_changed_ = true;
  {
    sqlite::Query query = db().query("SELECT parent,name FROM objects WHERE fmid=?");
    query.bind(applied.fmid.value);
    MAPISTORE_CHECK(query.step());
    applied.old_parent = Fmid{query.unsigned_integer(0)};
    applied.old_name = query.bytes(1);
  }
  applied.name = MAPISTORE_TRY(free_name(parent, wanted, {}, applied.fmid));
  MAPISTORE_CHECK(db()
                      .query("UPDATE objects SET old_parent=parent,old_name=name,parent=?,name=?,key=?,changed=?,"
                             "change_number=?,gone=NULL WHERE fmid=?")
                      .bind(parent.value)
                      .bind(applied.name)
                      .bind(entry.key.bytes)
                      .bind(to_integer(now_))
                      .bind(change_number_)
                      .bind(applied.fmid.value)
                      .run());
  MAPISTORE_CHECK(db()
                      .query("UPDATE folders SET display_name=?,listed=0 WHERE fmid=?")
                      .bind(entry.display_name)
                      .bind(applied.fmid.value)
                      .run());
  applied.attributes_changed = MAPISTORE_TRY(show_whether_read_only(applied.fmid, entry.read_only));
  return applied;
}

Result<bool> IndexWriter::show_whether_read_only(Fmid folder, bool read_only) {
  sqlite::Query query = db().query(
      "UPDATE objects SET mode=CASE WHEN ?1 THEN ?2 END,changed=?3,change_number=?4"
      " WHERE fmid=?5 AND (coalesce(mode,0)&?6<>0)<>?1");
  query.bind(read_only ? 1 : 0).bind(read_only_mark | 0500u).bind(to_integer(now_)).bind(change_number_);
  MAPISTORE_CHECK(query.bind(folder.value).bind(read_only_mark).run());
  return db().changes() != 0;
}

}  // namespace mapistore
