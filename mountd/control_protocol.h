#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <mapistore/result.h>

#include "core/json.h"

/// What is said on mountd's control socket, as docs/formats/control_socket.md describes it: a line of JSON each way.
namespace mapistore::mountd::protocol {

constexpr int version = 1;
/// A request that is longer ends the conversation.
constexpr std::size_t longest_request = 16 * 1024;
/// So does an answer; it is far above what the mounts of a machine need.
constexpr std::size_t longest_answer = 16 * 1024 * 1024;

struct Request {
  std::string verb;
  std::string name;  ///< of a mount, or its directory; empty where the verb needs none
  bool force = false;
  bool dry_run = false;
};

/// Errc::invalid_argument: it is no request; Errc::incompatible: of another version.
Result<Request> parse_request(std::string_view line);
std::string to_line(const Request& request);

/// The line that answers: a result, or an error.
std::string to_line(const Result<Json>& answer);
/// The way back. Errc::incompatible: it is no answer of this version.
Result<Json> parse_answer(std::string_view line);

}  // namespace mapistore::mountd::protocol
