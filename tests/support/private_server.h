#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include <mapistore/posix.h>

namespace mapistore::testing {

/// How many processes were started with a path in `directory`.
int processes_of(const std::filesystem::path& directory);

/// A real server of the test's own on loopback, and all that it stores, run by a script of tests/servers.
///
/// It goes with this object, or soon after the process, however that ended. Starting takes about half a second; the
/// first start on a machine takes longer. What fails throws std::runtime_error with the reason. Not thread-safe.
class PrivateServer {
 public:
  PrivateServer(const PrivateServer&) = delete;
  PrivateServer& operator=(const PrivateServer&) = delete;

  /// The only name that the certificate is for; 127.0.0.1 is the same server under a name that it does not prove.
  std::string host() const { return setting("host"); }
  std::uint16_t port() const { return number("port"); }
  std::filesystem::path ca_file() const { return setting("ca"); }
  /// Of every account.
  std::string password() const { return setting("password"); }

  void stop() const { run_script("stop"); }
  /// Ends it on the spot, as a crash would.
  void kill() const { run_script("kill"); }
  /// Halts it: connections stay, and are taken, but nothing is answered.
  void pause() const { run_script("pause"); }
  void resume() const { run_script("resume"); }
  /// Starts it again after stop() or kill(), with the same ports and data.
  void restart() const;

 protected:
  /// `kind`: the script. `configuration`: lines in the server's own language, put last.
  PrivateServer(std::string_view kind, std::string_view configuration);
  ~PrivateServer();

  std::string run_script(std::string_view command, std::string_view arguments = {}) const;
  std::string setting(const std::string& name) const { return settings_.at(name); }
  std::uint16_t number(const std::string& name) const { return static_cast<std::uint16_t>(std::stoi(setting(name))); }
  const std::string& kind() const { return kind_; }

 private:
  void start();

  std::string kind_, configuration_;
  std::filesystem::path directory_;
  posix::UniqueFd alive_;  ///< its closing is the sign to end
  std::map<std::string, std::string> settings_;
};

}  // namespace mapistore::testing
