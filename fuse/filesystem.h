#pragma once

#include <fuse3/fuse_lowlevel.h>

#include <functional>
#include <memory>
#include <string>

#include "core/store.h"
#include "fuse/attributes.h"
#include "fuse/control_tree.h"
#include "fuse/directory_buffer.h"
#include "fuse/face_files.h"
#include "fuse/invalidator.h"
#include "fuse/look_ahead.h"
#include "fuse/open_files.h"
#include "fuse/operation_counts.h"
#include "fuse/recent_reads.h"
#include "fuse/reply_gate.h"
#include "fuse/request.h"
#include "fuse/search_folders.h"
#include "fuse/spool.h"
#include "fuse/unsaved_files.h"

namespace mapistore::fs {

/// The kernel's requests, answered. Each method answers its request by one fuse_reply_ call: at once, from the index,
/// memory and local disk, or later from a worker of the context that has to be asked.
///
/// Called on the session's reader thread, which no method keeps waiting for a medium.
class Filesystem {
 public:
  /// What a mount shows: all contexts of a store as top folders, or one context's tree.
  struct View {
    MountOptions options;
    std::string source;       ///< as given by the user
    bool single = false;      ///< the first context's root is the mount's root
  };

  Filesystem(Store& store, Invalidator& invalidator, StagingArea staging, View view);
  ~Filesystem();

  void attach(fuse_session* session);
  /// Begins, once the store runs, to bring away what earlier mounts left for that.
  void start_spool() { spool_.start(); }
  /// See Spool::stop.
  bool stop_spool(std::chrono::steady_clock::time_point deadline) { return spool_.stop(deadline); }
  /// Ends all searches, while who waits for one can still be answered.
  void stop_searching() { searches_.stop(); }
  /// From now on only the reader talks to the kernel: what others have to say goes nowhere.
  void close_gate() noexcept { gate_.close(); }
  /// Whether other threads are busy for the one who asked: then the reader had better leave them the processor.
  bool has_others_at_work() const noexcept { return requests_.count() > 0 || look_ahead_.is_behind(); }

  OperationCounts& counts() noexcept { return counts_; }

  void init(fuse_conn_info& connection);
  void lookup(fuse_req_t request, NodeId parent, std::string_view name);
  void getattr(fuse_req_t request, NodeId id);
  /// access(2), for what the kernel does not decide by itself.
  void access(fuse_req_t request, NodeId id, int mask);
  void setattr(fuse_req_t request, NodeId id, const struct stat& wanted, int which);
  void open(fuse_req_t request, NodeId id, fuse_file_info info);
  void create(fuse_req_t request, NodeId parent, std::string_view name, mode_t mode, fuse_file_info info);
  void read(fuse_req_t request, NodeId id, std::size_t size, std::uint64_t offset);
  /// `append`: at the end as it is here; where the kernel takes it to be may be older.
  void write(fuse_req_t request, NodeId id, std::span<const char> bytes, std::uint64_t offset, bool append);
  void flush(fuse_req_t request, NodeId id);
  void fsync(fuse_req_t request, NodeId id);
  void release(fuse_req_t request, NodeId id);
  /// Copies a piece, of at most a mebibyte, without its bytes going through the kernel and back.
  void copy_file_range(fuse_req_t request, NodeId from, std::uint64_t from_offset, NodeId to, std::uint64_t to_offset,
                       std::size_t length);
  void fallocate(fuse_req_t request, NodeId id, int mode, std::uint64_t offset, std::uint64_t length);
  void opendir(fuse_req_t request, NodeId id, fuse_file_info info);
  void readdir(fuse_req_t request, NodeId id, std::size_t size, std::uint64_t offset, bool plus);
  void statfs(fuse_req_t request, NodeId id);
  void mkdir(fuse_req_t request, NodeId parent, std::string_view name, mode_t mode);
  void make_empty(fuse_req_t request, NodeId parent, std::string_view name, mode_t mode);
  void fsyncdir(fuse_req_t request, NodeId id);
  void rmdir(fuse_req_t request, NodeId parent, std::string_view name);
  void readlink(fuse_req_t request, NodeId id);
  void unlink(fuse_req_t request, NodeId parent, std::string_view name);
  void rename(fuse_req_t request, NodeId parent, std::string_view name, NodeId new_parent, std::string_view new_name,
              unsigned flags);
  void getxattr(fuse_req_t request, NodeId id, std::string_view name, std::size_t size);
  void listxattr(fuse_req_t request, NodeId id, std::size_t size);
  void setxattr(fuse_req_t request, NodeId id, std::string_view name, std::string_view value, int flags);
  void removexattr(fuse_req_t request, NodeId id, std::string_view name);

