#include "backends/imap/fetch_reply.h"

#include "backends/imap/body_structure.h"
#include "backends/imap/response_code.h"

namespace mapistore::imap {

namespace {

/// The value in `(value)`, which MODSEQ, EMAILID and THREADID have.
std::string take_in_parentheses(Scanner& scanner) {
  auto values = scanner.strings();
  return values && values->size() == 1 ? std::move(values->front()) : std::string();
}

std::optional<Time> take_date_time(Scanner& scanner) {
  const auto text = scanner.string();
  return text && !text->is_nil ? parse_date_time(text->bytes) : std::nullopt;
}

std::string take_string(Scanner& scanner) {
  auto text = scanner.astring();
  return text && !text->is_nil ? std::move(text->bytes) : std::string();
}

/// Reads an item without brackets; false if it is none of those known.
bool read_item(Scanner& scanner, std::string_view name, FetchReply& message) {
  if (name == "UID") {
    const auto uid = scanner.number();
    if (uid && *uid <= UidSet::last_uid) message.uid = static_cast<Uid>(*uid);
  } else if (name == "FLAGS") {
    message.flags = scanner.words();
  } else if (name == "RFC822.SIZE") {
    message.size = scanner.number();
  } else if (name == "INTERNALDATE") {
    message.internal_date = take_date_time(scanner);
  } else if (name == "MODSEQ") {
    message.modseq = parse_number(take_in_parentheses(scanner));
  } else if (name == "EMAILID") {
    message.email_id = take_in_parentheses(scanner);
  } else if (name == "THREADID") {
    if (scanner.peek() == '(') message.thread_id = take_in_parentheses(scanner);
  } else if (name == "X-GUID") {
    message.email_id = take_string(scanner);
  } else if (name == "X-GM-MSGID") {
    message.gmail_id = scanner.number();
  } else if (name == "X-GM-LABELS") {
    message.gmail_labels = scanner.strings();
  } else if (name == "SAVEDATE") {
    message.save_date = take_date_time(scanner);
  } else if (name == "BODYSTRUCTURE") {
    message.leaf_octets = read_leaf_octets(scanner);
  } else {
    return false;
  }
  return true;
}

void take_origin(Scanner& scanner, BodyItem& item) {
  if (scanner.peek() != '<') return;
  const std::string_view origin = scanner.word();
  if (origin.size() > 2 && origin.ends_with('>')) item.origin = parse_number(origin.substr(1, origin.size() - 2));
}

void read_body(Scanner& scanner, BodyItem& item) {
  auto text = scanner.string();
  item.is_nil = !text || text->is_nil;
  if (item.is_nil) return;
  item.size = text->size;
  if (!text->left_out) item.bytes = std::move(text->bytes);
}

/// What RFC 3501 calls RFC822, RFC822.HEADER and RFC822.TEXT are bodies by other names.
std::optional<std::string> old_section(std::string_view name) {
  if (name == "RFC822") return "";
  if (name == "RFC822.HEADER") return "HEADER";
  if (name == "RFC822.TEXT") return "TEXT";
  return std::nullopt;
}

void read_binary_size(Scanner& scanner, std::string section, FetchReply& message) {
  scanner.skip_spaces();
  if (const auto size = scanner.number()) message.binary_sizes.emplace_back(std::move(section), *size);
}

/// Reads items up to the end, or up to a body whose literal is yet to come: that one.
std::optional<BodyItem> read_items(Scanner& scanner, FetchReply& message) {
  while (true) {
    scanner.skip_spaces();
    if (scanner.at_end() || scanner.take(')')) return std::nullopt;
    const std::string name = upper_case(scanner.item_name());
    auto section = scanner.peek() == '[' ? scanner.section() : old_section(name);
    if (section && name == "BINARY.SIZE") {
      read_binary_size(scanner, *std::move(section), message);
    } else if (section && (name == "BODY" || name == "BINARY" || old_section(name))) {
      BodyItem item;
      item.binary = name == "BINARY";
      item.section = *std::move(section);
      take_origin(scanner, item);
      scanner.skip_spaces();
      if (const auto size = scanner.pending_literal()) {
        item.size = *size;
        return item;
      }
      read_body(scanner, item);
      message.bodies.push_back(std::move(item));
    } else {
      scanner.skip_spaces();
      if (scanner.pending_literal()) return std::nullopt;
      const std::size_t before = scanner.rest().size();
      // A known item whose value is of another kind is skipped too.
      if (!read_item(scanner, name, message) || scanner.rest().size() == before) scanner.skip_value();
    }
  }
}

}  // namespace

std::optional<BodyItem> read_fetch_items(Scanner& scanner, FetchReply& message) {
  scanner.skip_spaces();
  if (!scanner.take('(')) return std::nullopt;
  return read_items(scanner, message);
}

std::optional<BodyItem> read_more_fetch_items(Scanner& scanner, FetchReply& message, BodyItem begun) {
  read_body(scanner, begun);
  message.bodies.push_back(std::move(begun));
  return read_items(scanner, message);
}

}  // namespace mapistore::imap
