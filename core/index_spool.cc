// Files of this machine that are owed to a medium: `save=spool`.

#include <algorithm>

#include "core/index_reader.h"
#include "core/index_row.h"
#include "core/index_writer.h"

namespace mapistore {

Result<> IndexWriter::spool(Fmid fmid) {
  return db()
      .query("INSERT INTO spool(fmid,owner) VALUES(?1,?2) ON CONFLICT(fmid) DO UPDATE SET owner=?2")
      .bind(fmid.value)
      .bind(index_.owner_)
      .run();
}

Result<> IndexWriter::set_spool_begun(Fmid fmid, bool begun) {
  return db().query("UPDATE spool SET begun=? WHERE fmid=?").bind(begun ? 1 : 0).bind(fmid.value).run();
}

Result<> IndexWriter::end_spooled(Fmid fmid) {
  return db().query("DELETE FROM spool WHERE fmid=?").bind(fmid.value).run();
}

Result<> IndexWriter::adopt_spool() {
  std::vector<std::uint64_t> dead;
  {
    sqlite::Query query = db().query("SELECT DISTINCT owner FROM spool WHERE owner<>?");
    query.bind(index_.owner_);
    while (MAPISTORE_TRY(query.step()))
      if (!index_.is_alive(query.unsigned_integer(0))) dead.push_back(query.unsigned_integer(0));
  }
  for (const std::uint64_t owner : dead)
    MAPISTORE_CHECK(db().query("UPDATE spool SET owner=? WHERE owner=?").bind(index_.owner_).bind(owner).run());
  return {};
}

Result<std::vector<Node>> Index::spooled() {
  Reader reader = MAPISTORE_TRY(Reader::lease(*this));
  sqlite::Query query = reader.query("SELECT " MAPISTORE_NODE_COLUMNS
                                     " FROM spool s JOIN objects o ON o.fmid=s.fmid"
                                     " WHERE s.owner=? AND o.kind=2 AND o.gone IS NULL ORDER BY s.fmid");
  query.bind(owner_);
  std::vector<Node> nodes;
  while (MAPISTORE_TRY(query.step())) read_node(query, nodes.emplace_back());
  return nodes;
}

Result<Index::Spooled> Index::spooled(Fmid fmid) {
  Reader reader = MAPISTORE_TRY(Reader::lease(*this));
  sqlite::Query query = reader.query("SELECT begun FROM spool WHERE fmid=?");
  query.bind(fmid.value);
  if (!MAPISTORE_TRY(query.step())) return Spooled{};
  return Spooled{.is_owed = true, .has_begun = query.integer(0) != 0};
}

Result<std::vector<StoredMessage>> Index::messages_like(Fmid parent, std::string_view id10, std::uint64_t size,
                                                        Fmid after) {
  Reader reader = MAPISTORE_TRY(Reader::lease(*this));
  sqlite::Query query =
      reader.query("SELECT " MAPISTORE_MESSAGE_COLUMNS
                   " FROM objects o WHERE o.parent=? AND o.id10=? AND o.kind=1 AND o.gone IS NULL AND o.fmid>?"
                   " AND (o.size=? OR o.size_trust<>0)");
  query.bind(parent.value).bind(id10).bind(after.value).bind(size);
  std::vector<StoredMessage> messages;
  while (MAPISTORE_TRY(query.step())) messages.push_back(read_message(query));
  return messages;
}

}  // namespace mapistore
