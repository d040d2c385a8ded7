#include "backends/imap/reply_reader.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace mapistore::imap {

namespace {

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

bool same_word(std::string_view text, std::string_view upper) {
  return std::ranges::equal(text, upper, [](char a, char b) { return (a >= 'a' && a <= 'z' ? a - 32 : a) == b; });
}

/// Whether the reply is a condition, a continuation or tagged: then all of it is one line, whose end is free text.
bool is_one_line(std::string_view reply) {
  if (!reply.starts_with("* ")) return true;
  const std::string_view word = reply.substr(2, reply.find_first_of(" \r\n", 2) - 2);
  static constexpr std::array<std::string_view, 5> conditions{"OK", "NO", "BAD", "BYE", "PREAUTH"};
  return std::ranges::any_of(conditions, [&](std::string_view condition) { return same_word(word, condition); });
}

bool ends_within_quotes(std::string_view line) {
  for (std::size_t at = line.find('"'); at != std::string_view::npos; at = line.find('"', at + 1)) {
    for (++at; at < line.size() && line[at] != '"'; ++at)
      if (line[at] == '\\') ++at;
    if (at >= line.size()) return true;
  }
  return false;
}

/// The digits of a `{n}` that ends the line; nothing if none does.
std::optional<std::string_view> literal_digits(std::string_view line) {
  if (!line.ends_with('}')) return std::nullopt;
  line.remove_suffix(1);
  std::size_t first = line.size();
  while (first > 0 && is_digit(line[first - 1])) --first;
  if (first == line.size() || first == 0 || line[first - 1] != '{') return std::nullopt;
  if (ends_within_quotes(line.substr(0, first - 1))) return std::nullopt;
  return line.substr(first);
}

std::string_view without_line_end(std::string_view line) {
  line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace

ReplyReader::ReplyReader(Sink& sink) : ReplyReader{sink, Limits{}} {}

ReplyReader::ReplyReader(Sink& sink, Limits limits) : sink_{sink}, limits_{limits} {}

Result<std::size_t> ReplyReader::feed(std::string_view bytes) {
  std::size_t used = 0;
  bool more = true;
  while (more && used < bytes.size()) {
    if (remaining_ > 0) {
      used += feed_literal(bytes.substr(used));
    } else {
      used += MAPISTORE_TRY(feed_line(bytes.substr(used), more));
    }
  }
  return used;
}

Result<std::size_t> ReplyReader::feed_line(std::string_view bytes, bool& more) {
  const std::size_t end = bytes.find('\n');
  const std::size_t length = end == std::string_view::npos ? bytes.size() : end + 1;
  if (length > limits_.text - std::min(limits_.text, text_.size()))
    return fail(Errc::corrupted, {}, "the server sent a line longer than " + std::to_string(limits_.text) + " bytes");
  if (end == std::string_view::npos) {
    text_ += bytes;
    return length;
  }
  // A reply that came in one piece, as most do, is not copied.
  const bool whole = text_.empty();
  if (!whole) text_ += bytes.substr(0, length);
  const std::string_view reply = without_line_end(whole ? bytes.substr(0, length) : std::string_view(text_));
  const std::string_view line = reply.substr(std::min(line_, reply.size()));
  if (const auto digits = literal_digits(line); digits && !is_one_line(reply)) {
    std::uint64_t size = 0;
    const auto [last, error] = std::from_chars(digits->data(), digits->data() + digits->size(), size);
    if (error != std::errc{} || last != digits->data() + digits->size() || size > (std::uint64_t{1} << 62))
      return fail(Errc::corrupted, {}, "the server announced a literal of impossible size");
    if (whole) text_ = bytes.substr(0, length);
    MAPISTORE_CHECK(begin_literal(size));
    return length;
  }
  // An empty line between replies is not one.
  if (!reply.empty()) more = sink_.reply(reply, left_out_);
  text_.clear();
  left_out_.clear();
  line_ = shown_ = 0;
  return length;
}

Result<> ReplyReader::begin_literal(std::uint64_t size) {
  shown_ += text_.size();
  if (shown_ > limits_.shown) return fail(Errc::corrupted, {}, "the server sent a reply of too many literals");
  use_ = sink_.literal(without_line_end(text_), left_out_, size);
  if (use_ == LiteralUse::keep && size > limits_.kept) use_ = LiteralUse::skip;
  if (use_ == LiteralUse::keep && size > limits_.text - text_.size())
    return fail(Errc::corrupted, {}, "the server sent a reply longer than " + std::to_string(limits_.text) + " bytes");
  if (use_ != LiteralUse::keep) left_out_.push_back(text_.size());
  remaining_ = size;
  if (size == 0) end_literal();
  return {};
}

std::size_t ReplyReader::feed_literal(std::string_view bytes) {
  const std::string_view part =
      bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), remaining_)));
  if (use_ == LiteralUse::keep) text_ += part;
  if (use_ == LiteralUse::stream) sink_.literal_bytes(part);
  remaining_ -= part.size();
  if (remaining_ == 0) end_literal();
  return part.size();
}

void ReplyReader::end_literal() {
  if (use_ == LiteralUse::stream) sink_.literal_end();
  line_ = text_.size();
}

}  // namespace mapistore::imap
