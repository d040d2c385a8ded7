#include "mountd/kept_mount.h"

#include <sys/wait.h>
#include <sysexits.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>

#include "core/log.h"
#include "core/mount_table.h"
#include "mountd/daemon_launch.h"
#include "mountd/mount_work.h"

namespace mapistore::mountd {

namespace {

/// What a killed process may take to end. One that the kernel still holds then is left behind.
constexpr std::chrono::seconds time_to_die{10};

/// Between two looks at a mount that is there and does not answer yet.
constexpr std::chrono::seconds between_looks{1};

std::string seconds(std::chrono::steady_clock::duration time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(time).count()) + " s";
}

/// A status file is its user's word: what is nested deeper than ours ever is would be for our stack to hold.
Json parse_status(const std::string& text) {
  constexpr int deepest = 16;
  const auto keep = [](int depth, auto, const auto&) { return depth <= deepest; };
  return Json::parse(text, keep, false);
}

pid_t process_in(const Json& status) {
  return status.is_object() && status.contains("pid") && status["pid"].is_number_integer() ? status["pid"].get<pid_t>()
                                                                                           : 0;
}

/// "T (stopped)" and the like, of a process that does not answer.
std::string condition_of(pid_t id) {
  std::ifstream file{"/proc/" + std::to_string(id) + "/status"};
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("State:\t")) return line.substr(7);
  return "gone";
}

std::string why(const Job::End& end) {
  if (!end.in_time) return "it does not answer";
  return end.code > 0 && end.code < 128 ? std::strerror(end.code) : "the look at it failed";
}

bool is_final(std::optional<int> status) {
  return status && WIFEXITED(*status) && (WEXITSTATUS(*status) == EX_USAGE || WEXITSTATUS(*status) == EX_CONFIG);
}

}  // namespace

std::string_view name(KeptMount::State state) noexcept {
  switch (state) {
    case KeptMount::State::down: return "down";
    case KeptMount::State::starting: return "starting";
    case KeptMount::State::up: return "up";
    case KeptMount::State::waiting: return "waiting";
    case KeptMount::State::stopping: return "stopping";
    case KeptMount::State::failed: return "failed";
  }
  return "down";
}

KeptMount::KeptMount(EventLoop& loop, const Keeping& keeping, std::string program, WantedMount wanted)
    : loop_{loop}, keeping_{keeping}, program_{std::move(program)}, wanted_{std::move(wanted)} {}

KeptMount::~KeptMount() = default;

Json KeptMount::report() const {
  Json json;
  json["name"] = wanted_.name;
  json["directory"] = wanted_.directory.native();
  json["source"] = wanted_.source;
  json["options"] = wanted_.options;
  json["user"] = wanted_.user.name;
  json["state"] = name(state_);
  json["seconds"] = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - since_).count();
  json["pid"] = daemon_ ? daemon_->id() : 0;
  json["restarts"] = restarts_;
  json["hangs"] = hangs_;
  json["trouble"] = trouble_.empty() ? Json(nullptr) : Json(trouble_);
  json["status"] = state_ == State::up ? status_ : Json(nullptr);
  return json;
}

void KeptMount::enter(State state) {
  state_ = state;
  since_ = Clock::now();
  timer_.reset();
  again_.reset();
}

void KeptMount::log(LogLevel level, const std::string& text) const {
  log::line(level, wanted_.name + " (" + wanted_.directory.native() + ")", text);
}

void KeptMount::tell(std::vector<Told>& waiting, const Result<>& result) {
  for (const Told& told : std::exchange(waiting, {}))
    if (told) told(result);
}

void KeptMount::begin_job(const std::function<int()>& work, std::chrono::milliseconds limit, Job::Ended ended) {
  job_.reset();
  auto job = Job::start(loop_, work, limit, [this, ended](Job::End end) {
    const auto finished = std::move(job_);
    ended(std::move(end));
  });
  if (job) {
    job_ = *std::move(job);
    return;
  }
  log(LogLevel::error, job.error().to_string());
  // No process to be had: the machine is full. Later it may not be.
  timer_ = loop_.after(time_to_die, [this, work, limit, ended = std::move(ended)] { begin_job(work, limit, ended); });
}

// --- The way up ------------------------------------------------------------------------------------------------------

void KeptMount::start(Told told) {
  if (state_ == State::up) return told({});
  if (state_ == State::stopping)
    return told(fail(Errc::busy, wanted_.name, "is being unmounted", "try again when it is down"));
  starters_.push_back(std::move(told));
  if (state_ == State::starting || daemon_) return;
  failures_in_row_ = 0;
  examine();
}

void KeptMount::examine() {
  enter(State::starting);
  if (!mounted_store_at(wanted_.directory)) return launch();
  begin_job([this] { return work::read_status(wanted_.user, wanted_.directory); }, keeping_.answer_within,
            [this](const Job::End& end) { examined(end); });
}

