#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <mapistore/host.h>

#include "core/json.h"
#include "mountd/job.h"
#include "mountd/mounts_file.h"

namespace mapistore::mountd {

/// One mount that is wanted, and all that is done to have it: its daemon is started, asked now and then whether it
/// answers, started again when it ends or hangs, and stopped. One thread; nothing here waits for a mount.
class KeptMount {
 public:
  enum class State : std::uint8_t {
    down,      ///< not mounted, and not to be
    starting,  ///< looks at what is there already, clears it away, starts the daemon
    up,        ///< answers
    waiting,   ///< ended, and starts again soon
    stopping,
    failed,  ///< would fail again until its configuration is changed
  };
  using Told = std::function<void(Result<>)>;

  /// `program`: the mapistorefs to start. `keeping` may change under it.
  KeptMount(EventLoop& loop, const Keeping& keeping, std::string program, WantedMount wanted);
  KeptMount(const KeptMount&) = delete;
  ~KeptMount();

  const WantedMount& wanted() const noexcept { return wanted_; }
  State state() const noexcept { return state_; }
  bool is_down() const noexcept { return state_ == State::down || state_ == State::failed; }
  /// For programs: name, directory, source, options, user, state, pid, restarts, hangs, seconds in this state, the last
  /// trouble, and the last answer of its status file.
  Json report() const;

  /// Has it mounted; `told` once it answers or the first attempt has failed. A daemon that serves it already, as after
  /// a crash of mountd, is taken over.
  void start(Told told);
  /// Has it unmounted; `told` once its daemon has ended. Errc::busy says who uses it, and it stays up; with `force` it
  /// goes all the same, and who uses it loses it.
  void stop(bool force, Told told);
  /// Asks it for its status; `done` once there is an answer, or none in time, which has it started again.
  void probe(std::function<void()> done);
  /// To be called when the kernel's table of mounts has changed.
  void mount_table_changed();

 private:
  using Clock = EventLoop::Clock;

  void enter(State state);
  void log(LogLevel level, const std::string& text) const;
  void tell(std::vector<Told>& waiting, const Result<>& result);
  /// Replaces the job that is running, if there is one.
  void begin_job(const std::function<int()>& work, std::chrono::milliseconds limit, Job::Ended ended);

  // The way up.
  void examine();
  void examined(const Job::End& end);
  void take_over(pid_t id);
  void is_mounted_now();
  void clear(bool lazily, const std::string& why);
  void kill_leftovers();
  void launch();
  void answered(const Job::End& end);
  void start_failed(const std::string& why, bool again);

  // While it is up.
  void probed(const Job::End& end);
  void release_probers();
  void hung(const std::string& why);
  void ended(std::optional<int> status);
  void crashed(const std::string& how);
  void restart_later(const std::string& why);
  std::chrono::seconds next_delay();

  // The way down.
  void unmounted(bool force, const Job::End& end);
  void end_daemon();
  void tell_who_uses_it(const std::string& output);
  void finish_stop();

  EventLoop& loop_;
  const Keeping& keeping_;
  std::string program_;
  WantedMount wanted_;
  State state_ = State::down;
  Clock::time_point since_ = Clock::now();  ///< of `state_`
  Clock::time_point mounted_{};             ///< when the daemon was started or, if it was, has answered
  std::unique_ptr<Process> daemon_;
  std::unique_ptr<Job> job_;
  EventLoop::Token timer_, again_;
  std::vector<Told> starters_, stoppers_;
  std::vector<std::function<void()>> probers_;
  bool killed_as_hung_ = false;
  bool left_dead_ = false;  ///< a daemon ended without unmounting
  unsigned failures_in_row_ = 0;
  std::uint64_t restarts_ = 0, hangs_ = 0;
  std::string trouble_;
  Json status_;  ///< null before the first answer
};

/// "down", "starting", ...
std::string_view name(KeptMount::State state) noexcept;

}  // namespace mapistore::mountd
