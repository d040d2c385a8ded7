#include "tests/support/private_server.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/temp_mount.h"

namespace mapistore::testing {

namespace {

/// Two ends: to read from, to write to.
std::pair<posix::UniqueFd, posix::UniqueFd> pipe() {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
  return {posix::UniqueFd{ends[0]}, posix::UniqueFd{ends[1]}};
}

std::string rest_of(const posix::UniqueFd& file) {
  std::string bytes;
  char buffer[4096];
  for (ssize_t count = 0; (count = ::read(file.get(), buffer, sizeof buffer)) > 0;)
    bytes.append(buffer, static_cast<std::size_t>(count));
  return bytes;
}

/// Runs a program to its end; both its streams are the output.
Outcome run_with_input(std::vector<std::string> words, const posix::UniqueFd& input) {
  auto [output, its_output] = pipe();
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, input.get(), STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, its_output.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, its_output.get(), STDERR_FILENO);
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, arguments[0], &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::system_error(error, std::generic_category(), words[0]);
  its_output = posix::UniqueFd{};
  Outcome outcome;
  outcome.output = rest_of(output);
  int status = 0;
  ::waitpid(pid, &status, 0);
  outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return outcome;
}

std::string script(std::string_view kind) { return MAPISTORE_SOURCE_DIR "/tests/servers/" + std::string(kind); }

}  // namespace

int processes_of(const std::filesystem::path& directory) {
  int count = 0;
  for (const std::string& pid : names_in("/proc")) {
    const std::string arguments = read_file("/proc/" + pid + "/cmdline").value_or("");
    count += arguments.find(directory.native() + "/") != std::string::npos ? 1 : 0;
  }
  return count;
}

PrivateServer::PrivateServer(std::string_view kind, std::string_view configuration)
    : kind_{kind}, configuration_{configuration} {
  std::string pattern = (std::filesystem::temp_directory_path() / "mapistore-server-XXXXXX").native();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::system_error(errno, std::generic_category(), pattern);
  directory_ = pattern;
  start();
}

PrivateServer::~PrivateServer() {
  alive_ = posix::UniqueFd{};
  EXPECT_TRUE(eventually([&] { return !is_there(directory_); }, std::chrono::seconds{20})) << directory_ << " stays";
}

void PrivateServer::start() {
  auto [sign, alive] = pipe();
  alive_ = std::move(alive);
  const Outcome outcome =
      run_with_input({script(kind_), "start", directory_, "--while-open", "--extra", configuration_}, sign);
  if (outcome.code != 0) throw std::runtime_error(outcome.output);
  std::istringstream lines{outcome.output};
  for (std::string line; std::getline(lines, line);) {
    const std::size_t equals = std::min(line.find('='), line.size() - 1);
    settings_[line.substr(0, equals)] = line.substr(equals + 1);
  }
}

void PrivateServer::restart() const { run_script("start", "--extra " + shell_word(configuration_)); }

std::string PrivateServer::run_script(std::string_view command, std::string_view arguments) const {
  Outcome outcome = run(shell_word(script(kind_)) + " " + std::string(command) + " " + shell_word(directory_) + " " +
                        std::string(arguments));
  if (outcome.code != 0) throw std::runtime_error(outcome.output);
  return std::move(outcome.output);
}

}  // namespace mapistore::testing
