#include "backends/dav/object_text.h"

#include <algorithm>
#include <array>

#include "backends/dav/multistatus.h"
#include "backends/dav/text.h"

namespace mapistore::dav {
namespace {

/// Splits into content lines; `use` gets each unfolded, and as it stands with its line end.
template <class Use>
void each_line(std::string_view text, Use use) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    std::string line;
    for (bool more = true; more;) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      std::string_view part = text.substr(at, end - at);
      if (part.ends_with('\r')) part.remove_suffix(1);
      line += part;
      at = std::min(end + 1, text.size());
      more = at < text.size() && (text[at] == ' ' || text[at] == '\t');
      if (more) ++at;
    }
    use(std::string_view{line}, text.substr(begin, at - begin));
  }
}

/// The name of a property, without a group (RFC 6350 3.3) and parameters.
std::string_view name_of(std::string_view line) {
  std::string_view name = line.substr(0, std::min(line.find_first_of(":;"), line.size()));
  return name.substr(name.rfind('.') + 1);
}

std::string_view value_of(std::string_view line) {
  bool is_quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"') is_quoted = !is_quoted;
    if (line[i] == ':' && !is_quoted) return trimmed(line.substr(i + 1));
  }
  return {};
}

unsigned component_of(std::string_view name) {
  if (equals_nocase(name, "VEVENT")) return component::event;
  if (equals_nocase(name, "VTODO")) return component::task;
  if (equals_nocase(name, "VJOURNAL")) return component::journal;
  if (equals_nocase(name, "VCARD")) return component::card;
  return 0;
}

/// Follows BEGIN and END to where in the object a line is.
class Nesting {
 public:
  /// The component that `line` begins, if it is one that has a UID.
  unsigned begins(std::string_view line) {
    if (!equals_nocase(name_of(line), "BEGIN")) return 0;
    open_.emplace_back(component_of(value_of(line)));
    return open_.back();
  }
  /// The one that it ends.
  unsigned ends(std::string_view line) {
    if (!equals_nocase(name_of(line), "END") || open_.empty()) return 0;
    const unsigned ended = open_.back();
    open_.pop_back();
    return ended;
  }
  /// Whether a line is directly in such a component, not in an alarm of it.
  bool is_direct() const { return !open_.empty() && open_.back() != 0; }

 private:
  std::vector<unsigned> open_;
};

std::size_t utf16_length(char c) {
  const auto byte = static_cast<unsigned char>(c);
  if (byte >= 0xf0) return 2;
  return (byte & 0xc0u) == 0x80 ? 0 : 1;
}

/// Whether SOGo would fold `line` within a character.
bool is_torn(std::string_view line) {
  constexpr std::size_t first = 75, next = 74;
  std::size_t units = 0, fold = first;
  for (const char c : line) {
    const std::size_t length = utf16_length(c);
    while (fold < units) fold += next;
    if (length == 2 && units + 1 == fold) return true;
    units += length;
  }
  return false;
}

std::string padded(std::string_view line, std::size_t count) {
  const std::size_t end = std::min(line.find_first_of(":;"), line.size());
  std::string out(line.substr(0, end));
  out += ";X-SHIFT=" + std::string(count, 'x');
  return out.append(line.substr(end));
}

/// What the objects in `text` say, sorted: names and values, without what servers write in their own way.
std::vector<std::string> statements(std::string_view text) {
  constexpr std::array<std::string_view, 6> of_servers{"DTSTAMP", "LAST-MODIFIED", "CREATED",
                                                       "REV",     "SEQUENCE",      "VERSION"};
  std::vector<std::string> all;
  Nesting nesting;
  each_line(text, [&](std::string_view line, std::string_view) {
    const bool is_edge = equals_nocase(name_of(line), "BEGIN") || equals_nocase(name_of(line), "END");
    nesting.begins(line);
    nesting.ends(line);
    const auto is_named = [&](std::string_view name) { return equals_nocase(name_of(line), name); };
    if (is_edge || !nesting.is_direct() || std::ranges::any_of(of_servers, is_named)) return;
    std::string value(value_of(line));
    std::erase(value, '\\');
    // Lists are split, and put in another order.
    for (std::string_view rest = value;; rest.remove_prefix(1)) {
      const std::size_t end = std::min(rest.find_first_of(",;"), rest.size());
      if (end != 0) all.push_back(lower_case(name_of(line)) + ':' + std::string(trimmed(rest.substr(0, end))));
      rest.remove_prefix(end);
      if (rest.empty()) break;
    }
  });
  std::ranges::sort(all);
  return all;
}

