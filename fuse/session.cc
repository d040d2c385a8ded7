#include "fuse/session.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <thread>

#include "fuse/operations.h"

namespace mapistore::fs {

namespace {

/// How long the reader looks for the next request before it sleeps: about what waking it up would cost. A program that
/// walks the mount asks again sooner than that.
constexpr std::chrono::microseconds spin_time{60};

/// Leaves the queue's lock to those who want to put a request in, for well under a microsecond.
void breathe() noexcept {
#if defined(__x86_64__)
  for (int i = 0; i < 16; ++i) __builtin_ia32_pause();
#endif
}

}  // namespace

Session::Session(Filesystem& filesystem, Invalidator& invalidator, bool spin)
    : filesystem_{filesystem},
      invalidator_{invalidator},
      spin_{spin && std::thread::hardware_concurrency() > 1},
      wake_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} {}

Result<std::unique_ptr<Session>> Session::create(Filesystem& filesystem, Invalidator& invalidator,
                                                 const MountOptions& options, const std::string& source) {
  std::unique_ptr<Session> session{new Session{filesystem, invalidator, options.spin}};
  std::string mount_options = "subtype=mapistorefs,fsname=";
  for (const char c : source) {
    if (c == ',' || c == '\\') mount_options += '\\';
    mount_options += c;
  }
  if (options.read_only) mount_options += ",ro";
  // The kernel checks permissions only where others get in: for the owner alone it would cost a question each time.
  if (options.allow_other) mount_options += ",allow_other,default_permissions";
  std::array<std::string, 3> words = {"mapistorefs", "-o", mount_options};
  std::array<char*, 4> argv = {words[0].data(), words[1].data(), words[2].data(), nullptr};
  fuse_args args = FUSE_ARGS_INIT(3, argv.data());
  session->session_ = fuse_session_new(&args, &operations(), sizeof(fuse_lowlevel_ops), &filesystem);
  fuse_opt_free_args(&args);
  if (session->session_ == nullptr) return fail(Errc::invalid_argument, source, "libfuse refused the mount options");
  filesystem.attach(session->session_);
  return session;
}

Session::~Session() {
  invalidator_.detach();
  filesystem_.attach(nullptr);
  if (session_ != nullptr) {
    unmount();
    fuse_session_destroy(session_);
  }
  ::close(wake_);
}

Result<> Session::mount(const std::filesystem::path& mount_point) {
  if (::access("/dev/fuse", F_OK) != 0)
    return fail(Errc::not_found, "/dev/fuse", "is missing", "load the fuse module: modprobe fuse");
  if (::access("/dev/fuse", R_OK | W_OK) != 0)
    return fail(Errc::access_denied, "/dev/fuse", "may not be opened by this user", "ask to be added to group fuse");
  if (fuse_session_mount(session_, mount_point.c_str()) != 0)
    return fail(Errc::access_denied, mount_point.native(), "could not be mounted on",
                "the lines above say why; as a normal user install fuse3 and own the directory");
  mount_point_ = mount_point;
  return {};
}

Result<> Session::attach(int descriptor, const fuse_custom_io& io) {
  if (fuse_session_custom_io(session_, &io, descriptor) != 0)
    return fail(Errc::unsupported, "session", "libfuse takes no custom transport");
  return {};
}

bool Session::wait_for_request() {
  pollfd waiting[2] = {{fuse_session_fd(session_), POLLIN, 0}, {wake_, POLLIN, 0}};
  if (::poll(waiting, 2, -1) < 0 && errno != EINTR) return false;
  return (waiting[1].revents & POLLIN) == 0;
}

Result<> Session::run(const std::function<void()>& ready) {
  const int fd = fuse_session_fd(session_);
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
  fuse_buf buffer{};
  bool greeted = false;
  auto last = std::chrono::steady_clock::now() - spin_time;
  Result<> result;
  while (fuse_session_exited(session_) == 0) {
    const int count = fuse_session_receive_buf(session_, &buffer);
    if (count == -EAGAIN || count == -EINTR) {
      if (spin_ && !filesystem_.has_others_at_work() && std::chrono::steady_clock::now() - last < spin_time) {
        breathe();
        continue;
      }
      if (!wait_for_request()) break;
      continue;
    }
    if (count == 0) break;
    if (count < 0) {
      result = std::unexpected(system_error(-count, "/dev/fuse"));
      break;
    }
    fuse_session_process_buf(session_, &buffer);
    if (!greeted) {
      greeted = true;
      invalidator_.attach(session_);
      ready();
    }
    if (spin_) last = std::chrono::steady_clock::now();
  }
  // NOLINTNEXTLINE(cppcoreguidelines-no-malloc): libfuse allocates it
  std::free(buffer.mem);
  invalidator_.detach();
  return result;
}

void Session::unmount() noexcept {
  if (mount_point_.empty()) return;
  filesystem_.close_gate();
  fuse_session_unmount(session_);
  mount_point_.clear();
}

void Session::stop() const noexcept {
  const std::uint64_t one = 1;
  static_cast<void>(!::write(wake_, &one, sizeof(one)));
}

}  // namespace mapistore::fs
