#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <mapistore/posix.h>

namespace mapistore::testing {

/// An IMAP server that says what a test wants it to say, be it ever so wrong.
///
/// It frames commands, literals included, and knows nothing else: what no rule is for is answered "OK done". Any number
/// of connections, each with a thread. Thread-safe.
class ScriptedServer {
 public:
  enum class After : std::uint8_t { go_on, close };

  /// Listens on a free port. The greeting is sent as it is.
  explicit ScriptedServer(std::string greeting = "* OK [CAPABILITY IMAP4rev1] ready\r\n");
  ScriptedServer(const ScriptedServer&) = delete;
  ~ScriptedServer();

  std::uint16_t port() const noexcept { return port_; }
  /// From now on, commands that begin with `command`, in any case and without their tag, are answered by `reply`, in
  /// which $TAG stands for the tag. A later rule goes before an earlier one. A line without a space, as in AUTHENTICATE
  /// or after IDLE, is a command under the tag of the one before.
  void answer(std::string_view command, std::string reply, After after = After::go_on);
  /// The same, with a reply that is made of the command, on the connection's thread.
  using Reply = std::function<std::string(const std::string& command)>;
  void answer(std::string_view command, Reply reply);
  /// All commands so far, without tags, in the order of their arrival.
  std::vector<std::string> commands() const;

 private:
  struct Rule {
    std::string command;
    Reply reply;
    After after;
  };

  void serve();
  void converse(const posix::UniqueFd& connection);
  Rule rule_for(const std::string& command);

  std::string greeting_;
  posix::UniqueFd listener_;
  std::uint16_t port_;
  mutable std::mutex mutex_;
  std::vector<Rule> rules_;            ///< guarded by mutex_
  std::vector<std::string> commands_;  ///< guarded by mutex_
  std::vector<int> open_;              ///< guarded by mutex_
  bool ending_ = false;                ///< guarded by mutex_
  std::thread thread_;
};

}  // namespace mapistore::testing
