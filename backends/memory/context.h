#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>

#include <mapistore/ability.h>
#include <mapistore/context.h>
#include <mapistore/host.h>

namespace mapistore::memory {

struct Message {
  std::uint64_t number = 0;                             ///< never reused; survives moves
  std::shared_ptr<const std::vector<std::byte>> bytes;  ///< never changed, so that open bodies can share them
  std::uint64_t bytes_changed = 0, changed = 0;         ///< the tree's clock, at the last change of either
  Time received{};
  State state;
  Summary summary;
  SideProperties properties;
};

struct Folder {
  std::string display_name;
  std::uint64_t number = 0;
  std::uint64_t changed = 0;  ///< of its own entry, not of what is in it
  Time modified{};
  std::map<Key, Message> messages;
  std::map<Key, std::unique_ptr<Folder>> folders;
  std::map<Key, std::uint64_t> removed;  ///< what left, and when
  Describing::Details details;
};

/// Where deleted messages go. The folder is always there and never listed.
inline const Key trash_key{"trash"};

struct Event {
  FolderPath folder;
  std::optional<Key> message;  ///< absent: the folder itself
};

/// What all contexts of one NAME share. Everything is guarded by `mutex`, rank: leaf.
struct Tree {
  const std::string born = std::to_string(std::chrono::system_clock::now().time_since_epoch().count());
  std::mutex mutex;
  Folder root;
  std::uint64_t clock = 1;  ///< grows with every change, and numbers the objects; a cursor of 0 is no cursor
  std::uint64_t bytes = 0;
  std::uint64_t quota = 0;  ///< in bytes; zero: none
  std::condition_variable_any happened;
  std::map<const void*, std::deque<Event>> watchers;
};

/// The reference backend: every rule of context.h in its shortest form.
class MemoryContext final : public Context,
                            public Moving,
                            public Watching,
                            public Trashing,
                            public Quota,
                            public Reading,
                            public Describing {
 public:
  /// `size_trust`: what its entries say of their sizes, which are exact nevertheless.
  MemoryContext(Host& host, std::shared_ptr<Tree> tree, bool remote, SizeTrust size_trust)
      : host_{host}, tree_{std::move(tree)}, size_trust_{size_trust} {
    profile_.keeps_properties = true;
    profile_.remote = remote;
  }
  ~MemoryContext() override;

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
  Result<Details> details(const Call& call, const FolderPath& folder) override;
  Result<> set_detail(const Call& call, const FolderPath& folder, std::string_view name,
                      std::optional<std::string_view> value) override;

 private:
  void* query(AbilityId id) noexcept override;

  // All of these require the tree's mutex.
  Result<Folder*> find(const FolderPath& path) const;
  Result<std::map<Key, Message>::iterator> find(Folder& folder, const Key& key) const;
  Entry entry_of(const Key& key, const Message& message) const;
  Result<> check_room(std::uint64_t added, std::uint64_t freed) const;
  Result<> check_free_name(const Folder& parent, std::string_view name) const;
  void erase(const FolderPath& path, Folder& folder, std::map<Key, Message>::iterator message);
  void tell(const FolderPath& folder, const std::optional<Key>& message);

  Host& host_;
  std::shared_ptr<Tree> tree_;
  Profile profile_;
  SizeTrust size_trust_;
};

}  // namespace mapistore::memory
