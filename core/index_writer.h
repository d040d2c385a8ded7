#pragma once

#include <mapistore/message.h>

#include "core/index.h"

namespace mapistore {

/// One transaction on the index. Holds the index's write lock from `begin` until it goes; rolls back unless committed.
class MAPISTORE_API IndexWriter {
 public:
  static Result<std::unique_ptr<IndexWriter>> begin(Index& index);
  ~IndexWriter();
  IndexWriter(const IndexWriter&) = delete;
  IndexWriter& operator=(const IndexWriter&) = delete;

  Result<> commit() MAPISTORE_HOLDS_ITS_LOCK;

  /// The rows of the context `uri`, made if new.
  Result<ContextRow> context(std::string_view uri);
  Result<> set_remote(ContextId context, bool remote);

  /// What taking in an entry did.
  struct Applied {
    Fmid fmid;
    std::string name;         ///< with `added` or `moved`
    bool added = false;
    bool bytes_changed = false;
    std::optional<MessageRef> old_bytes;  ///< with `bytes_changed`: what named them
    bool attributes_changed = false;
    std::string old_name;     ///< with `moved`
    Fmid old_parent;          ///< with `moved`
    bool moved = false;
    bool in_transfer = false;  ///< left alone: the journal says what becomes of it
  };

  /// How the core treats what a medium reports.
  struct Rules {
    bool outgoing = false;     ///< names show the recipient
    bool keeps_state = true;   ///< the medium's state overrides ours
    bool keeps_properties = false;  ///< and what it has of the side store
    bool own_names = false;    ///< the medium's folder names are file names already
    bool rewrites_bytes = false;  ///< what was saved may have another size in it
  };

  /// Takes in a message that a medium reports in `parent`. `moved_from`: the object it was, elsewhere, until now.
  Result<Applied> apply(ContextId context, Fmid parent, const Entry& entry, const Rules& rules,
                        std::optional<Fmid> moved_from);
  Result<Applied> apply(ContextId context, Fmid parent, const FolderEntry& entry, const Rules& rules,
                        std::optional<Fmid> moved_from);

  /// Makes `fmid` the message that a medium has just accepted as `entry`, under the user's `name`; whatever had that
  /// key or name there before gives way. `like` lends its mode and owner.
  Result<> commit_message(Fmid fmid, ContextId context, Fmid parent, std::string_view name, const Entry& entry,
                          const Node& like, const Rules& rules);

  /// Adds a local file or folder.
  Result<> add_local(const Node& node);
  /// Adds a folder just made in its medium, under the user's `name`.
  Result<Fmid> add_folder(ContextId context, Fmid parent, std::string_view name, const FolderEntry& entry,
                          std::optional<std::uint32_t> mode);
  /// Gives a message another number, so that its own is free for what takes its place.
  Result<> renumber(Fmid fmid, Fmid new_fmid);
  /// The bytes of `message`, as it is there, have been seen to be `size`. False: that was known, or it has changed
  /// since.
  Result<bool> learn_size(const StoredMessage& message, std::uint64_t size);
  /// A local file's size and time after a write.
  Result<> set_size(Fmid fmid, std::uint64_t size, Time modified);

  /// `wanted`, or what is to distinguish it where another object has that name.
  Result<std::string> free_name_for(Fmid fmid, Fmid parent, std::string_view wanted) {
    return free_name(parent, wanted, {}, fmid);
  }
  /// Puts an object at another place. What is at `parent`/`name` already gives way. `key`: none for local objects.
  Result<> move(Fmid fmid, Fmid parent, std::string_view name, const std::optional<Key>& key);

  /// What a folder that was renamed is called in its medium now.
  Result<> set_display_name(Fmid folder, std::string_view display_name);

  /// Takes in what the medium answered to a change of state.
  Result<> set_state(Fmid fmid, const Entry& entry, const State& state);
  struct Attributes {
    std::optional<std::uint32_t> mode, uid, gid;
    std::optional<Time> modified;
  };
  Result<> set_attributes(Fmid fmid, const Attributes& attributes);
  Result<> set_property(Fmid fmid, std::string_view name, std::string_view value);
  /// Errc::no_data if it was not set.
  Result<> remove_property(Fmid fmid, std::string_view name);

  /// Makes `side` all that the side store has of a message. False: it was.
  Result<bool> set_side_properties(Fmid fmid, const SideProperties& side);
  /// Forgets what said something about bytes that the message has no more: lists, and what was removed from them.
  Result<> settle_side_properties(Fmid fmid);

  // The spool, index_spool.cc.

  /// A local file is owed to the medium of its folder from now on.
  Result<> spool(Fmid fmid);
  /// An attempt begins; or has ended, and certainly changed nothing.
  Result<> set_spool_begun(Fmid fmid, bool begun);
  /// It is owed no more.
  Result<> end_spooled(Fmid fmid);
  /// Takes over what processes that have ended owed.
  Result<> adopt_spool();

  // What other media have of a context's objects, index_replicas.cc.

