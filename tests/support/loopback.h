#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include <mapistore/posix.h>

/// Sockets of tests: 127.0.0.1 only. What fails throws std::system_error.
namespace mapistore::testing::loopback {

/// Listens; port 0 takes a free one.
posix::UniqueFd listen(std::uint16_t port = 0);
std::uint16_t port_of(const posix::UniqueFd& socket);
/// Sends small pieces at once. A receive that waits longer than `limit` fails.
posix::UniqueFd connect(std::uint16_t port, std::chrono::seconds limit = std::chrono::seconds{10});
void send_all(const posix::UniqueFd& socket, std::string_view bytes);
/// What has arrived, waiting for the first byte; empty at the end of the stream.
std::string receive(const posix::UniqueFd& socket);

}  // namespace mapistore::testing::loopback
