#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/message_view.h"
#include "core/store.h"
#include "fuse/invalidator.h"
#include "fuse/kernel_pages.h"
#include "fuse/nodes.h"
#include "fuse/open_files.h"
#include "fuse/recent_reads.h"
#include "fuse/spool.h"
#include "fuse/staging_area.h"
#include "fuse/unsaved_files.h"

namespace mapistore::fs {

/// What becomes of written bytes: staged on this machine, at the last close saved as a message of the medium, or kept
/// here, until the medium has them or for good.
///
/// Thread-safe. What takes a Call waits for a medium or a disk, so it is for workers.
class FileSaver {
 public:
  /// What it works with; it all outlives it.
  struct Parts {
    Store& store;
    Invalidator& invalidator;
    const StagingArea& staging;
    UnsavedFiles& unsaved;
    OpenFiles& files;
    RecentReads& recent_reads;
    MessageViews& views;
    Spool& spool;
    const Nodes& nodes;
    KernelPages& pages;
  };

  /// `carries`: what is a copy of a message gets what was known of that.
  FileSaver(const Parts& parts, bool carries)
      : store_{parts.store},
        index_{parts.store.index()},
        invalidator_{parts.invalidator},
        staging_{parts.staging},
        unsaved_{parts.unsaved},
        files_{parts.files},
        recent_reads_{parts.recent_reads},
        views_{parts.views},
        spool_{parts.spool},
        nodes_{parts.nodes},
        pages_{parts.pages},
        carries_{carries} {}

  static bool is_local_place(const FolderFacts& parent, std::string_view name);
  /// Whether a file of this name stays on this machine.
  bool is_local_file(const Call& call, const FolderFacts& parent, std::string_view name);
  /// Whether a file of this name without bytes is a message all the same: a note or a document.
  static bool may_be_empty(std::string_view name);
  /// Where the file will be saved. On any thread.
  Result<Node> place_of(OpenFile& file);

  /// Makes the file writable: its bytes are copied to the staging area, unless it is to be empty; then it has been
  /// written to.
  Result<> stage(const Call& call, OpenFile& file, bool empty);
  /// Saves what was written. On failure the reader sees what was there before, and the bytes are kept. `told`: of how
  /// many refusals the caller knows, which becomes all; one that took his bytes with another's is his failure too.
  Result<> commit(const Call& call, OpenFile& file, unsigned& told);
  /// Saves the staged bytes as `name` in `parent`, where `at` is what they were so far. Under the file's commit_mutex.
  Result<> save_staged(const Call& call, OpenFile& file, const Node& at, std::string_view name, Fmid parent);
  /// Gives the staged file the name by which a restart finds it.
  Result<> name_staged(OpenFile& file);
  Result<> make_durable(const Call& call, OpenFile& file);
  /// Takes a handle back; before the last one goes, what it wrote is where it belongs.
  void close_handle(const Call& call, OpenFile& file);
  /// The error of a save of `name`: told of it, by its path in the mount, with what the medium said, and the way out
  /// where there is one. On any thread.
  Error about_save(Error error, Fmid parent, std::string_view name) const;

  /// Removes a file or folder of this machine.
  Result<> forget_local(const Node& node);
  /// A file of this machine whose name has just been taken by another: its handles and bytes.
  void drop_local(const Node& node);

  // file_saver_spool.cc: files that wait here
  /// Whether new bytes of `name` are to wait on this machine until `context` has them.
  bool is_spooled(const Call& call, ContextId context, std::string_view name);
  /// What the save would refuse is refused now, and the bytes are made to last.
  Result<> prepare_spooled(const Call& call, OpenFile& file, std::string_view name);
  /// See Spool::Upload.
  Result<> upload(const Call& call, Fmid fmid);
  /// Keeps a file of this name that waits here from being brought away; one that is on its way is there afterwards.
  Result<std::optional<Spool::Hold>> hold_spooled(const Call& call, Fmid parent, std::string_view name);
  Result<std::optional<Spool::Hold>> hold_spooled(const Call& call, const Node& file);

 private:
  Result<> commit_locked(const Call& call, OpenFile& file) MAPISTORE_REQUIRES(file.commit_mutex);
  Result<> commit_at(const Call& call, OpenFile& file, const Node& at, OpenFile::Taking& taking);
  /// The message of which a new file, to be called `name`, is a copy.
  Result<std::optional<StoredMessage>> original_of(const Call& call, Body& body, std::string_view name);
  /// The message that the staged bytes describe; the file itself is nowhere afterwards.
  Result<> import_staged(const Call& call, OpenFile& file, Store::Save what);
  /// `owed`: until the medium has it.
  Result<> keep_local(OpenFile& file, Node node, bool owed);
  Result<> apply_properties(const Call& call, Fmid fmid, const std::map<std::string, std::string>& properties);
  /// Keeps the bytes that could not be saved for the user, and the error, which is returned with the way to them.
  Error keep_failed(OpenFile& file, const Node& at, Error error);
  /// What the last close has to do. False: the file was opened again meanwhile, so this is not the last close.
  bool finish(const Call& call, OpenFile& file);
  Result<> leave_empty(const Call& call, OpenFile& file, const Node& at);

  // file_saver_spool.cc
  Result<> upload_staged(const Call& call, OpenFile& file);
  /// Whether an earlier attempt, whose end nobody saw, has brought it there; then it is the message from now on.
  Result<bool> find_uploaded(const Call& call, OpenFile& file, const Node& at);
  /// Has a local file be `message` from now on, which it goes on under `name`.
  Result<> become(const Call& call, OpenFile& file, const Node& local, const StoredMessage& message,
                  const std::string& name);

  Store& store_;
  Index& index_;
  Invalidator& invalidator_;
  const StagingArea& staging_;
  UnsavedFiles& unsaved_;
  OpenFiles& files_;
  RecentReads& recent_reads_;
  MessageViews& views_;
  Spool& spool_;
  const Nodes& nodes_;
  KernelPages& pages_;
  const bool carries_;
};

}  // namespace mapistore::fs
