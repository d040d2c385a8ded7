#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include <mapistore/object.h>

namespace mapistore::dav {

/// The bytes of objects that a listing had to read anyway, for who reads them next. Bounded: what was used longest ago
/// goes first. Thread-safe.
class BodyCache {
 public:
  using Bytes = std::shared_ptr<const std::string>;

  explicit BodyCache(std::size_t most_bytes) : most_bytes_{most_bytes} {}

  void put(const std::string& path, const ChangeKey& change, Bytes bytes);
  /// Null unless just this version is held.
  Bytes find(const std::string& path, const ChangeKey& change);
  void forget(const std::string& path);

 private:
  struct Held {
    std::string path;
    ChangeKey change;
    Bytes bytes;
  };
  using Order = std::list<Held>;

  void drop(Order::iterator held);

  const std::size_t most_bytes_;
  std::mutex mutex_;  ///< rank: leaf
  Order order_;       ///< the last used first
  std::unordered_map<std::string, Order::iterator> by_path_;
  std::size_t bytes_ = 0;
};

}  // namespace mapistore::dav
