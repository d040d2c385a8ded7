#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include <mapistore/sqlite.h>
#include "core/mutex.h"
#include "core/node.h"
#include "core/replica_rows.h"

namespace mapistore {

class IndexWriter;

/// The database that maps an FMID to its place in a medium, and answers names, attributes and listings without asking
/// any medium. One file per store; several processes may use it at once.
///
/// Thread-safe. Reading takes one of a few pooled connections and never waits for a writer; writing goes through
/// IndexWriter, one at a time. Format: docs/formats/index.md.
class MAPISTORE_API Index {
 public:
  /// How an index came up.
  struct Opened {
    std::unique_ptr<Index> index;
    bool alone = false;                 ///< no other process uses this store now
    std::filesystem::path moved_aside;  ///< the damaged file that a new index replaces; empty: none
  };

  /// Opens `directory`/index.sqlite, creating or migrating it. After an unclean end it is checked first; a damaged one
  /// is moved aside and rebuilt from the media. Errc::incompatible, and what the disk answers.
  static Result<Opened> open(const std::filesystem::path& directory);
  /// The directory that it is in, for what else belongs to the store.
  std::filesystem::path directory() const { return file_.parent_path(); }
  /// What is committed by now survives a power cut. Waits for the disk.
  Result<> make_durable() const { return sqlite::make_durable(file_); }
  /// Marks the index as cleanly closed when this is the last process.
  ~Index();
  Index(const Index&) = delete;
  Index& operator=(const Index&) = delete;

  Result<Node> node(Fmid fmid);
  /// Whether its medium was found without it, which is remembered for a while. False for what this store has removed.
  Result<bool> is_gone(Fmid fmid);
  /// By listed name, or by the unlisted canonical name or `<id10>.<ext>`. Errc::not_found.
  Result<Node> find(Fmid parent, std::string_view name);
  /// A child as `find` knows it, and whether all children of the folder are known: then what is not found is not there,
  /// however much is entered meanwhile. Errc::not_a_folder.
  struct Sought {
    std::optional<Node> child;
    bool all_known = false;
    ContextId context;  ///< of the folder
  };
  Result<Sought> seek(Fmid parent, std::string_view name);
  /// `name` itself, or the first numbered form of it that nothing in `parent` has.
  std::string free_name(Fmid parent, std::string_view name);
  /// Calls `take` for the live children of `parent` with FMIDs above `after`, in their order, until it answers false.
  /// The Node is valid during the call only.
  Result<> list(Fmid parent, Fmid after, const std::function<bool(const Node&)>& take);
  /// The same for messages alone, with what opening them takes.
  Result<> list_messages(Fmid parent, Fmid after, const std::function<bool(const StoredMessage&)>& take);
  /// The same in the order of their names, by bytes.
  Result<> list_messages_by_name(Fmid parent, std::string_view after,
                                 const std::function<bool(const StoredMessage&)>& take);
  Result<StoredMessage> message(Fmid fmid);
  Result<StoredFolder> folder(Fmid fmid);
  /// Kept in memory, since every operation asks for its folder. Errc::not_a_folder.
  Result<std::shared_ptr<const FolderFacts>> folder_facts(Fmid fmid);
  /// The child of `parent` with this key in the parent's own medium. Errc::not_found.
  Result<StoredMessage> by_key(Fmid parent, const Key& key);
  /// The folder that `path` names below `root`, a leaving one too. Errc::not_found.
  Result<Fmid> folder_at(Fmid root, const FolderPath& path);
  /// FMIDs of all live objects in `parent` that are of its medium, ascending.
  Result<std::vector<Fmid>> children_of_medium(Fmid parent);
  Result<bool> has_children(Fmid parent);
  /// An object, live or gone, that was last seen with this identity in `context`. Errc::not_found.
  struct Identified {
    StoredMessage object;
    bool gone = false;
  };
  Result<Identified> by_identity(ContextId context, std::string_view identity);

  /// The rows of a context that has been part of this store. Errc::not_found.
  Result<ContextRow> context(std::string_view uri);
  struct Counts {
    std::uint64_t folders = 0, messages = 0, local = 0;
  };
  Result<Counts> counts(ContextId context);

  /// The transfers whose outcome is not known.
  Result<std::vector<Transfer>> orphaned_transfers();
  /// There are transfers of other processes, living or dead.
  Result<bool> has_foreign_transfers();
  /// Up to `most` removals after `after` in the order of folder and key.
  Result<std::vector<Removal>> removals(std::size_t most, const Removal* after);
  Result<std::uint64_t> count_removals();
  /// Whether that version of a message was moved away and is only left to be removed there.
  Result<bool> is_to_be_removed(Fmid folder, const MessageRef& message);

  /// The folder in whose medium a message lies: its parent, but for one whose folder was moved to another medium before
  /// it. Errc::not_found.
  Result<Fmid> home(const Node& message);
  /// The moves of folders that are not worked off, those of subfolders before their parents'.
  Result<std::vector<FolderMove>> folder_moves();
  /// Up to `most` messages after `after` that a moved folder shows and its origin still holds.
  Result<std::vector<StoredMessage>> awaiting(const FolderMove& move, Fmid after, std::size_t most);
  /// The one of them with this key. Errc::not_found.
  Result<StoredMessage> awaiting_at(Fmid origin, const Key& key);
  Result<std::uint64_t> count_awaiting(const FolderMove& move);
  /// The leaving folders in `parent`, moved from there.
  Result<std::vector<Fmid>> leaving_from(Fmid parent);
  /// Folders that a process which is gone may have begun to make for a move: where, and their names.
  Result<std::vector<std::pair<Fmid, std::string>>> abandoned_beginnings();

