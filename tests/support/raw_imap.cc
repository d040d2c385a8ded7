#include "tests/support/raw_imap.h"

#include <charconv>
#include <optional>
#include <stdexcept>

#include "tests/support/loopback.h"

namespace mapistore::testing {

namespace {

/// How long the literal is that `line` ends in; none if it ends in none.
std::optional<std::size_t> announced(std::string_view line) {
  if (!line.ends_with("}\r\n")) return std::nullopt;
  const std::size_t brace = line.rfind('{');
  if (brace == std::string_view::npos) return std::nullopt;
  const std::string_view digits = line.substr(brace + 1, line.size() - brace - 4);
  std::size_t size = 0;
  const auto [end, error] = std::from_chars(digits.begin(), digits.end(), size);
  if (error != std::errc{} || end != digits.end()) return std::nullopt;
  return size;
}

}  // namespace

RawImap::RawImap(std::uint16_t port) : socket_{loopback::connect(port)}, greeting_{read_line()} {}

RawImap::Reply RawImap::command(std::string_view text) {
  const std::string tag = "raw" + std::to_string(++tags_) + " ";
  send(tag + std::string(text) + "\r\n");
  Reply reply;
  for (;;) {
    const std::string line = read_line();
    reply.text += line;
    if (!line.starts_with(tag)) continue;
    reply.status = line.substr(tag.size(), line.find_first_of(" \r", tag.size()) - tag.size());
    return reply;
  }
}

std::string RawImap::ask(std::string_view text) {
  const Reply reply = command(text);
  if (!reply.ok()) throw std::runtime_error(std::string(text) + ": " + reply.text);
  return reply.text.substr(0, reply.text.rfind("raw" + std::to_string(tags_) + " "));
}

RawImap::Reply RawImap::append(std::string_view mailbox, std::string_view message, std::string_view options) {
  std::string text = "APPEND \"";
  for (const char c : mailbox) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  text += "\" ";
  if (!options.empty()) text += std::string(options) + " ";
  return command(text + "{" + std::to_string(message.size()) + "+}\r\n" + std::string(message));
}

void RawImap::send(std::string_view bytes) { loopback::send_all(socket_, bytes); }

std::string RawImap::read_line() {
  std::size_t begin = 0;  // of the last line seen
  for (;;) {
    std::size_t end = 0;
    while ((end = received_.find("\r\n", begin)) == std::string::npos) need(received_.size() + 1);
    end += 2;
    const auto literal = announced(std::string_view{received_}.substr(begin, end - begin));
    begin = end;
    if (!literal) break;
    need(begin += *literal);
  }
  std::string line = received_.substr(0, begin);
  received_.erase(0, begin);
  return line;
}

/// Until `size` bytes are there that no line has taken.
void RawImap::need(std::size_t size) {
  while (received_.size() < size) {
    const std::string bytes = loopback::receive(socket_);
    if (bytes.empty()) throw std::runtime_error("the server closed the connection: " + received_);
    received_ += bytes;
  }
}

}  // namespace mapistore::testing
