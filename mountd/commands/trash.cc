#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "core/files.h"
#include "core/profile.h"
#include "mountd/commands/commands.h"
#include "mountd/mount_client.h"

namespace mapistore::ctl::commands {

namespace {

struct TrashOptions {
  std::string folder, to;
  std::vector<std::string> names;
  bool all = false;
};

Result<MountClient> store_of(const Environment& environment) {
  return MountClient::of_profile(MAPISTORE_TRY(environment.named_profile()));
}

/// What is in the trash of a top folder; Errc::not_found if that has none.
Result<std::vector<std::string>> names_in(const std::filesystem::path& trash, const std::string& folder) {
  std::vector<std::string> names;
  const auto there = files_in(trash);
  if (!there) return fail(Errc::not_found, folder, "has no trash, or is no top folder");
  for (const std::filesystem::path& file : *there) names.push_back(file.filename().native());
  std::ranges::sort(names);
  return names;
}

Result<int> list(Environment& environment, const TrashOptions& arguments) {
  const MountClient store = MAPISTORE_TRY(store_of(environment));
  const auto names =
      MAPISTORE_TRY(names_in(store.directory() / ".mapistorefs/trash" / arguments.folder, arguments.folder));
  std::string text;
  for (const std::string& name : names) text += name + "\n";
  environment.output.result(names, text);
  return 0;
}

/// Does `act` to what was named, or to all; tells how many that were.
template <class Act>
Result<int> each(Environment& environment, const TrashOptions& arguments, const MountClient& store, const char* done,
                 Act act) {
  const std::filesystem::path trash = store.directory() / ".mapistorefs/trash" / arguments.folder;
  const auto there = MAPISTORE_TRY(names_in(trash, arguments.folder));
  if (arguments.all == !arguments.names.empty())
    return fail(Errc::invalid_argument, "arguments", "name neither messages nor --all", "give one of both");
  for (const std::string& name : arguments.names)
    if (std::ranges::find(there, name) == there.end())
      return fail(Errc::not_found, name, "is not in the trash", "see mapistorectl trash list");
  const auto& names = arguments.all ? there : arguments.names;
  if (!environment.dry_run)
    for (const std::string& name : names) MAPISTORE_CHECK(act(trash / name));
  environment.output.result(
      {{"folder", arguments.folder}, {done, names}, {"dry_run", environment.dry_run}},
      counted(names.size(), "message") + " " + (environment.dry_run ? "would be " : "") + done + "\n");
  return 0;
}

Result<int> restore(Environment& environment, const TrashOptions& arguments) {
  const MountClient store = MAPISTORE_TRY(store_of(environment));
  const std::filesystem::path to = store.directory() / arguments.folder / arguments.to;
  return each(environment, arguments, store, "restored", [&](const std::filesystem::path& file) -> Result<> {
    // Nothing gives way to what comes back.
    if (::renameat2(AT_FDCWD, file.c_str(), AT_FDCWD, (to / file.filename()).c_str(), RENAME_NOREPLACE) == 0) return {};
    return std::unexpected(system_error(errno, (to / file.filename()).native()));
  });
}

Result<int> purge(Environment& environment, const TrashOptions& arguments) {
  const MountClient store = MAPISTORE_TRY(store_of(environment));
  return each(environment, arguments, store, "purged", [](const std::filesystem::path& file) -> Result<> {
    return ::unlink(file.c_str()) == 0 ? Result<>{} : std::unexpected(system_error(errno, file.native()));
  });
}

}  // namespace

void trash(Verb& program) {
  const auto arguments = std::make_shared<TrashOptions>();
  Verb verb = program.group("trash", "what was removed from a top folder of a profile");
  Verb listing = verb.verb("list", "list it");
  Verb restoring = verb.verb("restore", "put it back");
  Verb purging = verb.verb("purge", "remove it for good");
  for (Verb sub : {listing, restoring, purging})
    sub.argument("topfolder", arguments->folder, "the top folder, as the profile names it");
  for (Verb sub : {restoring, purging}) {
    sub.optional_arguments("names", arguments->names, "as trash list tells them");
    sub.flag("--all", arguments->all, "all that is there");
  }
  restoring.option("--to", arguments->to, "the folder below the top folder that takes it; usually the top folder");
  listing.does(arguments, list);
  restoring.does(arguments, restore);
  purging.does(arguments, purge);
}

}  // namespace mapistore::ctl::commands
