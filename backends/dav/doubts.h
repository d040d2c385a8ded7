#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include <mapistore/call.h>
#include <mapistore/result.h>

namespace mapistore::dav {

/// What requests whose answers nobody got may have done, or may do yet. Thread-safe.
class Doubts {
 public:
  /// Something may be done yet: who waits for the time to look for changes is woken.
  void add();
  /// Waits for `pause`, or until there is something that nobody was woken for: then true. Errc::cancelled,
  /// Errc::timed_out.
  Result<bool> wait(const Call& call, std::chrono::nanoseconds pause);

  /// What comes to be at the address `path` is of a save that failed. `unless_gone`: the name of the object that it was
  /// to take the place of; if that is gone, it is all that is left of the two. Of very many some are forgotten.
  void disown(const std::string& path, std::string unless_gone = {});
  /// `unless_gone`, if `path` was disowned.
  std::optional<std::string> disowned(const std::string& path) const;
  void own(const std::string& path);

 private:
  mutable std::mutex mutex_;  ///< rank: leaf
  std::condition_variable_any changed_;
  bool has_new_ = false;
  std::map<std::string, std::string> disowned_;
};

}  // namespace mapistore::dav
