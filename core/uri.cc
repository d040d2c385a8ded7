#include <mapistore/uri.h>

#include <algorithm>
#include <charconv>

namespace mapistore {
namespace {

constexpr std::size_t longest_uri = 8192;
constexpr std::string_view form_hint = "write NAMESPACE://DATA, e.g. file:///home/anna/mail";

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
bool is_unreserved(char c) { return is_letter(c) || is_digit(c) || std::string_view("-._~").contains(c); }
bool is_reserved(char c) { return std::string_view(":/?#[]@!$&'()*+,;=").contains(c); }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::optional<unsigned> hex_digit(char c) {
  if (is_digit(c)) return static_cast<unsigned>(c - '0');
  if (lower(c) >= 'a' && lower(c) <= 'f') return static_cast<unsigned>(lower(c) - 'a' + 10);
  return std::nullopt;
}

/// The byte that `text`, of the checked form "%XX", stands for.
char unescaped(std::string_view text) {
  return static_cast<char>(*hex_digit(text[1]) * 16 + *hex_digit(text[2]));
}

void append_escaped(std::string& out, char c) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(c);
  out += {'%', digits[byte >> 4], digits[byte & 15]};
}

std::string decoded(std::string_view text) {
  std::string out;
  for (; !text.empty(); text.remove_prefix(1)) {
    const bool escaped = text.front() == '%';
    out += escaped ? unescaped(text) : text.front();
    if (escaped) text.remove_prefix(2);
  }
  return out;
}

/// RFC 3986 6.2.2: escapes only where they are needed, in upper case. `escape` names one more character that needs it.
std::string normalised(std::string_view text, char escape = '\0') {
  std::string out;
  for (; !text.empty(); text.remove_prefix(1)) {
    const bool escaped = text.front() == '%';
    const char c = escaped ? unescaped(text) : text.front();
    if (is_unreserved(c) || (!escaped && is_reserved(c) && c != escape)) {
      out += c;
    } else {
      append_escaped(out, c);
    }
    if (escaped) text.remove_prefix(2);
  }
  return out;
}

/// `host` in lower case, but for its escapes.
std::string lower_host(std::string host) {
  for (std::size_t i = 0; i < host.size(); ++i) {
    if (host[i] == '%') {
      i += 2;
    } else {
      host[i] = lower(host[i]);
    }
  }
  return host;
}

struct HostPort {
  std::string_view host;  ///< all of the text, if what follows the colon is no port
  std::optional<std::uint16_t> port;
  bool odd = false;       ///< there is a colon, and no port behind it
};

HostPort split_port(std::string_view text) {
  const std::size_t bracket = text.starts_with('[') ? text.find(']') : std::string_view::npos;
  const std::size_t from = bracket == std::string_view::npos ? 0 : bracket;
  const std::size_t colon = text.find(':', from);
  if (colon == std::string_view::npos) return {text, {}, false};
  const std::string_view digits = text.substr(colon + 1);
  if (digits.empty()) return {text.substr(0, colon), {}, false};
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size() || port == 0) return {text, {}, true};
  return {text.substr(0, colon), port, false};
}

/// The pieces of `[user@]host[:port][/path][?query]`, still escaped.
struct Pieces {
  std::string_view user, host_port, path;
  std::optional<std::string_view> query;
};

Pieces split(std::string_view data) {
  Pieces pieces;
  if (const std::size_t mark = data.find('?'); mark != std::string_view::npos) {
    pieces.query = data.substr(mark + 1);
    data = data.substr(0, mark);
  }
  const std::size_t end = std::min(data.find('/'), data.size());
  pieces.path = data.substr(end);
  pieces.host_port = data.substr(0, end);
  if (const std::size_t at = pieces.host_port.rfind('@'); at != std::string_view::npos) {
    pieces.user = pieces.host_port.substr(0, at);
    pieces.host_port.remove_prefix(at + 1);
  }
  return pieces;
}

/// What an error may show of `text`: nothing that could be part of a password.
std::string shown(std::string_view text) {
  const std::size_t end = text.find("://");
  if (end == std::string_view::npos) {
    const bool harmless = text.size() <= 80 && text.find_first_of(":@") == std::string_view::npos;
    return harmless && !text.empty() && std::ranges::none_of(text, is_control) ? std::string(text) : "URI";
  }
  const std::string_view scheme = text.substr(0, end);
  const bool harmless = scheme.size() <= 80 && std::ranges::all_of(scheme, is_unreserved);
  return harmless ? std::string(scheme) + "://..." : "URI";
}

