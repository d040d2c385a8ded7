#pragma once

#include <chrono>
#include <filesystem>
#include <string>

#include <mapistore/result.h>

#include "core/json.h"
#include "core/profile.h"

namespace mapistore::ctl {

/// Speaks with the mapistorefs that serves a store of this user, through the files in its `.mapistorefs`. The private
/// mount of one that was not mounted before ends with this object. Not thread-safe.
class MountClient {
 public:
  /// The mount of `profile`; if there is none, a private one is made for as long as this lives, by the mapistorefs
  /// beside this program.
  static Result<MountClient> of_profile(const StoreProfile& profile);
  MountClient(MountClient&& other) noexcept;
  MountClient& operator=(MountClient&&) = delete;
  ~MountClient();

  const std::filesystem::path& directory() const noexcept { return directory_; }
  bool is_private() const noexcept { return !temporary_.empty(); }

  Result<Json> status() const;
  /// Has the daemon do what `request` asks (docs/formats/control.md); fails with what it answers.
  Result<> ask(Json request) const;

 private:
  explicit MountClient(std::filesystem::path directory) : directory_{std::move(directory)} {}

  std::filesystem::path directory_;
  std::filesystem::path temporary_;  ///< the private mount's; empty: there is none
};

}  // namespace mapistore::ctl
