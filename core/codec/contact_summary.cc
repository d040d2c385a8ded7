#include <string>

#include "core/codec/content_lines.h"
#include "core/codec/summaries.h"

namespace mapistore::codec {

Summary contact_summary(std::string_view head) {
  Summary summary;
  summary.kind = MessageKind::contact;
  ContentLines lines(head);
  CharsetDecoder charsets;
  std::string family, given, organisation, formatted;
  bool inside = false;
  while (const auto line = lines.next()) {
    if (line->is("BEGIN", "VCARD")) {
      inside = true;
    } else if (!inside) {
      continue;
    } else if (line->is("END", "VCARD")) {
      break;
    } else if (line->is("N") && family.empty() && given.empty()) {
      family = component_of(*line, 0, charsets);
      given = component_of(*line, 1, charsets);
    } else if (line->is("ORG") && organisation.empty()) {
      organisation = component_of(*line, 0, charsets);
    } else if (line->is("FN") && formatted.empty()) {
      formatted = text_of(*line, charsets);
    } else if (line->is("UID") && summary.message_id.empty()) {
      summary.message_id = text_of(*line, charsets);
    }
  }
  if (family.empty() && given.empty() && !formatted.empty()) {
    summary.subject = formatted;
    return summary;
  }
  for (const std::string& piece : {family, given, organisation}) {
    if (!piece.empty() && !summary.subject.empty()) summary.subject += ' ';
    summary.subject += piece;
  }
  return summary;
}

}  // namespace mapistore::codec
