#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <mapistore/result.h>

#include "mountd/user.h"

/// What touches a mount, and so may hang with it, or looks into every process: for the child of a Job alone. Each
/// answers the exit code and writes what it has found to standard output.
namespace mapistore::mountd::work {

/// As `user`: the status file of the mount at `directory`. Exit code 0; the errno of what failed otherwise.
int read_status(const User& user, const std::filesystem::path& directory);

enum class Unmount : std::uint8_t { if_idle, lazily };
/// Takes the mount away, or writes why it cannot be: for another user by fusermount3 as that user, since his
/// directories may become links at any time. 0 when it is gone.
int unmount(const User& user, const std::filesystem::path& directory, Unmount how);

/// Why `unmount`, which wrote `output`, has failed: who uses the mount, as list_users has found them, or else its own
/// words.
Error refused_unmount(const std::filesystem::path& directory, const std::string& users, std::string output);

/// Who uses what is below `directory`, as fuser(1) finds it: "NAME (process N of USER)", joined by ", ".
int list_users(const std::filesystem::path& directory);

/// The numbers of the processes of `user` that run with exactly these arguments, a line each.
int find_daemons(const User& user, const std::vector<std::string>& arguments);

/// Whether a mountd of `user` was started within the last seconds, and may not listen yet. Looks at nothing that can
/// hang, and writes nothing: for anyone.
bool is_mountd_starting(uid_t user);

}  // namespace mapistore::mountd::work
