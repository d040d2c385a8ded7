#include "mountd/command.h"

#include <array>
#include <cstdio>

#include "core/exit_code.h"
#include "core/log.h"
#include "mountd/commands/commands.h"

namespace mapistore::ctl {

namespace {

constexpr std::array verbs{commands::backend, commands::check,           commands::context,
                           commands::copy,    commands::export_messages, commands::import_messages,
                           commands::metrics, commands::mount,           commands::move,
                           commands::profile, commands::props,           commands::replicate,
                           commands::status,  commands::switch_medium,   commands::top,
                           commands::trash,   commands::unmount,         commands::verify};

/// The options that hold for every verb, before or after it.
struct Common {
  bool json = false, dry_run = false, quiet = false, verbose = false, version = false;
  std::string profile;
  std::vector<std::string> backend_directories;

  void describe(Verb& program) {
    program.flag("--json", json, "write the result as JSON");
    program.flag("-n,--dry-run", dry_run, "tell what would be done, and change nothing");
    program.flag("-q,--quiet", quiet, "write nothing but results and errors");
    program.flag("-v,--verbose", verbose, "tell each step");
    program.option("-p,--profile", profile, "the store's profile, by name or path");
    program.options("--backend-dir", backend_directories, "look for backends here first; may be repeated");
    program.flag("--version", version, "print the version");
  }
};

int tell(const Error& error) {
  std::fprintf(stderr, "mapistorectl: %s\n", log::harmless(error.to_string()).c_str());
  return exit_code(error.code);
}

}  // namespace

Result<StoreProfile> Environment::named_profile() const {
  if (profile.empty())
    return fail(Errc::invalid_argument, "--profile", "is missing", "name the profile whose top folders are meant");
  return load_profile(profile);
}

Result<Registry*> Environment::backends() {
  if (!loaded_) MAPISTORE_CHECK(registry_.load(Registry::search_path(backend_directories_), host_));
  loaded_ = true;
  return &registry_;
}

int run(std::span<char* const> arguments, std::string_view version) {
  ArgumentParser parser{
      "mapistorectl", "Administers stores of mapistorefs: mail, calendars, contacts, tasks and notes from any medium."};
  parser.options_anywhere();
  Common common;
  Action chosen;
  Verb program{parser, chosen};
  common.describe(program);
  for (const Describe describe : verbs) describe(program);
  const auto parsed = parser.parse(arguments);
  if (!parsed) return tell(parsed.error());
  if (*parsed) return **parsed;
  if (common.version) {
    std::printf("mapistorectl %.*s\n", static_cast<int>(version.size()), version.data());
    return 0;
  }
  if (!chosen) return tell({Errc::invalid_argument, "arguments", "name no verb", "see mapistorectl --help"});
  log::start(common.verbose ? LogLevel::info : LogLevel::error, log::Target::standard_error);
  Output output{common.json, common.quiet     ? Output::Detail::quiet
                             : common.verbose ? Output::Detail::verbose
                                              : Output::Detail::usual};
  Environment environment{output, {common.backend_directories.begin(), common.backend_directories.end()}};
  environment.dry_run = common.dry_run;
  environment.profile = common.profile;
  const Result<int> ended = chosen(environment);
  output.end_progress();
  return ended ? *ended : tell(ended.error());
}

}  // namespace mapistore::ctl
