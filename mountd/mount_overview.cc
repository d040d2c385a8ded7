#include "mountd/mount_overview.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "core/mount_table.h"
#include "mountd/mount_work.h"

namespace mapistore::mountd {

namespace {

constexpr std::chrono::seconds time_to_show{5};
/// A mountd itself waits for its mounts.
constexpr std::chrono::seconds time_for_mountd{20};

std::string trouble_of(const Result<Job::End>& end) {
  if (!end) return "cannot be asked: " + end.error().to_string();
  if (!end->in_time) return "does not answer within " + std::to_string(time_to_show.count()) + " s";
  if (end->code == ENOTCONN || end->code == ECONNABORTED) return "its daemon is gone";
  return end->code > 0 && end->code < 128 ? "cannot be asked: " + system_error(end->code, {}).what
                                          : "does not tell how it is";
}

/// What to do with a mount that does not answer. The next mount takes away what a dead one has left, but only at the
/// same directory.
std::string advice(const MountedStore& mount, bool hung) {
  return "mapistorectl unmount " + std::string(hung ? "--force " : "") + mount.path.native() +
         ", and mount it again; a mountd does both for what it keeps";
}

/// A mount that no mountd has told of, in the words of KeptMount::report().
Json report_of(const MountedStore& mount) {
  const User user = user_of(mount.user);
  const auto end = run_job([&] { return work::read_status(user, mount.path); }, time_to_show);
  Json status = end && end->succeeded() ? parse_json(end->output) : Json(nullptr);
  const bool up = status.is_object();
  Json report{{"name", nullptr},        {"directory", mount.path.native()},
              {"source", mount.source}, {"options", mount.read_only ? "ro" : ""},
              {"user", user.name},      {"state", up ? "up" : (end && !end->in_time ? "hung" : "dead")},
              {"seconds", nullptr},     {"pid", 0}};
  if (up && status.contains("pid")) report["pid"] = status["pid"];
  report["trouble"] = up ? Json(nullptr) : Json(trouble_of(end));
  report["advice"] = up ? Json(nullptr) : Json(advice(mount, report["state"] == "hung"));
  report["status"] = up ? std::move(status) : Json(nullptr);
  report["kept"] = false;
  return report;
}

bool is_called(const Json& report, const std::string& wanted) {
  return wanted.empty() || report.value("name", Json{}) == wanted || report.value("directory", Json{}) == wanted;
}

}  // namespace

Result<Job::End> run_job(const std::function<int()>& work, std::chrono::milliseconds limit) {
  const auto loop = MAPISTORE_TRY(EventLoop::create());
  Job::End result;
  const auto job = MAPISTORE_TRY(Job::start(*loop, work, limit, [&](Job::End end) {
    result = std::move(end);
    loop->stop();
  }));
  MAPISTORE_CHECK(loop->run());
  return result;
}

Json mount_overview(const std::vector<std::filesystem::path>& sockets, const std::string& wanted) {
  Json all = Json::array();
  for (const auto& socket : sockets) {
    auto client = ControlClient::connect(socket);
    if (!client) continue;
    const auto answer = client->ask({.verb = "status", .name = {}}, time_for_mountd);
    if (!answer || !answer->contains("mounts")) continue;
    for (Json report : (*answer)["mounts"]) {
      report["kept"] = true;
      all.push_back(std::move(report));
    }
  }
  const uid_t self = ::geteuid();
  for (const MountedStore& mount : mounted_stores()) {
    const auto told = [&](const Json& report) { return report.value("directory", Json{}) == mount.path.native(); };
    // One that is not asked for must not cost the time that it takes to see that it hangs.
    const bool asked_for = wanted.empty() || mount.path == wanted;
    const bool ours = self == 0 || mount.user == self;
    if (asked_for && ours && std::ranges::none_of(all, told)) all.push_back(report_of(mount));
  }
  Json chosen = Json::array();
  for (Json& report : all)
    if (is_called(report, wanted)) chosen.push_back(std::move(report));
  return chosen;
}

}  // namespace mapistore::mountd
