#include "backends/imap/reply.h"

#include <algorithm>

#include "backends/imap/fetch_reply.h"
#include "backends/imap/response_code.h"
#include "backends/imap/scanner.h"

namespace mapistore::imap {

namespace {

std::string take_text(Scanner& scanner) {
  scanner.skip_spaces();
  auto text = scanner.astring();
  return text && !text->is_nil ? std::move(text->bytes) : std::string();
}

std::vector<std::string> take_words_to_end(Scanner& scanner) {
  std::vector<std::string> words;
  while (true) {
    scanner.skip_spaces();
    const std::string_view word = scanner.word();
    if (word.empty()) return words;
    words.emplace_back(word);
  }
}

/// A quoted character, or nothing for NIL and all else.
std::optional<char> take_separator(Scanner& scanner) {
  scanner.skip_spaces();
  const auto text = scanner.string();
  return text && text->bytes.size() == 1 ? std::optional{text->bytes.front()} : std::nullopt;
}

std::optional<Reply> read_list(Scanner& scanner) {
  ListReply reply;
  auto attributes = scanner.words();
  if (!attributes) return std::nullopt;
  reply.attributes = *std::move(attributes);
  reply.separator = take_separator(scanner);
  scanner.skip_spaces();
  auto name = scanner.astring();
  if (!name || name->left_out) return std::nullopt;
  reply.name = name->is_nil ? "NIL" : std::move(name->bytes);  // a mailbox may have that name
  scanner.skip_spaces();
  if (!scanner.take('(')) return reply;
  while (true) {
    scanner.skip_spaces();
    if (scanner.at_end() || scanner.peek() == ')') return reply;
    const std::string item = upper_case(take_text(scanner));
    scanner.skip_spaces();
    if (item == "CHILDINFO") {
      reply.child_info = scanner.strings().value_or(std::vector<std::string>{});
    } else if (item == "OLDNAME") {
      auto old = scanner.strings();
      if (old && old->size() == 1) reply.old_name = std::move(old->front());
    } else {
      scanner.skip_value();
    }
  }
}

/// The id in parentheses or without. Bytes that are no id may hold anything, even parentheses: all up to one that is
/// followed by a space, a parenthesis or the end is taken.
std::string take_object_id(Scanner& scanner) {
  if (!scanner.take('(')) {
    std::string id{scanner.word()};
    return is_object_id(id) ? id : std::string();
  }
  const std::string_view rest = scanner.rest();
  std::size_t end = rest.find(')');
  while (end != std::string_view::npos && end + 1 < rest.size() && rest[end + 1] != ' ' && rest[end + 1] != ')')
    end = rest.find(')', end + 1);
  std::string id{rest.substr(0, end)};
  const std::size_t after = rest.size() - std::min(rest.size(), end == std::string_view::npos ? end : end + 1);
  while (scanner.rest().size() > after) scanner.take(scanner.peek());
  return is_object_id(id) ? id : std::string();
}

std::optional<std::uint64_t>* counter_of(StatusReply& reply, std::string_view item) {
  if (item == "MESSAGES") return &reply.messages;
  if (item == "UIDNEXT") return &reply.uid_next;
  if (item == "UIDVALIDITY") return &reply.uid_validity;
  if (item == "UNSEEN") return &reply.unseen;
  if (item == "DELETED") return &reply.deleted;
  if (item == "HIGHESTMODSEQ") return &reply.highest_modseq;
  if (item == "SIZE") return &reply.size;
  if (item == "APPENDLIMIT") return &reply.append_limit;
  return nullptr;
}

std::optional<Reply> read_status(Scanner& scanner) {
  StatusReply reply;
  auto name = scanner.astring();
  if (!name || name->left_out) return std::nullopt;
  reply.name = name->is_nil ? "NIL" : std::move(name->bytes);
  scanner.skip_spaces();
  if (!scanner.take('(')) return std::nullopt;
  while (true) {
    scanner.skip_spaces();
    if (scanner.at_end() || scanner.peek() == ')') return reply;
    const std::string item = scanner.upper_word();
    scanner.skip_spaces();
    if (item == "MAILBOXID" || item == "X-GUID") {
      reply.mailbox_id = take_object_id(scanner);
      continue;
    }
    auto* counter = counter_of(reply, item);
    const auto value = scanner.number();
    if (counter != nullptr) *counter = value;
    if (!value) scanner.skip_value();
  }
}

std::optional<Reply> read_search(Scanner& scanner) {
  SearchReply reply;
  std::vector<Uid> found;
  while (true) {
    scanner.skip_spaces();
    const auto number = scanner.number();
    if (!number) break;
    if (*number > 0 && *number <= UidSet::last_uid) found.push_back(static_cast<Uid>(*number));
  }
  reply.found = UidSet::of(found);
  if (scanner.take('(') && scanner.upper_word() == "MODSEQ") {
    scanner.skip_spaces();
    reply.modseq = scanner.number();
  }
  return reply;
}

void read_search_tag(Scanner& scanner, SearchReply& reply) {
  if (!scanner.take('(')) return;
  while (!scanner.at_end() && !scanner.take(')')) {
    const std::string name = upper_case(take_text(scanner));
    std::string value = take_text(scanner);
    if (name == "TAG") reply.tag = std::move(value);
    scanner.skip_spaces();
    if (name.empty() && !scanner.take(')')) return;
  }
}

std::optional<Reply> read_esearch(Scanner& scanner) {
  SearchReply reply;
  read_search_tag(scanner, reply);
  while (true) {
    scanner.skip_spaces();
    if (scanner.at_end()) return reply;
    const std::string item = scanner.upper_word();
    if (item == "UID") {
      reply.by_uid = true;
      continue;
    }
    scanner.skip_spaces();
    if (item == "ALL") {
      if (auto found = UidSet::parse(scanner.word())) reply.found = *std::move(found);
    } else if (item == "MIN") {
      reply.least = scanner.number();
    } else if (item == "MAX") {
      reply.greatest = scanner.number();
    } else if (item == "COUNT") {
      reply.count = scanner.number();
    } else if (item == "MODSEQ") {
      reply.modseq = scanner.number();
    } else {
      scanner.skip_value();
    }
  }
}

std::optional<Reply> read_vanished(Scanner& scanner) {
  VanishedReply reply;
  if (scanner.peek() == '(') {
    const auto words = scanner.words();
    reply.earlier = words && words->size() == 1 && equal_ignoring_case(words->front(), "EARLIER");
    scanner.skip_spaces();
  }
  auto uids = UidSet::parse(scanner.word());
  if (!uids) return std::nullopt;
  reply.uids = *std::move(uids);
  return reply;
}

bool read_prefixes(Scanner& scanner, std::vector<NamespaceReply::Prefix>& prefixes) {
  scanner.skip_spaces();
  if (!scanner.take('(')) {
    const auto nil = scanner.string();
    return nil && nil->is_nil;
  }
  while (scanner.take('(')) {
    NamespaceReply::Prefix prefix;
    prefix.name = take_text(scanner);
    prefix.separator = take_separator(scanner);
    prefixes.push_back(std::move(prefix));
    scanner.skip_spaces();
    while (!scanner.at_end() && !scanner.take(')')) scanner.skip_value(), scanner.skip_spaces();
    scanner.skip_spaces();
  }
  return scanner.take(')');
}

std::optional<Reply> read_namespace(Scanner& scanner) {
  NamespaceReply reply;
  if (!read_prefixes(scanner, reply.personal) || !read_prefixes(scanner, reply.others) ||
      !read_prefixes(scanner, reply.shared))
    return std::nullopt;
  return reply;
}

std::optional<Reply> read_quota(Scanner& scanner) {
  QuotaReply reply;
  reply.root = take_text(scanner);
  scanner.skip_spaces();
  if (!scanner.take('(')) return std::nullopt;
  while (true) {
    scanner.skip_spaces();
    QuotaReply::Resource resource{.name = scanner.upper_word()};
    if (resource.name.empty()) return reply;
    scanner.skip_spaces();
    const auto usage = scanner.number();
    scanner.skip_spaces();
    const auto limit = scanner.number();
    if (!usage || !limit) return reply;
    resource.usage = *usage;
    resource.limit = *limit;
    reply.resources.push_back(std::move(resource));
  }
}

std::optional<Reply> read_quota_root(Scanner& scanner) {
  QuotaRootReply reply;
  reply.mailbox = take_text(scanner);
  while (true) {
    scanner.skip_spaces();
    auto root = scanner.astring();
    if (!root) return reply;
    reply.roots.push_back(std::move(root->bytes));
  }
}

std::optional<Reply> read_id(Scanner& scanner) {
  IdReply reply;
  if (!scanner.take('(')) return reply;
  while (true) {
    scanner.skip_spaces();
    auto name = scanner.astring();
    scanner.skip_spaces();
    auto value = scanner.astring();
    if (!name || !value) return reply;
    std::ranges::transform(name->bytes, name->bytes.begin(), [](char letter) {
      return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
    });
    reply.fields.emplace_back(std::move(name->bytes), std::move(value->bytes));
  }
}

std::optional<Reply> read_metadata(Scanner& scanner) {
  MetadataReply reply;
  reply.mailbox = take_text(scanner);
  scanner.skip_spaces();
  const bool has_values = scanner.take('(');
  while (true) {
    scanner.skip_spaces();
    auto name = scanner.astring();
    if (!name) return reply;
    std::optional<std::string> value;
    if (has_values) {
      scanner.skip_spaces();
      auto text = scanner.astring();
      if (!text) return reply;
      if (!text->is_nil && !text->left_out) value = std::move(text->bytes);
    }
    reply.entries.emplace_back(std::move(name->bytes), std::move(value));
  }
}

std::optional<Reply> read_rights(Scanner& scanner) {
  RightsReply reply;
  reply.mailbox = take_text(scanner);
  reply.rights = take_text(scanner);
  return reply;
}

std::optional<Reply> read_flags(Scanner& scanner) {
  auto flags = scanner.words();
  if (!flags) return std::nullopt;
  return FlagsReply{*std::move(flags)};
}

struct Reader {
  std::string_view keyword;
  std::optional<Reply> (*read)(Scanner&);
};

constexpr Reader readers[] = {
    {"LIST", read_list},
    {"STATUS", read_status},
    {"SEARCH", read_search},
    {"ESEARCH", read_esearch},
    {"VANISHED", read_vanished},
    {"FLAGS", read_flags},
    {"CAPABILITY",
     [](Scanner& scanner) -> std::optional<Reply> { return CapabilityReply{take_words_to_end(scanner)}; }},
    {"ENABLED", [](Scanner& scanner) -> std::optional<Reply> { return EnabledReply{take_words_to_end(scanner)}; }},
    {"NAMESPACE", read_namespace},
    {"QUOTA", read_quota},
    {"QUOTAROOT", read_quota_root},
    {"ID", read_id},
    {"METADATA", read_metadata},
    {"MYRIGHTS", read_rights},
};

/// A reply that begins with a number, which was read.
Reply read_numbered(Scanner& scanner, std::uint32_t number) {
  scanner.skip_spaces();
  std::string keyword = scanner.upper_word();
  if (keyword == "FETCH") {
    FetchReply message;
    message.sequence = number;
    read_fetch_items(scanner, message);
    return message;
  }
  if (keyword == "EXISTS") return ExistsReply{number};
  if (keyword == "EXPUNGE") return ExpungeReply{number};
  return UnknownReply{std::move(keyword)};
}

Reply read_untagged(std::string_view text, std::span<const std::size_t> left_out) {
  Scanner scanner{text, left_out};
  scanner.take('*');
  scanner.skip_spaces();
  if (const auto number = scanner.number(); number && *number <= 0xffffffff)
    return read_numbered(scanner, static_cast<std::uint32_t>(*number));
  if (auto condition = parse_condition(scanner.rest())) return *std::move(condition);
  std::string keyword = scanner.upper_word();
  scanner.skip_spaces();
  const auto* const reader = std::ranges::find(readers, keyword, &Reader::keyword);
  if (reader != std::end(readers))
    if (auto reply = reader->read(scanner)) return *std::move(reply);
  return UnknownReply{std::move(keyword)};
}

}  // namespace

bool ListReply::has(std::string_view attribute) const noexcept {
  return std::ranges::any_of(attributes, [&](const std::string& word) { return equal_ignoring_case(word, attribute); });
}

Reply parse_reply(std::string_view text, std::span<const std::size_t> left_out, std::optional<PendingBody> before) {
  if (before) {
    Scanner scanner{text, left_out, before->at};
    read_more_fetch_items(scanner, before->message, std::move(before->item));
    return std::move(before->message);
  }
  if (text.starts_with("* ")) return read_untagged(text, left_out);
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with(' ')) text.remove_prefix(1);
    return ContinuationReply{std::string(text)};
  }
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos) return UnknownReply{};
  auto condition = parse_condition(text.substr(space + 1));
  if (!condition) return UnknownReply{};
  condition->tag = text.substr(0, space);
  return *std::move(condition);
}

std::optional<PendingBody> parse_pending_body(std::string_view text, std::span<const std::size_t> left_out,
                                              std::optional<PendingBody> before) {
  Scanner scanner{text, left_out, before ? before->at : 0};
  PendingBody pending;
  std::optional<BodyItem> item;
  if (before) {
    pending.message = std::move(before->message);
    item = read_more_fetch_items(scanner, pending.message, std::move(before->item));
  } else {
    if (!scanner.take('*')) return std::nullopt;
    scanner.skip_spaces();
    const auto number = scanner.number();
    scanner.skip_spaces();
    if (!number || *number > 0xffffffff || scanner.upper_word() != "FETCH") return std::nullopt;
    pending.message.sequence = static_cast<std::uint32_t>(*number);
    item = read_fetch_items(scanner, pending.message);
  }
  if (!item) return std::nullopt;
  pending.item = *std::move(item);
  pending.at = text.size() - scanner.rest().size();
  return pending;
}

}  // namespace mapistore::imap
