#include <unistd.h>

#include <memory>

#include "core/mount_table.h"
#include "mountd/commands/commands.h"
#include "mountd/commands/mounting.h"
#include "mountd/mount_overview.h"
#include "mountd/mount_work.h"

namespace mapistore::ctl::commands {

namespace {

constexpr std::chrono::seconds time_to_unmount{30};

struct UnmountOptions {
  std::string name, socket;
  bool force = false;
};

/// Unmounts what nobody keeps.
Result<> unmount_once(const MountedStore& mount, bool force) {
  using mountd::work::Unmount;
  const mountd::User user = mountd::user_of(mount.user);
  if (::geteuid() != 0 && ::geteuid() != user.id)
    return fail(Errc::not_permitted, mount.path.native(), "was mounted by " + user.name, "ask them, or root");
  const auto how = force ? Unmount::lazily : Unmount::if_idle;
  const auto end =
      MAPISTORE_TRY(mountd::run_job([&] { return mountd::work::unmount(user, mount.path, how); }, time_to_unmount));
  if (end.succeeded()) return {};
  if (!end.in_time)
    return fail(Errc::timed_out, mount.path.native(), "does not let itself be unmounted", "try --force");
  const auto users =
      MAPISTORE_TRY(mountd::run_job([&] { return mountd::work::list_users(mount.path); }, time_to_unmount));
  return std::unexpected(mountd::work::refused_unmount(mount.path, users.output, end.output));
}

Result<int> unmount_one(Environment& environment, const UnmountOptions& asked) {
  std::string name = mounting::name_or_path(asked.name);
  const auto ask_keeper = [&] {
    return mounting::ask_keeper(mounting::sockets(asked.socket), {"unmount", name, asked.force, environment.dry_run});
  };
  auto answer = ask_keeper();
  std::string there = mounting::name_or_path("./" + name);
  if (!answer && answer.error().code == Errc::not_found && !name.contains('/') && mounted_store_at(there)) {
    name = std::move(there);
    answer = ask_keeper();
  }
  if (!answer) {
    const auto mount = name.contains('/') ? mounted_store_at(name) : std::nullopt;
    if (!mount || answer.error().code != Errc::not_found) return std::unexpected(answer.error());
    if (!environment.dry_run) MAPISTORE_CHECK(unmount_once(*mount, asked.force));
    answer = Json{{"directory", name}, {"source", mount->source}};
  }
  environment.output.result(*answer,
                            asked.name + (environment.dry_run ? ": would be unmounted\n" : ": is unmounted\n"));
  return 0;
}

}  // namespace

void unmount(Verb& program) {
  Verb verb = program.verb("unmount", "unmount a store; says who uses it if it cannot be");
  const auto asked = std::make_shared<UnmountOptions>();
  verb.argument("mount", asked->name, "a name of mounts.toml, or the directory");
  verb.flag("-f,--force", asked->force, "although it is in use: who uses it loses it");
  mounting::add_socket_option(verb, asked->socket);
  verb.does(asked, unmount_one);
}

}  // namespace mapistore::ctl::commands
