#include <sysexits.h>

#include "core/directories.h"
#include "core/profile.h"
#include "core/profile_values.h"
#include "core/store_source.h"
#include "mountd/commands/commands.h"
#include "mountd/file_text.h"
#include "mountd/profile_text.h"

namespace mapistore::ctl::commands {

namespace {

struct ProfileOptions {
  std::string name;
  std::vector<std::string> folders;  ///< NAME=URI
  bool connect = false;
};

Json as_json(const StoreProfile& profile) {
  Json folders = Json::array();
  for (const TopFolder& folder : profile.folders)
    folders.push_back({{"name", folder.name},
                       {"uri", folder.uri.to_string()},
                       {"role", profile_values::name_of(folder.role)},
                       {"read_only", folder.read_only},
                       {"secret", folder.secret.has_value() || folder.url_password.has_value()},
                       {"options", folder.options}});
  return {{"name", profile.name},
          {"file", profile.file.native()},
          {"cache_size", profile.cache_size},
          {"folders", folders}};
}

Result<int> show(Environment& environment, const ProfileOptions& arguments) {
  const StoreProfile profile = MAPISTORE_TRY(load_profile(arguments.name));
  std::string text = profile.file.native() + "\n";
  for (const TopFolder& folder : profile.folders) {
    const std::string role{profile_values::name_of(folder.role)};
    text += "  " + folder.name + "  " + folder.uri.to_string() + (role.empty() ? "" : "  " + role) +
            (folder.read_only ? "  read-only" : "") + "\n";
  }
  environment.output.result(as_json(profile), text);
  return 0;
}

/// What is wrong with one top folder; with `connect` its medium is opened too.
Result<> check_folder(Environment& environment, TopFolder& folder, bool connect) {
  const Registry* backends = MAPISTORE_TRY(environment.backends());
  Backend* backend = MAPISTORE_TRY(backends->backend_for(folder.uri));
  MAPISTORE_CHECK(check_options(folder, *backend));
  if (folder.url_password) environment.secrets().put(folder.uri, *std::move(folder.url_password));
  if (folder.secret) environment.secrets().configure(folder.uri, *folder.secret);
  if (!connect) return {};
  auto opened = backend->open(Call::within(time_to_open), folder.uri, folder.options);
  if (opened) return {};
  Error error = std::move(opened).error();
  error.object = folder.name + (error.object.empty() ? "" : ": ") + error.object;
  return std::unexpected(std::move(error));
}

Result<int> check(Environment& environment, const ProfileOptions& arguments) {
  StoreProfile profile = MAPISTORE_TRY(load_profile(arguments.name));
  Json folders = Json::array();
  std::string text;
  int worst = 0;
  for (TopFolder& folder : profile.folders) {
    const auto checked = check_folder(environment, folder, arguments.connect);
    folders.push_back({{"name", folder.name}, {"ok", checked.has_value()}});
    if (checked) {
      text += folder.name + ": " + (arguments.connect ? "opens" : "is well described") + "\n";
      continue;
    }
    folders.back()["error"] = checked.error().to_string();
    environment.output.trouble(checked.error());
    worst = EX_CONFIG;
  }
  environment.output.result({{"file", profile.file.native()}, {"folders", folders}}, text);
  return worst;
}

Result<int> init(Environment& environment, const ProfileOptions& arguments) {
  const std::filesystem::path file =
      is_profile_path(arguments.name) ? std::filesystem::path{arguments.name}
                                      : MAPISTORE_TRY(directories::config_home()) / (arguments.name + ".toml");
  std::error_code error;
  if (std::filesystem::exists(file, error))
    return fail(Errc::exists, file.native(), "is there already", "change it with mapistorectl context add and remove");
  std::string text = "# A store: one [folders.NAME] for each top folder. See mapistorefs.toml(5).\n";
  for (const std::string& folder : arguments.folders) {
    const std::size_t equals = folder.find('=');
    if (equals == std::string::npos || equals == 0)
      return fail(Errc::invalid_argument, folder, "is not NAME=URI", "as in Notes=file:///home/anna/notes");
    const auto parsed = MAPISTORE_TRY(ContextUri::parse(std::string_view{folder}.substr(equals + 1)));
    if (parsed.password)
      return fail(Errc::invalid_argument, parsed.uri.to_string(), "has a password in it",
                  "name a password_file or password_command in the profile");
    text += "\n" + profile_text::new_section(folder.substr(0, equals), parsed.uri.to_string(), {});
  }
  if (!environment.dry_run) {
    if (!is_profile_path(arguments.name)) MAPISTORE_CHECK(directories::make_private_directory(file.parent_path()));
    MAPISTORE_CHECK(profile_text::write(file, text));
  }
  environment.output.result({{"file", file.native()}, {"dry_run", environment.dry_run}},
                            environment.dry_run ? text : file.native() + " is written\n");
  return 0;
}

}  // namespace

void profile(Verb& program) {
  const auto arguments = std::make_shared<ProfileOptions>();
  Verb verb = program.group("profile", "descriptions of stores");
  Verb making = verb.verb("init", "write a new profile");
  Verb checking = verb.verb("check", "tell what is wrong with a profile");
  Verb showing = verb.verb("show", "tell what a profile says, without secrets");
  for (Verb sub : {making, checking, showing}) sub.argument("name", arguments->name, "the profile, by name or path");
  making.optional_arguments("folders", arguments->folders, "NAME=URI: a top folder; may be repeated");
  checking.flag("--connect", arguments->connect, "open each medium, too");
  making.does(arguments, init);
  checking.does(arguments, check);
  showing.does(arguments, show);
}

}  // namespace mapistore::ctl::commands
