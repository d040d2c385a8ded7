#include "backends/dav/url.h"

#include <charconv>
#include <vector>

#include "backends/dav/text.h"

namespace mapistore::dav {
namespace {

constexpr std::string_view unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~@";

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  const char small = lower(c);
  return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

/// In the one spelling, whatever spelling `path` has.
std::string canonical_path(std::string_view path) {
  std::vector<std::string> segments;
  const bool ends_open = path.ends_with('/') || path.ends_with("/.") || path.ends_with("/..");
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string_view segment = path.substr(at, end - at);
    if (segment == "..") {
      if (!segments.empty()) segments.pop_back();
    } else if (!segment.empty() && segment != ".") {
      segments.push_back(encoded_segment(percent_decoded(segment)));
    }
    at = end + 1;
  }
  std::string out;
  for (const std::string& segment : segments) out += '/' + segment;
  return ends_open || segments.empty() ? out + '/' : out;
}

}  // namespace

std::string percent_decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_value(text[i + 2]) : -1;
    if (low < 0) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

std::string encoded_segment(std::string_view segment) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  // Dots alone would be taken for a step in the tree.
  const bool is_dots = segment == "." || segment == "..";
  std::string out;
  out.reserve(segment.size());
  for (const char c : segment) {
    if (!is_dots && unreserved.contains(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

std::optional<Url> Url::parse(std::string_view text) {
  Url url;
  if (starts_with_nocase(text, "https://")) {
    text.remove_prefix(8);
  } else if (starts_with_nocase(text, "http://")) {
    url.is_secure = false;
    url.port = 80;
    text.remove_prefix(7);
  } else {
    return std::nullopt;
  }
  const std::size_t end = std::min(text.find_first_of("/?#"), text.size());
  std::string_view authority = text.substr(0, end);
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) authority.remove_prefix(at + 1);
  const std::size_t colon = authority.rfind(':');
  if (colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos) {
    const std::string_view digits = authority.substr(colon + 1);
    const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), url.port);
    if (!digits.empty() && (error != std::errc{} || stop != digits.data() + digits.size() || url.port == 0))
      return std::nullopt;
    authority = authority.substr(0, colon);
  }
  // Nothing but what a name or number of a host is made of, so that none of it means anything to who sends it.
  const bool is_bracketed = authority.starts_with('[') && authority.ends_with(']');
  const std::string_view others = is_bracketed ? ":." : "-._";
  const auto is_odd = [others](char c) {
    return !(c >= '0' && c <= '9') && !(lower(c) >= 'a' && lower(c) <= 'z') && !others.contains(c);
  };
  const std::string_view name = is_bracketed ? authority.substr(1, authority.size() - 2) : authority;
  if (name.empty() || std::ranges::any_of(name, is_odd)) return std::nullopt;
  url.host = lower_case(authority);
  const std::string_view path = text.substr(end);
  url.path = canonical_path(path.substr(0, path.find_first_of("?#")));
  return url;
}

std::optional<Url> Url::resolve(std::string_view reference) const {
  reference = trimmed(reference);
  if (reference.empty()) return std::nullopt;
  if (starts_with_nocase(reference, "http://") || starts_with_nocase(reference, "https://")) return parse(reference);
  if (reference.starts_with("//")) return parse((is_secure ? "https:" : "http:") + std::string(reference));
  Url url = *this;
  // A name may hold a colon, and a question mark that a server forgot to encode: paths are all there is here.
  if (reference.starts_with('/'))
    url.path = canonical_path(reference);
  else
    url.path = canonical_path(path.substr(0, path.rfind('/') + 1) + std::string(reference));
  return url;
}

Url Url::child(std::string_view segment, bool is_collection) const {
  Url url = *this;
  if (!url.path.ends_with('/')) url.path += '/';
  url.path += encoded_segment(segment);
  if (is_collection) url.path += '/';
  return url;
}

std::string Url::last_segment() const {
  std::string_view rest = path;
  if (rest.ends_with('/')) rest.remove_suffix(1);
  return percent_decoded(rest.substr(rest.rfind('/') + 1));
}

std::string Url::parent_path() const {
  std::string_view rest = path;
  if (rest.ends_with('/')) rest.remove_suffix(1);
  return std::string(rest.substr(0, rest.rfind('/') + 1));
}

std::string Url::text() const {
  std::string out = is_secure ? "https://" : "http://";
  out += host;
  if (port != (is_secure ? 443 : 80)) out += ':' + std::to_string(port);
  return out + path;
}

}  // namespace mapistore::dav
