#include "mountd/commands/mounting.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace mapistore::ctl::mounting {

namespace {

/// A mount may take that long to answer first, or its daemon to bring away what it has.
constexpr std::chrono::minutes longest_wait{6};

}  // namespace

void add_socket_option(Verb& verb, std::string& socket) {
  verb.option("--socket", socket, "ask the mountd that listens there, and no other");
}

std::vector<std::filesystem::path> sockets(const std::string& socket) {
  if (!socket.empty()) return {socket};
  return mountd::control_sockets();
}

Result<Json> ask_keeper(const std::vector<std::filesystem::path>& sockets, const mountd::protocol::Request& request) {
  bool any = false;
  for (const auto& socket : sockets) {
    auto client = mountd::ControlClient::connect(socket);
    if (!client) continue;
    any = true;
    auto answer = client->ask(request, longest_wait);
    if (answer || answer.error().code != Errc::not_found) return answer;
  }
  if (!any && request.name.contains('/'))
    return fail(Errc::not_found, request.name, "is no mount, and no mountd runs",
                "mapistorectl status lists all mounts");
  if (!any)
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
