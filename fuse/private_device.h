#pragma once

namespace mapistore::fs {

/// Gives the calling thread a table of open files of its own, with nothing in it but `fuse_device`: another device on
/// the same connection (FUSE_DEV_IOC_CLONE) under the same number. False, and nothing changed, where that cannot be
/// had, as without /dev/fuse.
///
/// For a thread that the kernel may hold for as long as a request in flight does. When the process is killed, the
/// kernel ends a device's requests once the last thread that has the device open is gone: were that this thread, each
/// would wait for the other for ever.
bool take_private_device(int fuse_device) noexcept;

}  // namespace mapistore::fs
