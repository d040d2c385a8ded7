#pragma once

#include <string>
#include <vector>

#include "mountd/mounts_file.h"

namespace mapistore::mountd {

/// The arguments of the daemon of a mount, its program first. Equal arguments mean that it serves what is wanted.
std::vector<std::string> daemon_arguments(const std::string& program, const WantedMount& mount);

/// Becomes the daemon of `mount`; returns only an exit code, when it cannot. For a child that has just been forked.
int run_daemon(const std::vector<std::string>& arguments, const WantedMount& mount);

/// The `mapistorefs` to start: what MAPISTOREFS names, else the one beside this program, else that of PATH.
std::string daemon_program();

}  // namespace mapistore::mountd
