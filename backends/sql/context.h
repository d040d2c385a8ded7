#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include <mapistore/ability.h>
#include <mapistore/context.h>
#include <mapistore/host.h>

#include "backends/sql/bodies.h"
#include "backends/sql/database.h"
#include "backends/sql/ids.h"
#include "backends/sql/row.h"
#include "backends/sql/schema.h"

namespace mapistore::sql {

/// Keys are numbers as std::to_string writes them, and nothing else.
std::optional<std::int64_t> id_of(const Key& key);

/// One store of a database as a context. Folders are keyed by folder_id, messages by message_id.
///
/// Whatever changes a folder counts its `cn` up first: so all who change one wait for each other, and "changed since"
/// is "cn is greater", whoever commits when.
class SqlContext : public Context,
                   public Moving,
                   public Watching,
                   public Trashing,
                   public Quota,
                   public Reading,
                   public Searching {
 public:
  struct Settings {
    std::chrono::milliseconds poll{};  ///< how often is looked for changes of others
    bool remote = false;
  };
  SqlContext(Host& host, std::shared_ptr<Database> database, Store store, const Settings& settings);

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
  FolderPath trash() const override { return {Key{std::to_string(trash_folder)}}; }
  Result<Usage> usage(const Call& call) override;
  Result<> read_many(const Call& call, const FolderPath& folder, std::span<const MessageRef> messages,
                     BodySink& sink) override;
  Result<Found> search(const Call& call, const FolderPath& folder, const Restriction& restriction) override;

 protected:
  void* query(AbilityId id) noexcept override;
  Database& database() const noexcept { return *database_; }

 private:
  struct FolderState {
    std::int64_t parent = 0, cn = 0;
    bool operator==(const FolderState&) const = default;
  };
  using FolderStates = std::map<std::int64_t, FolderState>;

  // Within a transaction.
  /// Errc::not_found: `path` leads to no folder.
  Result<std::int64_t> resolve(Connection& connection, const FolderPath& path) const;
  /// Counts the folder's changes up, which makes all others that change it wait. Answers the number of this change.
  /// `added`: bytes that come into it.
  Result<std::int64_t> count_change(Connection& connection, std::int64_t folder, std::int64_t added = 0) const;
  /// The same for two, which may be one.
  Result<> count_changes(Connection& connection, std::int64_t one, std::int64_t other, std::int64_t& one_cn,
                         std::int64_t& other_cn) const;
  Result<> add_bytes(Connection& connection, std::int64_t folder, std::int64_t added) const;
  /// The row, with all its columns. Errc::not_found.
  Result<Row> find(Connection& connection, std::int64_t folder, const Key& key) const;
  /// What others may see of it.
  Result<Entry> describe(Connection& connection, const Row& row) const;
  /// The bytes that the columns of a row stand for. Errc::invalid_content.
  Result<std::string> render(Connection& connection, const Row& row) const;
  Result<SideProperties> read_properties(Connection& connection, std::int64_t message) const;
  Result<> write_properties(Connection& connection, std::int64_t message, const SideProperties& properties) const;
  /// Removes the row and what belongs to it.
  Result<> forget(Connection& connection, std::int64_t folder, const Row& row) const;
  /// The same, and leaves a tombstone; the folder has been counted up to `cn`.
  Result<> erase(Connection& connection, std::int64_t folder, const Row& row, std::int64_t cn, std::int64_t op) const;
  Result<> bury(Connection& connection, std::int64_t folder, std::int64_t object, std::int64_t cn,
                std::int64_t op) const;
  /// Whether an operation of ours has removed something from the folder.
  Result<bool> was_buried(Connection& connection, std::int64_t folder, std::int64_t op) const;
  /// Errc::stale: the message is not what it was when `wanted` was seen, or gone.
  Result<Row> find_unchanged(Connection& connection, std::int64_t folder, const MessageRef& wanted) const;
  Result<> check_free(Connection& connection, std::int64_t folder, std::string_view name, std::int64_t own_id) const;
  Result<> check_free_folder(Connection& connection, std::int64_t parent, std::string_view name,
                             std::int64_t own_id) const;
  Result<std::string> free_name(Connection& connection, std::int64_t folder, std::string_view wanted,
                                std::int64_t own_id) const;
  Result<> check_room(Connection& connection) const;
  Result<FolderEntry> read_folder(Connection& connection, std::int64_t folder) const;
  Result<> check_no_loop(Connection& connection, std::int64_t folder, std::int64_t new_parent) const;
  Result<FolderStates> read_folder_states(Connection& connection) const;

  // Parts of a listing, within its snapshot.
  struct ListingRun;
  Result<> list_folders(ListingRun& run) const;
  Result<> list_removed(ListingRun& run) const;
  Result<> list_messages(ListingRun& run) const;
  Result<> list_led_by_columns(ListingRun& run) const;
  Result<> list_one_by_one(ListingRun& run) const;

  // Parts of reading many.
  Result<> read_batch(const Call& call, const FolderPath& folder, std::span<const MessageRef> messages,
                      std::size_t first, BodySink& sink);
  Result<std::vector<Row>> find_batch(Connection& connection, std::int64_t folder,
                                      std::span<const MessageRef> messages) const;

  Result<> check_writable() const;
  /// Writes what one transaction cannot hold of a body. Its generation is garbage until it is claimed.
  Result<> upload(const Call& call, std::int64_t generation, Body& body);
  Result<> copy_large(const Call& call, const Row& row, std::int64_t generation);
  void log_once(std::int64_t message, std::string_view why) const;
  /// Tells of the folders that differ.
  static void report(const FolderStates& before, const FolderStates& now, WatchSink& sink);
  void clean(const Call& call) noexcept;

  Host& host_;
  const std::shared_ptr<Database> database_;
  const Store store_;
  const Settings settings_;
  Profile profile_;
  mutable Ids ids_;

  mutable std::mutex mutex_;  ///< a leaf
  mutable std::set<std::pair<std::int64_t, std::string>> logged_;
  std::optional<FolderStates> watched_;
  std::chrono::steady_clock::time_point cleaned_{};
};

}  // namespace mapistore::sql