  Result<std::string> property(Fmid fmid, std::string_view name);
  Result<std::vector<std::string>> property_names(Fmid fmid);

  Result<SideProperties> side_properties(Fmid fmid);

  /// The spool, index_spool.cc: files of this machine that are owed to a medium.

  /// Those that this process has to bring there, oldest first.
  Result<std::vector<Node>> spooled();
  /// Whether one of them is, and whether an attempt to bring it there has begun that nobody saw the end of.
  struct Spooled {
    bool is_owed = false, has_begun = false;
  };
  Result<Spooled> spooled(Fmid fmid);
  /// Messages of `parent` that came after the object `after`, and would have the same place in a listing.
  Result<std::vector<StoredMessage>> messages_like(Fmid parent, std::string_view id10, std::uint64_t size, Fmid after);
  /// What other media have of the objects of a context, index_replicas.cc.

  Result<std::vector<SwitchRow>> switches();
  /// The number of the last change of anything.
  Result<std::uint64_t> last_change();
  /// The live messages of `context` that changed after the change `after`, folder by folder.
  Result<std::vector<Fmid>> changed_messages(ContextId context, std::uint64_t after);
  Result<std::vector<StoredFolder>> subfolders(Fmid parent);
  /// Errc::not_found: the other medium has not got it.
  Result<ReplicaRow> replica(Fmid fmid);
  Result<std::vector<ReplicaRow>> replicas_in(ContextId context, Fmid parent);
  /// Those whose objects are gone: messages first.
  Result<std::vector<ReplicaRow>> lost_replicas(ContextId context);
  /// The messages of a context, and how many the other medium has with the bytes that they have now.
  struct ReplicaCounts {
    std::uint64_t messages = 0, held = 0;
  };
  Result<ReplicaCounts> replica_counts(ContextId context);
  /// Whether the journals name objects of `context`: what is on its way, or to be removed from its medium.
  Result<bool> has_unsettled(ContextId context);

  /// Names the store in the identities of its messages. Made with the index, the same for as long as that lives.
  Result<Guid> store_guid();

  /// A never used FMID from this process's reserve; none when the reserve is empty: then begin a write.
  std::optional<Fmid> take_fmid() noexcept;
  /// The same; with an empty reserve it is refilled by a write.
  Result<Fmid> new_fmid();

  /// An object that another process on this index changed.
  struct ForeignChange {
    Node node;
    bool gone = false;
    Fmid old_parent;       ///< where it was before its last move; none: it never moved
    std::string old_name;
  };
  /// Whether another process uses this index now.
  bool is_shared() const;
  /// Called, without locks, whenever a write or look_for_foreign_changes notices one. Set once before use by several
  /// threads.
  std::function<void(const ForeignChange&)> on_foreign_change;
  Result<> look_for_foreign_changes();
  /// How many transactions this process has committed. While it stays the same, what was read stays true but for what
  /// other processes do.
  std::uint64_t commits() const noexcept { return commits_; }

 private:
  friend class IndexWriter;
  class Reader;
  struct Lock;

  Index(std::filesystem::path file, std::unique_ptr<sqlite::Database> writer, std::unique_ptr<Lock> lock,
        std::uint64_t seen_change, std::uint64_t owner);
  static Result<std::unique_ptr<sqlite::Database>> open_checked(const std::filesystem::path& file, bool check);
  Result<std::unique_ptr<sqlite::Database>> lease();
  void give_back(std::unique_ptr<sqlite::Database> reader);
  Result<> report_foreign(std::uint64_t after, std::uint64_t until);
  Result<FolderFacts> read_folder_facts(Fmid fmid);
  void forget_folder_facts();

  /// Whether the process lives that has this number of owner.
  bool is_alive(std::uint64_t owner) const;

  std::filesystem::path file_;
  std::unique_ptr<Lock> lock_;
  std::atomic<std::uint64_t> commits_ = 0;
  const std::uint64_t owner_;  ///< this process's number, never given again: a byte of the lock file that it has locked

  Mutex writer_mutex_{LockRank::index_writer};
  std::unique_ptr<sqlite::Database> writer_ MAPISTORE_GUARDED_BY(writer_mutex_);
  std::uint64_t seen_change_ MAPISTORE_GUARDED_BY(writer_mutex_) = 0;

  Mutex readers_mutex_{LockRank::index_readers};
  std::vector<std::unique_ptr<sqlite::Database>> readers_ MAPISTORE_GUARDED_BY(readers_mutex_);
  std::unordered_map<std::uint64_t, std::shared_ptr<const FolderFacts>> folders_ MAPISTORE_GUARDED_BY(readers_mutex_);
  std::uint64_t folders_epoch_ MAPISTORE_GUARDED_BY(readers_mutex_) = 0;  ///< raised whenever folders_ is emptied
  std::uint64_t next_fmid_ MAPISTORE_GUARDED_BY(readers_mutex_) = 0;
  std::uint64_t end_of_reserve_ MAPISTORE_GUARDED_BY(readers_mutex_) = 0;
};

}  // namespace mapistore