 private:
  /// The kernel is told of every change, so what it knows stays true until then.
  static constexpr double long_timeout = 3600;
  /// Marks the node of a trash folder under .mapistorefs/trash: the kernel allows a directory only one place, and the
  /// same folder may also show in its context.
  static constexpr std::uint64_t trash_face = std::uint64_t{1} << 62;
  /// Whether it shows a part of a message rather than an object.
  static constexpr bool is_face(NodeId id) noexcept { return face_number(id) != 0; }

  using FolderPtr = std::shared_ptr<const FolderFacts>;
  /// Sends a successful answer.
  using Answer = std::move_only_function<void(fuse_req_t)>;
  using Work = std::move_only_function<Result<Answer>(const Call&)>;

  /// Runs `work` on the workers of `context` and answers with what it returns.
  void later(fuse_req_t request, ContextId context, Request::Effect effect, std::string object, Work work);
  /// Runs what may or may not need a medium: at once if `ready`.
  void answer(fuse_req_t request, std::string_view object, Result<Answer> result);
  void refuse(fuse_req_t request, std::string_view object, const Error& error);
  void refuse(fuse_req_t request, std::string_view object, Errc code, std::string_view what);
  static Answer done();
  /// Has the kernel forget, before an answer, what it knows of an object and of its bytes from `from` on; -1: not of
  /// its bytes. Not on the reader thread.
  void forget_pages(Fmid fmid, off_t from);
  /// Has the kernel drop the listing it keeps of a folder, before whoever changed the folder is answered. It would see
  /// for itself that the listing is old when somebody begins to read; but not when he goes on, and the listing was
  /// finished for another reader meanwhile.
  void forget_listing(Fmid folder) { forget_pages(folder, 0); }

  // filesystem.cc: nodes
  Fmid fmid_of(NodeId id) const noexcept;
  NodeId node_of(Fmid fmid) const noexcept;
  /// Whether the caller may write into `id`, which is of the mount itself.
  static bool may_control(fuse_req_t request, NodeId id);
  /// What is no object of a store, nor a part of one.
  static constexpr bool is_of_mount(NodeId id) noexcept {
    return ControlTree::owns(id) || SearchFolders::owns(id) || UnsavedFiles::owns(id);
  }
  bool is_store_root(NodeId id) const noexcept { return id == root_node && !view_.single; }
  LiveContext* top_folder(std::string_view name) const;
  Result<Node> node(Fmid fmid) const;
  bool writable(ContextId context) const;
  struct stat stat_of(const Node& node) const;
  struct stat stat_of_top(const LiveContext& context) const;
  struct stat stat_of_mount_node(NodeId id) const;
  fuse_entry_param entry_of(const Node& node) const;
  /// A size that was not measured yet is asked for again: at the latest by the first read, after the open that learns
  /// it.
  static double attribute_timeout(const Node& node) noexcept {
    return node.size_trust == SizeTrust::exact ? long_timeout : 0;
  }
  void reply_entry(fuse_req_t request, const fuse_entry_param& entry) const;
  Node overlay(Node node) const;

