#pragma once

#include <atomic>
#include <memory>
#include <mutex>

#include <mapistore/ability.h>
#include <mapistore/context.h>

#include "backends/archive/archive.h"
#include "backends/archive/rows.h"

namespace mapistore::archive {

class ChangeWatcher;

/// An open archive as a context. Names are not kept: as many messages of one name as there are have room in a folder.
class ArchiveContext final : public Context,
                             public Moving,
                             public Watching,
                             public Trashing,
                             public Quota,
                             public Reading {
 public:
  explicit ArchiveContext(std::shared_ptr<Archive> archive);
  ~ArchiveContext() override;

  const Profile& profile() const noexcept override { return profile_; }
  Result<Listing> changes(const Call& call, const FolderPath& folder, const Cursor& since, ChangeSink& sink) override;
  Result<Entry> inspect(const Call& call, const FolderPath& folder, const Key& key) override;
  Result<std::unique_ptr<Body>> open(const Call& call, const FolderPath& folder, const MessageRef& message) override;
  Result<Entry> save(const Call& call, const FolderPath& folder, const Draft& draft,
                     const MessageRef* replaces) override;
  Result<Entry> set_state(const Call& call, const FolderPath& folder, const MessageRef& message,
                          const StateChange& change) override;
  Result<> remove(const Call& call, const FolderPath& folder, const MessageRef& message) override;
  Result<FolderEntry> create_folder(const Call& call, const FolderPath& parent, std::string_view display_name) override;
  Result<FolderEntry> rename_folder(const Call& call, const FolderPath& folder, const FolderPath& new_parent,
                                    std::string_view new_name) override;
  Result<> remove_folder(const Call& call, const FolderPath& folder) override;

  Result<Entry> move(const Call& call, const FolderPath& from, const MessageRef& message, const FolderPath& to,
                     std::string_view name, const MessageRef* replaces) override;
  Result<Entry> copy(const Call& call, const FolderPath& from, const MessageRef& message, const FolderPath& to,
                     std::string_view name) override;
  Result<> start(const Call& call) override;
  Result<> watch(const Call& call, WatchSink& sink) override;
  FolderPath trash() const override;
  Result<Usage> usage(const Call& call) override;
  Result<> read_many(const Call& call, const FolderPath& folder, std::span<const MessageRef> messages,
                     BodySink& sink) override;

 private:
  void* query(AbilityId id) noexcept override;

  /// What a change needs to know of the message that it is about.
  struct Found {
    std::int64_t id = 0, content = 0, version = 0;
  };

  /// The row of a folder. Errc::not_found.
  Result<std::int64_t> find(sqlite::Database& database, const FolderPath& path) const;
  /// Errc::not_found.
  Result<Found> find(sqlite::Database& database, std::int64_t folder, const Key& key) const;
  Result<Entry> entry(sqlite::Database& database, std::int64_t folder, const Key& key) const;
  /// The message to be replaced. Errc::stale: it is gone or has other bytes.
  Result<Found> find_replaced(sqlite::Database& database, std::int64_t folder, const MessageRef& message) const;
  Result<> erase(Transaction& transaction, std::int64_t folder, const Found& found) const;
  Result<> bury(Transaction& transaction, std::int64_t folder, std::int64_t id, bool is_folder) const;
  Result<> check_free_name(sqlite::Database& database, std::int64_t parent, std::string_view name,
                           std::int64_t except) const;
  Result<std::unique_ptr<Body>> open(sqlite::Database& database, std::int64_t folder, const Key& key) const;
  std::string object(const Key& key) const;
  Time now() const { return archive_->host().now(); }

  std::shared_ptr<Archive> archive_;
  Profile profile_;
  std::mutex watcher_mutex_;  ///< rank: leaf
  std::unique_ptr<ChangeWatcher> watcher_;
};

/// A transaction that only reads: all statements see one moment.
class Snapshot {
 public:
  static Result<Snapshot> begin(Archive& archive);
  Snapshot(Snapshot&&) noexcept = default;
  Snapshot& operator=(Snapshot&&) = delete;
  ~Snapshot();
  sqlite::Database& operator*() const noexcept { return **lease_; }
  sqlite::Database* operator->() const noexcept { return &**lease_; }

 private:
  explicit Snapshot(Archive::Lease lease) : lease_{std::make_unique<Archive::Lease>(std::move(lease))} {}
  std::unique_ptr<Archive::Lease> lease_;
};

}  // namespace mapistore::archive
