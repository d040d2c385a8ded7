#include <algorithm>
#include <cstdio>
#include <span>

#include "core/exit_code.h"
#include "core/log.h"
#include "core/profile.h"
#include "core/registry.h"
#include "fuse/command_line.h"
#include "fuse/mount.h"
#include "fuse/readiness.h"

using namespace mapistore;

namespace {

/// Everyone may read a process's arguments: a password in a URI is overwritten there once it is known.
void hide_passwords(std::span<char*> arguments) {
  for (char* argument : arguments) {
    const std::string_view text = argument;
    const std::size_t begin = text.find("://");
    if (begin == text.npos) continue;
    const std::size_t end = std::min(text.find_first_of("/?#", begin + 3), text.size());
    const std::size_t at = text.substr(0, end).rfind('@');
    const std::size_t colon = text.find(':', begin + 3);
    if (at == text.npos || at < begin || colon == text.npos || colon > at) continue;
    std::fill(argument + colon + 1, argument + at, '*');
  }
}

}  // namespace

int main(int count, char** arguments) {
  using Action = fs::CommandLine::Action;
  auto line = fs::parse_command_line({arguments, static_cast<std::size_t>(count)});
  if (!line) {
    std::fprintf(stderr, "mapistorefs: %s\n", log::harmless(line.error().to_string()).c_str());
    return exit_code(line.error().code);
  }
  line->backend_directories = Registry::search_path(std::move(line->backend_directories));
  switch (line->action) {
    case Action::help: std::fputs(fs::usage().c_str(), stdout); return 0;
    case Action::version: std::puts("mapistorefs " MAPISTOREFS_VERSION); return 0;
    case Action::nothing: return 0;
    case Action::list_backends:
      log::start(line->log_level, log::Target::standard_error);
      return fs::list_backends(*line);
    case Action::mount: break;
  }
  fs::CommandLine resolved = *line;
  hide_passwords({arguments, static_cast<std::size_t>(count)});
  // Relative paths are the caller's; the daemon works in the root directory.
  std::error_code error;
  resolved.mount_point = std::filesystem::absolute(line->mount_point, error);
  if (is_profile_path(resolved.source)) resolved.source = std::filesystem::absolute(line->source, error);
  for (auto& directory : resolved.backend_directories) directory = std::filesystem::absolute(directory, error);
  fs::Readiness readiness = fs::Readiness::fork(line->foreground);
  log::start(line->log_level, line->foreground ? log::Target::standard_error : log::Target::system);
  return fs::run_mount(resolved, std::move(readiness));
}
