#include "fuse/kernel_pages.h"

namespace mapistore::fs {

void KernelPages::forget(Fmid fmid, off_t from) {
  fuse_session* const session = session_;
  if (const auto pass = gate_.enter(); pass && session != nullptr)
    fuse_lowlevel_notify_inval_inode(session, nodes_.id_of(fmid).value, from, 0);
}

}  // namespace mapistore::fs
