#include "mountd/commands/mounting.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "mountd/mount_work.h"

namespace mapistore::ctl::mounting {

namespace {

/// A mount may take that long to answer first, or its daemon to bring away what it has.
constexpr std::chrono::minutes longest_wait{6};

/// A mountd that was just started is waited for, so that a script may start one and go on.
constexpr std::chrono::milliseconds longest_start{1900}, between_looks{25};

std::vector<mountd::ControlClient> connect_all(const std::vector<std::filesystem::path>& sockets) {
  std::vector<mountd::ControlClient> clients;
  for (const auto& socket : sockets)
    if (auto client = mountd::ControlClient::connect(socket)) clients.push_back(*std::move(client));
  return clients;
}

}  // namespace

void add_socket_option(Verb& verb, std::string& socket) {
  verb.option("--socket", socket, "ask the mountd that listens there, and no other");
}

std::vector<std::filesystem::path> sockets(const std::string& socket) {
  if (!socket.empty()) return {socket};
  return mountd::control_sockets();
}

Result<Json> ask_keeper(const std::vector<std::filesystem::path>& sockets, const mountd::protocol::Request& request) {
  const auto deadline = std::chrono::steady_clock::now() + longest_start;
  auto keepers = connect_all(sockets);
  const auto is_one_to_come = [&] {
    const uid_t self = ::geteuid();
    if (keepers.empty() && self != 0 && mountd::work::is_mountd_starting(0)) return true;
    return !mountd::ControlClient::connect(sockets.front()) && mountd::work::is_mountd_starting(self);
  };
  while (std::chrono::steady_clock::now() < deadline && is_one_to_come()) {
    std::this_thread::sleep_for(between_looks);
    keepers = connect_all(sockets);
  }
  for (mountd::ControlClient& keeper : keepers) {
    auto answer = keeper.ask(request, longest_wait);
    if (answer || answer.error().code != Errc::not_found) return answer;
  }
  if (keepers.empty() && request.name.contains('/'))
    return fail(Errc::not_found, request.name, "is no mount, and no mountd runs",
                "mapistorectl status lists all mounts");
  if (keepers.empty())
    return fail(Errc::not_found, request.name, "is unknown, as no mountd runs",
                "start mapistore-mountd, or name a directory");
  return fail(Errc::not_found, request.name, "is no mount of yours that a mountd keeps",
              "mapistorectl status lists them");
}

std::string name_or_path(const std::string& text) {
  if (!text.contains('/')) return text;
  std::error_code error;
  auto path = std::filesystem::absolute(text, error).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  return path.native();
}

Result<int> run_program(const std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  pid_t child = -1;
  if (const int error = ::posix_spawnp(&child, pointers.front(), nullptr, nullptr, pointers.data(), environ);
      error != 0)
    return std::unexpected(system_error(error, words.front()));
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace mapistore::ctl::mounting
