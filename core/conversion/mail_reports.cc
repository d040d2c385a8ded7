#include "core/conversion/mail_reports.h"

#include <algorithm>
#include <vector>

#include "core/codec/address.h"
#include "core/codec/ascii.h"
#include "core/codec/date.h"
#include "core/codec/encoded_words.h"
#include "core/codec/lines.h"
#include "core/conversion/mail_addresses.h"
#include "core/conversion/mail_contents.h"
#include "core/conversion/mail_values.h"
#include "core/properties/known_properties.h"
#include "core/properties/system_time.h"

namespace mapistore::conversion {
namespace {

constexpr std::size_t largest_report = 4 * 1024 * 1024;
constexpr std::size_t most_rows = 10'000;
constexpr std::int32_t transfer_failed = 0, address_unknown = 0, no_diagnosis = -1;

/// The groups of fields in a report: blank lines part them.
std::vector<std::string_view> groups_in(std::string_view text) {
  std::vector<std::string_view> groups;
  codec::Lines lines(text);
  std::size_t begin = 0;
  for (std::size_t start = 0; const auto line = lines.next(); start = lines.position()) {
    if (!codec::trim(*line).empty()) continue;
    if (start > begin) groups.push_back(text.substr(begin, start - begin));
    begin = lines.position();
  }
  if (begin < text.size()) groups.push_back(text.substr(begin));
  return groups;
}

/// The value without the type before its semicolon: "rfc822; ann@example.org".
std::string typed_value(const std::vector<mime::Field>& fields, std::string_view name) {
  const mime::Field* field = mime::find_field(fields, name);
  if (field == nullptr) return {};
  const std::size_t semicolon = field->value.find(';');
  return codec::decode_words(semicolon == std::string_view::npos ? field->value : field->value.substr(semicolon + 1));
}

std::string plain_value(const std::vector<mime::Field>& fields, std::string_view name) {
  const mime::Field* field = mime::find_field(fields, name);
  return field == nullptr ? std::string{} : codec::decode_words(field->value);
}

/// "5.1.1" as 511; what has more digits than that form does not fit into it.
std::int32_t status_number(std::string_view status) {
  std::int32_t number = 0;
  std::size_t digits = 0;
  for (const char c : status) {
    if (codec::is_digit(c) && ++digits <= 5)
      number = number * 10 + (c - '0');
    else if (c != '.')
      break;
  }
  return number;
}

PropertyBag row_of(const std::vector<mime::Field>& fields, std::size_t number) {
  std::string address = typed_value(fields, "Original-Recipient");
  if (address.empty()) address = typed_value(fields, "Final-Recipient");
  PropertyBag row =
      recipient_row(recipient_to, {.display_name = {}, .address = codec::first_address(address), .group = {}}, number);
  const std::string status = plain_value(fields, "Status");
  row.set(tag::non_delivery_report_status_code, status_number(status));
  row.set(tag::non_delivery_report_reason_code, transfer_failed);
  row.set(tag::non_delivery_report_diag_code,
          status.find(".1.1") != std::string::npos ? address_unknown : no_diagnosis);
  if (std::string diagnosis = plain_value(fields, "Diagnostic-Code"); !diagnosis.empty())
    set_text(row, tag::supplementary_info, std::move(diagnosis));
  if (std::string agent = typed_value(fields, "Remote-MTA"); !agent.empty())
    set_text(row, tag::remote_message_transfer_agent, std::move(agent));
  if (const auto time = codec::parse_mail_date(plain_value(fields, "Last-Attempt-Date")))
    row.set(tag::report_time, mapistore::to_system_time(*time));
  return row;
}

bool is_about_delivery(const mime::Part& part) { return part.type.subtype.ends_with("delivery-status"); }

}  // namespace

std::string_view report_class(const mime::Part& part) {
  const std::string text = held_part(part, largest_report).value_or(std::string{});
  if (!is_about_delivery(part)) {
    const std::string disposition = plain_value(mime::read_fields(text), "Disposition");
    return disposition.find("displayed") != std::string::npos ? "REPORT.IPM.Note.IPNRN" : "REPORT.IPM.Note.IPNNRN";
  }
  for (const std::string_view group : groups_in(text)) {
    const std::string action = plain_value(mime::read_fields(group), "Action");
    if (codec::starts_ignoring_case(action, "failed") || codec::starts_ignoring_case(action, "delayed"))
      return "REPORT.IPM.Note.NDR";
  }
  return "REPORT.IPM.Note.DR";
}

void read_report(const mime::Part& part, MessageObject& message) {
  if (!is_about_delivery(part)) return;
  const std::string text = held_part(part, largest_report).value_or(std::string{});
  for (const std::string_view group : groups_in(text)) {
    const std::vector<mime::Field> fields = mime::read_fields(group);
    if (mime::find_field(fields, "Final-Recipient") == nullptr) continue;
    if (message.recipients.size() == most_rows) return;
    message.recipients.push_back(row_of(fields, message.recipients.size()));
  }
}

bool is_report_row(const PropertyBag& recipient) { return recipient.contains(tag::non_delivery_report_status_code); }

std::string delivery_status(const MessageObject& message) {
  const bool failed = text_or_empty(message.properties, tag::message_class).ends_with(".NDR");
  std::string text = "Reporting-MTA: dns; localhost\r\n";
  for (const PropertyBag& row : message.recipients) {
    if (!is_report_row(row)) continue;
    text.append("\r\nFinal-Recipient: rfc822; ").append(mailbox_of(row, row_address).address);
    text.append("\r\nAction: ").append(failed ? "failed" : "delivered");
    const std::string digits = std::to_string(held_number(row, tag::non_delivery_report_status_code).value_or(0));
    text.append("\r\nStatus: ");
    for (std::size_t at = 0; at < digits.size(); ++at) {
      if (at > 0 && at < 3) text += '.';
      text += digits[at];
    }
    if (const auto diagnosis = held_text(row, tag::supplementary_info))
      text.append("\r\nDiagnostic-Code: ").append(*diagnosis);
    if (const auto agent = held_text(row, tag::remote_message_transfer_agent))
      text.append("\r\nRemote-MTA: dns; ").append(*agent);
    if (const auto* time = row.get<SystemTime>(tag::report_time))
      if (const auto known = held_time(*time)) text.append("\r\nLast-Attempt-Date: ").append(mail_date(*known));
    text.append("\r\n");
  }
  return text;
}

}  // namespace mapistore::conversion