  // filesystem_read.cc
  void lookup_in_mount(fuse_req_t request, NodeId parent, std::string_view name);
  Result<Node> child(Fmid parent, std::string_view name) const;
  Result<std::string> fill_directory(fuse_req_t request, Fmid folder, NodeId id, std::size_t size, std::uint64_t offset,
                                     bool plus);
  std::string fill_mount_directory(fuse_req_t request, NodeId id, std::size_t size, std::uint64_t offset, bool plus);
  /// The faces that a mount lists beside a message, those after `after`. False if the buffer is full.
  bool add_faces(DirectoryBuffer& buffer, Fmid message, std::uint32_t after) const;
  bool read_now(fuse_req_t request, const OpenFile& file, std::size_t size, std::uint64_t offset) const;
  /// The medium's bytes, which the file owns.
  Result<Body*> load_body(const Call& call, OpenFile& file);
  OpenFilePtr file_for_reading(Fmid fmid, std::uint64_t offset);
  /// For stores with remote media: has read ahead, and opens what has a size that is not known yet. False: it may be
  /// opened at once.
  bool open_remote(fuse_req_t request, const OpenFilePtr& file, const fuse_file_info& info);

  // filesystem_search.cc
  /// Answers by `reply` once `folder` has been searched. Called on any thread.
  void searched(fuse_req_t request, NodeId folder, std::move_only_function<void(fuse_req_t)> reply);
  void lookup_search(fuse_req_t request, std::string_view expression);
  void lookup_found(fuse_req_t request, NodeId folder, std::string_view name);
  void reply_found(fuse_req_t request, NodeId folder, std::string_view name) const;
  void getattr_of_search(fuse_req_t request, NodeId id);
  void readdir_of_search(fuse_req_t request, NodeId id, std::size_t size, std::uint64_t offset, bool plus);
  void forget_search(fuse_req_t request, std::string_view expression);
  /// Where a message is, as seen from a directory of what was found.
  Result<std::string> way_to(Fmid message) const;
  Result<struct stat> stat_of_found(Fmid message) const;

  // filesystem_unsaved.cc
  struct stat stat_of_unsaved(const UnsavedFiles::File& file) const;
  void lookup_unsaved(fuse_req_t request, std::string_view name);
  void getattr_of_unsaved(fuse_req_t request, NodeId id);
  void read_unsaved(fuse_req_t request, NodeId id, std::size_t size, std::uint64_t offset);
  void remove_unsaved(fuse_req_t request, std::string_view name);

  // filesystem_commit.cc
  static bool is_local_place(const FolderFacts& parent, std::string_view name);
  /// Whether a file of this name stays on this machine.
  bool is_local_file(const Call& call, const FolderFacts& parent, std::string_view name);
  /// Whether a file of this name without bytes is a message all the same: a note or a document.
  static bool may_be_empty(std::string_view name);
  Result<Node> place_of(OpenFile& file);
  /// Makes the file writable: its bytes are copied to the staging area, unless it is to be empty; then it has been
  /// written to.
  Result<> stage(const Call& call, OpenFile& file, bool empty);
  /// Saves what was written. On failure the reader sees what was there before, and the bytes are kept.
  Result<> commit(const Call& call, OpenFile& file);
  Result<> commit_locked(const Call& call, OpenFile& file) MAPISTORE_REQUIRES(file.commit_mutex);
  Result<> commit_at(const Call& call, OpenFile& file, const Node& at);
  Result<> save_staged(const Call& call, OpenFile& file, const Node& at, std::string_view name, Fmid parent);
  /// The message of which a new file, to be called `name`, is a copy.
  Result<std::optional<StoredMessage>> original_of(const Call& call, Body& body, std::string_view name);
  /// The message that the staged bytes describe; the file itself is nowhere afterwards.
  Result<> import_staged(const Call& call, OpenFile& file, Store::Save what);
  /// `owed`: until the medium has it.
  Result<> keep_local(OpenFile& file, Node node, bool owed);
  /// Before the staged file gets a name: from then on it is not written again for another message.
  static void give_up_namelessness(OpenFile& file);
  /// Gives the staged file the name by which a restart finds it.
  Result<> name_staged(OpenFile& file);
  Result<> apply_properties(const Call& call, Fmid fmid, const std::map<std::string, std::string>& properties);
  /// The error of a save of `name`: told of it, by its path in the mount, with what the medium said, and the way out
  /// where there is one.
  Error about_save(Error error, Fmid parent, std::string_view name) const;
  /// Keeps the bytes that could not be saved for the user, and the error, which is returned with the way to them.
  Error keep_failed(OpenFile& file, const Node& at, Error error);
  Result<> make_durable(const Call& call, OpenFile& file);
  /// Takes a handle back; before the last one goes, what it wrote is where it belongs.
  void close_handle(const Call& call, OpenFile& file);
  /// What the last close has to do. False: the file was opened again meanwhile, so this is not the last close.
  bool finish(const Call& call, OpenFile& file);
  Result<> leave_empty(const Call& call, OpenFile& file, const Node& at);

