#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mapistore::testing {

/// How a command ended: its exit code (128 + N when a signal ended it), and all that it wrote to both streams.
struct Outcome {
  int code = -1;
  std::string output;
};

/// Runs `command` by /bin/sh, killed after `limit` (code 137).
Outcome run(const std::string& command, std::chrono::seconds limit = std::chrono::seconds{60});
/// `text` as one word of /bin/sh.
std::string shell_word(const std::filesystem::path& text);

// Each answers 0, or the errno of the first call that failed; writing includes the close.
int write_file(const std::filesystem::path& path, std::string_view bytes);
int append_file(const std::filesystem::path& path, std::string_view bytes);
int set_xattr(const std::filesystem::path& path, const std::string& name, std::string_view value);
int remove_xattr(const std::filesystem::path& path, const std::string& name);

/// None if it cannot be read.
std::optional<std::string> read_file(const std::filesystem::path& path);
std::optional<std::string> xattr(const std::filesystem::path& path, const std::string& name);
/// Zeros if there is nothing.
struct stat stat_of(const std::filesystem::path& path);
bool is_there(const std::filesystem::path& path);
/// Names in a directory but "." and "..", sorted.
std::vector<std::string> names_in(const std::filesystem::path& directory);

/// Whether `condition` came true before `limit`; asks every 20 ms.
bool eventually(const std::function<bool()>& condition,
                std::chrono::milliseconds limit = std::chrono::milliseconds{2000});

/// A directory of one test's own, with a private home for the daemon.
///
/// A child process unmounts all that is mounted below it, ends the daemons noted in it and removes it, once this
/// object or its whole process is gone, however that came.
class Sandbox {
 public:
  Sandbox();
  Sandbox(const Sandbox&) = delete;
  ~Sandbox();

  const std::filesystem::path& path() const noexcept { return path_; }
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }
  std::filesystem::path make_directory(std::string_view name) const;

  /// `VARIABLE=value ...` for a shell: the daemon's private home and the backends of this build.
  std::string environment() const;
  /// The program under its environment, as a shell's words; and the one that administers stores.
  std::string program() const;
  std::string control_program() const;
  /// Ends process `pid` at the latest with the sandbox.
  void note_process(pid_t pid) const;

 private:
  std::filesystem::path path_;
  int alive_ = -1;   ///< its closing is the cleaner's sign
  pid_t cleaner_ = -1;
};

/// A mounted store, served by the real program in the background. Not thread-safe.
class TempMount {
 public:
  /// Mounts `source`, a URI or a profile, at `sandbox`/`name`, with `-o options`, and waits until all its contexts are
  /// ready, unless `await_ready` is false. Throws, and so fails the test, when it cannot be mounted.
  TempMount(const Sandbox& sandbox, std::string source, std::string options = {}, std::string_view name = "mnt",
            bool await_ready = true);
  TempMount(const TempMount&) = delete;
  ~TempMount();

  /// Runs the program until it says that the mount answers.
  Outcome start();
  /// Unmounts, and waits for the daemon's end.
  Outcome unmount();
  /// Ends the daemon on the spot, as a crash would. The dead mount point stays.
  void kill9();
  /// Unmounts, unless the daemon is dead already, starts again and waits until all is ready.
  bool remount();
  bool wait_ready(std::chrono::seconds limit = std::chrono::seconds{30}) const;
  /// Whether the context's state in the status file is `state`.
  bool context_is(std::string_view name, std::string_view state) const;

  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }
  const std::filesystem::path& path() const noexcept { return path_; }
  pid_t pid() const noexcept { return pid_; }
  std::string status() const;
  std::string errors() const;

 private:
  void wait_for_end();

  const Sandbox& sandbox_;
  std::string source_, options_;
  std::filesystem::path path_;
  pid_t pid_ = 0;
};

bool is_running(pid_t pid);

}  // namespace mapistore::testing
