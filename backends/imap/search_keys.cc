#include "backends/imap/search_keys.h"

#include <mapistore/message_object.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "backends/imap/scanner.h"

namespace mapistore::imap {
namespace {

using Kind = Restriction::Kind;
using Type = PropertyType;

constexpr PropertyTag tag_subject{0x0037, Type::unicode}, tag_body{0x1000, Type::unicode},
    tag_html{0x1013, Type::binary}, tag_display_name{0x3001, Type::unicode}, tag_flags{0x0e07, Type::long_integer},
    tag_flag_status{0x1090, Type::long_integer}, tag_size{0x0e08, Type::long_integer},
    tag_received{0x0e06, Type::system_time}, tag_recipient_type{0x0c15, Type::long_integer};
constexpr std::array from_tags{PropertyTag{0x0042, Type::unicode}, PropertyTag{0x0065, Type::unicode},
                               PropertyTag{0x5d02, Type::unicode}};
constexpr std::array sender_tags{PropertyTag{0x0c1a, Type::unicode}, PropertyTag{0x0c1f, Type::unicode},
                                 PropertyTag{0x5d01, Type::unicode}};

SearchKeys everything(bool exact) { return {.pieces = {}, .exact = exact}; }

SearchKeys key(std::string name) { return {.pieces = {{std::move(name)}}}; }

SearchKeys key(std::string name, const std::string& text) {
  return {.pieces = {{std::move(name) + ' '}, {text, true}}};
}

void append(SearchKeys& keys, const SearchKeys& more) {
  keys.pieces.insert(keys.pieces.end(), more.pieces.begin(), more.pieces.end());
  keys.exact = keys.exact && more.exact;
}

SearchKeys either(const std::vector<SearchKeys>& keys) {
  std::vector<SearchKeys> distinct;
  for (const SearchKeys& one : keys)
    if (std::ranges::find(distinct, one.pieces, &SearchKeys::pieces) == distinct.end()) distinct.push_back(one);
  if (distinct.empty()) return key("NOT ALL");
  SearchKeys joined = distinct.front();
  for (std::size_t i = 1; i < distinct.size(); ++i) {
    SearchKeys pair{.pieces = {{"OR "}}, .exact = joined.exact};
    append(pair, joined);
    pair.pieces.push_back({" "});
    append(pair, distinct[i]);
    joined = std::move(pair);
  }
  return joined;
}

template <class Tags>
bool is_any(const PropertyId& id, const Tags& tags) {
  return std::ranges::any_of(tags, [&](const PropertyTag tag) { return same_identity(id, tag); });
}

SearchKeys content(const Restriction& wanted) {
  const PropertyId& id = wanted.property;
  if (same_identity(id, tag_subject)) return key("SUBJECT", wanted.text);
  if (same_identity(id, tag_body) || same_identity(id, tag_html)) return key("BODY", wanted.text);
  if (is_any(id, from_tags)) return key("FROM", wanted.text);
  if (is_any(id, sender_tags)) return either({key("FROM", wanted.text), key("HEADER Sender", wanted.text)});
  if (same_identity(id, tag_display_name)) return key("NOT ALL");  // no mail has one
  return everything(false);
}

/// The day of `time`, as many days later.
std::string date_of(SystemTime time, int days_later) {
  const auto days =
      static_cast<int>(time.ticks / SystemTime::per_day) - static_cast<int>(SystemTime::at_1970 / SystemTime::per_day);
  return date_text(std::chrono::sys_days{std::chrono::days{days + days_later}});
}

SearchKeys comparison(const Restriction& wanted) {
  const auto* number = std::get_if<std::int64_t>(&wanted.value);
  const auto* flag = std::get_if<std::int32_t>(&wanted.value);
  const auto* time = std::get_if<SystemTime>(&wanted.value);
  if (same_identity(wanted.property, tag_size) && number != nullptr && *number >= 0) {
    if (wanted.relation == Relation::greater) return key("LARGER " + std::to_string(*number));
    if (wanted.relation == Relation::less) return key("SMALLER " + std::to_string(*number));
  }
  if (same_identity(wanted.property, tag_flag_status) && wanted.relation == Relation::equal && flag != nullptr &&
      *flag == 2)
    return key("FLAGGED");
  if (same_identity(wanted.property, tag_received) && time != nullptr) {
    // A server compares days, in the zone of each message.
    SearchKeys day =
        wanted.relation == Relation::less ? key("BEFORE " + date_of(*time, 2)) : key("SINCE " + date_of(*time, -1));
    day.exact = false;
    if (wanted.relation == Relation::less || wanted.relation == Relation::greater_or_equal) return day;
  }
  return everything(false);
}

SearchKeys bits(const Restriction& wanted) {
  constexpr std::int32_t flag_read = 0x1, flag_unsent = 0x8;
  const auto* value = std::get_if<std::int32_t>(&wanted.value);
  if (value != nullptr && same_identity(wanted.property, tag_flags)) {
    if (*value == flag_read) return key("SEEN");
    if (*value == flag_unsent) return key("DRAFT");
  }
  return everything(false);
}

/// What is asked of a recipient: of which type he is, and the text that his name or address holds.
struct RecipientQuestion {
  std::optional<std::int32_t> type{};
  std::optional<std::string> text{};
  bool understood = true;

