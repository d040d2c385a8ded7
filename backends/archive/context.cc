#include "backends/archive/context.h"

#include <mapistore/posix.h>

#include "backends/archive/change_watcher.h"
#include "backends/archive/format.h"

namespace mapistore::archive {

ArchiveContext::ArchiveContext(std::shared_ptr<Archive> archive) : archive_{std::move(archive)} {
  profile_.read_only = archive_->is_read_only();
  profile_.keeps_properties = true;
}

ArchiveContext::~ArchiveContext() = default;

void* ArchiveContext::query(AbilityId id) noexcept {
  switch (id) {
    case AbilityId::moving: return static_cast<Moving*>(this);
    case AbilityId::watching: return static_cast<Watching*>(this);
    case AbilityId::trashing: return static_cast<Trashing*>(this);
    case AbilityId::quota: return static_cast<Quota*>(this);
    case AbilityId::reading: return static_cast<Reading*>(this);
    case AbilityId::searching: break;   // words are in the bodies
    case AbilityId::describing: break;
    case AbilityId::part_reading: break;
    case AbilityId::durability: break;  // what is saved is on the disk
  }
  return nullptr;
}

FolderPath ArchiveContext::trash() const { return {key_of(trash_folder)}; }

std::string ArchiveContext::object(const Key& key) const {
  return archive_->file().native() + ": message " + key.bytes;
}

Result<Usage> ArchiveContext::usage(const Call& call) {
  MAPISTORE_CHECK(call.check());
  const auto directory = MAPISTORE_TRY(posix::Directory::open(archive_->file().parent_path().native()));
  return directory.usage();
}

Result<std::int64_t> ArchiveContext::find(sqlite::Database& database, const FolderPath& path) const {
  std::int64_t folder = root_folder;
  for (const Key& key : path) {
    const std::int64_t child = id_of(key);
    auto query = database.query("SELECT 1 FROM folder WHERE id = ? AND parent = ?");
    query.bind(child).bind(folder);
    if (child == 0 || !MAPISTORE_TRY(query.step())) return fail(Errc::not_found, key.bytes, "no such folder");
    folder = child;
  }
  return folder;
}

Result<ArchiveContext::Found> ArchiveContext::find(sqlite::Database& database, std::int64_t folder,
                                                   const Key& key) const {
  auto query = database.query("SELECT id, content, version FROM message WHERE id = ? AND folder = ?");
  query.bind(id_of(key)).bind(folder);
  if (!MAPISTORE_TRY(query.step())) return fail(Errc::not_found, key.bytes, "no such message");
  return Found{query.integer(0), query.integer(1), query.integer(2)};
}

Result<ArchiveContext::Found> ArchiveContext::find_replaced(sqlite::Database& database, std::int64_t folder,
                                                            const MessageRef& message) const {
  auto found = find(database, folder, message.key);
  if (!found && found.error().code == Errc::not_found) return fail(Errc::stale, message.key.bytes, "is gone");
  if (found && !message.change.bytes.empty() && change_key(found->version) != message.change)
    return fail(Errc::stale, message.key.bytes, "has changed");
  return found;
}

Result<Entry> ArchiveContext::entry(sqlite::Database& database, std::int64_t folder, const Key& key) const {
  auto query = database.query("SELECT " MAPISTORE_ARCHIVE_ENTRY " FROM message WHERE id = ? AND folder = ?");
  query.bind(id_of(key)).bind(folder);
  if (!MAPISTORE_TRY(query.step())) return fail(Errc::not_found, key.bytes, "no such message");
  return read_entry(*archive_, query);
}

Result<> ArchiveContext::bury(Transaction& transaction, std::int64_t folder, std::int64_t id, bool is_folder) const {
  return transaction.database.query("INSERT INTO gone VALUES(?, ?, ?, ?)")
      .bind(folder)
      .bind(transaction.next())
      .bind(id)
      .bind(is_folder ? 1 : 0)
      .run();
}

Result<Snapshot> Snapshot::begin(Archive& archive) {
  Snapshot snapshot{MAPISTORE_TRY(archive.read())};
  MAPISTORE_CHECK(snapshot->execute("BEGIN"));
  return snapshot;
}

Snapshot::~Snapshot() {
  if (lease_) static_cast<void>((*lease_)->execute("COMMIT"));
}

}  // namespace mapistore::archive
