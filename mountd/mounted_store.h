#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <mapistore/result.h>

namespace mapistore::ctl {

/// A store that a mapistorefs of this user serves, spoken to through the files in its `.mapistorefs`. The private mount
/// of one that was not mounted before ends with this object. Not thread-safe.
class MountedStore {
 public:
  /// The mount of `profile`, whose store is called `name`; if there is none, a private one is made for as long as this
  /// lives, by the mapistorefs beside this program.
  static Result<MountedStore> of_profile(const std::string& profile, const std::string& name);
  MountedStore(MountedStore&& other) noexcept;
  MountedStore& operator=(MountedStore&&) = delete;
  ~MountedStore();

  const std::filesystem::path& directory() const noexcept { return directory_; }
  bool is_private() const noexcept { return !temporary_.empty(); }

  Result<nlohmann::json> status() const;
  /// Has the daemon do what `request` asks (docs/formats/control.md); fails with what it answers.
  Result<> ask(nlohmann::json request) const;

 private:
  explicit MountedStore(std::filesystem::path directory) : directory_{std::move(directory)} {}

  std::filesystem::path directory_;
  std::filesystem::path temporary_;  ///< the private mount's; empty: there is none
};

/// Where mapistorefs is mounted, as /proc/self/mountinfo tells.
std::vector<std::filesystem::path> mount_points();

}  // namespace mapistore::ctl
