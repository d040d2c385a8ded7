#include "tests/support/scripted_server.h"

#include <strings.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <optional>
#include <utility>

#include "tests/support/loopback.h"

namespace mapistore::testing {

namespace {

/// What arrives on one connection.
class Input {
 public:
  explicit Input(const posix::UniqueFd& connection) : connection_{connection} {}

  /// A command without its last line end, literals included; none at the end of the stream.
  std::optional<std::string> command() {
    std::string text;
    for (;;) {
      std::size_t end = 0;
      while ((end = received_.find('\n')) == std::string::npos)
        if (!more()) return std::nullopt;
      const std::string line = take(end + 1);
      text += line.substr(0, line.find_last_not_of("\r\n") + 1);
      const std::size_t brace = text.rfind('{');
      if (brace == std::string::npos || !text.ends_with('}')) return text;
      if (!text.ends_with("+}") && !text.ends_with("-}")) loopback::send_all(connection_, "+ go ahead\r\n");
      const auto size = static_cast<std::size_t>(std::strtoull(text.c_str() + brace + 1, nullptr, 10));
      while (received_.size() < size)
        if (!more()) return std::nullopt;
      text += "\r\n" + take(size);
    }
  }

 private:
  bool more() {
    const std::string bytes = loopback::receive(connection_);
    received_ += bytes;
    return !bytes.empty();
  }
  std::string take(std::size_t size) {
    std::string bytes = received_.substr(0, size);
    received_.erase(0, size);
    return bytes;
  }

  const posix::UniqueFd& connection_;
  std::string received_;
};

}  // namespace

ScriptedServer::ScriptedServer(std::string greeting)
    : greeting_{std::move(greeting)}, listener_{loopback::listen()}, port_{loopback::port_of(listener_)} {
  thread_ = std::thread{[this] { serve(); }};
}

ScriptedServer::~ScriptedServer() {
  ::shutdown(listener_.get(), SHUT_RDWR);
  {
    const std::lock_guard lock{mutex_};
    ending_ = true;
    for (const int connection : open_) ::shutdown(connection, SHUT_RDWR);
  }
  thread_.join();
}

void ScriptedServer::answer(std::string_view command, std::string reply, After after) {
  const std::lock_guard lock{mutex_};
  rules_.insert(rules_.begin(),
                {std::string(command), [reply = std::move(reply)](const std::string&) { return reply; }, after});
}

void ScriptedServer::answer(std::string_view command, Reply reply) {
  const std::lock_guard lock{mutex_};
  rules_.insert(rules_.begin(), {std::string(command), std::move(reply), After::go_on});
}

std::vector<std::string> ScriptedServer::commands() const {
  const std::lock_guard lock{mutex_};
  return commands_;
}

void ScriptedServer::serve() {
  std::vector<std::jthread> conversations;
  for (;;) {
    posix::UniqueFd connection{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
    if (!connection) return;
    {
      const std::lock_guard lock{mutex_};
      if (ending_) return;
      open_.push_back(connection.get());
    }
    conversations.emplace_back([this, connection = std::move(connection)]() mutable {
      try {
        converse(connection);
      } catch (const std::exception&) {
        ::shutdown(connection.get(), SHUT_RDWR);  // the client has gone, as clients do
      }
      const std::lock_guard lock{mutex_};
      std::erase(open_, connection.get());
      connection = posix::UniqueFd{};
    });
  }
}

void ScriptedServer::converse(const posix::UniqueFd& connection) {
  loopback::send_all(connection, greeting_);
  Input input{connection};
  std::string tag;
  while (std::optional<std::string> command = input.command()) {
    if (const std::size_t space = command->find(' '); space != std::string::npos) {
      tag = command->substr(0, space);
      command->erase(0, space + 1);
    }
    const Rule rule = rule_for(*command);
    std::string reply = rule.reply(*command);
    for (std::size_t place = 0; (place = reply.find("$TAG", place)) != std::string::npos; place += tag.size())
      reply.replace(place, 4, tag);
    loopback::send_all(connection, reply);
    if (rule.after == After::close) return;
  }
}

ScriptedServer::Rule ScriptedServer::rule_for(const std::string& command) {
  const std::lock_guard lock{mutex_};
  commands_.push_back(command);
  const auto found = std::ranges::find_if(rules_, [&](const Rule& rule) {
    return ::strncasecmp(command.c_str(), rule.command.c_str(), rule.command.size()) == 0;
  });
  return found == rules_.end() ? Rule{{}, [](const std::string&) { return "$TAG OK done\r\n"; }, After::go_on} : *found;
}

}  // namespace mapistore::testing
