// The journal of moves between media: which have begun, and what is left to do.

#include "core/index_derived.h"
#include "core/index_reader.h"

namespace mapistore {

Result<> IndexWriter::begin_transfer(const Transfer& transfer) {
  sqlite::Query query = db().query(
      "INSERT INTO transfers(fmid,source,target,name,replaced,size,id10,fingerprint,owner) VALUES(?,?,?,?,?,?,?,?,?)");
  query.bind(transfer.fmid.value).bind(transfer.source.value).bind(transfer.target.value).bind(transfer.name);
  query.bind(transfer.replaced ? std::optional<std::string_view>{transfer.replaced->bytes} : std::nullopt);
  auto begun = query.bind(transfer.size).bind(transfer.id10).bind(transfer.fingerprint).bind(index_.owner_).run();
  if (begun || begun.error().code != Errc::exists) return begun;
  return fail(Errc::busy, transfer.name, "is being moved by another process");
}

Result<> IndexWriter::end_transfer(Fmid fmid) {
  return db().query("DELETE FROM transfers WHERE fmid=?").bind(fmid.value).run();
}

Result<bool> IndexWriter::end_orphan(Fmid fmid) {
  MAPISTORE_CHECK(db().query("DELETE FROM transfers WHERE fmid=? AND owner=0").bind(fmid.value).run());
  return db().changes() > 0;
}

Result<> IndexWriter::orphan_transfer(Fmid fmid) {
  return db().query("UPDATE transfers SET owner=0 WHERE fmid=?").bind(fmid.value).run();
}

Result<> IndexWriter::add_removal(const Removal& removal) {
  sqlite::Query query =
      db().query("INSERT OR REPLACE INTO removals(folder,key,change,state_change,after) VALUES(?,?,?,?,?)");
  query.bind(removal.folder.value).bind(removal.ref.key.bytes).bind(removal.ref.change.bytes);
  return query.bind(removal.ref.state_change.bytes).bind(removal.after.value).run();
}

Result<> IndexWriter::end_removal(const Removal& removal) {
  sqlite::Query query = db().query("DELETE FROM removals WHERE folder=? AND key=? AND change=?");
  return query.bind(removal.folder.value).bind(removal.ref.key.bytes).bind(removal.ref.change.bytes).run();
}

Result<bool> IndexWriter::is_in_transfer(Fmid parent, const Entry& entry, const Derived& derived, bool known,
                                         bool any_size) {
  {
    sqlite::Query query = db().query("SELECT 1 FROM removals WHERE folder=? AND key=?");
    if (MAPISTORE_TRY(query.bind(parent.value).bind(entry.key.bytes).step())) return true;
  }
  {
    sqlite::Query query = db().query(
        "SELECT 1 FROM folder_moves m JOIN objects f ON f.fmid=m.origin JOIN objects o ON o.parent=m.folder"
        " AND o.context=f.context WHERE m.origin=? AND o.key=? AND o.gone IS NULL");
    if (MAPISTORE_TRY(query.bind(parent.value).bind(entry.key.bytes).step())) return true;
  }
  sqlite::Query query =
      db().query("SELECT 1 FROM transfers WHERE target=? AND (? OR size=?) AND id10=? AND (? OR replaced=?)");
  query.bind(parent.value)
      .bind(entry.size_trust == SizeTrust::exact && !any_size ? 0 : 1)
      .bind(entry.size)
      .bind(derived.id10)
      .bind(known ? 0 : 1)
      .bind(entry.key.bytes);
  return query.step();
}

Result<bool> IndexWriter::orphan_transfers_of_the_dead() {
  bool others_live = false;
  std::vector<std::uint64_t> dead;
  {
    sqlite::Query query = db().query(
        "SELECT owner FROM transfers WHERE owner NOT IN (0,?1) UNION SELECT owner FROM beginnings WHERE owner NOT IN "
        "(0,?1)");
    query.bind(index_.owner_);
    while (MAPISTORE_TRY(query.step())) {
      const std::uint64_t owner = query.unsigned_integer(0);
      if (index_.is_alive(owner))
        others_live = true;
      else
        dead.push_back(owner);
    }
  }
  for (const std::uint64_t owner : dead)
    for (const char* sql :
         {"UPDATE transfers SET owner=0 WHERE owner=?", "UPDATE beginnings SET owner=0 WHERE owner=?"})
      MAPISTORE_CHECK(db().query(sql).bind(owner).run());
  return others_live;
}

Result<std::vector<Transfer>> Index::orphaned_transfers() {
  Reader reader = MAPISTORE_TRY(Reader::lease(*this));
  sqlite::Query query =
      reader.query("SELECT fmid,source,target,name,replaced,size,id10,fingerprint FROM transfers WHERE owner=0");
  std::vector<Transfer> transfers;
  while (MAPISTORE_TRY(query.step())) {
    Transfer& transfer = transfers.emplace_back();
    transfer.fmid = Fmid{query.unsigned_integer(0)};
    transfer.source = Fmid{query.unsigned_integer(1)};
    transfer.target = Fmid{query.unsigned_integer(2)};
    transfer.name = query.bytes(3);
    if (!query.null(4)) transfer.replaced = Key{std::string(query.bytes(4))};
    transfer.size = query.unsigned_integer(5);
    transfer.id10 = query.bytes(6);
    transfer.fingerprint = query.bytes(7);
  }
  return transfers;
}

Result<std::vector<Removal>> Index::removals(std::size_t most, const Removal* after) {
  Reader reader = MAPISTORE_TRY(Reader::lease(*this));
  sqlite::Query query = reader.query(
      "SELECT folder,key,change,state_change,after FROM removals WHERE (folder,key)>(?,?) ORDER BY folder,key LIMIT ?");
  query.bind(after != nullptr ? after->folder.value : 0);
  query.bind(after != nullptr ? std::string_view{after->ref.key.bytes} : std::string_view{});
  query.bind(static_cast<std::uint64_t>(most));
  std::vector<Removal> removals;
  while (MAPISTORE_TRY(query.step())) {
    Removal& removal = removals.emplace_back();
    removal.folder = Fmid{query.unsigned_integer(0)};
    removal.ref = {Key{std::string(query.bytes(1))}, ChangeKey{std::string(query.bytes(2))},
                   ChangeKey{std::string(query.bytes(3))}};
    removal.after = ContextId{static_cast<std::uint32_t>(query.integer(4))};
  }
  return removals;
}

Result<bool> Index::is_to_be_removed(Fmid folder, const MessageRef& message) {
  Reader reader = MAPISTORE_TRY(Reader::lease(*this));
  sqlite::Query query = reader.query("SELECT 1 FROM removals WHERE folder=? AND key=? AND change=?");
  return query.bind(folder.value).bind(message.key.bytes).bind(message.change.bytes).step();
}

Result<bool> Index::has_foreign_transfers() {
  Reader reader = MAPISTORE_TRY(Reader::lease(*this));
  sqlite::Query query = reader.query(
      "SELECT 1 FROM transfers WHERE owner NOT IN (0,?1) UNION ALL SELECT 1 FROM beginnings WHERE owner NOT IN (0,?1) "
      "LIMIT 1");
  return query.bind(owner_).step();
}

Result<std::uint64_t> Index::count_removals() {
  Reader reader = MAPISTORE_TRY(Reader::lease(*this));
  sqlite::Query query = reader.query("SELECT count(*) FROM removals");
  MAPISTORE_CHECK(query.step());
  return query.unsigned_integer(0);
}

}  // namespace mapistore