void KeptMount::examined(const Job::End& end) {
  if (!end.in_time) return kill_leftovers();
  auto status = parse_status(end.output);
  const pid_t id = process_in(status);
  if (!end.succeeded() || id <= 0) return clear(true, "a dead mount was left there (" + why(end) + ")");
  status_ = std::move(status);
  begin_job([this] { return work::find_daemons(wanted_.user, daemon_arguments(program_, wanted_)); },
            keeping_.answer_within,
            [this, id](const Job::End& found) {
              std::istringstream numbers{found.output};
              for (pid_t number = 0; numbers >> number;)
                if (number == id) return take_over(id);
              clear(false, "what is mounted there was started otherwise (process " + std::to_string(id) + ")");
            });
}

void KeptMount::take_over(pid_t id) {
  auto daemon = Process::adopt(loop_, id, [this](std::optional<int> status) { ended(status); });
  if (!daemon) return clear(true, "its daemon has just ended");
  daemon_ = std::make_unique<Process>(*std::move(daemon));
  is_mounted_now();
  log(LogLevel::info, "taken over: process " + std::to_string(id) + " serves it");
  tell(starters_, {});
}

void KeptMount::kill_leftovers() {
  begin_job([this] { return work::find_daemons(wanted_.user, daemon_arguments(program_, wanted_)); },
            keeping_.answer_within,
            [this](const Job::End& found) {
              std::istringstream numbers{found.output};
              for (pid_t number = 0; numbers >> number;)
                if (const auto hung = Process::adopt(loop_, number, {})) hung->signal(SIGKILL);
              clear(true, "a mount that does not answer was left there");
            });
}

void KeptMount::clear(bool lazily, const std::string& reason) {
  log(LogLevel::warning, reason + ": unmounts it");
  const auto how = lazily ? work::Unmount::lazily : work::Unmount::if_idle;
  begin_job([this, how] { return work::unmount(wanted_.user, wanted_.directory, how); }, keeping_.answer_within,
            [this, reason](const Job::End& end) {
              if (end.succeeded()) return examine();
              start_failed(reason + ", and cannot be unmounted: see who uses it", true);
            });
}

void KeptMount::launch() {
  status_ = nullptr;
  killed_as_hung_ = false;
  mounted_ = Clock::now();
  if (failures_in_row_ > 0) ++restarts_;
  const std::vector<std::string> arguments = daemon_arguments(program_, wanted_);
  auto daemon = Process::fork(
      loop_, [&] { return run_daemon(arguments, wanted_); }, [this](std::optional<int> status) { ended(status); });
  if (!daemon) return start_failed(daemon.error().to_string(), true);
  daemon_ = std::make_unique<Process>(*std::move(daemon));
  timer_ = loop_.after(keeping_.start_within,
                       [this] { hung("does not answer " + seconds(keeping_.start_within) + " after its start"); });
}

void KeptMount::mount_table_changed() {
  if (state_ != State::starting || !daemon_ || job_ || !mounted_store_at(wanted_.directory)) return;
  begin_job([this] { return work::read_status(wanted_.user, wanted_.directory); }, keeping_.start_within,
            [this](const Job::End& end) { answered(end); });
}

void KeptMount::is_mounted_now() {
  enter(State::up);
  mounted_ = since_;
  left_dead_ = false;
}

void KeptMount::answered(const Job::End& end) {
  if (!end.succeeded()) {
    // Its end, or the limit of its start, tells if it never does.
    again_ = loop_.after(between_looks, [this] { mount_table_changed(); });
    return;
  }
  status_ = parse_status(end.output);
  const auto took = Clock::now() - since_;
  is_mounted_now();
  log(LogLevel::info, "mounted by process " + std::to_string(daemon_->id()) + " in " +
                          std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(took).count()) + " ms");
  tell(starters_, {});
}

void KeptMount::start_failed(const std::string& reason, bool again) {
  trouble_ = reason;
  if (again)
    restart_later(reason);
  else {
    enter(State::failed);
    log(LogLevel::error, reason + ": not started again before a reload");
  }
  tell(starters_, fail(Errc::unreachable, wanted_.name, "was not mounted: " + reason, "see the log of mountd"));
}

// --- While it is up --------------------------------------------------------------------------------------------------

void KeptMount::probe(std::function<void()> done) {
  if (state_ != State::up) return done();
  probers_.push_back(std::move(done));
  if (job_) return;
  begin_job([this] { return work::read_status(wanted_.user, wanted_.directory); }, keeping_.answer_within,
            [this](const Job::End& end) { probed(end); });
}

void KeptMount::probed(const Job::End& end) {
  if (state_ == State::up) {
    auto status = parse_status(end.output);
    if (end.succeeded() && status.is_object())
      status_ = std::move(status);
    else if (!end.in_time)
      hung("has not answered for " + seconds(keeping_.answer_within));
    else if (end.code == ENOTCONN || end.code == ECONNABORTED)
      hung("has lost its mount (" + why(end) + ")");
    else
      log(LogLevel::warning, "cannot be asked for its status: " + why(end));
  }
  release_probers();
}

