#include <sysexits.h>

#include <memory>

#include "mountd/commands/commands.h"
#include "mountd/commands/mounting.h"
#include "mountd/metrics.h"
#include "mountd/mount_overview.h"

namespace mapistore::ctl::commands {

namespace {

struct StatusOptions {
  std::string name, socket;
};

std::string period(const Json& seconds) {
  if (!seconds.is_number()) return "";
  const auto count = seconds.get<std::uint64_t>();
  if (count < 120) return " for " + std::to_string(count) + " s";
  if (count < 7200) return " for " + std::to_string(count / 60) + " min";
  if (count < 172'800) return " for " + std::to_string(count / 3600) + " h";
  return " for " + std::to_string(count / 86'400) + " days";
}

std::string describe_context(const Json& context) {
  const std::string error = text_at(context, "error");
  return "    " + text_at(context, "name") + ": " + text_at(context, "state") + ", " +
         counted(count_at(context, "messages"), "message") + " in " + counted(count_at(context, "folders"), "folder") +
         (error.empty() ? "" : ": " + error) + "\n";
}

std::string describe_switch(const Json& one) {
  const std::string error = text_at(one, "error");
  const std::uint64_t failed = count_at(one, "failed");
  return "    " + text_at(one, "phase") + ": " + text_at(one, "folder") + " is in " + text_at(one, "from") + ", and " +
         text_at(one, "to") + " holds " + std::to_string(count_at(one, "held")) + " of " +
         counted(count_at(one, "messages"), "message") + (failed > 0 ? ", " + std::to_string(failed) + " failed" : "") +
         (error.empty() ? "" : ": " + error) + "\n";
}

std::string describe(const Json& report) {
  const std::string name = text_at(report, "name"), trouble = text_at(report, "trouble");
  std::string text = (name.empty() ? "(not kept)" : name) + ": " + text_at(report, "state") +
                     period(report.value("seconds", Json{})) + ", " + text_at(report, "source") + " at " +
                     text_at(report, "directory") + " for " + text_at(report, "user") + "\n";
  if (const std::uint64_t restarts = count_at(report, "restarts"); restarts > 0)
    text += "    started again " + counted(restarts, "time") + ", last because: " + trouble + "\n";
  else if (!trouble.empty())
    text += "    " + trouble + "\n";
  if (const std::string advice = text_at(report, "advice"); !advice.empty()) text += "    " + advice + "\n";
  const Json status = report.value("status", Json{});
  if (!status.is_object()) return text;
  text += "    process " + text_at(status, "pid") + ", " + counted(count_at(status, "open_files"), "open file") + ", " +
          text_at(status, "unsaved") + " unsaved, " + counted(count_at(status, "errors"), "error") + "\n";
  const Json left = status.value("left_unsaved", Json{});
  if (const std::uint64_t files = count_at(left, "files"); files > 0)
    text += "    " + counted(files, "file") + " of " + counted(count_at(left, "bytes"), "byte") +
            " that could not be saved: " + text_at(report, "directory") + "/.mapistorefs/unsaved\n";
  for (const Json& context : status.value("contexts", Json::array())) text += describe_context(context);
  for (const Json& move : status.value("moves", Json::array()))
    text += "    moving " + text_at(move, "folder") + ": " + counted(count_at(move, "to_go"), "message") + " to go\n";
  for (const Json& one : status.value("switches", Json::array())) text += describe_switch(one);
  return text;
}

Result<int> show(Environment& environment, const StatusOptions& asked) {
  const auto sockets = mounting::sockets(asked.socket);
  Json reports = mountd::mount_overview(sockets, mounting::name_or_path(asked.name));
  // Of no mount's name: who stands beside a mount names its directory so.
  if (reports.empty() && !asked.name.empty())
    reports = mountd::mount_overview(sockets, mounting::name_or_path("./" + asked.name));
  if (reports.empty() && !asked.name.empty())
    return fail(Errc::not_found, asked.name, "is no mount of yours", "mapistorectl status lists all");
  std::string text;
  bool all_up = true;
  for (const Json& report : reports) {
    text += describe(report);
    all_up = all_up && report["state"] == "up";
  }
  if (reports.empty()) text = "Nothing is mounted, and no mountd keeps a mount of yours.\n";
  environment.output.result(Json{{"mounts", reports}}, text);
  return all_up || asked.name.empty() ? 0 : EX_UNAVAILABLE;
}

Result<int> show_metrics(Environment& environment, const StatusOptions& asked) {
  const std::string text =
      mountd::metrics_text(mountd::mount_overview(mounting::sockets(asked.socket), mounting::name_or_path(asked.name)));
  environment.output.result(Json{{"text", text}}, text);
  return 0;
}

void describe(Verb verb, Result<int> (*run)(Environment&, const StatusOptions&)) {
  const auto asked = std::make_shared<StatusOptions>();
  verb.optional_argument("mount", asked->name, "only this one: a name of mounts.toml, or a directory");
  mounting::add_socket_option(verb, asked->socket);
  verb.does(asked, run);
}

}  // namespace

void status(Verb& program) { describe(program.verb("status", "what is mounted, and how it is"), show); }

void metrics(Verb& program) {
  describe(program.verb("metrics", "numbers of all mounts, as Prometheus reads them"), show_metrics);
}

}  // namespace mapistore::ctl::commands