  Result<> set_switch(const SwitchRow& row);
  /// Forgets the other medium.
  Result<> end_switch(ContextId context);
  Result<> set_replica(const ReplicaRow& row);
  Result<> erase_replica(Fmid fmid);
  /// What the index says of the objects of a context and what `row` says of their replicas change places; neither FMIDs
  /// nor names do. To be called when each live object has its replica.
  Result<> exchange_media(const SwitchRow& row, bool remote);

  // The journal of moves between media, index_journal.cc.

  /// Notes that `transfer` begins: until it ends, what its target may show of it is nobody's message.
  Result<> begin_transfer(const Transfer& transfer);
  Result<> end_transfer(Fmid fmid);
  /// Ends a transfer whose outcome was not known. False: it has been ended, or has begun again.
  Result<bool> end_orphan(Fmid fmid);
  /// Whether a transfer went through is not known: it is to be found out.
  Result<> orphan_transfer(Fmid fmid);
  /// The same for those whose process has ended. True: there are others, of processes that live.
  Result<bool> orphan_transfers_of_the_dead();
  /// Notes a message of a medium that is no longer anybody's, and is to be removed for good.
  Result<> add_removal(const Removal& removal);
  /// Not that of a later message under the same key.
  Result<> end_removal(const Removal& removal);

  // The journal of folders that were moved to another medium, index_journal.cc.

  /// Notes that a folder is being made, which nobody is to see unless a move ends with it.
  Result<> begin_folder(Fmid parent, std::string_view name);
  Result<> end_beginning(Fmid parent, std::string_view name);
  /// What has been made of it is to be looked for, and taken away.
  Result<> abandon_beginning(Fmid parent, std::string_view name);
  /// Puts a folder to `parent`/`name` of another context, whose medium has it as `entry`. Its messages stay where they
  /// lie: in a leaving folder, whose number is answered, in `left_in`.
  Result<Fmid> move_to_medium(const Node& folder, ContextId context, Fmid parent, std::string_view name,
                              const FolderEntry& entry, Fmid left_in);
  /// The medium of its folder has the message now, as `entry`; nobody sees a difference.
  Result<> set_home(Fmid fmid, ContextId context, const Entry& entry);
  /// Puts a message of a moved folder back to where it lies. The name that it has there.
  Result<std::string> put_back(const Node& message, Fmid origin);
  /// Shows a leaving folder again, and those that it lies in; answers their numbers.
  Result<std::vector<Fmid>> reveal(Fmid origin);
  Result<> end_folder_move(Fmid folder);

  /// Remembers that a folder has been listed up to `cursor`.
  Result<> set_listed(Fmid folder, const Cursor& cursor);
  /// Has all folders of a context listed from the beginning the next time.
  Result<> forget_cursors(ContextId context);
  /// Hides an object whose medium has it no more, with all below it; it comes back if its identity does.
  Result<> set_gone(Fmid fmid);
  /// Forgets an object and its properties.
  Result<> erase(Fmid fmid);
  /// Forgets what has been gone since before `limit`.
  Result<> erase_gone_before(Time limit);
  /// A folder's children changed: moves its modification time on.
  Result<> touch_folder(Fmid folder);

 private:
  explicit IndexWriter(Index& index) : index_{index}, locked_{index.writer_mutex_} {}

  sqlite::Database& db() MAPISTORE_HOLDS_ITS_LOCK { return *index_.writer_; }
  Result<> start() MAPISTORE_HOLDS_ITS_LOCK;
  Result<Fmid> new_fmid();
  Result<std::string> free_name(Fmid parent, std::string_view wanted, std::string_view id10, Fmid self);
  struct Derived;
  /// Whether the journal says what becomes of a message that shows at `parent`. `known`: as one of the index's.
  /// `any_size`: whatever its size is.
  Result<bool> is_in_transfer(Fmid parent, const Entry& entry, const Derived& derived, bool known, bool any_size);
  Result<> insert_message(Fmid fmid, ContextId context, Fmid parent, std::string_view name, const Entry& entry,
                          const Derived& derived, const Node& like);
  /// Gives a folder a mode that says so, or takes it back; what a user sets is without the mark, and lasts until the
  /// folder is listed. True: it had another.
  Result<bool> show_whether_read_only(Fmid folder, bool read_only);
  Result<> insert_folder(Fmid fmid, ContextId context, Fmid parent, std::string_view name, const FolderEntry& entry,
                         std::optional<std::uint32_t> mode);
  Result<> make_way(Fmid parent, std::string_view name, const std::optional<Key>& key, Fmid self);
  Result<> stamp(Fmid fmid);
  /// What is remembered of folders is forgotten at the commit if `fmid` is one.
  Result<> note_folder(Fmid fmid);

  Index& index_;
  Locked locked_;
  Time now_;
  std::uint64_t foreign_after_ = 0;   ///< the last change number this process had seen
  std::uint64_t change_number_ = 0;   ///< of this transaction
  bool folders_changed_ = false;
  bool committed_ = false;
};

}  // namespace mapistore
