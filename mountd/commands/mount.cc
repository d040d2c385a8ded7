#include <memory>

#include "core/mount_table.h"
#include "mountd/commands/commands.h"
#include "mountd/commands/mounting.h"
#include "mountd/daemon_launch.h"

namespace mapistore::ctl::commands {

namespace {

struct MountOptions {
  std::string source, directory, options, socket;
};

/// Has a mountd mount what it keeps.
Result<int> mount_kept(Environment& environment, const MountOptions& asked) {
  const auto answer = MAPISTORE_TRY(mounting::ask_keeper(
      mounting::sockets(asked.socket), {"mount", mounting::name_or_path(asked.source), false, environment.dry_run}));
  const std::string text = asked.source + (environment.dry_run ? ": would be mounted\n" : ": is mounted\n");
  environment.output.result(answer, environment.output.is_json() ? "" : text);
  return 0;
}

/// Mounts what nobody keeps: by mapistorefs, which returns when the mount answers.
Result<int> mount_once(Environment& environment, const MountOptions& asked) {
  const std::string directory = std::filesystem::absolute(asked.directory).lexically_normal();
  std::vector<std::string> words{mountd::daemon_program()};
  if (!asked.options.empty()) words.insert(words.end(), {"-o", asked.options});
  words.insert(words.end(), {asked.source, directory});
  const Json json{{"source", asked.source}, {"directory", directory}, {"dry_run", environment.dry_run}};
  if (environment.dry_run) {
    if (mounted_store_at(directory))
      return fail(Errc::busy, directory, "is a mounted store already", "unmount it first");
    environment.output.result(json, asked.source + ": would be mounted at " + directory + "\n");
    return 0;
  }
  const int code = MAPISTORE_TRY(mounting::run_program(words));
  if (code == 0) environment.output.result(json, asked.source + ": is mounted at " + directory + "\n");
  return code;
}

Result<int> run(Environment& environment, const MountOptions& asked) {
  if (!asked.directory.empty()) return mount_once(environment, asked);
  if (!asked.options.empty())
    return fail(Errc::invalid_argument, "-o", "is for mounts at a directory", "write the options into mounts.toml");
  return mount_kept(environment, asked);
}

}  // namespace

void mount(Verb& program) {
  Verb verb = program.verb("mount", "mount what mountd keeps by its name, or any source at a directory");
  const auto asked = std::make_shared<MountOptions>();
  verb.argument("source", asked->source, "a name of mounts.toml; or a profile or a URI");
  verb.optional_argument("directory", asked->directory, "where a profile or a URI is to be mounted");
  verb.option("-o", asked->options, "mount options of mapistorefs(8), with a directory");
  mounting::add_socket_option(verb, asked->socket);
  verb.does(asked, run);
}

}  // namespace mapistore::ctl::commands
