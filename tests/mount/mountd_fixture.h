#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "mountd/control_client.h"
#include "tests/support/temp_mount.h"

namespace mapistore::mount_tests {

/// A real mountd in a sandbox, with its configuration, its socket and its log.
class MountdTest : public ::testing::Test {
 protected:
  using Json = nlohmann::ordered_json;

  MountdTest();
  ~MountdTest() override;

  /// A mount of a directory of its own: its lines for mounts.toml. Makes medium and mount point, for `owner` if given.
  std::string mount_table(const std::string& name, const std::string& more = {}, std::optional<uid_t> owner = {});
  std::filesystem::path medium(const std::string& name) const { return sandbox_ / ("media/" + name); }
  std::filesystem::path mnt(const std::string& name) const { return sandbox_ / ("mnt/" + name); }
  void configure(const std::string& text) const;
  /// Periods short enough for a test.
  static constexpr const char* quick = "probe = 1\nanswer_within = 1\nstop_within = 3\nrestart_after = 1\n";

  /// Starts mountd, and waits until it answers. `words` come before the program: variables, or another to run it.
  void start(const std::string& words = {});
  /// Whether it ended within 20 s after `signal` (0: none is sent), and how.
  std::optional<int> end(int signal);
  pid_t pid() const noexcept { return pid_; }
  std::filesystem::path socket() const { return sandbox_ / "run/mapistorefs/mountd.sock"; }
  std::string log() const { return testing::read_file(sandbox_ / "log").value_or(""); }
  bool has_logged(const std::string& text) const { return log().contains(text); }

  /// What it answers, for a fresh conversation.
  Result<Json> ask(const std::string& verb, const std::string& name = {}, bool force = false) const;
  Json report(const std::string& name) const;
  std::string state(const std::string& name) const;
  pid_t daemon(const std::string& name) const;
  bool wait_up(const std::vector<std::string>& names, std::chrono::seconds limit = std::chrono::seconds{20}) const;

  /// mapistorectl with this sandbox's environment.
  testing::Outcome ctl(const std::string& arguments) const;
  std::string environment() const;
  /// What `work` answers when another user does it: 255 if it could not be tried.
  static int as_user(uid_t user, const std::function<int()>& work);

  testing::Sandbox sandbox_;

 private:
  pid_t pid_ = 0;
};

/// Of Debian's base system, and nobody's home.
inline constexpr uid_t user_daemon = 1, user_nobody = 65534;

}  // namespace mapistore::mount_tests
