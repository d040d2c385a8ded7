#include "mountd/daemon.h"

#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "core/directories.h"
#include "core/log.h"
#include "mountd/control_server.h"
#include "mountd/daemon_launch.h"
#include "mountd/http_metrics.h"
#include "mountd/service_manager.h"
#include "mountd/supervisor.h"

namespace mapistore::mountd {

namespace {

constexpr const char* system_configuration = "/etc/mapistorefs";
constexpr const char* file_name = "mounts.toml";
constexpr const char* socket_name = "mountd.sock";

Result<posix::UniqueFd> receive_signals() {
  sigset_t signals;
  ::sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&signals, number);
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  posix::UniqueFd descriptor{::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK)};
  if (!descriptor) return std::unexpected(system_error(errno, "signals"));
  return descriptor;
}

/// Where the control socket is to be, its directory made. Everyone may look into root's.
Result<std::filesystem::path> socket_place(const User& self) {
  const std::filesystem::path directory = MAPISTORE_TRY(directories::runtime_dir());
  if (self.id != 0) return MAPISTORE_TRY(directories::make_private_directory(directory)) / socket_name;
  if (::mkdir(directory.c_str(), 0755) != 0 && errno != EEXIST)
    return std::unexpected(system_error(errno, directory.native()));
  if (::chmod(directory.c_str(), 0755) != 0) return std::unexpected(system_error(errno, directory.native()));
  return directory / socket_name;
}

Result<std::filesystem::path> configuration_place(const User& self) {
  if (self.id == 0) return system_configuration;
  return directories::config_home();
}

/// All that one mountd consists of.
class Daemon {
 public:
  Daemon(EventLoop& loop, const std::filesystem::path& file, const User& self, ServiceManager manager)
      : loop_{loop},
        manager_{std::move(manager)},
        supervisor_{loop, file, self, daemon_program()},
        control_{loop, supervisor_, self.id, [this] { return reload(); }},
        http_{loop, supervisor_} {}
  Daemon(const Daemon&) = delete;

  Result<> run(const std::optional<std::filesystem::path>& socket, const User& self) {
    signals_ = MAPISTORE_TRY(receive_signals());
    const auto token = MAPISTORE_TRY(loop_.watch(signals_.get(), EPOLLIN, [this](std::uint32_t) { on_signal(); }));
    if (auto given = manager_.take_socket(); given && !socket)
      MAPISTORE_CHECK(control_.serve(std::move(given)));
    else
      MAPISTORE_CHECK(control_.listen(socket ? *socket : MAPISTORE_TRY(socket_place(self))));
    supervisor_.on_reload([this] {
      if (const auto listens = http_.listen(supervisor_.keeping().metrics_port); !listens)
        log::line(LogLevel::error, supervisor_.file().native(), listens.error().to_string());
      if (supervisor_.mounts_of(0).empty())
        log::line(LogLevel::warning, supervisor_.file().native(),
                  "names no mount, or is not there: nothing is kept before a reload");
    });
    MAPISTORE_CHECK(supervisor_.start());
    manager_.ready();
    if (manager_.watchdog()) tell_that_we_live();
    MAPISTORE_CHECK(loop_.run());
    return std::move(result_);
  }

 private:
  Result<> reload() {
    manager_.reloading();
    auto reloaded = supervisor_.reload();
    manager_.ready();
    if (!reloaded) log::line(LogLevel::error, {}, reloaded.error().to_string() + ": all stays as it is");
    return reloaded;
  }

  void on_signal() {
    signalfd_siginfo signal{};
    if (::read(signals_.get(), &signal, sizeof(signal)) != sizeof(signal)) return;
    if (signal.ssi_signo == SIGHUP) return static_cast<void>(reload());
    if (std::exchange(stopping_, true)) return supervisor_.hurry();
    manager_.stopping();
    supervisor_.shut_down([this](const Result<>& stopped) {
      result_ = stopped;
      loop_.stop();
    });
  }

  void tell_that_we_live() {
    manager_.alive();
    alive_ = loop_.after(*manager_.watchdog() / 2, [this] { tell_that_we_live(); });
  }

  EventLoop& loop_;
  ServiceManager manager_;
  Supervisor supervisor_;
  ControlServer control_;
  HttpMetrics http_;
  posix::UniqueFd signals_;
  EventLoop::Token alive_;
  bool stopping_ = false;
  Result<> result_;
};

}  // namespace

Result<> run(const std::optional<std::filesystem::path>& configuration,
             const std::optional<std::filesystem::path>& socket) {
  ServiceManager manager = ServiceManager::from_environment();
  const User self = user_of(::geteuid());
  const std::filesystem::path directory = configuration ? *configuration : MAPISTORE_TRY(configuration_place(self));
  const auto loop = MAPISTORE_TRY(EventLoop::create());
  Daemon daemon{*loop, directory / file_name, self, std::move(manager)};
  return daemon.run(socket, self);
}

}  // namespace mapistore::mountd
