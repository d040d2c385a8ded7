#pragma once

#include "mountd/command.h"

/// The verbs of mapistorectl, a file each; Describe functions.
namespace mapistore::ctl::commands {

void backend(CLI::App& app, Action& chosen);
void metrics(CLI::App& app, Action& chosen);
void mount(CLI::App& app, Action& chosen);
void status(CLI::App& app, Action& chosen);
void top(CLI::App& app, Action& chosen);
void unmount(CLI::App& app, Action& chosen);

}  // namespace mapistore::ctl::commands
