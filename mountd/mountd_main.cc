#include <cstdio>
#include <cstdlib>

#include "core/arguments.h"
#include "core/exit_code.h"
#include "core/log.h"
#include "mountd/daemon.h"

using namespace mapistore;

namespace {

int tell(const Error& error) {
  std::fprintf(stderr, "mapistore-mountd: %s\n", log::harmless(error.to_string()).c_str());
  return exit_code(error.code);
}

/// What an option names; nothing if it was not given.
std::optional<std::filesystem::path> path_of(const std::string& option) {
  if (option.empty()) return std::nullopt;
  return std::filesystem::absolute(option);
}

}  // namespace

int main(int count, char** arguments) {
  ArgumentParser parser{"mapistore-mountd", "Keeps the mounts of mapistorefs that mounts.toml wants."};
  std::string configuration, socket, level = "info";
  if (const char* named = ::secure_getenv("MAPISTORE_LOG")) level = named;
  bool version = false;
  parser.option("--config", configuration, "the directory of mounts.toml");
  parser.option("--socket", socket, "where to listen for mapistorectl");
  parser.flag("--version", version, "print the version");
  const auto parsed = parser.parse({arguments, static_cast<std::size_t>(count)});
  if (!parsed) return tell(parsed.error());
  if (*parsed) return **parsed;
  if (version) return std::puts("mapistore-mountd " MAPISTOREFS_VERSION), 0;
  const auto log_level = log::parse_level(level);
  if (!log_level) return tell(log_level.error());
  log::start(*log_level, log::Target::standard_error);
  const Result<> ended = mountd::run(path_of(configuration), path_of(socket));
  return ended ? 0 : tell(ended.error());
}