  void read(const Restriction& part) {
    const auto* number = std::get_if<std::int32_t>(&part.value);
    if (part.kind == Kind::conjunction || part.kind == Kind::disjunction) {
      for (const Restriction& one : part.parts) read(one);
    } else if (part.kind == Kind::content && (!text || *text == part.text)) {
      text = part.text;
    } else if (part.kind == Kind::comparison && same_identity(part.property, tag_recipient_type) && number != nullptr &&
               part.relation == Relation::equal) {
      type = *number;
    } else {
      understood = false;
    }
  }
};

SearchKeys recipient(const Restriction& wanted) {
  RecipientQuestion question;
  question.read(wanted.parts.front());
  if (!question.understood || !question.text) return everything(false);
  constexpr std::array<const char*, 3> names{"TO", "CC", "BCC"};
  std::vector<SearchKeys> keys;
  for (std::int32_t type = 1; type <= 3; ++type)
    if (question.type.value_or(type) == type)
      keys.push_back(key(names.at(static_cast<std::size_t>(type - 1)), *question.text));
  return either(keys);
}

SearchKeys all(const std::vector<Restriction>& parts) {
  SearchKeys joined;
  std::size_t count = 0;
  for (const Restriction& part : parts) {
    const SearchKeys one = search_keys(part);
    if (!one.finds_all() && count++ > 0) joined.pieces.push_back({" "});
    append(joined, one);
  }
  if (count < 2) return joined;
  joined.pieces.insert(joined.pieces.begin(), {"("});
  joined.pieces.push_back({")"});
  return joined;
}

SearchKeys any(const std::vector<Restriction>& parts) {
  std::vector<SearchKeys> keys;
  for (const Restriction& part : parts) {
    keys.push_back(search_keys(part));
    if (keys.back().finds_all()) return keys.back();
  }
  return either(keys);
}

SearchKeys none(const Restriction& part) {
  SearchKeys keys = search_keys(part);
  if (!keys.exact) return everything(false);
  if (keys.finds_all()) return key("NOT ALL");
  keys.pieces.insert(keys.pieces.begin(), {"NOT "});
  return keys;
}

}  // namespace

bool SearchKeys::needs_charset() const noexcept {
  return std::ranges::any_of(pieces, [](const Piece& piece) {
    return std::ranges::any_of(piece.text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  });
}

void SearchKeys::add_to(CommandText& command) const {
  for (const Piece& piece : pieces) {
    if (piece.is_string)
      command.add_string(piece.text);
    else
      command.add(piece.text);
  }
}

SearchKeys search_keys(const Restriction& restriction) {
  switch (restriction.kind) {
    case Kind::conjunction: return all(restriction.parts);
    case Kind::disjunction: return any(restriction.parts);
    case Kind::negation: return none(restriction.parts.front());
    case Kind::content: return content(restriction);
    case Kind::any_text: return key("TEXT", restriction.text);
    case Kind::comparison: return comparison(restriction);
    case Kind::bits: return bits(restriction);
    case Kind::recipient: return recipient(restriction);
    case Kind::existence: break;
  }
  return everything(false);
}

}  // namespace mapistore::imap
