#include "fuse/errno.h"

#include <cerrno>

namespace mapistore::fs {

int to_errno(Errc code) noexcept {
  switch (code) {
    case Errc::io: return EIO;
    case Errc::no_memory: return ENOMEM;
    case Errc::corrupted: return EUCLEAN;
    case Errc::invalid_argument: return EINVAL;
    case Errc::not_found: return ENOENT;
    case Errc::exists: return EEXIST;
    case Errc::not_empty: return ENOTEMPTY;
    case Errc::not_a_folder: return ENOTDIR;
    case Errc::is_a_folder: return EISDIR;
    case Errc::access_denied: return EACCES;
    case Errc::not_permitted: return EPERM;
    case Errc::read_only: return EROFS;
    case Errc::unsupported: return EOPNOTSUPP;
    case Errc::busy: return EBUSY;
    case Errc::stale: return ESTALE;
    case Errc::no_space: return ENOSPC;
    case Errc::quota_exceeded: return EDQUOT;
    case Errc::too_large: return EFBIG;
    case Errc::name_too_long: return ENAMETOOLONG;
    case Errc::invalid_content: return EINVAL;
    case Errc::timed_out: return ETIMEDOUT;
    case Errc::cancelled: return EINTR;
    case Errc::unreachable: return EHOSTUNREACH;
    case Errc::connection_refused: return ECONNREFUSED;
    case Errc::disconnected: return ENOTCONN;
    case Errc::authentication_failed: return EACCES;
    case Errc::unknown_namespace: return EPROTONOSUPPORT;
    case Errc::invalid_uri: return EINVAL;
    case Errc::other_medium: return EXDEV;
    case Errc::too_many_open: return EMFILE;
    case Errc::no_data: return ENODATA;
    case Errc::out_of_range: return ERANGE;
    case Errc::incompatible: return ENOEXEC;
    case Errc::invalid_configuration: return EINVAL;
  }
  return EIO;
}

}  // namespace mapistore::fs
