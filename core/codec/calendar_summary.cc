#include <optional>

#include "core/codec/ascii.h"
#include "core/codec/content_lines.h"
#include "core/codec/date.h"
#include "core/codec/summaries.h"

namespace mapistore::codec {
namespace {

std::optional<MessageKind> kind_of_component(std::string_view name) noexcept {
  if (equal_ignoring_case(name, "VEVENT")) return MessageKind::appointment;
  if (equal_ignoring_case(name, "VTODO")) return MessageKind::task;
  if (equal_ignoring_case(name, "VJOURNAL")) return MessageKind::journal;
  return std::nullopt;
}

void read_property(Summary& summary, const ContentLine& line, CharsetDecoder& charsets) {
  if (line.is("UID")) {
    summary.message_id = text_of(line, charsets);
  } else if (line.is("RECURRENCE-ID")) {
    summary.recurrence_id = text_of(line, charsets);
  } else if (line.is("SUMMARY")) {
    summary.subject = text_of(line, charsets);
  } else if (line.is(summary.kind == MessageKind::task ? "DUE" : "DTSTART")) {
    if (const auto date = parse_calendar_date(line.value)) {
      summary.date = date->time;
      summary.date_only = date->date_only;
    }
  }
}

/// Reads up to the end of the component that has just begun, passing over those inside it (alarms).
Summary read_component(MessageKind kind, ContentLines& lines, CharsetDecoder& charsets) {
  Summary summary;
  summary.kind = kind;
  int depth = 1;
  while (const auto line = lines.next()) {
    if (line->is("BEGIN")) ++depth;
    else if (line->is("END") && --depth == 0) break;
    else if (depth == 1) read_property(summary, *line, charsets);
  }
  return summary;
}

}  // namespace

Summary calendar_summary(MessageKind expected, std::string_view head) {
  ContentLines lines(head);
  CharsetDecoder charsets;
  std::optional<Summary> exception;
  while (const auto line = lines.next()) {
    const auto kind = line->is("BEGIN") ? kind_of_component(trim(line->value)) : std::nullopt;
    if (!kind) continue;
    Summary summary = read_component(*kind, lines, charsets);
    const bool series = exception && summary.kind == exception->kind && summary.message_id == exception->message_id;
    if (summary.recurrence_id.empty() && (!exception || series)) return summary;
    if (!exception) exception = std::move(summary);
  }
  Summary none;
  none.kind = expected;
  return std::move(exception).value_or(none);
}

}  // namespace mapistore::codec
