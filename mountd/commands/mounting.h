#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/json.h"
#include "mountd/command.h"
#include "mountd/control_client.h"

/// What the verbs that deal with mounts have in common.
namespace mapistore::ctl::mounting {

/// Describes --socket, which names the one mountd to ask.
void add_socket_option(Verb& verb, std::string& socket);
/// The sockets to ask: `socket`, or where mountds are by custom.
std::vector<std::filesystem::path> sockets(const std::string& socket);

/// Has the mountd that keeps mount `name` do what `request` says. One that was just started is waited for, up to 2 s.
/// Errc::not_found: none keeps it; the hint says what to do.
Result<Json> ask_keeper(const std::vector<std::filesystem::path>& sockets, const mountd::protocol::Request& request);

/// `text` as an absolute, normal path, if it is meant as one; else as it is.
std::string name_or_path(const std::string& text);

/// Runs `words`, a program and its arguments, with the streams of this one. Answers its exit code.
Result<int> run_program(const std::vector<std::string>& words);

}  // namespace mapistore::ctl::mounting
