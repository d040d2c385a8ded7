#pragma once

#include <atomic>
#include <list>
#include <map>
#include <unordered_map>

#include <mapistore/posix.h>

#include "core/mutex.h"
#include "fuse/face_tree.h"

namespace mapistore::fs {

/// What all handles on one face share.
struct FaceFile {
  FaceFile(NodeId number, Fmid of) : id{number}, message{of} {}

  const NodeId id;
  const Fmid message;
  std::atomic<int> fd{-1};         ///< its bytes, set once; read and written without a lock
  std::atomic<bool> dirty{false};  ///< holds what no message has taken
  std::atomic<bool> taken{false};  ///< has become an attachment: nothing can be added to it
  std::string new_name;            ///< of an attachment that is being added; else empty
  std::uint32_t directory = 0;     ///< which it is being added to

  Mutex commit_mutex{LockRank::commit};  ///< one loading, truncation or commit at a time
  Mutex mutex{LockRank::staging};
  std::string version MAPISTORE_GUARDED_BY(mutex);  ///< of the message whose bytes `fd` has; empty: of none
  posix::UniqueFd owner;
};
using FaceFilePtr = std::shared_ptr<FaceFile>;

/// The faces that are open. Thread-safe.
class FaceFiles {
 public:
  /// One more handle. `anew`: what others have read so far is not what the message says now.
  FaceFilePtr open(NodeId id, bool anew);
  FaceFilePtr find(NodeId id) const;
  /// For mounts without open and release: keeps the most recently read ones. `anew`: not the one kept.
  FaceFilePtr recent(NodeId id, bool anew);
  /// Takes a handle back; the file, if it was the last.
  FaceFilePtr release(NodeId id);
  /// An attachment that is being added, with one handle; null if that name is being added already.
  FaceFilePtr create(Fmid message, std::uint32_t directory, std::string_view name);
  FaceFilePtr being_added(NodeId directory, std::string_view name) const;
  /// Its name means nothing from now on.
  void added(const FaceFile& file);

 private:
  struct Counted {
    FaceFilePtr file;
    std::uint64_t handles = 0;
  };

  mutable Mutex mutex_{LockRank::handles};
  std::unordered_map<std::uint64_t, Counted> files_ MAPISTORE_GUARDED_BY(mutex_);
  std::map<std::pair<std::uint64_t, std::string>, FaceFilePtr> added_ MAPISTORE_GUARDED_BY(mutex_);
  std::list<FaceFilePtr> recent_ MAPISTORE_GUARDED_BY(mutex_);
  std::uint32_t next_ MAPISTORE_GUARDED_BY(mutex_) = first_new_face;
};

/// The trees of the last few messages whose faces were looked at. Thread-safe.
class FaceTrees {
 public:
  explicit FaceTrees(MessageViews& views) : views_{views} {}

  /// What a face of this number needs of its message. Absent contents of an outline are had apart.
  static Extent extent_of(std::uint32_t number) noexcept {
    return number == Face::property_file_number ? Extent::complete : Extent::outline;
  }

  /// The tree as of now, if it is at hand: without asking the medium.
  FaceTreePtr known(Fmid message, Extent extent);
  /// May wait for the medium.
  Result<FaceTreePtr> tree(const Call& call, Fmid message, Extent extent);

 private:
  FaceTreePtr of(const MessageViewPtr& view);

  MessageViews& views_;
  Mutex mutex_{LockRank::views};
  std::list<FaceTreePtr> kept_ MAPISTORE_GUARDED_BY(mutex_);
};

}  // namespace mapistore::fs
