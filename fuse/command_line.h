#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <mapistore/host.h>

#include "fuse/mount_options.h"

namespace mapistore::fs {

/// What the user asked for.
struct CommandLine {
  enum class Action : std::uint8_t { mount, list_backends, version, help, nothing };

  Action action = Action::mount;
  bool json = false;
  bool foreground = false;
  bool debug = false;
  std::string source;
  std::filesystem::path mount_point;
  std::vector<std::filesystem::path> backend_directories;  ///< as given; to be completed by Registry::search_path
  MountOptions options;
  std::chrono::seconds refresh{60};
  std::optional<std::chrono::days> trash_keep;
  LogLevel log_level = LogLevel::info;
};

/// Reads the arguments of `mapistorefs`, also in the form in which mount(8) calls `mount.mapistorefs` and
/// `mount.fuse.mapistorefs`. Errc::invalid_argument names the word that is wrong and the nearest that is right.
Result<CommandLine> parse_command_line(std::span<char* const> arguments);

/// The text of --help.
std::string usage();

}  // namespace mapistore::fs
