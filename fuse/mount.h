#pragma once

#include "fuse/command_line.h"
#include "fuse/readiness.h"

namespace mapistore::fs {

/// Mounts what the command line says and serves it until it is unmounted or a signal ends it. Tells `readiness` how it
/// went. Returns the exit code.
int run_mount(const CommandLine& line, Readiness readiness);

/// Prints the backends found and those refused. Returns the exit code.
int list_backends(const CommandLine& line);

}  // namespace mapistore::fs