  // filesystem_spool.cc
  /// Whether new bytes of `name` are to wait on this machine until `context` has them.
  bool is_spooled(const Call& call, ContextId context, std::string_view name);
  /// What the save would refuse is refused now, and the bytes are made to last.
  Result<> prepare_spooled(const Call& call, OpenFile& file, std::string_view name);
  Result<> upload(const Call& call, Fmid fmid);
  Result<> upload_staged(const Call& call, OpenFile& file);
  /// Whether an earlier attempt, whose end nobody saw, has brought it there; then it is the message from now on.
  Result<bool> find_uploaded(const Call& call, OpenFile& file, const Node& at);
  /// Has the name of a local file mean `message` from now on.
  Result<> become(const Call& call, OpenFile& file, const Node& local, const StoredMessage& message,
                  const std::string& name);
  /// Keeps a file of this name that waits here from being brought away; one that is on its way is there afterwards.
  Result<std::optional<Spool::Hold>> hold_spooled(const Call& call, Fmid parent, std::string_view name);
  Result<std::optional<Spool::Hold>> hold_spooled(const Call& call, const Node& file);

  // filesystem_write.cc
  /// Where this machine has no room to stage what is written: nothing of it is kept.
  void refuse_write(fuse_req_t request, Fmid file, int error);
  void create_as(fuse_req_t request, Fmid fmid, const FolderFacts& folder, std::string_view name, mode_t mode,
                 fuse_file_info info);
  Result<> set_times_and_modes(const Call& call, const Node& node, const struct stat& wanted, int which,
                               const fuse_ctx& caller);
  Result<> truncate(const Call& call, const Node& node, std::uint64_t size);

  // filesystem_folder.cc
  Result<FolderPtr> parent_for_change(NodeId parent, std::string_view name) const;
  /// Who has a file open keeps reading it once it is gone: lets the handles have its bytes. Null if nobody has.
  OpenFilePtr keep_for_handles(const Call& call, const Node& going);
  /// From now on the handles are all there is of a file, and what they write goes nowhere.
  static void set_unlinked(OpenFile& file);
  Result<> remove_file(const Call& call, const Node& node);
  /// `target` gives way.
  Result<> rename_file(const Call& call, const Node& source, const FolderFacts& parent, std::string_view name,
                       const std::optional<Node>& target);
  Result<> rename_file_to(const Call& call, const Node& source, const FolderFacts& parent, std::string_view name,
                          const std::optional<Node>& target);
  Result<> rename_node(const Call& call, Fmid parent, std::string_view name, Fmid new_parent,
                       std::string_view new_name, unsigned flags);
  Result<> localise(const Call& call, const Node& message, const FolderFacts& parent, std::string_view name);
  Result<> forget_local(const Node& node);
  /// A file of this machine whose name has just been taken by another: its handles and bytes.
  void drop_local(const Node& node);

