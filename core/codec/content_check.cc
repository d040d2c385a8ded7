#include <mapistore/summarize.h>

#include "core/codec/ascii.h"
#include "core/codec/lines.h"
#include "core/codec/utf8.h"

namespace mapistore {
namespace {

using namespace codec;

bool begins_component(std::string_view head) noexcept {
  if (head.starts_with(utf8_mark)) head.remove_prefix(utf8_mark.size());
  Lines lines(head);
  while (const auto line = lines.next()) {
    if (starts_ignoring_case(trim(*line), "BEGIN:")) return true;
  }
  return false;
}

bool holds_nul(std::string_view head) noexcept { return head.find('\0') != std::string_view::npos; }

/// A character may have been cut where the window ends.
bool is_text(std::string_view head) noexcept {
  constexpr std::size_t longest_character = 4;
  const bool cut = head.size() == summary_window;
  return !holds_nul(head) && valid_utf8_prefix(head) + (cut ? longest_character - 1 : 0) >= head.size();
}

}  // namespace

Result<MessageKind> check_content(MessageKind expected, std::string_view name, std::string_view head) {
  head = head.substr(0, summary_window);
  switch (expected) {
    case MessageKind::mail: case MessageKind::document: return expected;
    case MessageKind::note: return holds_nul(head) ? MessageKind::document : expected;
    case MessageKind::appointment: case MessageKind::task: case MessageKind::journal: case MessageKind::contact: break;
  }
  if (begins_component(head)) return expected;
  if (!is_text(head)) return MessageKind::document;
  if (expected == MessageKind::contact) {
    return fail(Errc::invalid_content, name, "no contact in it",
                "a .vcf file holds lines from BEGIN:VCARD to END:VCARD");
  }
  return fail(Errc::invalid_content, name, "no event, task or journal entry in it",
              "an .ics file begins with BEGIN:VCALENDAR");
}

}  // namespace mapistore
