#include <mapistore/summarize.h>

#include "core/codec/ascii.h"
#include "core/codec/charset.h"
#include "core/codec/lines.h"
#include "core/codec/summaries.h"
#include "core/codec/utf8.h"

namespace mapistore {
namespace {

using namespace codec;

std::string_view extension_of(std::string_view file_name) noexcept {
  const std::size_t dot = file_name.rfind('.');
  return dot == std::string_view::npos ? std::string_view{} : file_name.substr(dot);
}

Summary note_summary(std::string_view name, std::string_view head) {
  Summary summary;
  summary.kind = MessageKind::note;
  const bool known = kind_of_name(name) == MessageKind::note;
  summary.subject = one_line(undeclared_text(known ? name.substr(0, name.rfind('.')) : name));
  if (head.starts_with(utf8_mark)) head.remove_prefix(utf8_mark.size());
  Lines lines(head);
  while (summary.subject.empty()) {
    const auto line = lines.next();
    if (!line) break;
    summary.subject = one_line(undeclared_text(*line));
  }
  return summary;
}

Summary document_summary(std::string_view name) {
  Summary summary;
  summary.kind = MessageKind::document;
  summary.subject = undeclared_text(name);
  return summary;
}

}  // namespace

MessageKind kind_of_name(std::string_view file_name) noexcept {
  const std::string_view extension = extension_of(file_name);
  if (equal_ignoring_case(extension, ".eml")) return MessageKind::mail;
  if (equal_ignoring_case(extension, ".ics")) return MessageKind::appointment;
  if (equal_ignoring_case(extension, ".vcf")) return MessageKind::contact;
  if (equal_ignoring_case(extension, ".txt") || equal_ignoring_case(extension, ".md")) return MessageKind::note;
  return MessageKind::document;
}

std::string_view extension(MessageKind kind) noexcept {
  switch (kind) {
    case MessageKind::mail: return ".eml";
    case MessageKind::appointment: case MessageKind::task: case MessageKind::journal: return ".ics";
    case MessageKind::contact: return ".vcf";
    case MessageKind::note: return ".txt";
    case MessageKind::document: break;
  }
  return {};
}

Summary summarize(MessageKind expected, std::string_view name, std::string_view head) {
  head = head.substr(0, summary_window);
  switch (expected) {
    case MessageKind::mail: return mail_summary(head);
    case MessageKind::appointment: case MessageKind::task: case MessageKind::journal:
      return calendar_summary(expected, head);
    case MessageKind::contact: return contact_summary(head);
    case MessageKind::note: return note_summary(name, head);
    case MessageKind::document: break;
  }
  return document_summary(name);
}

}  // namespace mapistore