/// Folded at 75 octets between characters (RFC 5545 3.1).
std::string folded(std::string_view line) {
  constexpr std::size_t longest = 75;
  std::string out;
  std::size_t room = longest;
  for (std::size_t at = 0; at < line.size();) {
    std::size_t length = 1;
    while (at + length < line.size() && (static_cast<unsigned char>(line[at + length]) & 0xc0u) == 0x80) ++length;
    if (length > room) {
      out += "\r\n ";
      room = longest - 1;
    }
    out += line.substr(at, length);
    room -= std::min(length, room);
    at += length;
  }
  return out + "\r\n";
}

}  // namespace

ObjectText scan(std::string_view text) {
  ObjectText object;
  Nesting nesting;
  bool has_uid = false;
  each_line(text, [&](std::string_view line, std::string_view) {
    if (const unsigned begun = nesting.begins(line)) {
      object.components |= begun;
      object.cards += begun == component::card ? 1 : 0;
      has_uid = false;
    } else if (nesting.ends(line) != 0) {
      object.without_uid += has_uid ? 0 : 1;
    } else if (nesting.is_direct() && equals_nocase(name_of(line), "UID") && !value_of(line).empty()) {
      has_uid = true;
      std::string uid(value_of(line));
      if (std::ranges::find(object.uids, uid) == object.uids.end()) object.uids.push_back(std::move(uid));
    }
  });
  return object;
}

Result<> check_single(const ObjectText& object, std::string_view name) {
  const unsigned kinds = object.components;
  if (kinds == 0) return fail(Errc::invalid_content, name, "holds no event, task, journal entry or card");
  if (object.uids.empty() && object.without_uid == 0) return fail(Errc::invalid_content, name, "has no end");
  if ((kinds & (kinds - 1)) != 0)
    return fail(Errc::invalid_content, name, "holds objects of several kinds", "save each in a file of its own");
  if (object.uids.size() + (object.without_uid != 0 ? 1 : 0) > 1 || object.cards > 1 || object.without_uid > 1)
    return fail(Errc::invalid_content, name, "holds several objects", "save each in a file of its own");
  return {};
}

bool is_made_of(std::string_view stored, std::string_view sent) {
  const std::vector<std::string> there = statements(stored), wanted = statements(sent);
  return std::ranges::includes(there, wanted);
}

std::string with_uid(std::string_view text, std::string_view uid) {
  std::string out, part;
  Nesting nesting;
  std::size_t insert_at = std::string::npos;
  bool has_uid = false;
  each_line(text, [&](std::string_view line, std::string_view raw) {
    if (nesting.begins(line) != 0) {
      out += raw;
      insert_at = out.size();
      has_uid = false;
      return;
    }
    const bool is_in = nesting.is_direct();
    if (nesting.ends(line) != 0) {
      if (!has_uid && insert_at != std::string::npos) out.insert(insert_at, "UID:" + std::string(uid) + "\r\n");
      insert_at = std::string::npos;
    } else if (is_in && equals_nocase(name_of(line), "UID") && !value_of(line).empty()) {
      has_uid = true;
    }
    out += raw;
    // VERSION must come first in a card.
    if (is_in && equals_nocase(name_of(line), "VERSION")) insert_at = out.size();
  });
  return out;
}

bool has_astral(std::string_view text) noexcept {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0xf0; });
}

std::string with_astral_shifted(std::string_view text, unsigned attempt) {
  std::string out;
  each_line(text, [&](std::string_view line, std::string_view raw) {
    if (!has_astral(line) || (attempt == 0 && !is_torn(line))) {
      out += raw;
      return;
    }
    // A fold after every 74 units can be missed by one of so many pads, unless the line has nothing but such
    // characters.
    std::string moved;
    for (std::size_t pad = 1 + attempt; pad < 1 + attempt + 74; ++pad)
      if (moved = padded(line, pad); !is_torn(moved)) break;
    out += folded(moved);
  });
  return out;
}

std::string with_crlf(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 32);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) out += '\r';
    out += text[i];
  }
  return out;
}

std::string with_lf(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] != '\r' || i + 1 == text.size() || text[i + 1] != '\n') out += text[i];
  return out;
}

}  // namespace mapistore::dav
