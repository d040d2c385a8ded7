#include "backends/dav/body_cache.h"

namespace mapistore::dav {

void BodyCache::drop(Order::iterator held) {
  bytes_ -= held->bytes->size();
  by_path_.erase(held->path);
  order_.erase(held);
}

void BodyCache::put(const std::string& path, const ChangeKey& change, Bytes bytes) {
  const std::lock_guard lock{mutex_};
  if (const auto old = by_path_.find(path); old != by_path_.end()) drop(old->second);
  if (bytes->size() > most_bytes_ / 4) return;
  bytes_ += bytes->size();
  order_.push_front({path, change, std::move(bytes)});
  by_path_[path] = order_.begin();
  while (bytes_ > most_bytes_) drop(std::prev(order_.end()));
}

void BodyCache::forget(const std::string& path) {
  const std::lock_guard lock{mutex_};
  if (const auto found = by_path_.find(path); found != by_path_.end()) drop(found->second);
}

BodyCache::Bytes BodyCache::find(const std::string& path, const ChangeKey& change) {
  const std::lock_guard lock{mutex_};
  const auto found = by_path_.find(path);
  if (found == by_path_.end() || found->second->change != change) return nullptr;
  order_.splice(order_.begin(), order_, found->second);
  return found->second->bytes;
}

}  // namespace mapistore::dav
