#pragma once

#include <fuse3/fuse_lowlevel.h>

#include <atomic>

#include "fuse/nodes.h"
#include "fuse/reply_gate.h"

namespace mapistore::fs {

/// What the kernel keeps of files and folders, dropped before whoever changed them is answered. Thread-safe, but never
/// on the reader thread: the kernel may be waiting for it. What others change the Invalidator tells, a moment later.
class KernelPages {
 public:
  KernelPages(ReplyGate& gate, const Nodes& nodes) : gate_{gate}, nodes_{nodes} {}

  void attach(fuse_session* session) { session_ = session; }

  /// Has the kernel forget what it knows of an object and of its bytes from `from` on; -1: not of its bytes.
  void forget(Fmid fmid, off_t from);
  /// Has the kernel drop the listing it keeps of a folder. It would see for itself that the listing is old when
  /// somebody begins to read; but not when he goes on, and the listing was finished for another reader meanwhile.
  void forget_listing(Fmid folder) { forget(folder, 0); }

 private:
  ReplyGate& gate_;
  const Nodes& nodes_;
  std::atomic<fuse_session*> session_ = nullptr;
};

}  // namespace mapistore::fs
