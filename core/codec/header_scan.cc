#include "core/codec/header_scan.h"

#include "core/codec/ascii.h"
#include "core/codec/lines.h"
#include "core/codec/utf8.h"

namespace mapistore::codec {
namespace {

std::string_view* field_named(HeaderFields& fields, std::string_view name) noexcept {
  const auto if_named = [&](std::string_view expected, std::string_view& field) {
    return equal_ignoring_case(name, expected) ? &field : nullptr;
  };
  switch (name.size()) {
    case 2: return lower(name[0]) == 't' ? if_named("to", fields.to) : if_named("cc", fields.cc);
    case 3: return if_named("bcc", fields.bcc);
    case 4: return lower(name[0]) == 'd' ? if_named("date", fields.date) : if_named("from", fields.from);
    case 7: return if_named("subject", fields.subject);
    case 10: return if_named("message-id", fields.message_id);
    default: return nullptr;
  }
}

}  // namespace

HeaderFields scan_header(std::string_view head) noexcept {
  if (head.starts_with(utf8_mark)) head.remove_prefix(utf8_mark.size());
  HeaderFields fields;
  std::string_view* open = nullptr;  // the field that a continuation line belongs to
  bool begun = false;
  Lines lines(head);
  while (const auto line = lines.next()) {
    if (line->empty()) {
      if (begun) break;
      continue;
    }
    begun = true;
    if (line->front() == ' ' || line->front() == '\t') {
      if (open) *open = {open->data(), static_cast<std::size_t>(line->data() + line->size() - open->data())};
      continue;
    }
    open = nullptr;
    const std::size_t colon = line->find(':');
    if (colon == std::string_view::npos) continue;
    std::string_view* field = field_named(fields, trim(line->substr(0, colon)));
    if (!field || !trim(*field).empty()) continue;
    *field = line->substr(colon + 1);
    open = field;
  }
  return fields;
}

}  // namespace mapistore::codec
