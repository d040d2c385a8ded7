#include <chrono>
#include <csignal>
#include <thread>

#include "core/profile_reader.h"
#include "core/store_source.h"
#include "mountd/commands/commands.h"
#include "mountd/file_text.h"
#include "mountd/mount_client.h"
#include "mountd/profile_text.h"
#include "mountd/rate.h"
#include "mountd/settings.h"

namespace mapistore::ctl::commands {

namespace {

constexpr std::chrono::milliseconds between_looks{250};
/// A medium for trials.
constexpr std::string_view ends_with_the_mount = "memory:";

struct SwitchOptions {
  std::string folder, uri;
  std::vector<std::string> settings;  ///< KEY=VALUE, of the new medium
  bool finish = false, go_back = false, no_wait = false;
};

/// Set by a signal: who waits stops waiting, and what he waits for goes on.
volatile std::sig_atomic_t interrupted = 0;

/// What the mount says of the switch of `folder`; null: there is none.
Result<Json> switch_of(const MountClient& store, const std::string& folder) {
  const Json status = MAPISTORE_TRY(store.status());
  for (const Json& one : status.value("switches", Json::array()))
    if (one.value("folder", "") == folder) return one;
  return Json{};
}

std::string progress_text(const Json& state, Rate& rate) {
  const auto held = state.value("held", std::uint64_t{0}), all = state.value("messages", std::uint64_t{0});
  std::string text = std::to_string(held) + " of " + counted(all, "message") + rate.text(held, all);
  if (const auto failed = state.value("failed", std::uint64_t{0}); failed > 0)
    text += ", " + std::to_string(failed) + " failed";
  if (state.contains("error") && state["error"].is_string()) text += ": " + state["error"].get<std::string>();
  return text;
}

/// Waits until the switch of `folder` has come to `phase`, and shows how far it is; the last state. An error that lasts
/// is told once.
Result<Json> wait_for(Environment& environment, const MountClient& store, const std::string& folder,
                      std::string_view phase) {
  std::signal(SIGINT, [](int) { interrupted = 1; });
  std::signal(SIGTERM, [](int) { interrupted = 1; });
  Rate rate;
  std::string told;
  while (true) {
    const Json state = MAPISTORE_TRY(switch_of(store, folder));
    if (state.is_null() || state.value("phase", "") == phase) return state;
    environment.output.progress(folder + ": " + progress_text(state, rate));
    const std::string error = state["error"].is_string() ? state["error"].get<std::string>() : std::string{};
    if (!error.empty() && error != told) environment.output.trouble({Errc::io, folder, error, "it is tried again"});
    told = error;
    if (interrupted != 0)
      return fail(Errc::cancelled, folder, "is not there yet",
                  store.is_private() ? "give the same command again to go on"
                                     : "the mount goes on with it; give the same command again to wait for it");
    std::this_thread::sleep_for(between_looks);
  }
}

void tell(const Environment& environment, const std::string& folder, std::string_view phase, const Json& state,
          std::string_view text) {
  Json result{{"folder", folder}, {"phase", phase}};
  for (const char* key : {"from", "to", "messages", "held", "failed", "error"})
    if (state.contains(key)) result[key] = state[key];
  environment.output.result(result, text);
}

/// Makes the profile say what the mount says; nothing to do if it does.
Result<> settle_profile(const StoreProfile& profile, const std::string& folder, const std::string& section) {
  const std::string text = MAPISTORE_TRY(read_file(profile.file));
  const std::string wanted = MAPISTORE_TRY(profile_text::with_section(text, folder, section));
  return wanted == text ? Result<>{} : profile_text::write(profile.file, wanted);
}

/// A medium that cannot be opened is told before anything begins.
Result<> try_to_open(Environment& environment, const std::string& section) {
  const Registry* backends = MAPISTORE_TRY(environment.backends());
  const auto source = MAPISTORE_TRY(StoreSource::read_section(section, environment.secrets(), *backends));
  const auto medium = MAPISTORE_TRY(source.backend->open(Call::within(time_to_open), source.uri, source.options));
  if (medium->profile().read_only)
    return fail(Errc::read_only, source.uri.to_string(), "cannot be written", "name a medium that can");
  return {};
}

Result<int> begin(Environment& environment, const SwitchOptions& arguments, bool keep) {
  const StoreProfile profile = MAPISTORE_TRY(environment.named_profile());
  const std::string text = MAPISTORE_TRY(read_file(profile.file));
  const std::string own = MAPISTORE_TRY(profile_text::section(text, arguments.folder));
  const std::string section = MAPISTORE_TRY(
      profile_text::for_medium(own, arguments.folder, arguments.uri, MAPISTORE_TRY(settings_of(arguments.settings))));
  MAPISTORE_CHECK(
      read_profile(MAPISTORE_TRY(profile_text::with_section(text, arguments.folder, section)), profile.file));
  // What cannot be written down in the end is not begun.
  if (!keep) MAPISTORE_CHECK(profile_text::may_write(profile.file));
  MAPISTORE_CHECK(try_to_open(environment, section));
  if (!keep && arguments.uri.starts_with(ends_with_the_mount))
    environment.output.trouble({Errc::unsupported, arguments.uri, "keeps nothing once the mount ends",
                                "until --finish all messages are in the old medium too, as they were at the switch"});
  if (environment.dry_run) {
    environment.output.result(
        {{"folder", arguments.folder}, {"to", arguments.uri}, {"section", section}, {"dry_run", true}},
        arguments.folder + " would be " + (keep ? "kept in " : "switched to ") + arguments.uri +
            (keep ? "\n" : ", and the profile would say\n\n" + section));
    return 0;
  }
  const MountClient store = MAPISTORE_TRY(MountClient::of_profile(profile));
  MAPISTORE_CHECK(store.ask({{"verb", keep ? "replicate" : "switch"},
                             {"folder", arguments.folder},
                             {"section", section},
                             {"own_section", own}}));
  if (arguments.no_wait || keep) {
    if (store.is_private() && !arguments.no_wait) {
      MAPISTORE_CHECK(wait_for(environment, store, arguments.folder, "never"));
    }
    tell(environment, arguments.folder, keep ? "replicating" : "switching",
         MAPISTORE_TRY(switch_of(store, arguments.folder)),
         arguments.folder + (keep ? " is being kept in " : " is being brought to ") + arguments.uri +
             "; mapistorectl status shows how far it is\n");
    return 0;
  }
  const Json state = MAPISTORE_TRY(wait_for(environment, store, arguments.folder, "switched"));
  environment.output.end_progress();
  MAPISTORE_CHECK(settle_profile(profile, arguments.folder, section));
  const std::string old = state.value("to", "");
  tell(environment, arguments.folder, "switched", state,
       arguments.folder + " is in " + arguments.uri + " now, " +
           counted(state.value("messages", std::uint64_t{0}), "message") + ". " + old +
           " is left as it was: end with --finish when it is not needed any more, or go back with --rollback\n");
  return 0;
}

Result<int> finish(Environment& environment, const SwitchOptions& arguments) {
  const StoreProfile profile = MAPISTORE_TRY(environment.named_profile());
  const MountClient store = MAPISTORE_TRY(MountClient::of_profile(profile));
  const Json state = MAPISTORE_TRY(switch_of(store, arguments.folder));
  if (state.is_null())
    return fail(Errc::not_found, arguments.folder, "has no other medium beside its own", "there is nothing to finish");
  if (environment.dry_run) {
    tell(environment, arguments.folder, state.value("phase", ""), state,
         arguments.folder + " would stay in " + state.value("from", "") + "; " + state.value("to", "") +
             " would be left as it is\n");
    return 0;
  }
  // The profile first: the index knows better until then.
  MAPISTORE_CHECK(settle_profile(profile, arguments.folder, state.value("section", "")));
  MAPISTORE_CHECK(store.ask({{"verb", "switch-finish"}, {"folder", arguments.folder}}));
  tell(environment, arguments.folder, "finished", state,
       arguments.folder + " is in " + state.value("from", "") + ", and no longer kept in " + state.value("to", "") +
           "\n");
  return 0;
}

Result<int> go_back(Environment& environment, const SwitchOptions& arguments) {
  const StoreProfile profile = MAPISTORE_TRY(environment.named_profile());
  const MountClient store = MAPISTORE_TRY(MountClient::of_profile(profile));
  Json state = MAPISTORE_TRY(switch_of(store, arguments.folder));
  if (state.is_null())
    return fail(Errc::not_found, arguments.folder, "has not been switched", "there is nothing to go back to");
  const std::string phase = state.value("phase", "");
  // What has not been exchanged is where it was.
  if (phase == "replicating" || phase == "switching" || environment.dry_run) {
    if (!environment.dry_run) return finish(environment, arguments);
    tell(environment, arguments.folder, phase, state,
         arguments.folder + " would go back to " + state.value("to", "") + "\n");
    return 0;
  }
  MAPISTORE_CHECK(store.ask({{"verb", "switch-back"}, {"folder", arguments.folder}}));
  state = MAPISTORE_TRY(wait_for(environment, store, arguments.folder, "returned"));
  environment.output.end_progress();
  return finish(environment, arguments);
}

Result<int> run_switch(Environment& environment, const SwitchOptions& arguments) {
  const bool ending = arguments.finish || arguments.go_back;
  if (ending == !arguments.uri.empty())
    return fail(Errc::invalid_argument, "switch",
                ending ? "takes no URI with --finish or --rollback" : "needs the new URI",
                "mapistorectl switch --profile PROFILE TOPFOLDER NEW_URI");
  if (arguments.go_back) return go_back(environment, arguments);
  return ending ? finish(environment, arguments) : begin(environment, arguments, false);
}

Result<int> run_replicate(Environment& environment, const SwitchOptions& arguments) {
  if (arguments.finish == !arguments.uri.empty())
    return fail(Errc::invalid_argument, "replicate", arguments.finish ? "takes no URI with --stop" : "needs a URI",
                "mapistorectl replicate --profile PROFILE TOPFOLDER URI");
  return arguments.finish ? finish(environment, arguments) : begin(environment, arguments, true);
}

}  // namespace

void switch_medium(Verb& program) {
  const auto arguments = std::make_shared<SwitchOptions>();
  Verb verb = program.verb("switch", "put a top folder on another medium while it is in use");
  verb.argument("topfolder", arguments->folder, "the top folder, as the profile names it");
  verb.optional_argument("uri", arguments->uri, "the new medium");
  verb.options("--set", arguments->settings, "KEY=VALUE: an option of the new medium, as in a profile");
  verb.flag("--no-wait", arguments->no_wait, "leave the work to the mount");
  verb.flag("--finish", arguments->finish, "the old medium is not needed any more");
  verb.flag("--rollback", arguments->go_back, "go back to the old medium, with all that has changed since", "--finish");
  verb.does(arguments, run_switch);
}

void replicate(Verb& program) {
  const auto arguments = std::make_shared<SwitchOptions>();
  Verb verb = program.verb("replicate", "keep another medium like a top folder, as a live backup");
  verb.argument("topfolder", arguments->folder, "the top folder, as the profile names it");
  verb.optional_argument("uri", arguments->uri, "the medium that is to be like it");
  verb.options("--set", arguments->settings, "KEY=VALUE: an option of that medium, as in a profile");
  verb.flag("--no-wait", arguments->no_wait, "do not keep a private mount for it, if the store is not mounted");
  verb.flag("--stop", arguments->finish, "keep it no longer");
  verb.does(arguments, run_replicate);
}

}  // namespace mapistore::ctl::commands
