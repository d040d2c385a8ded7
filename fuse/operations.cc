#include "fuse/operations.h"

#include <algorithm>
#include <cerrno>
#include <exception>
#include <new>

#include "fuse/filesystem.h"

namespace mapistore::fs {

namespace {

Filesystem& self(fuse_req_t request) { return *static_cast<Filesystem*>(fuse_req_userdata(request)); }

/// Nothing thrown may pass into libfuse: an allocation that failed is answered as such.
template <class Handler>
void guarded(fuse_req_t request, Operation kind, Handler handler) noexcept {
  const OperationCounts::Ongoing ongoing{self(request).counts(), kind};
  try {
    handler(self(request));
  } catch (const std::bad_alloc&) {
    fuse_reply_err(request, ENOMEM);
  } catch (const std::exception&) {
    fuse_reply_err(request, EIO);
  }
}

/// The most that the kernel asks for at once; a request for more is not from it, and must not cost its size in memory.
constexpr std::size_t largest_answer = 1024 * 1024;

std::size_t sensible(std::size_t size) noexcept { return std::min(size, largest_answer); }

/// A link would be a second name of one message, a device no message at all.
void refuse_link(fuse_req_t request, fuse_ino_t, fuse_ino_t, const char*) { fuse_reply_err(request, EPERM); }
void on_readlink(fuse_req_t request, fuse_ino_t node) {
  guarded(request, Operation::readlink, [&](Filesystem& fs) { fs.readlink(request, {node}); });
}
void refuse_symlink(fuse_req_t request, const char*, fuse_ino_t, const char*) { fuse_reply_err(request, EPERM); }
/// tar makes its files so, to give them attributes before bytes.
void on_mknod(fuse_req_t request, fuse_ino_t parent, const char* name, mode_t mode, dev_t) {
  if (!S_ISREG(mode)) return static_cast<void>(fuse_reply_err(request, EPERM));
  guarded(request, Operation::create, [&](Filesystem& fs) { fs.make_empty(request, {parent}, name, mode); });
}

void on_init(void* filesystem, fuse_conn_info* connection) { static_cast<Filesystem*>(filesystem)->init(*connection); }

void on_lookup(fuse_req_t request, fuse_ino_t parent, const char* name) {
  guarded(request, Operation::lookup, [&](Filesystem& fs) { fs.lookup(request, {parent}, name); });
}

/// Nodes are numbers of the index: there is nothing to forget.
void on_forget(fuse_req_t request, fuse_ino_t, std::uint64_t) { fuse_reply_none(request); }
void on_forget_multi(fuse_req_t request, std::size_t, fuse_forget_data*) { fuse_reply_none(request); }

void on_getattr(fuse_req_t request, fuse_ino_t node, fuse_file_info*) {
  guarded(request, Operation::getattr, [&](Filesystem& fs) { fs.getattr(request, {node}); });
}

void on_access(fuse_req_t request, fuse_ino_t node, int mask) {
  guarded(request, Operation::access, [&](Filesystem& fs) { fs.access(request, {node}, mask); });
}

void on_setattr(fuse_req_t request, fuse_ino_t node, struct stat* wanted, int which, fuse_file_info*) {
  guarded(request, Operation::setattr, [&](Filesystem& fs) { fs.setattr(request, {node}, *wanted, which); });
}

void on_open(fuse_req_t request, fuse_ino_t node, fuse_file_info* info) {
  guarded(request, Operation::open, [&](Filesystem& fs) { fs.open(request, {node}, *info); });
}

void on_create(fuse_req_t request, fuse_ino_t parent, const char* name, mode_t mode, fuse_file_info* info) {
  guarded(request, Operation::create, [&](Filesystem& fs) { fs.create(request, {parent}, name, mode, *info); });
}

void on_read(fuse_req_t request, fuse_ino_t node, std::size_t size, off_t offset, fuse_file_info*) {
  guarded(request, Operation::read, [&](Filesystem& fs) {
    fs.counts().add_read(sensible(size));
    fs.read(request, {node}, sensible(size), static_cast<std::uint64_t>(offset));
  });
}

void on_write(fuse_req_t request, fuse_ino_t node, const char* bytes, std::size_t size, off_t offset,
              fuse_file_info* info) {
  // A page that was written through a mapping goes where it lies, however the file was opened.
  const bool append = (info->flags & O_APPEND) != 0 && info->writepage == 0;
  guarded(request, Operation::write, [&](Filesystem& fs) {
    fs.counts().add_written(size);
    fs.write(request, {node}, {bytes, size}, static_cast<std::uint64_t>(offset), append);
  });
}

void on_flush(fuse_req_t request, fuse_ino_t node, fuse_file_info* info) {
  guarded(request, Operation::flush, [&](Filesystem& fs) { fs.flush(request, {node}, info->fh); });
}

void on_fsync(fuse_req_t request, fuse_ino_t node, int, fuse_file_info* info) {
  guarded(request, Operation::fsync, [&](Filesystem& fs) { fs.fsync(request, {node}, info->fh); });
}

void on_release(fuse_req_t request, fuse_ino_t node, fuse_file_info* info) {
  guarded(request, Operation::release, [&](Filesystem& fs) { fs.release(request, {node}, info->fh); });
}

void on_fallocate(fuse_req_t request, fuse_ino_t node, int mode, off_t offset, off_t length, fuse_file_info*) {
  guarded(request, Operation::allocate, [&](Filesystem& fs) {
    fs.fallocate(request, {node}, mode, static_cast<std::uint64_t>(offset), static_cast<std::uint64_t>(length));
  });
}

void on_opendir(fuse_req_t request, fuse_ino_t node, fuse_file_info* info) {
  guarded(request, Operation::opendir, [&](Filesystem& fs) { fs.opendir(request, {node}, *info); });
}

void on_readdir(fuse_req_t request, fuse_ino_t node, std::size_t size, off_t offset, fuse_file_info*) {
  guarded(request, Operation::readdir, [&](Filesystem& fs) {
    fs.readdir(request, {node}, sensible(size), static_cast<std::uint64_t>(offset), false);
  });
}

void on_readdirplus(fuse_req_t request, fuse_ino_t node, std::size_t size, off_t offset, fuse_file_info*) {
  guarded(request, Operation::readdir, [&](Filesystem& fs) {
    fs.readdir(request, {node}, sensible(size), static_cast<std::uint64_t>(offset), true);
  });
}

/// Every change of a directory is in the medium, or in the index, before it is answered.
void on_releasedir(fuse_req_t request, fuse_ino_t, fuse_file_info*) { fuse_reply_err(request, 0); }
void on_fsyncdir(fuse_req_t request, fuse_ino_t node, int, fuse_file_info*) {
  guarded(request, Operation::fsync, [&](Filesystem& fs) { fs.fsyncdir(request, {node}); });
}

void on_copy_file_range(fuse_req_t request, fuse_ino_t from, off_t from_offset, fuse_file_info*, fuse_ino_t to,
                        off_t to_offset, fuse_file_info*, std::size_t length, int) {
  guarded(request, Operation::copy, [&](Filesystem& fs) {
    fs.copy_file_range(request, {from}, static_cast<std::uint64_t>(from_offset), {to},
                       static_cast<std::uint64_t>(to_offset), length);
  });
}

void on_statfs(fuse_req_t request, fuse_ino_t node) {
  guarded(request, Operation::statfs, [&](Filesystem& fs) { fs.statfs(request, {node}); });
}

void on_mkdir(fuse_req_t request, fuse_ino_t parent, const char* name, mode_t mode) {
  guarded(request, Operation::mkdir, [&](Filesystem& fs) { fs.mkdir(request, {parent}, name, mode); });
}

void on_rmdir(fuse_req_t request, fuse_ino_t parent, const char* name) {
  guarded(request, Operation::rmdir, [&](Filesystem& fs) { fs.rmdir(request, {parent}, name); });
}

void on_unlink(fuse_req_t request, fuse_ino_t parent, const char* name) {
  guarded(request, Operation::unlink, [&](Filesystem& fs) { fs.unlink(request, {parent}, name); });
}

void on_rename(fuse_req_t request, fuse_ino_t parent, const char* name, fuse_ino_t new_parent, const char* new_name,
               unsigned flags) {
  guarded(request, Operation::rename,
          [&](Filesystem& fs) { fs.rename(request, {parent}, name, {new_parent}, new_name, flags); });
}

void on_getxattr(fuse_req_t request, fuse_ino_t node, const char* name, std::size_t size) {
  guarded(request, Operation::getxattr, [&](Filesystem& fs) { fs.getxattr(request, {node}, name, size); });
}

void on_listxattr(fuse_req_t request, fuse_ino_t node, std::size_t size) {
  guarded(request, Operation::getxattr, [&](Filesystem& fs) { fs.listxattr(request, {node}, size); });
}

void on_setxattr(fuse_req_t request, fuse_ino_t node, const char* name, const char* value, std::size_t size,
                 int flags) {
  guarded(request, Operation::setxattr,
          [&](Filesystem& fs) { fs.setxattr(request, {node}, name, {value, size}, flags); });
}

void on_removexattr(fuse_req_t request, fuse_ino_t node, const char* name) {
  guarded(request, Operation::setxattr, [&](Filesystem& fs) { fs.removexattr(request, {node}, name); });
}

}  // namespace

const fuse_lowlevel_ops& operations() noexcept {
  static const fuse_lowlevel_ops table = [] {
    fuse_lowlevel_ops ops{};
    ops.init = on_init;
    ops.lookup = on_lookup;
    ops.forget = on_forget;
    ops.forget_multi = on_forget_multi;
    ops.getattr = on_getattr;
    ops.access = on_access;
    ops.setattr = on_setattr;
    ops.open = on_open;
    ops.create = on_create;
    ops.read = on_read;
    ops.write = on_write;
    ops.flush = on_flush;
    ops.fsync = on_fsync;
    ops.copy_file_range = on_copy_file_range;
    ops.release = on_release;
    ops.fallocate = on_fallocate;
    ops.opendir = on_opendir;
    ops.readdir = on_readdir;
    ops.readdirplus = on_readdirplus;
    ops.releasedir = on_releasedir;
    ops.fsyncdir = on_fsyncdir;
    ops.statfs = on_statfs;
    ops.mkdir = on_mkdir;
    ops.rmdir = on_rmdir;
    ops.unlink = on_unlink;
    ops.rename = on_rename;
    ops.getxattr = on_getxattr;
    ops.listxattr = on_listxattr;
    ops.setxattr = on_setxattr;
    ops.removexattr = on_removexattr;
    ops.readlink = on_readlink;
    ops.link = refuse_link;
    ops.symlink = refuse_symlink;
    ops.mknod = on_mknod;
    return ops;
  }();
  return table;
}

}  // namespace mapistore::fs
