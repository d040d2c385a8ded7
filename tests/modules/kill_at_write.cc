// Preloaded into a program: ends it, as kill -9 does, just before its Nth call that changes a file.
//
// MAPISTORE_KILL_PROGRAM: the program's name; others go on. MAPISTORE_KILL_AT: N, from 1. MAPISTORE_KILL_ARMED: counted
// is only once this file is there; unset: from the beginning.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

long kill_at = 0;
const char* armed_by = nullptr;
std::atomic<long> count = 0;

__attribute__((constructor)) void begin() {
  const char* program = std::getenv("MAPISTORE_KILL_PROGRAM");
  const char* at = std::getenv("MAPISTORE_KILL_AT");
  if (program == nullptr || at == nullptr || std::strcmp(program, program_invocation_short_name) != 0) return;
  armed_by = std::getenv("MAPISTORE_KILL_ARMED");
  kill_at = std::atol(at);
}

void one_more() {
  const int error = errno;
  if (kill_at > 0 && (armed_by == nullptr || ::access(armed_by, F_OK) == 0) && ++count == kill_at)
    ::kill(::getpid(), SIGKILL);
  errno = error;
}

/// The function that is hidden by the one of the same name here.
template <typename Function>
Function real(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

#define COUNTED(result, name, parameters, arguments)                         \
  extern "C" __attribute__((visibility("default"))) result name parameters { \
    static const auto hidden = real<result(*) parameters>(#name);            \
    one_more();                                                              \
    return hidden arguments;                                                 \
  }

COUNTED(ssize_t, write, (int fd, const void* bytes, size_t size), (fd, bytes, size))
COUNTED(ssize_t, pwrite, (int fd, const void* bytes, size_t size, off_t at), (fd, bytes, size, at))
COUNTED(ssize_t, pwrite64, (int fd, const void* bytes, size_t size, off64_t at), (fd, bytes, size, at))
COUNTED(int, ftruncate, (int fd, off_t size) noexcept, (fd, size))
COUNTED(int, ftruncate64, (int fd, off64_t size) noexcept, (fd, size))
COUNTED(int, fsync, (int fd), (fd))
COUNTED(int, fdatasync, (int fd), (fd))
COUNTED(int, rename, (const char* from, const char* to) noexcept, (from, to))
COUNTED(int, renameat2, (int from_fd, const char* from, int to_fd, const char* to, unsigned flags) noexcept,
        (from_fd, from, to_fd, to, flags))
COUNTED(int, link, (const char* from, const char* to) noexcept, (from, to))
COUNTED(int, linkat, (int from_fd, const char* from, int to_fd, const char* to, int flags) noexcept,
        (from_fd, from, to_fd, to, flags))
COUNTED(int, unlink, (const char* path) noexcept, (path))
COUNTED(int, unlinkat, (int fd, const char* path, int flags) noexcept, (fd, path, flags))