void KeptMount::release_probers() {
  for (const auto& done : std::exchange(probers_, {})) done();
}

void KeptMount::hung(const std::string& reason) {
  ++hangs_;
  killed_as_hung_ = true;
  trouble_ = reason;
  log(LogLevel::error, "process " + std::to_string(daemon_->id()) + " " + reason + " (state " +
                           condition_of(daemon_->id()) + "): ends it");
  job_.reset();
  daemon_->signal(SIGKILL);
  enter(State::waiting);
  timer_ = loop_.after(time_to_die, [this] {
    log(LogLevel::error, "process " + std::to_string(daemon_->id()) + " is held by the kernel: left behind");
    daemon_.reset();
    crashed("was left behind");
  });
}

void KeptMount::ended(std::optional<int> status) {
  const pid_t id = daemon_->id();
  daemon_.reset();
  job_.reset();
  const auto lived = seconds(Clock::now() - mounted_);
  const std::string how = "process " + std::to_string(id) + " ended with " + describe_end(status);
  release_probers();
  if (state_ == State::stopping) return finish_stop();
  if (state_ == State::starting) return start_failed(how + " before it answered", !is_final(status));
  const bool gone = !mounted_store_at(wanted_.directory);
  if (gone && (!status || *status == 0) && !killed_as_hung_) {
    enter(State::down);
    log(LogLevel::warning, "was unmounted by somebody else after " + lived + ": stays down");
    return;
  }
  crashed(how + ", " + lived + " after its start");
}

void KeptMount::crashed(const std::string& how) {
  left_dead_ = true;
  if (Clock::now() - mounted_ > keeping_.restart_at_most) failures_in_row_ = 0;
  if (!killed_as_hung_) trouble_ = how;
  restart_later(how);
  tell(starters_, fail(Errc::unreachable, wanted_.name, "was not mounted: " + trouble_, "see the log of mountd"));
}

std::chrono::seconds KeptMount::next_delay() {
  auto delay = keeping_.restart_after;
  for (unsigned i = 0; i < failures_in_row_ && delay < keeping_.restart_at_most; ++i) delay *= 2;
  ++failures_in_row_;
  return std::min(delay, keeping_.restart_at_most);
}

void KeptMount::restart_later(const std::string& reason) {
  const auto delay = next_delay();
  enter(State::waiting);
  log(LogLevel::error, reason + ": starts again in " + seconds(delay));
  timer_ = loop_.after(delay, [this] { examine(); });
}

// --- The way down ----------------------------------------------------------------------------------------------------

void KeptMount::stop(bool force, Told told) {
  stoppers_.push_back(std::move(told));
  if (state_ == State::stopping && !force) return;
  release_probers();
  if (!daemon_) {
    job_.reset();
    return finish_stop();
  }
  const bool answers = state_ == State::up;
  enter(State::stopping);
  if (!answers) {
    job_.reset();
    end_daemon();
    return;
  }
  begin_job([this] { return work::unmount(wanted_.user, wanted_.directory, work::Unmount::if_idle); },
            keeping_.answer_within, [this, force](const Job::End& end) { unmounted(force, end); });
}

void KeptMount::unmounted(bool force, const Job::End& end) {
  if (end.succeeded()) {
    log(LogLevel::info, "unmounted");
    timer_ = loop_.after(keeping_.stop_within, [this] {
      log(LogLevel::warning, "process " + std::to_string(daemon_->id()) + " still brings away what is not saved");
      tell(stoppers_, fail(Errc::busy, wanted_.name, "is unmounted, but its daemon still saves what was written",
                           "wait for its end"));
    });
    return;
  }
  if (!force) return tell_who_uses_it(end.output);
  log(LogLevel::warning, "is unmounted although it is in use");
  end_daemon();
}

void KeptMount::end_daemon() {
  daemon_->signal(SIGTERM);
  timer_ = loop_.after(time_to_die, [this] {
    left_dead_ = true;
    daemon_->signal(SIGKILL);
  });
}

void KeptMount::tell_who_uses_it(const std::string& output) {
  begin_job([this] { return work::list_users(wanted_.directory); }, keeping_.answer_within,
            [this, output](const Job::End& end) {
              state_ = State::up;
              tell(stoppers_, std::unexpected(work::refused_unmount(wanted_.directory, end.output, output)));
            });
}

void KeptMount::finish_stop() {
  enter(State::down);
  failures_in_row_ = 0;
  if (std::exchange(left_dead_, false) && mounted_store_at(wanted_.directory)) {
    enter(State::stopping);
    return begin_job([this] { return work::unmount(wanted_.user, wanted_.directory, work::Unmount::lazily); },
                     keeping_.answer_within, [this](const Job::End&) { finish_stop(); });
  }
  tell(starters_, fail(Errc::cancelled, wanted_.name, "was stopped meanwhile"));
  tell(stoppers_, {});
}

}  // namespace mapistore::mountd
