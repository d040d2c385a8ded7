#pragma once

#include <fuse3/fuse_lowlevel.h>

#include <filesystem>
#include <functional>
#include <string>

#include <mapistore/result.h>

#include "fuse/filesystem.h"

namespace mapistore::fs {

/// One conversation with the kernel. The thread that calls `run` is the reader: it takes the requests one by one and
/// hands them to the Filesystem, which never makes it wait.
class Session {
 public:
  static Result<std::unique_ptr<Session>> create(Filesystem& filesystem, Invalidator& invalidator,
                                                 const MountOptions& options, const std::string& source);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Mounts on a directory. Errors name the mount point and what to do.
  Result<> mount(const std::filesystem::path& mount_point);
  /// Talks over a descriptor instead, to a kernel that a test plays.
  Result<> attach(int descriptor, const fuse_custom_io& io);

  /// Answers requests until the mount is gone or `stop` was called. `ready` is called once the kernel has been greeted.
  Result<> run(const std::function<void()>& ready);
  /// Gives the mount back, so that nobody waits for it any more; late answers go nowhere. The session must outlive
  /// those who may still give one.
  void unmount() noexcept;
  /// Makes `run` end. Safe in a signal handler.
  void stop() const noexcept;

 private:
  Session(Filesystem& filesystem, Invalidator& invalidator, bool spin);
  bool wait_for_request();

  Filesystem& filesystem_;
  Invalidator& invalidator_;
  bool spin_;
  int wake_ = -1;  ///< an eventfd that ends the waiting
  fuse_session* session_ = nullptr;
  std::filesystem::path mount_point_;
};

}  // namespace mapistore::fs
