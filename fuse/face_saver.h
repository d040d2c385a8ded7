#pragma once

#include <string_view>

#include "core/message_view.h"
#include "core/store.h"
#include "fuse/face_files.h"
#include "fuse/kernel_pages.h"
#include "fuse/nodes.h"
#include "fuse/staging_area.h"

namespace mapistore::fs {

/// The bytes of faces: what the message says, and the message changed as was written. Thread-safe; what takes a Call
/// may wait for a medium, so it is for workers.
class FaceSaver {
 public:
  /// All of these outlive it.
  FaceSaver(Store& store, const StagingArea& staging, MessageViews& views, FaceTrees& faces, FaceFiles& files,
            const Nodes& nodes, KernelPages& pages)
      : store_{store}, staging_{staging}, views_{views}, faces_{faces}, files_{files}, nodes_{nodes}, pages_{pages} {}

  /// Has the file hold what its message says, unless it holds something. Under its commit_mutex.
  Result<> load(const Call& call, FaceFile& file);
  /// Makes the file writable: it holds what its message says, or nothing if it is to be empty.
  Result<> stage(const Call& call, FaceFile& file, bool empty);
  /// Changes the message as was written. On failure the bytes are kept for the user.
  Result<> commit(const Call& call, FaceFile& file);

  /// An attachment of this name that is being added to `directory`, with one handle. On any thread.
  Result<FaceFilePtr> add(const FaceTree& tree, NodeId directory, std::string_view name);
  Result<> remove_attachment(const Call& call, NodeId directory, std::string_view name);
  /// Changes the message as the property file in `fd` says.
  Result<> take_property_file(const Call& call, Fmid message, int fd);

 private:
  /// Writes a face into `fd`; the tree that it is of.
  Result<FaceTreePtr> write_to(const Call& call, NodeId id, int fd);
  Result<> add_attachment(const Call& call, Fmid message, std::string_view name, int fd);

  Store& store_;
  const StagingArea& staging_;
  MessageViews& views_;
  FaceTrees& faces_;
  FaceFiles& files_;
  const Nodes& nodes_;
  KernelPages& pages_;
};

}  // namespace mapistore::fs
