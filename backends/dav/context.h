#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <mapistore/ability.h>
#include <mapistore/context.h>

#include "backends/dav/body_cache.h"
#include "backends/dav/collection.h"
#include "backends/dav/doubts.h"
#include "backends/dav/fetched.h"
#include "backends/dav/requests.h"
#include "backends/dav/server.h"

namespace mapistore::dav {

/// The calendars and address books of an account, each a folder; or one of them, which is then the root.
///
/// A message's key is the last segment of its address, decoded; a folder's that of its collection. Nothing but the
/// server is asked for what a collection holds: what is kept here are the addresses of collections, and bytes that a
/// listing read, for who opens them next.
class DavContext final : public Context, public Watching, public Reading, public Describing {
 public:
  struct Settings {
    std::string name;     ///< the URI, for errors
    unsigned wanted = 0;  ///< what is shown and can be saved, of `component`
    std::chrono::milliseconds poll{};
  };

  DavContext(std::shared_ptr<Server> server, Place place, Settings settings);

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

  Result<> start(const Call& call) override;
  Result<> watch(const Call& call, WatchSink& sink) override;

  Result<> read_many(const Call& call, const FolderPath& folder, std::span<const MessageRef> messages,
                     BodySink& sink) override;

  Result<Details> details(const Call& call, const FolderPath& folder) override;
  Result<> set_detail(const Call& call, const FolderPath& folder, std::string_view name,
                      std::optional<std::string_view> value) override;

 private:
  /// What is to be saved, ready to be sent.
  struct Outgoing {
    std::string name;  ///< of the file, for errors
    std::string bytes;
    std::string uid;
    MessageKind kind = MessageKind::appointment;
  };
  /// Of each folder, what shows that it has changed.
  using Versions = std::map<FolderPath, std::string>;
  struct Changes;

  void* query(AbilityId id) noexcept override;

  bool is_root_of_homes(const FolderPath& folder) const { return folder.empty() && !place_.only; }
  /// The collection at `folder`. Errc::not_found.
  Result<Collection> resolve(const Call& call, const FolderPath& folder);
  /// Those of the account, as the server has them now.
  Result<std::vector<Collection>> list_all(const Call& call, requests::Version version = requests::Version::none);
  FolderEntry folder_entry(const Collection& collection) const;
  bool is_shown(const Entry& entry) const noexcept {
    return (component_of(entry.summary.kind) & settings_.wanted) != 0;
  }

  // listing.cc
  Result<Listing> list_root(const Call& call, ChangeSink& sink);
  Result<Listing> list_collection(const Call& call, const Collection& collection, const Cursor& since,
                                  ChangeSink& sink);
  Result<Changes> changes_since(const Call& call, const Collection& collection, std::string_view token);
  Result<Changes> everything(const Call& call, const Collection& collection);
  /// Tells of those of `ours`, which were saved since the last listing, that others have removed since: of what came
  /// and went between two tokens a server need not tell (RFC 6578 3.5.2).
  Result<> report_passed(const Call& call, const Collection& collection, const Changes& changes,
                         const std::set<std::string>& ours, ChangeSink& sink);
  Result<> report(const Call& call, const Collection& collection, const Changes& changes, ChangeSink& sink);
  /// Empty: the server tells none. Errc::not_found.
  Result<std::string> version_of(const Call& call, const Collection& collection);

  // reading.cc
  /// Errc::not_found.
  Result<Fetched> fetch_one(const Call& call, const Collection& collection, const Key& key);
  BodyCache::Bytes keep(const Collection& collection, Fetched& object);

  // saving.cc
  Result<Outgoing> prepare(const Call& call, const Collection& collection, const Draft& draft) const;
  Result<Fetched> create(const Call& call, const Collection& collection, const Outgoing& outgoing);
  Result<Fetched> replace(const Call& call, const Collection& collection, const Outgoing& outgoing,
                          const MessageRef& replaced);
  /// The object as the server says that it has it now, if it does so in its answer.
  using Told = std::optional<Fetched>;
  /// After a lost reply to a PUT in place of `before`: does it again if it was not done.
  Result<Told> put_again(const Call& call, const Collection& collection, const Outgoing& outgoing, const Key& key,
                         const ChangeKey& before, const Error& lost);
  Result<Fetched> replace_by_other(const Call& call, const Collection& collection, const Outgoing& outgoing,
                                   const MessageRef& replaced, const Error& refusal);
  Result<Told> put(const Call& call, const Collection& collection, const std::string& name, const Outgoing& outgoing,
                   std::string condition);
  /// What a PUT in place of `before` came to of which `error` is all that is known: looked at although the caller waits
  /// no longer, and if that fails as soon as can be.
  Result<Fetched> settle(const Collection& collection, const Outgoing& outgoing, const Key& key,
                         const ChangeKey& before, const Error& error);
  /// Removes what a save that failed may have left under a name of ours. If that cannot be done now, it is not shown,
  /// and removed when it is seen.
  void take_back(const Collection& collection, const Key& created);
  /// Whether an object is of a save that failed, and not to be shown; removes it.
  bool is_left_over(const Call& call, const Collection& collection, const Key& key);
  /// What is there after a PUT, `told` or asked for, which must be what was sent; mends what the server tore (see
  /// with_astral_shifted).
  Result<Fetched> verify(const Call& call, const Collection& collection, const std::string& name,
                         const Outgoing& outgoing, Told told);
  Result<Fetched> find_by_uid(const Call& call, const Collection& collection, const Outgoing& outgoing);
  Result<Fetched> checked(const Call& call, const Collection& collection, const MessageRef& message);
  Result<> erase(const Call& call, const Collection& collection, const Key& key, const std::string& condition);
  /// Held while we look before we write, on servers that do not do so themselves.
  Result<std::unique_lock<std::timed_mutex>> writing(const Call& call);

  // watching.cc
  Result<Versions> look(const Call& call);

  const std::shared_ptr<Server> server_;
  const Place place_;
  const Settings settings_;
  Profile profile_;
  BodyCache bodies_;
  Doubts doubts_;
  std::timed_mutex writing_;  ///< rank: above all below

  std::mutex mutex_;                       ///< rank: leaf
  std::map<Key, Collection> collections_;  ///< as last seen
  std::set<std::string> without_sync_;     ///< paths of collections whose server has no sync-collection
  std::map<std::string, std::set<std::string>> unlisted_;  ///< what was saved since a listing, by its collection's path
  std::optional<Versions> watched_;
  std::atomic<bool> has_ctags_{true};  ///< as far as is known
};

}  // namespace mapistore::dav
