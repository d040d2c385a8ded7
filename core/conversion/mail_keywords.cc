#include "core/conversion/mail_keywords.h"

#include "core/codec/ascii.h"
#include "core/codec/charset.h"
#include "core/codec/encoded_words.h"

namespace mapistore::conversion {
namespace {

/// The end of the encoded word at `at`, or `at` if there is none.
std::size_t after_word(std::string_view value, std::size_t at) {
  if (!value.substr(at).starts_with("=?")) return at;
  std::size_t marks = 0;
  for (std::size_t end = at + 2; end < value.size() && !codec::is_blank(value[end]); ++end)
    if (value[end] == '?' && ++marks == 3) return value.substr(end).starts_with("?=") ? end + 2 : at;
  return at;
}

/// The end of the keyword that begins at `at`: the next comma that parts.
std::size_t keyword_end(std::string_view value, std::size_t at) {
  bool quoted = false;
  while (at < value.size() && (quoted || value[at] != ',')) {
    if (!quoted) {
      if (const std::size_t end = after_word(value, at); end != at) {
        at = end;
        continue;
      }
    }
    if (value[at] == '"') quoted = !quoted;
    at += quoted && value[at] == '\\' ? 2 : 1;
  }
  return std::min(at, value.size());
}

std::string keyword_text(std::string_view raw) {
  raw = codec::trim(raw);
  if (!raw.starts_with('"')) return codec::decode_words(raw);
  std::string bytes;
  for (std::size_t at = 1; at < raw.size() && raw[at] != '"'; ++at) {
    if (raw[at] == '\\' && at + 1 < raw.size()) ++at;
    if (raw[at] != '\r' && raw[at] != '\n') bytes += raw[at];
  }
  std::string text;
  codec::append_undeclared(text, bytes);
  return text;
}

}  // namespace

std::vector<std::string> split_keywords(std::string_view value) {
  std::vector<std::string> keywords;
  for (std::size_t at = 0; at < value.size();) {
    const std::size_t end = keyword_end(value, at);
    if (std::string keyword = keyword_text(value.substr(at, end - at)); !keyword.empty())
      keywords.push_back(std::move(keyword));
    at = end + 1;
  }
  return keywords;
}

}  // namespace mapistore::conversion
