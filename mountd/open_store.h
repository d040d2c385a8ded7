#pragma once

#include <memory>

#include "core/errors_log.h"
#include "core/store.h"
#include "mountd/location.h"

namespace mapistore::ctl {

/// What listing all of a medium may take: the largest and slowest.
inline constexpr std::chrono::hours time_to_list{240};

/// A store of one context, opened by this process itself, behind an index that outlives it. Ends with this object.
class OpenStore {
 public:
  /// `name`: of the index's directory, below the user's state unless it is absolute; the same name finds the same
  /// index. Waits until the
  /// context is open, with its error, and with `listed` until all of it has been listed.
  static Result<std::unique_ptr<OpenStore>> open(Environment& environment, const Location& location,
                                                 const std::string& name, bool read_only, bool listed);
  OpenStore(const OpenStore&) = delete;
  ~OpenStore();

  Store& store() noexcept { return *store_; }
  Index& index() noexcept { return *index_; }
  LiveContext& context() noexcept { return *store_->contexts().front(); }
  /// The folder that `path` names from the context's root down. Errc::not_found names the first that is missing.
  Result<Fmid> folder(const std::vector<std::string>& path);

 private:
  class Observer;
  explicit OpenStore(Host& host);

  std::unique_ptr<Observer> observer_;
  ErrorsLog errors_;
  std::unique_ptr<Index> index_;
  std::unique_ptr<Store> store_;
};

}  // namespace mapistore::ctl
