#include "fuse/face_files.h"

#include <algorithm>

namespace mapistore::fs {

namespace {

constexpr std::size_t kept_trees = 8;
constexpr std::size_t kept_face_files = 16;

}  // namespace

FaceFilePtr FaceFiles::open(NodeId id, bool anew) {
  FaceFilePtr old;  // closes its descriptor without the lock
  Locked locked{mutex_};
  Counted& counted = files_[id.value];
  if (!counted.file || anew) {
    old = std::exchange(counted.file, std::make_shared<FaceFile>(id, message_of_face(id)));
  }
  ++counted.handles;
  FaceFilePtr file = counted.file;
  locked.unlock();
  return file;
}

FaceFilePtr FaceFiles::find(NodeId id) const {
  Locked locked{mutex_};
  const auto found = files_.find(id.value);
  return found == files_.end() ? nullptr : found->second.file;
}

FaceFilePtr FaceFiles::recent(NodeId id, bool anew) {
  std::list<FaceFilePtr> dropped;
  Locked locked{mutex_};
  const auto found = std::ranges::find(recent_, id, [](const FaceFilePtr& file) { return file->id; });
  if (found != recent_.end() && !anew) {
    recent_.splice(recent_.begin(), recent_, found);
  } else {
    if (found != recent_.end()) dropped.splice(dropped.begin(), recent_, found);
    recent_.push_front(std::make_shared<FaceFile>(id, message_of_face(id)));
    if (recent_.size() > kept_face_files) dropped.splice(dropped.begin(), recent_, std::prev(recent_.end()));
  }
  FaceFilePtr file = recent_.front();
  locked.unlock();
  return file;
}

FaceFilePtr FaceFiles::release(NodeId id) {
  Locked locked{mutex_};
  const auto found = files_.find(id.value);
  if (found == files_.end() || --found->second.handles > 0) return nullptr;
  FaceFilePtr last = std::move(found->second.file);
  files_.erase(found);
  return last;
}

FaceFilePtr FaceFiles::create(Fmid message, std::uint32_t directory, std::string_view name) {
  Locked locked{mutex_};
  const auto key = std::pair{face_id(message, directory).value, std::string(name)};
  if (added_.contains(key)) return nullptr;
  if (next_ == most_faces) next_ = first_new_face;
  const NodeId id = face_id(message, next_++);
  auto file = std::make_shared<FaceFile>(id, message);
  file->new_name = name;
  file->directory = directory;
  files_[id.value] = {file, 1};
  added_.emplace(key, file);
  return file;
}

FaceFilePtr FaceFiles::being_added(NodeId directory, std::string_view name) const {
  Locked locked{mutex_};
  const auto found = added_.find({directory.value, std::string(name)});
  return found == added_.end() ? nullptr : found->second;
}

void FaceFiles::added(const FaceFile& file) {
  Locked locked{mutex_};
  added_.erase({face_id(file.message, file.directory).value, file.new_name});
}

FaceTreePtr FaceTrees::of(const MessageViewPtr& view) {
  {
    Locked locked{mutex_};
    const auto found = std::ranges::find(kept_, view, [](const FaceTreePtr& kept) { return kept->view_pointer(); });
    if (found != kept_.end()) {
      kept_.splice(kept_.begin(), kept_, found);
      return kept_.front();
    }
  }
  auto tree = std::make_shared<const FaceTree>(view);
  FaceTreePtr dropped;
  Locked locked{mutex_};
  kept_.push_front(tree);
  if (kept_.size() > kept_trees) {
    dropped = std::move(kept_.back());
    kept_.pop_back();
  }
  locked.unlock();
  return tree;
}

FaceTreePtr FaceTrees::known(Fmid message, Extent extent) {
  const MessageViewPtr view = views_.known(message, extent);
  if (view == nullptr) return nullptr;
  Locked locked{mutex_};
  const auto found = std::ranges::find(kept_, view, [](const FaceTreePtr& kept) { return kept->view_pointer(); });
  return found == kept_.end() ? nullptr : *found;
}

Result<FaceTreePtr> FaceTrees::tree(const Call& call, Fmid message, Extent extent) {
  return of(MAPISTORE_TRY(extent == Extent::complete ? views_.view(call, message) : views_.outline(call, message)));
}

}  // namespace mapistore::fs
