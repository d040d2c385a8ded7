#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>

#include "core/exit_code.h"
#include "core/log.h"
#include "mountd/daemon.h"

using namespace mapistore;

namespace {

int tell(const Error& error) {
  std::fprintf(stderr, "mapistore-mountd: %s\n", log::harmless(error.to_string()).c_str());
  return exit_code(error.code);
}

}  // namespace

int main(int count, char** arguments) {
  CLI::App app{"Keeps the mounts of mapistorefs that mounts.toml wants.", "mapistore-mountd"};
  std::optional<std::filesystem::path> configuration, socket;
  std::string level = "info";
  if (const char* named = ::secure_getenv("MAPISTORE_LOG")) level = named;
  bool version = false;
  app.add_option("--config", configuration, "the directory of mounts.toml");
  app.add_option("--socket", socket, "where to listen for mapistorectl");
  app.add_flag("--version", version, "print the version");
  try {
    app.parse(count, arguments);
  } catch (const CLI::Success& asked) {
    return app.exit(asked);
  } catch (const CLI::ParseError& error) {
    return tell({Errc::invalid_argument, "arguments", error.what(), "see mapistore-mountd --help"});
  }
  if (version) return std::puts("mapistore-mountd " MAPISTOREFS_VERSION), 0;
  const auto parsed = log::parse_level(level);
  if (!parsed) return tell(parsed.error());
  log::start(*parsed, log::Target::standard_error);
  for (auto* path : {&configuration, &socket})
    if (*path) *path = std::filesystem::absolute(**path);
  const Result<> ended = mountd::run(configuration, socket);
  return ended ? 0 : tell(ended.error());
}
