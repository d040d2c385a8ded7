#pragma once

#include "mountd/command.h"

/// The verbs of mapistorectl, a file each; Describe functions.
namespace mapistore::ctl::commands {

void backend(CLI::App& app, Action& chosen);
void check(CLI::App& app, Action& chosen);
void context(CLI::App& app, Action& chosen);
void copy(CLI::App& app, Action& chosen);
void export_messages(CLI::App& app, Action& chosen);
void import_messages(CLI::App& app, Action& chosen);
void metrics(CLI::App& app, Action& chosen);
void mount(CLI::App& app, Action& chosen);
void move(CLI::App& app, Action& chosen);
void profile(CLI::App& app, Action& chosen);
void props(CLI::App& app, Action& chosen);
void replicate(CLI::App& app, Action& chosen);
void status(CLI::App& app, Action& chosen);
void switch_medium(CLI::App& app, Action& chosen);
void top(CLI::App& app, Action& chosen);
void trash(CLI::App& app, Action& chosen);
void unmount(CLI::App& app, Action& chosen);
void verify(CLI::App& app, Action& chosen);

}  // namespace mapistore::ctl::commands