  // filesystem_faces.cc: finding, listing and reading faces
  /// A message of a medium and the face of it that `name` stands for beside it; null: the name stands for none.
  struct BesideName {
    Node message;
    std::uint32_t face = 0;
  };
  std::optional<BesideName> face_beside(Fmid folder, std::string_view name) const;
  /// Whether `name` means a face, and nothing that is there by itself.
  bool is_name_of_face(Fmid folder, std::string_view name) const;
  void lookup_face(fuse_req_t request, NodeId parent, std::string_view name);
  void lookup_beside(fuse_req_t request, const BesideName& name);
  Result<fuse_entry_param> entry_of_face(const FaceTree& tree, std::uint32_t number) const;
  struct stat stat_of_face(const Node& message, NodeId id, bool directory, std::uint64_t size, bool changeable) const;
  struct stat stat_of_new_face(const FaceFile& file) const;
  void getattr_of_face(fuse_req_t request, NodeId id);
  void readdir_of_face(fuse_req_t request, NodeId id, std::size_t size, std::uint64_t offset, bool plus);
  void open_face(fuse_req_t request, NodeId id, fuse_file_info info);
  void read_face(fuse_req_t request, NodeId id, std::size_t size, std::uint64_t offset);
  Result<> load_face(const Call& call, FaceFile& file);
  /// Writes a face into `fd`; the tree that it is of.
  Result<FaceTreePtr> write_face_to(const Call& call, NodeId id, int fd);
  /// Answers with what `reply` makes of the faces of the message that `id` is one of: at once if they are at hand. An
  /// outline will do unless that face needs more.
  using WithTree = std::function<Result<Answer>(const FaceTreePtr&)>;
  void with_faces(fuse_req_t request, NodeId id, Request::Effect effect, WithTree reply);

  // filesystem_face_write.cc: changing a message through its faces
  void create_face(fuse_req_t request, NodeId parent, std::string_view name, fuse_file_info info);
  void write_face(fuse_req_t request, NodeId id, std::span<const char> bytes, std::uint64_t offset);
  void setattr_of_face(fuse_req_t request, NodeId id, const struct stat& wanted, int which);
  void commit_face_later(fuse_req_t request, NodeId id);
  void release_face(NodeId id);
  void unlink_face(fuse_req_t request, NodeId parent, std::string_view name);
  Result<> stage_face(const Call& call, FaceFile& file, bool empty);
  Result<> commit_face(const Call& call, FaceFile& file);
  Result<> take_property_file(const Call& call, Fmid message, int fd);
  Result<> add_attachment(const Call& call, Fmid message, std::string_view name, int fd);
  Result<> remove_attachment(const Call& call, NodeId directory, std::string_view name);
  /// A property file that was written under another name and takes the place of a message's.
  Result<> replace_property_file(const Call& call, const Node& source, const Node& message);

  // filesystem_xattr.cc
  Result<std::string> xattr(const Node& node, std::string_view name) const;
  /// Whether `name` is an attribute that a message's properties answer.
  bool is_property_xattr(const Node& node, std::string_view name) const;
  /// Whether `name` is an attribute that a folder's medium is asked for (Describing).
  static bool is_detail_xattr(const Node& node, std::string_view name);
  Result<std::string> detail(const Call& call, Fmid folder, std::string_view name);
  /// `flags` as setxattr(2) has them; without `value` it is taken away.
  Result<> change_detail(const Call& call, Fmid folder, std::string_view name, std::optional<std::string_view> value,
                         int flags);
  void change_detail_later(fuse_req_t request, const Node& folder, std::string_view name,
                           std::optional<std::string> value, int flags);
  using WithView = std::function<Result<Answer>(const MessageView&)>;
  /// Answers with what `reply` makes of the message's properties: at once if they are at hand.
  void with_view(fuse_req_t request, const Node& message, WithView reply);
  Result<> change_xattr(const Call& call, const Node& node, std::string_view name,
                        std::optional<std::string_view> value);

  Store& store_;
  Index& index_;
  Invalidator& invalidator_;
  StagingArea staging_;
  UnsavedFiles unsaved_;
  View view_;
  Attributes attributes_;
  OpenFiles files_;
  OperationCounts counts_;
  ControlTree control_;
  ReplyGate gate_;
  LookAhead look_ahead_;
  RecentReads recent_reads_;
  MessageViews views_;
  FaceTrees faces_;
  FaceFiles face_files_;
  SearchFolders searches_;
  Spool spool_;
  RequestTable requests_;
  Fmid root_;             ///< what the root shows; none for a store
  Time started_;
  bool without_open_ = false;  ///< the kernel neither opens nor closes: see init
  fuse_session* session_ = nullptr;
};

}  // namespace mapistore::fs
