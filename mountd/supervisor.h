#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "mountd/kept_mount.h"

namespace mapistore::mountd {

/// All mounts that mounts.toml wants, kept. One thread.
class Supervisor {
 public:
  using Told = KeptMount::Told;

  /// `self` runs this mountd; `program` is the mapistorefs to start.
  Supervisor(EventLoop& loop, std::filesystem::path file, User self, std::string program);
  Supervisor(const Supervisor&) = delete;

  /// Reads the file and begins to keep what it wants.
  Result<> start();
  /// Reads the file again: starts what is new, stops what is wanted no more, starts anew what has changed, tries again
  /// what had failed, and touches nothing else. What is in use and would have to go stays until it is idle. On error
  /// all stays as it is.
  Result<> reload();
  /// Stops all mounts, and waits for those in use as long as `Keeping::stop_within`. `done` is told of the first that
  /// is left mounted.
  void shut_down(Told done);
  /// From now on nobody who uses a mount is waited for.
  void hurry();

  const Keeping& keeping() const noexcept { return keeping_; }
  const std::filesystem::path& file() const noexcept { return file_; }
  /// Those that `user` may see and steer: root all, others their own.
  std::vector<KeptMount*> mounts_of(uid_t user) const;
  /// The same, by name or directory. Errc::not_found, also for what is another's.
  Result<KeptMount*> mount_of(uid_t user, std::string_view name_or_directory) const;
  /// Asks `mounts` for their status; `done` when each has answered, or after `limit`.
  void refresh(const std::vector<KeptMount*>& mounts, std::chrono::milliseconds limit, std::function<void()> done);
  /// Calls `told` whenever what is to be kept has been read anew.
  void on_reload(std::function<void()> told) { reloaded_ = std::move(told); }

 private:
  void apply(MountsFile file);
  void replace_outdated();
  void probe_all();
  void stop_once_more();
  void still_in_use(const Error& error);
  KeptMount& keep(WantedMount wanted);
  const WantedMount* still_wanted(const KeptMount& mount) const;

  EventLoop& loop_;
  std::filesystem::path file_;
  User self_;
  std::string program_;
  Keeping keeping_;
  std::vector<WantedMount> wanted_;
  std::vector<std::unique_ptr<KeptMount>> mounts_;
  std::function<void()> reloaded_;
  posix::UniqueFd mount_table_;
  EventLoop::Token table_changes_, probes_, stop_timer_, stop_limit_;
  bool stopping_ = false, hurry_ = false;
  std::optional<Error> left_mounted_;
  Told stopped_;
};

}  // namespace mapistore::mountd
