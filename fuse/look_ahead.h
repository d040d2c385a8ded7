#pragma once

#include <fuse3/fuse_lowlevel.h>

#include <atomic>
#include <deque>

#include "core/mutex.h"
#include "core/store.h"
#include "fuse/reply_gate.h"

namespace mapistore::fs {

class OpenFiles;

/// Notices a reader that opens one message of a folder after the other, and puts the next ones into the kernel's page
/// cache before it asks. Thread-safe; the work is done by the context's workers.
class LookAhead {
 public:
  LookAhead(Store& store, const OpenFiles& files, ReplyGate& gate) : store_{store}, files_{files}, gate_{gate} {}

  void attach(fuse_session* session) { session_ = session; }
  /// Without opens, only what the kernel lacks shows where a reader is: more is pushed at once then.
  void see_only_misses() noexcept { only_misses_ = true; }
  /// Whether a reader whose files are not asked for one by one is being worked for.
  bool is_behind() const noexcept { return only_misses_ && pushing_now_; }
  /// A file is being opened. Cheap: on the reader thread.
  void opened(Fmid fmid);
  /// The kernel has to ask for the beginning of a file. Only then is there something to put ahead: what is opened in
  /// order without being asked for is in the kernel's cache already.
  void missed(Fmid fmid);

 private:
  void start_pushing(std::uint64_t after);
  void push(Fmid after);
  /// `commits`: of the index, before `node` was read.
  bool push_one(const Node& node, const Body& body, std::uint64_t commits) const;

  Store& store_;
  const OpenFiles& files_;
  ReplyGate& gate_;
  std::atomic<fuse_session*> session_ = nullptr;
  bool only_misses_ = false;  ///< set before the first request
  std::atomic<std::uint64_t> reader_at_ = 0;  ///< what was last opened or missed

  Mutex mutex_{LockRank::look_ahead};
  std::uint64_t last_ MAPISTORE_GUARDED_BY(mutex_) = 0;
  unsigned run_ MAPISTORE_GUARDED_BY(mutex_) = 0;            ///< opens in order so far
  std::deque<std::uint64_t> ahead_ MAPISTORE_GUARDED_BY(mutex_);  ///< pushed and not opened yet, ascending
  bool pushing_ MAPISTORE_GUARDED_BY(mutex_) = false;
  std::atomic<bool> pushing_now_ = false;
};

}  // namespace mapistore::fs
