#include "core/oauth2_redirect.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <optional>
#include <vector>

#include "core/codec/ascii.h"
#include "core/log.h"
#include "core/oauth2_answer.h"

namespace mapistore::oauth2 {
namespace {

constexpr std::size_t largest_request = 16 * 1024;
/// Browsers open some ahead, over which nothing may come.
constexpr std::size_t most_connections = 16;

/// A browser's connection, and what it has said so far.
struct Visit {
  posix::UniqueFd connection;
  std::string request;
};

std::string query_decoded(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = i + 2 < text.size() && text[i] == '%' ? codec::hex_value(text[i + 1]) : -1;
    const int low = high >= 0 ? codec::hex_value(text[i + 2]) : -1;
    if (low < 0) {
      plain += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    plain += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return plain;
}

using Query = std::map<std::string, std::string, std::less<>>;

/// What is asked for by "GET /?name=value&... HTTP/1.1"; empty if it is something else.
Query query_of(std::string_view request) {
  constexpr std::string_view begin = "GET /?";
  if (!request.starts_with(begin)) return {};
  request = request.substr(begin.size(), std::min(request.find(' ', begin.size()), request.size()) - begin.size());
  Query query;
  while (!request.empty()) {
    const std::string_view field = request.substr(0, request.find('&'));
    request.remove_prefix(std::min(field.size() + 1, request.size()));
    const std::size_t equals = std::min(field.find('='), field.size());
    query.emplace(query_decoded(field.substr(0, equals)),
                  query_decoded(field.substr(std::min(equals + 1, field.size()))));
  }
  return query;
}

/// Takes the same time wherever the two differ.
bool is_same(std::string_view one, std::string_view other) {
  unsigned char difference = one.size() != other.size();
  for (std::size_t i = 0; i < std::min(one.size(), other.size()); ++i)
    difference |= static_cast<unsigned char>(one[i] ^ other[i]);
  return difference == 0;
}

void answer(const posix::UniqueFd& connection, std::string_view status, std::string_view text) {
  const std::string page =
      "<!DOCTYPE html><meta charset=utf-8><title>mapistorefs</title><p>" + std::string(text) + "\n";
  const std::string reply = "HTTP/1.1 " + std::string(status) +
                            "\r\nContent-Type: text/html; charset=utf-8\r\nConnection: close\r\nContent-Length: " +
                            std::to_string(page.size()) + "\r\n\r\n" + page;
  // Short enough for any socket's buffer; who does not read it is told nothing.
  if (::send(connection.get(), reply.data(), reply.size(), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
    ::shutdown(connection.get(), SHUT_WR);
}

/// What the browser's user decided; nothing if the request is not about it.
std::optional<Result<SecretText>> decision(const Visit& visit, const std::string& state) {
  Query query = query_of(visit.request);
  const auto given = query.find("state");
  if (given == query.end()) {
    answer(visit.connection, "404 Not Found", "Nothing is here.");
    return std::nullopt;
  }
  if (!is_same(given->second, state)) {
    answer(visit.connection, "400 Bad Request", "This is not the answer to what was asked last. Begin again.");
    log::line(LogLevel::warning, "sign-in", "an answer with another state was refused");
    return std::nullopt;
  }
  if (const auto code = query.find("code"); code != query.end() && !code->second.empty()) {
    log::redact(code->second);
    answer(visit.connection, "200 OK", "Done. This window may be closed.");
    return SecretText{std::move(code->second)};
  }
  answer(visit.connection, "200 OK", "Not signed in. This window may be closed.");
  return std::unexpected(oauth2_refusal("sign-in", query["error"], query["error_description"]));
}

/// Whether the whole head is there, or no more is to come.
bool is_complete(Visit& visit) {
  std::string more(largest_request, '\0');
  const ssize_t count = ::recv(visit.connection.get(), more.data(), more.size(), MSG_DONTWAIT);
  if (count < 0) return errno != EAGAIN && errno != EINTR;
  visit.request.append(more, 0, static_cast<std::size_t>(count));
  return count == 0 || visit.request.size() > largest_request || visit.request.contains("\r\n\r\n");
}

}  // namespace

Result<Redirect> Redirect::listen(std::uint16_t port) {
  posix::UniqueFd listener{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  const bool is_open = listener && ::bind(listener.get(), plain, size) == 0 && ::listen(listener.get(), 16) == 0 &&
                       ::getsockname(listener.get(), plain, &size) == 0;
  if (!is_open && errno == EADDRINUSE)
    return fail(Errc::exists, "port " + std::to_string(port), "another program has it", "choose another by --port");
  if (!is_open) return std::unexpected(system_error(errno, "port " + std::to_string(port)));
  return Redirect{std::move(listener), ntohs(address.sin_port)};
}

Result<SecretText> Redirect::await_code(const std::string& state, std::chrono::milliseconds limit) const {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + limit;
  std::vector<Visit> visits;
  for (auto now = Clock::now(); now < end; now = Clock::now()) {
    std::vector<pollfd> waiting{{listener_.get(), POLLIN, 0}};
    for (const Visit& visit : visits) waiting.push_back({visit.connection.get(), POLLIN, 0});
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - now);
    if (::poll(waiting.data(), waiting.size(), static_cast<int>(left.count())) <= 0) continue;
    for (std::size_t i = visits.size(); i-- > 0;) {
      if (waiting[i + 1].revents == 0 || !is_complete(visits[i])) continue;
      if (auto decided = decision(visits[i], state)) return std::move(*decided);
      visits.erase(visits.begin() + static_cast<std::ptrdiff_t>(i));
    }
    if (waiting[0].revents == 0) continue;
    posix::UniqueFd connection{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
    if (!connection) continue;
    if (visits.size() == most_connections) visits.erase(visits.begin());
    visits.push_back({std::move(connection), {}});
  }
  return fail(Errc::timed_out, "sign-in", "no browser has come back in time", "begin again");
}

}  // namespace mapistore::oauth2