std::unexpected<Error> refuse(std::string_view text, std::string_view what, std::string_view hint = form_hint) {
  return fail(Errc::invalid_uri, shown(text), what, hint);
}

Result<> check_bytes(std::string_view text) {
  if (text.size() > longest_uri)
    return refuse(text, "longer than " + std::to_string(longest_uri) + " bytes", "shorten it");
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::string place = "byte " + std::to_string(i + 1);
    if (is_control(text[i])) return refuse(text, place + " is a control character", "write it as %XX");
    if (text[i] != '%') continue;
    if (i + 2 >= text.size() || !hex_digit(text[i + 1]) || !hex_digit(text[i + 2]))
      return refuse(text, place + ": '%' is not followed by two hexadecimal digits", "write a plain '%' as %25");
    if (unescaped(text.substr(i, 3)) == '\0') return refuse(text, place + ": %00 is not allowed", "remove it");
  }
  return {};
}

Result<std::string> checked_scheme(std::string_view text) {
  const std::size_t end = text.find("://");
  if (end == std::string_view::npos) return refuse(text, "not a URI: '://' is missing");
  if (end == 0) return refuse(text, "the namespace before '://' is missing");
  std::string scheme(text.substr(0, end));
  const auto allowed = [](char c) { return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.'; };
  if (!is_letter(scheme.front()) || !std::ranges::all_of(scheme, allowed))
    return refuse(text, "the namespace is not a letter followed by letters, digits, '+', '-' and '.'");
  std::ranges::transform(scheme, scheme.begin(), lower);
  return scheme;
}

std::string normalised_authority(std::string_view user, std::string_view host_port) {
  const std::string all = lower_host(normalised(host_port));
  const auto [host, port, odd] = split_port(all);
  std::string out = normalised(user, '@');
  if (!out.empty()) out += '@';
  out += host;
  if (port) out += ':' + std::to_string(*port);
  return out;
}

std::string normalised_data(const Pieces& pieces, std::string_view user) {
  std::string out = normalised_authority(user, pieces.host_port);
  const std::size_t last = pieces.path.find_last_not_of('/');
  const std::string_view path = pieces.path.substr(0, last == std::string_view::npos ? 0 : last + 1);
  const bool bare_root = out.empty() && path.empty() && !pieces.path.empty();
  out += bare_root ? "/" : normalised(path);
  if (pieces.query) out += '?' + normalised(*pieces.query);
  return out;
}

}  // namespace

Result<ContextUri::Parsed> ContextUri::parse(std::string_view text) {
  MAPISTORE_CHECK(check_bytes(text));
  std::string scheme = MAPISTORE_TRY(checked_scheme(text));
  const std::string_view data = text.substr(scheme.size() + 3);
  const Pieces pieces = split(data);

  // `user:pa/ss@host`: the user meant a password, and it must not end up in the path.
  const bool late_at = data.rfind('@') != std::string_view::npos && data.rfind('@') > data.find_first_of("/?");
  if (late_at && split_port(pieces.host_port).odd)
    return refuse(text, "cannot tell where the password ends", "write '/' as %2F and '?' as %3F in a password");

  const std::size_t colon = pieces.user.find(':');
  std::optional<std::string> password;
  if (colon != std::string_view::npos) password = decoded(pieces.user.substr(colon + 1));
  ContextUri uri(std::move(scheme), normalised_data(pieces, pieces.user.substr(0, colon)));
  if (uri.scheme_.size() + 3 + uri.data_.size() > longest_uri)
    return refuse(text, "longer than " + std::to_string(longest_uri) + " bytes when escaped", "shorten it");
  return Parsed{std::move(uri), std::move(password)};
}

std::string ContextUri::user() const { return decoded(split(data_).user); }

std::string ContextUri::host() const {
  std::string_view host = split_port(split(data_).host_port).host;
  if (host.size() > 2 && host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return decoded(host);
}

std::optional<std::uint16_t> ContextUri::port() const { return split_port(split(data_).host_port).port; }

std::string ContextUri::path() const { return decoded(split(data_).path); }

std::optional<std::string> ContextUri::query(std::string_view key) const {
  std::string_view rest = split(data_).query.value_or(std::string_view{});
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    if (decoded(pair.substr(0, equals)) == key) return decoded(pair.substr(std::min(equals + 1, pair.size())));
  }
  return std::nullopt;
}

bool is_loopback(std::string_view host) noexcept {
  const bool is_number = host.find_first_not_of("0123456789.") == std::string_view::npos;
  return host == "localhost" || host == "::1" || host == "[::1]" || (is_number && host.starts_with("127."));
}

}  // namespace mapistore
