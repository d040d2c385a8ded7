#include <algorithm>

#include "core/codec/names.h"
#include "core/index_reader.h"
#include "core/index_row.h"

namespace mapistore {

namespace {

constexpr std::size_t kept_folders = 4096;

std::unexpected<Error> not_found(Fmid fmid) {
  return fail(Errc::not_found, "object " + std::to_string(fmid.value), "is no longer there");
}

}  // namespace

Result<Node> Index::node(Fmid fmid) {
  Reader reader = MAPISTORE_TRY(Reader::lease(*this));
  sqlite::Query query =
      reader.query("SELECT " MAPISTORE_NODE_COLUMNS " FROM objects o WHERE o.fmid=? AND o.gone IS NULL");
  query.bind(fmid.value);
  if (!MAPISTORE_TRY(query.step())) return not_found(fmid);
  Node node;
  read_node(query, node);
  return node;
}

Result<Node> Index::find(Fmid parent, std::string_view name) {
  Reader reader = MAPISTORE_TRY(Reader::lease(*this));
  Node node;
  {
    sqlite::Query query = reader.query("SELECT " MAPISTORE_NODE_COLUMNS
                                       " FROM objects o WHERE o.parent=? AND o.name=? AND o.gone IS NULL");
    query.bind(parent.value).bind(name);
    if (MAPISTORE_TRY(query.step())) {
      read_node(query, node);
      return node;
    }
  }
  const auto id = id10_of_name(name);
  if (!id) return fail(Errc::not_found, name);
  sqlite::Query query = reader.query("SELECT " MAPISTORE_NODE_COLUMNS
                                     ",coalesce(o.canonical,o.name) FROM objects o"
                                     " WHERE o.parent=? AND o.id10=? AND o.gone IS NULL ORDER BY o.fmid");
  query.bind(parent.value).bind(*id);
  while (MAPISTORE_TRY(query.step())) {
    const std::string_view canonical = query.bytes(node_column_count);
    // The short form is the canonical name's tail: `<id10>.<ext>`.
    if (name != canonical && !(name.starts_with(*id) && canonical.ends_with(name))) continue;
    read_node(query, node);
    return node;
  }
  return fail(Errc::not_found, name);
}

std::string Index::free_name(Fmid parent, std::string_view name) {
  std::string free{name};
  for (unsigned number = 1; find(parent, free); ++number) free = numbered(name, number);
  return free;
}

Result<> Index::list(Fmid parent, Fmid after, const std::function<bool(const Node&)>& take) {
  Reader reader = MAPISTORE_TRY(Reader::lease(*this));
  sqlite::Query query = reader.query("SELECT " MAPISTORE_NODE_COLUMNS
                                     " FROM objects o INDEXED BY objects_by_parent"
                                     " WHERE o.parent=? AND o.fmid>? AND o.gone IS NULL AND o.kind<>4 ORDER BY o.fmid");
  query.bind(parent.value).bind(after.value);
  Node node;
  while (MAPISTORE_TRY(query.step())) {
    read_node(query, node);
    if (!take(node)) break;
  }
  return {};
}

Result<> Index::list_messages(Fmid parent, Fmid after, const std::function<bool(const StoredMessage&)>& take) {
  Reader reader = MAPISTORE_TRY(Reader::lease(*this));
  sqlite::Query query = reader.query("SELECT " MAPISTORE_MESSAGE_COLUMNS
                                     " FROM objects o INDEXED BY objects_by_parent"
                                     " WHERE o.parent=? AND o.fmid>? AND o.gone IS NULL AND o.kind=1 ORDER BY o.fmid");
  query.bind(parent.value).bind(after.value);
  while (MAPISTORE_TRY(query.step()))
    if (!take(read_message(query))) break;
  return {};
}

Result<> Index::list_messages_by_name(Fmid parent, std::string_view after,
                                      const std::function<bool(const StoredMessage&)>& take) {
  Reader reader = MAPISTORE_TRY(Reader::lease(*this));
  sqlite::Query query = reader.query("SELECT " MAPISTORE_MESSAGE_COLUMNS
                                     " FROM objects o INDEXED BY objects_by_name"
                                     " WHERE o.parent=? AND o.name>? AND o.gone IS NULL AND o.kind=1 ORDER BY o.name");
  query.bind(parent.value).bind(after);
  while (MAPISTORE_TRY(query.step()))
    if (!take(read_message(query))) break;
  return {};
}

Result<StoredMessage> Index::message(Fmid fmid) {
  Reader reader = MAPISTORE_TRY(Reader::lease(*this));
  sqlite::Query query =
      reader.query("SELECT " MAPISTORE_MESSAGE_COLUMNS " FROM objects o WHERE o.fmid=? AND o.gone IS NULL");
  query.bind(fmid.value);
  if (!MAPISTORE_TRY(query.step())) return not_found(fmid);
  return read_message(query);
}

Result<bool> Index::is_gone(Fmid fmid) {
  Reader reader = MAPISTORE_TRY(Reader::lease(*this));
  return reader.query("SELECT 1 FROM objects WHERE fmid=? AND gone IS NOT NULL").bind(fmid.value).step();
}

Result<StoredFolder> Index::folder(Fmid fmid) {
  Reader reader = MAPISTORE_TRY(Reader::lease(*this));
  sqlite::Query query = reader.query("SELECT " MAPISTORE_NODE_COLUMNS
                                     ",f.display_name,f.role,f.special,f.listed,f.cursor FROM objects o"
                                     " JOIN folders f ON f.fmid=o.fmid WHERE o.fmid=? AND o.gone IS NULL");
  query.bind(fmid.value);
  if (!MAPISTORE_TRY(query.step())) return not_found(fmid);
  StoredFolder folder;
  read_node(query, folder.node);
  constexpr int first = node_column_count;
  folder.display_name = query.bytes(first);
  folder.role = static_cast<Role>(query.integer(first + 1));
  folder.special = query.integer(first + 2) != 0;
  folder.listed = query.integer(first + 3) != 0;
  folder.cursor.bytes = query.bytes(first + 4);
  return folder;
}

Result<Index::Sought> Index::seek(Fmid parent, std::string_view name) {
  // First: what is looked for before a folder is listed may be there after it.
  const auto facts = MAPISTORE_TRY(folder_facts(parent));
  Sought sought{.child = {}, .all_known = facts->listed, .context = facts->context};
  auto found = find(parent, name);
  if (!found && found.error().code != Errc::not_found) return std::unexpected(std::move(found).error());
  if (found) sought.child = *std::move(found);
  return sought;
}

Result<std::shared_ptr<const FolderFacts>> Index::folder_facts(Fmid fmid) {
  std::uint64_t epoch = 0;
  {
    Locked locked{readers_mutex_};
    if (const auto known = folders_.find(fmid.value); known != folders_.end()) return known->second;
    epoch = folders_epoch_;
  }
  auto facts = std::make_shared<const FolderFacts>(MAPISTORE_TRY(read_folder_facts(fmid)));
  Locked locked{readers_mutex_};
  if (folders_.size() >= kept_folders) folders_.clear();
  // What was read before a change must not outlive it.
  if (epoch == folders_epoch_) folders_.emplace(fmid.value, facts);
  return facts;
}

Result<FolderFacts> Index::read_folder_facts(Fmid fmid) {
  Reader reader = MAPISTORE_TRY(Reader::lease(*this));
  FolderFacts facts;
  facts.fmid = facts.top = fmid;
  for (;;) {
    sqlite::Query query = reader.query(
        "SELECT o.parent,o.key,o.kind,o.context,f.listed,f.special FROM objects o LEFT JOIN folders f ON f.fmid=o.fmid"
        " WHERE o.fmid=? AND o.gone IS NULL");
    query.bind(facts.top.value);
    if (!MAPISTORE_TRY(query.step())) return not_found(fmid);
    const Fmid parent{query.unsigned_integer(0)};
    if (facts.top == fmid) {
      facts.parent = parent;
      facts.kind = static_cast<NodeKind>(query.integer(2));
      facts.context = ContextId{static_cast<std::uint32_t>(query.integer(3))};
      facts.listed = query.integer(4) != 0;
      facts.special = query.integer(5) != 0;
      if (facts.kind == NodeKind::message || facts.kind == NodeKind::local_file)
        return fail(Errc::not_a_folder, "object " + std::to_string(fmid.value));
    }
    if (!parent) break;
    facts.keys.push_back({std::string(query.bytes(1))});
    facts.top = parent;
  }
  std::ranges::reverse(facts.keys);
  return facts;
}

void Index::forget_folder_facts() {
  Locked locked{readers_mutex_};
  folders_.clear();
  ++folders_epoch_;
}

Result<StoredMessage> Index::by_key(Fmid parent, const Key& key) {
  Reader reader = MAPISTORE_TRY(Reader::lease(*this));
  sqlite::Query query =
      reader.query("SELECT " MAPISTORE_MESSAGE_COLUMNS
                   " FROM objects o WHERE o.parent=?1 AND o.context=(SELECT context FROM objects WHERE fmid=?1)"
                   " AND o.key=?2 AND o.gone IS NULL AND o.key IS NOT NULL");
  query.bind(parent.value).bind(key.bytes);
  if (!MAPISTORE_TRY(query.step())) return fail(Errc::not_found, key.bytes);
  return read_message(query);
}

Result<Fmid> Index::folder_at(Fmid root, const FolderPath& path) {
  Fmid at = root;
  for (const Key& key : path) {
    const StoredMessage child = MAPISTORE_TRY(by_key(at, key));
    if (child.node.kind != NodeKind::folder && child.node.kind != NodeKind::leaving_folder)
      return fail(Errc::not_a_folder, key.bytes);
    at = child.node.fmid;
  }
  return at;
}

Result<std::vector<Fmid>> Index::children_of_medium(Fmid parent) {
  Reader reader = MAPISTORE_TRY(Reader::lease(*this));
  sqlite::Query query = reader.query(
      "SELECT fmid FROM objects WHERE parent=?1 AND gone IS NULL AND kind IN (0,1)"
      " AND context=(SELECT context FROM objects WHERE fmid=?1) ORDER BY fmid");
  query.bind(parent.value);
  std::vector<Fmid> children;
  while (MAPISTORE_TRY(query.step())) children.push_back(Fmid{query.unsigned_integer(0)});
  return children;
}

Result<bool> Index::has_children(Fmid parent) {
  Reader reader = MAPISTORE_TRY(Reader::lease(*this));
  sqlite::Query query = reader.query("SELECT 1 FROM objects WHERE parent=? AND gone IS NULL AND kind<>4 LIMIT 1");
  return query.bind(parent.value).step();
}

Result<Index::Identified> Index::by_identity(ContextId context, std::string_view identity) {
  Reader reader = MAPISTORE_TRY(Reader::lease(*this));
  sqlite::Query query = reader.query("SELECT " MAPISTORE_MESSAGE_COLUMNS
                                     ",o.gone IS NOT NULL FROM objects o WHERE o.identity=? AND o.context=?"
                                     " ORDER BY o.gone IS NULL LIMIT 1");
  query.bind(identity).bind(context.value);
  if (!MAPISTORE_TRY(query.step())) return fail(Errc::not_found);
  return Identified{read_message(query), query.integer(message_column_count) != 0};
}

Result<ContextRow> Index::context(std::string_view uri) {
  Reader reader = MAPISTORE_TRY(Reader::lease(*this));
  sqlite::Query query = reader.query("SELECT id,root,trash,remote FROM contexts WHERE uri=?");
  query.bind(uri);
  if (!MAPISTORE_TRY(query.step())) return fail(Errc::not_found, uri, "has not been mounted yet");
  return ContextRow{{static_cast<std::uint32_t>(query.integer(0))},
                    {query.unsigned_integer(1)},
                    {query.unsigned_integer(2)},
                    query.integer(3) != 0};
}

Result<Index::Counts> Index::counts(ContextId context) {
  Reader reader = MAPISTORE_TRY(Reader::lease(*this));
  sqlite::Query query =
      reader.query("SELECT kind,count(*) FROM objects WHERE context=? AND gone IS NULL GROUP BY kind");
  query.bind(context.value);
  Counts counts;
  while (MAPISTORE_TRY(query.step())) {
    const std::uint64_t count = query.unsigned_integer(1);
    switch (static_cast<NodeKind>(query.integer(0))) {
      case NodeKind::folder: counts.folders += count; break;
      case NodeKind::message: counts.messages += count; break;
      case NodeKind::local_file: case NodeKind::local_folder: counts.local += count; break;
      case NodeKind::leaving_folder: break;
    }
  }
  return counts;
}

Result<std::string> Index::property(Fmid fmid, std::string_view name) {
  Reader reader = MAPISTORE_TRY(Reader::lease(*this));
  sqlite::Query query = reader.query("SELECT value FROM properties WHERE fmid=? AND name=?");
  query.bind(fmid.value).bind(name);
  if (!MAPISTORE_TRY(query.step())) return fail(Errc::no_data, name);
  return std::string(query.bytes(0));
}

Result<std::vector<std::string>> Index::property_names(Fmid fmid) {
  Reader reader = MAPISTORE_TRY(Reader::lease(*this));
  sqlite::Query query = reader.query("SELECT name FROM properties WHERE fmid=? ORDER BY name");
  query.bind(fmid.value);
  std::vector<std::string> names;
  while (MAPISTORE_TRY(query.step())) names.emplace_back(query.bytes(0));
  return names;
}

Result<SideProperties> Index::side_properties(Fmid fmid) {
  Reader reader = MAPISTORE_TRY(Reader::lease(*this));
  return read_side_properties(reader.query(MAPISTORE_SIDE_QUERY), fmid);
}

Result<Guid> Index::store_guid() {
  Reader reader = MAPISTORE_TRY(Reader::lease(*this));
  sqlite::Query query = reader.query("SELECT value FROM facts WHERE name='store'");
  Guid guid;
  if (!MAPISTORE_TRY(query.step()) || query.bytes(0).size() != guid.bytes.size())
    return fail(Errc::corrupted, "index", "has no identity");
  std::ranges::copy(query.bytes(0), reinterpret_cast<char*>(guid.bytes.data()));
  return guid;
}

Result<> Index::look_for_foreign_changes() {
  std::uint64_t now = 0;
  {
    Reader reader = MAPISTORE_TRY(Reader::lease(*this));
    sqlite::Query query = reader.query("SELECT value FROM counters WHERE name='change'");
    if (MAPISTORE_TRY(query.step())) now = query.unsigned_integer(0);
  }
  std::uint64_t seen = now;
  {
    Locked locked{writer_mutex_};
    std::swap(seen, seen_change_);
    seen_change_ = std::max(seen, seen_change_);
  }
  return report_foreign(seen, now);
}

Result<> Index::report_foreign(std::uint64_t after, std::uint64_t until) {
  if (after >= until) return {};
  forget_folder_facts();
  if (!on_foreign_change) return {};
  Reader reader = MAPISTORE_TRY(Reader::lease(*this));
  sqlite::Query query = reader.query("SELECT " MAPISTORE_NODE_COLUMNS
                                     ",o.gone IS NOT NULL,o.old_parent,o.old_name FROM objects o"
                                     " WHERE o.change_number>? AND o.change_number<=?");
  query.bind(after).bind(until);
  ForeignChange change;
  while (MAPISTORE_TRY(query.step())) {
    read_node(query, change.node);
    change.gone = query.integer(node_column_count) != 0;
    change.old_parent = Fmid{query.unsigned_integer(node_column_count + 1)};
    change.old_name = query.bytes(node_column_count + 2);
    on_foreign_change(change);
  }
  return {};
}

}  // namespace mapistore
