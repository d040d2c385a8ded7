#include "backends/archive/context.h"
#include "backends/archive/format.h"

namespace mapistore::archive {

Result<> ArchiveContext::check_free_name(sqlite::Database& database, std::int64_t parent, std::string_view name,
                                         std::int64_t except) const {
  if (name.empty()) return fail(Errc::invalid_argument, archive_->file().native(), "a folder needs a name");
  auto query = database.query("SELECT id, name FROM folder WHERE parent = ?");
  query.bind(parent);
  while (MAPISTORE_TRY(query.step())) {
    if (query.integer(0) == except || query.integer(0) == trash_folder) continue;
    if (MAPISTORE_TRY(archive_->unseal_text(query.bytes(1))) == name)
      return fail(Errc::exists, name, "there is a folder of this name");
  }
  return {};
}

Result<FolderEntry> ArchiveContext::create_folder(const Call& call, const FolderPath& parent,
                                                  std::string_view display_name) {
  FolderEntry made;
  MAPISTORE_CHECK(archive_->write(call, [&](Transaction& transaction) -> Result<> {
    sqlite::Database& database = transaction.database;
    const std::int64_t folder = MAPISTORE_TRY(find(database, parent));
    MAPISTORE_CHECK(check_free_name(database, folder, display_name, 0));
    const std::int64_t id = transaction.next();
    const std::string name = archive_->seal_text(display_name);
    made = {key_of(id), std::string(display_name), std::to_string(id), Role::none, false, now()};
    auto query = database.query("INSERT INTO folder VALUES(?, ?, ?, ?, ?)");
    query.bind(id).bind(folder);
    archive_->bind_text(query, name).bind(id).bind(nanoseconds(made.modified));
    return query.run();
  }));
  return made;
}

Result<FolderEntry> ArchiveContext::rename_folder(const Call& call, const FolderPath& path,
                                                  const FolderPath& new_parent, std::string_view new_name) {
  MAPISTORE_CHECK(call.check());
  if (path.empty() || path == trash())
    return fail(Errc::not_permitted, archive_->file().native(), "this folder must keep its name");
  if (is_within(new_parent, path))  // NOLINT(readability-suspicious-call-argument)
    return fail(Errc::invalid_argument, new_name, "cannot move into itself");
  FolderEntry renamed;
  MAPISTORE_CHECK(archive_->write(call, [&](Transaction& transaction) -> Result<> {
    sqlite::Database& database = transaction.database;
    const std::int64_t id = MAPISTORE_TRY(find(database, path));
    const std::int64_t source = MAPISTORE_TRY(find(database, parent_of(path)));
    const std::int64_t target = MAPISTORE_TRY(find(database, new_parent));
    MAPISTORE_CHECK(check_free_name(database, target, new_name, id));
    if (source != target) MAPISTORE_CHECK(bury(transaction, source, id, true));
    const std::string name = archive_->seal_text(new_name);
    {
      auto query = database.query("UPDATE folder SET parent = ?, name = ?, changed = ? WHERE id = ?");
      query.bind(target);
      archive_->bind_text(query, name).bind(transaction.next()).bind(id);
      MAPISTORE_CHECK(query.run());
    }
    auto query = database.query("SELECT modified FROM folder WHERE id = ?");
    query.bind(id);
    if (!MAPISTORE_TRY(query.step())) return fail(Errc::not_found, path.back().bytes, "no such folder");
    renamed = {key_of(id), std::string(new_name), std::to_string(id), Role::none, false, time_of(query.integer(0))};
    return {};
  }));
  return renamed;
}

Result<> ArchiveContext::remove_folder(const Call& call, const FolderPath& path) {
  MAPISTORE_CHECK(call.check());
  if (path.empty() || path == trash())
    return fail(Errc::not_permitted, archive_->file().native(), "this folder must stay");
  return archive_->write(call, [&](Transaction& transaction) -> Result<> {
    sqlite::Database& database = transaction.database;
    const std::int64_t id = MAPISTORE_TRY(find(database, path));
    const std::int64_t parent = MAPISTORE_TRY(find(database, parent_of(path)));
    {
      auto query = database.query(
          "SELECT EXISTS(SELECT 1 FROM message WHERE folder = ?1) OR EXISTS(SELECT 1 FROM folder WHERE parent = ?1)");
      query.bind(id);
      if (MAPISTORE_TRY(query.step()) && query.integer(0) != 0)
        return fail(Errc::not_empty, path.back().bytes, "has messages or folders in it");
    }
    MAPISTORE_CHECK(database.query("DELETE FROM gone WHERE folder = ?").bind(id).run());
    MAPISTORE_CHECK(database.query("DELETE FROM folder WHERE id = ?").bind(id).run());
    return bury(transaction, parent, id, true);
  });
}

}  // namespace mapistore::archive
