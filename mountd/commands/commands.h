#pragma once

#include "mountd/command.h"

/// The verbs of mapistorectl, a file each; Describe functions.
namespace mapistore::ctl::commands {

void backend(Verb& program);
void check(Verb& program);
void context(Verb& program);
void copy(Verb& program);
void export_messages(Verb& program);
void import_messages(Verb& program);
void metrics(Verb& program);
void mount(Verb& program);
void move(Verb& program);
void profile(Verb& program);
void props(Verb& program);
void replicate(Verb& program);
void status(Verb& program);
void switch_medium(Verb& program);
void top(Verb& program);
void trash(Verb& program);
void unmount(Verb& program);
void verify(Verb& program);

}  // namespace mapistore::ctl::commands
