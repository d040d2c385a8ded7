#include <array>

#include <mapistore/ability.h>

#include "core/profile.h"
#include "core/profile_reader.h"
#include "mountd/commands/commands.h"
#include "mountd/file_text.h"
#include "mountd/location.h"
#include "mountd/profile_text.h"
#include "mountd/settings.h"

namespace mapistore::ctl::commands {

namespace {

struct ContextOptions {
  std::string name, uri;
  std::vector<std::string> settings;
};

/// Puts `text` in the place of the profile, once it is one.
Result<> replace(const Environment& environment, const StoreProfile& profile, const std::string& text) {
  MAPISTORE_CHECK(read_profile(text, profile.file));
  return environment.dry_run ? Result<>{} : profile_text::write(profile.file, text);
}

Result<int> list(Environment& environment, const ContextOptions&) {
  const StoreProfile profile = MAPISTORE_TRY(environment.named_profile());
  Json all = Json::array();
  std::string text;
  for (const TopFolder& folder : profile.folders) {
    all.push_back({{"name", folder.name}, {"uri", folder.uri.to_string()}, {"read_only", folder.read_only}});
    text += folder.name + "  " + folder.uri.to_string() + (folder.read_only ? "  read-only" : "") + "\n";
  }
  environment.output.result(all, text);
  return 0;
}

Result<int> add(Environment& environment, const ContextOptions& arguments) {
  const StoreProfile profile = MAPISTORE_TRY(environment.named_profile());
  for (const TopFolder& folder : profile.folders)
    if (folder.name == arguments.name)
      return fail(Errc::exists, arguments.name, "is a top folder already",
                  "mapistorectl switch puts it on another medium");
  const auto parsed = MAPISTORE_TRY(ContextUri::parse(arguments.uri));
  if (parsed.password)
    return fail(Errc::invalid_argument, parsed.uri.to_string(), "has a password in it",
                "give --set password_file=FILE or --set password_command=COMMAND");
  const std::string section = profile_text::new_section(arguments.name, parsed.uri.to_string(),
                                                        MAPISTORE_TRY(settings_of(arguments.settings)));
  std::string text = MAPISTORE_TRY(read_file(profile.file));
  if (!text.ends_with('\n')) text += '\n';
  MAPISTORE_CHECK(replace(environment, profile, text + "\n" + section));
  environment.output.result(
      {{"name", arguments.name}, {"uri", parsed.uri.to_string()}, {"dry_run", environment.dry_run}},
      environment.dry_run ? section : arguments.name + " is added; it shows with the next mount\n");
  return 0;
}

Result<int> remove(Environment& environment, const ContextOptions& arguments) {
  const StoreProfile profile = MAPISTORE_TRY(environment.named_profile());
  const std::string text = MAPISTORE_TRY(read_file(profile.file));
  MAPISTORE_CHECK(
      replace(environment, profile, MAPISTORE_TRY(profile_text::with_section(text, arguments.name, {}))));
  environment.output.result(
      {{"name", arguments.name}, {"dry_run", environment.dry_run}},
      arguments.name + (environment.dry_run ? " would be removed from the profile\n"
                                            : " is removed from the profile; its medium is left as it is\n"));
  return 0;
}

Result<int> stat(Environment& environment, const ContextOptions& arguments) {
  const Location location = MAPISTORE_TRY(read_location(
      environment, arguments.name.contains("://") ? arguments.name : environment.profile + ":" + arguments.name));
  const auto medium = MAPISTORE_TRY(
      location.backend->open(Call::within(time_to_open), location.settings.uri, location.settings.options));
  const Profile& profile = medium->profile();
  Json abilities = Json::array();
  const auto note = [&](const char* name, const void* ability) {
    if (ability != nullptr) abilities.push_back(name);
  };
  note("moving", medium->ability<Moving>());
  note("watching", medium->ability<Watching>());
  note("trashing", medium->ability<Trashing>());
  note("quota", medium->ability<Quota>());
  note("durability", medium->ability<Durability>());
  note("reading", medium->ability<Reading>());
  Json result{{"uri", location.settings.uri.to_string()},
              {"read_only", profile.read_only},
              {"remote", profile.remote},
              {"keeps_state", profile.keeps_state},
              {"keeps_properties", profile.keeps_properties},
              {"rewrites_bytes", profile.rewrites_bytes},
              {"abilities", abilities}};
  std::string text = location.settings.uri.to_string() + ": opens" + (profile.read_only ? ", read-only" : "") +
                     (profile.remote ? ", across a network" : "") + "\n  abilities:";
  for (const auto& ability : abilities) text += " " + ability.get<std::string>();
  text += "\n";
  if (Quota* quota = medium->ability<Quota>())
    if (const auto usage = quota->usage(Call::within(time_to_open)); usage && usage->bytes_total != 0) {
      result["bytes_total"] = usage->bytes_total;
      result["bytes_free"] = usage->bytes_free;
      text += "  " + std::to_string(usage->bytes_free) + " of " + std::to_string(usage->bytes_total) + " bytes free\n";
    }
  environment.output.result(result, text);
  return 0;
}

}  // namespace

void context(Verb& program) {
  const auto arguments = std::make_shared<ContextOptions>();
  Verb verb = program.group("context", "the top folders of a profile");
  verb.verb("list", "list them").does(arguments, list);
  Verb adding = verb.verb("add", "add one");
  Verb removing = verb.verb("remove", "take one away; its medium is left as it is");
  Verb telling = verb.verb("stat", "open one and tell what its medium can");
  adding.argument("name", arguments->name, "the top folder");
  adding.argument("uri", arguments->uri, "its medium");
  adding.options("--set", arguments->settings, "KEY=VALUE: an option, as in a profile");
  removing.argument("name", arguments->name, "the top folder");
  telling.argument("name", arguments->name, "the top folder, or a URI");
  adding.does(arguments, add);
  removing.does(arguments, remove);
  telling.does(arguments, stat);
}

}  // namespace mapistore::ctl::commands
