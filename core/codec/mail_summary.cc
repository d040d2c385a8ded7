#include "core/codec/address.h"
#include "core/codec/date.h"
#include "core/codec/encoded_words.h"
#include "core/codec/header_scan.h"
#include "core/codec/summaries.h"

namespace mapistore::codec {

Summary mail_summary(std::string_view head) {
  const HeaderFields fields = scan_header(head);
  Summary summary;
  summary.kind = MessageKind::mail;
  summary.message_id = normalized_message_id(fields.message_id);
  summary.date = parse_mail_date(fields.date);
  summary.from = first_address(fields.from);
  for (const std::string_view recipients : {fields.to, fields.cc, fields.bcc}) {
    if (summary.to.empty()) summary.to = first_address(recipients);
  }
  summary.subject = decode_words(fields.subject);
  return summary;
}

}  // namespace mapistore::codec
