#include "backends/imap/response_code.h"

#include <algorithm>

#include "backends/imap/scanner.h"

namespace mapistore::imap {

namespace {

std::size_t end_of_code(std::string_view text) {
  int depth = 0;
  bool quoted = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char letter = text[at];
    if (letter == '"') quoted = !quoted;
    if (quoted) continue;
    if (letter == '(') ++depth;
    if (letter == ')') --depth;
    if (letter == ']' && depth <= 0) return at;
  }
  return text.find(']');  // its quotes or parentheses do not match
}

}  // namespace

ResponseCode take_response_code(std::string_view& text) {
  ResponseCode code;
  if (!text.starts_with('[')) return code;
  const std::size_t end = end_of_code(text);
  if (end == std::string_view::npos) return code;
  const std::string_view inner = text.substr(1, end - 1);
  const std::size_t space = inner.find(' ');
  code.name = upper_case(inner.substr(0, space));
  if (space != std::string_view::npos) code.arguments = inner.substr(space + 1);
  text.remove_prefix(end + 1);
  if (text.starts_with(' ')) text.remove_prefix(1);
  return code;
}

std::optional<ConditionReply> parse_condition(std::string_view text) {
  const std::size_t space = text.find(' ');
  const std::string word = upper_case(text.substr(0, space));
  ConditionReply reply;
  if (word == "OK") {
    reply.condition = Condition::ok;
  } else if (word == "NO") {
    reply.condition = Condition::no;
  } else if (word == "BAD") {
    reply.condition = Condition::bad;
  } else if (word == "BYE") {
    reply.condition = Condition::bye;
  } else if (word == "PREAUTH") {
    reply.condition = Condition::preauth;
  } else {
    return std::nullopt;
  }
  text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
  reply.code = take_response_code(text);
  reply.text = text;
  return reply;
}

bool is_object_id(std::string_view text) noexcept {
  const auto is_allowed = [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') ||
           letter == '-' || letter == '_';
  };
  return !text.empty() && text.size() <= 255 && std::ranges::all_of(text, is_allowed);
}

std::optional<std::uint64_t> ResponseCode::number() const {
  return parse_number(std::string_view(arguments).substr(0, arguments.find(' ')));
}

std::vector<std::string> ResponseCode::words() const {
  std::string_view text = arguments;
  if (text.starts_with('(')) text.remove_prefix(1);
  if (text.ends_with(')')) text.remove_suffix(1);
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (end > 0) words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

std::string ResponseCode::object_id() const {
  std::string_view text = arguments;
  if (text.starts_with('(') && text.ends_with(')')) text = text.substr(1, text.size() - 2);
  return is_object_id(text) ? std::string(text) : std::string();
}

UidSet ResponseCode::uids() const { return UidSet::parse(arguments).value_or(UidSet{}); }

std::optional<ResponseCode::Appended> ResponseCode::appended() const {
  Scanner scanner{arguments};
  const auto validity = scanner.number();
  scanner.skip_spaces();
  auto uids = UidSet::parse_in_order(scanner.word());
  if (!is("APPENDUID") || !validity || *validity > UidSet::last_uid || !uids) return std::nullopt;
  return Appended{static_cast<std::uint32_t>(*validity), *std::move(uids)};
}

std::optional<ResponseCode::Copied> ResponseCode::copied() const {
  Scanner scanner{arguments};
  const auto validity = scanner.number();
  scanner.skip_spaces();
  auto from = UidSet::parse_in_order(scanner.word());
  scanner.skip_spaces();
  auto to = UidSet::parse_in_order(scanner.word());
  if (!is("COPYUID") || !validity || *validity > UidSet::last_uid || !from || !to || from->size() != to->size())
    return std::nullopt;
  return Copied{static_cast<std::uint32_t>(*validity), *std::move(from), *std::move(to)};
}

}  // namespace mapistore::imap
