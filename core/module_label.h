#pragma once

#include <filesystem>

#include <mapistore/plugin.h>

namespace mapistore {

/// Reads the label of a module from its file; nothing of the module is loaded.
///
/// Errc::incompatible says in what way the file is no module for this machine: no ELF, cut short, another class or
/// machine, no label, no entry symbol. Every offset and size in the file is taken for a lie until checked.
Result<ModuleLabel> read_module_label(const std::filesystem::path& file);

}  // namespace mapistore
