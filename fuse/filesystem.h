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
#include "fuse/face_saver.h"
#include "fuse/file_saver.h"
#include "fuse/invalidator.h"
#include "fuse/kernel_pages.h"
#include "fuse/look_ahead.h"
#include "fuse/nodes.h"
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
  void flush(fuse_req_t request, NodeId id, std::uint64_t writer);
  void fsync(fuse_req_t request, NodeId id, std::uint64_t writer);
  void release(fuse_req_t request, NodeId id, std::uint64_t writer);
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
  /// Whether it shows a part of a message rather than an object.
  static constexpr bool is_face(NodeId id) noexcept { return face_number(id) != 0; }

  using FolderPtr = std::shared_ptr<const FolderFacts>;
  /// Sends a successful answer.
  using Answer = std::move_only_function<void(fuse_req_t)>;
  using Work = std::move_only_function<Result<Answer>(const Call&)>;

  /// Runs `work` on the workers of `context` and answers with what it returns.
  void later(fuse_req_t request, ContextId context, Request::Effect effect, std::string object, Work work);
  /// What `work` returns; an allocation that failed ends it, not the daemon.
  static Result<Answer> worked(Work& work, const Call& call);
  void answer(fuse_req_t request, std::string_view object, Result<Answer> result);
  void refuse(fuse_req_t request, std::string_view object, const Error& error);
  void refuse(fuse_req_t request, std::string_view object, Errc code, std::string_view what);
  static Answer done();
  /// Whether the caller may write into `id`, which is of the mount itself.
  static bool may_control(fuse_req_t request, NodeId id);
  /// What is no object of a store, nor a part of one.
  static constexpr bool is_of_mount(NodeId id) noexcept {
    return ControlTree::owns(id) || SearchFolders::owns(id) || UnsavedFiles::owns(id);
  }
  bool is_store_root(NodeId id) const noexcept { return id == root_node && !view_.single; }
  void reply_entry(fuse_req_t request, const fuse_entry_param& entry) const;

  // filesystem_read.cc
  void lookup_in_mount(fuse_req_t request, NodeId parent, std::string_view name);
  Result<std::string> fill_directory(fuse_req_t request, Fmid folder, NodeId id, std::size_t size, std::uint64_t offset,
                                     bool plus);
  std::string fill_mount_directory(fuse_req_t request, NodeId id, std::size_t size, std::uint64_t offset, bool plus);
  /// The faces that a mount lists beside a message, those after `after`. False if the buffer is full.
  bool add_faces(DirectoryBuffer& buffer, Fmid message, std::uint32_t after) const;
  bool read_now(fuse_req_t request, const OpenFile& file, std::size_t size, std::uint64_t offset) const;
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

  // filesystem_write.cc
  /// Where this machine has no room to stage what is written: nothing of it is kept.
  void refuse_write(fuse_req_t request, Fmid file, int error);
  /// Saves what was written; the failure is told to each writer once.
  Result<> commit_for(const Call& call, OpenFile& file, std::uint64_t writer);
  void create_as(fuse_req_t request, Fmid fmid, const FolderFacts& folder, std::string_view name, mode_t mode,
                 fuse_file_info info);
  Result<> set_times_and_modes(const Call& call, const Node& node, const struct stat& wanted, int which,
                               const fuse_ctx& caller);
  Result<> truncate(const Call& call, const Node& node, std::uint64_t size);

  // filesystem_folder.cc
  Result<FolderPtr> parent_for_change(NodeId parent, std::string_view name) const;
  /// Who has a file open keeps reading it once it is gone: lets the handles have its bytes. Null if nobody has.
  OpenFilePtr keep_for_handles(const Call& call, const Node& going);
  Result<> remove_file(const Call& call, const Node& node);
  /// `target` gives way.
  Result<> rename_file(const Call& call, const Node& source, const FolderFacts& parent, std::string_view name,
                       const std::optional<Node>& target);
  Result<> rename_file_to(const Call& call, const Node& source, const FolderFacts& parent, std::string_view name,
                          const std::optional<Node>& target);
  Result<> rename_node(const Call& call, Fmid parent, std::string_view name, Fmid new_parent,
                       std::string_view new_name, unsigned flags);
  Result<> localise(const Call& call, const Node& message, const FolderFacts& parent, std::string_view name);

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
  /// A property file that was written under another name and takes the place of a message's.
  Result<> replace_property_file(const Call& call, const Node& source, const Node& message);

  // filesystem_xattr.cc
  Result<std::string> xattr(const Node& node, std::string_view name) const;
  /// Whether `name` is an attribute that a message's properties answer.
  bool is_property_xattr(const Node& node, std::string_view name) const;
  /// `flags` as setxattr(2) has them; without `value` it is taken away.
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
  Nodes nodes_;
  ReplyGate gate_;
  KernelPages pages_;
  LookAhead look_ahead_;
  RecentReads recent_reads_;
  MessageViews views_;
  FaceTrees faces_;
  FaceFiles face_files_;
  FaceSaver face_saver_;
  SearchFolders searches_;
  FileSaver saver_;
  Spool spool_;
  RequestTable requests_;
  bool without_open_ = false;  ///< the kernel neither opens nor closes: see init
};

}  // namespace mapistore::fs
