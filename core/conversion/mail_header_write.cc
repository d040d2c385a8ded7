#include <algorithm>
#include <map>

#include "core/codec/ascii.h"
#include "core/codec/encoded_words.h"
#include "core/conversion/locale_ids.h"
#include "core/conversion/mail_addresses.h"
#include "core/conversion/mail_field_text.h"
#include "core/conversion/mail_fields.h"
#include "core/conversion/mail_header.h"
#include "core/conversion/mail_reports.h"
#include "core/conversion/mail_values.h"
#include "core/conversion/text_values.h"
#include "core/mime/writer.h"
#include "core/properties/system_time.h"

namespace mapistore::conversion {
namespace {

/// "x-mailer" as people write it: "X-Mailer".
std::string capitalised(std::string_view name) {
  std::string text(name);
  bool first = true;
  for (char& c : text) {
    if (first && c >= 'a' && c <= 'z') c = static_cast<char>(c - ('a' - 'A'));
    first = c == '-';
  }
  return text;
}

template <std::size_t size>
std::string_view word_of(const std::array<Word, size>& words, std::int32_t number) {
  const auto found = std::ranges::find(words, number, &Word::number);
  return found == words.end() ? std::string_view{} : found->word;
}

class HeaderWriter {
 public:
  HeaderWriter(const MessageObject& message, Defaults defaults, LossReport& losses)
      : message_{message}, bag_{message.properties}, defaults_{defaults}, losses_{losses} {}

  std::vector<FieldGroup> write() {
    write_people();
    write_subject();
    for (const PlainField& field : mail_date_fields)
      if (field.name != "Expiry-Date") write_date(field);
    for (const PlainField& field : mail_text_fields) write_text(field.name, field.tag);
    write_index();
    write_words();
    write_keywords();
    write_requests();
    write_rest();
    write_named();
    return std::move(groups_);
  }

 private:
  FieldGroup& group(std::vector<std::string> names) {
    for (const std::string& name : names) by_name_.emplace(name, groups_.size());
    return groups_.emplace_back(FieldGroup{std::move(names), {}});
  }

  void field(std::string_view name, std::string_view value) { group({lower_case(name)}).lines = line(name, value); }

  static std::string line(std::string_view name, std::string_view value) {
    return value.empty() ? std::string{} : text_field(name, value);
  }

  void write_people() {
    const mime::Mailbox from = mailbox_of(bag_, sent_representing);
    const mime::Mailbox by = mailbox_of(bag_, sender);
    write_mailboxes("From", has_address(bag_, sent_representing) ? std::vector{from} : std::vector<mime::Mailbox>{});
    const bool is_other =
        has_address(bag_, sender) && (by.address != from.address || by.display_name != from.display_name);
    write_mailboxes("Sender", is_other ? std::vector{by} : std::vector<mime::Mailbox>{});
    write_mailboxes("Reply-To", reply_to(bag_));
    write_recipients("To", recipient_to);
    write_recipients("Cc", recipient_cc);
    write_recipients("Bcc", recipient_bcc);
  }

  void write_recipients(std::string_view name, std::int32_t type) {
    std::vector<mime::Mailbox> mailboxes;
    for (const PropertyBag& row : message_.recipients)
      if (recipient_type(row) == type && !is_report_row(row)) mailboxes.push_back(mailbox_of(row, row_address));
    write_mailboxes(name, mailboxes);
  }

  void write_mailboxes(std::string_view name, const std::vector<mime::Mailbox>& mailboxes) {
    if (std::ranges::any_of(mailboxes, [](const mime::Mailbox& mailbox) { return mailbox.address.empty(); }))
      losses_.add(std::string(name), Fidelity::approximated,
                  "an address that is not of the Internet is told by its name");
    group({lower_case(name)}).lines = mailboxes.empty() ? std::string{} : address_field(name, mailboxes);
  }

  void write_subject() {
    auto subject = held_text(bag_, tag::subject);
    if (!subject) subject = text_or_empty(bag_, tag::subject_prefix) + text_or_empty(bag_, tag::normalized_subject);
    write_value("Subject", *subject);
  }

  void write_value(std::string_view name, std::string_view value) {
    field(name, value);
    const std::string_view written = groups_.back().lines;
    if (!written.empty() && codec::decode_words(written.substr(name.size() + 1)) != value)
      losses_.add(std::string(name), Fidelity::approximated, "blanks and controls do not stay as they are");
  }

  void write_text(std::string_view name, PropertyTag tag) { write_value(name, text_or_empty(bag_, tag)); }

  void write_date(const PlainField& plain) {
    std::vector<std::string> names{lower_case(plain.name)};
    if (plain.name == "Expires") names.emplace_back("expiry-date");
    FieldGroup& written = group(std::move(names));
    const auto* ticks = bag_.get<SystemTime>(plain.tag);
    if (ticks == nullptr) return;
    const auto time = held_time(*ticks);
    if (!time) return losses_.add(std::string(plain.name), Fidelity::dropped, "is no time of our era");
    written.lines = line(plain.name, mail_date(*time));
    if (ticks->ticks % SystemTime::per_second != 0)
      losses_.add(std::string(plain.name), Fidelity::approximated, "parts of a second are not told");
  }

  void write_index() {
    const auto index = held_bytes(bag_, tag::conversation_index);
    group({"thread-index"}).lines = index && !index->empty() ? base64_field("Thread-Index", *index) : std::string{};
  }

  void write_words() {
    FieldGroup& importance = group({"importance", "x-priority", "x-msmail-priority", "priority"});
    const auto is_told = [this](std::optional<std::int32_t> number, std::int32_t normal) {
      return number && (*number != normal || defaults_ == Defaults::written);
    };
    if (const auto number = held_number(bag_, tag::importance); is_told(number, 1))
      importance.lines = line("Importance", word_of(importance_words, *number));
    if (const auto number = held_number(bag_, tag::priority); is_told(number, 0))
      importance.lines += line("Priority", word_of(priority_words, *number));
    FieldGroup& sensitivity = group({"sensitivity"});
    if (const auto number = held_number(bag_, tag::sensitivity); is_told(number, 0))
      sensitivity.lines = line("Sensitivity", word_of(sensitivity_words, *number));
  }

  void write_keywords() {
    const auto* keywords = bag_.get<std::vector<std::string>>(pname::keywords);
    group({"keywords"}).lines =
        keywords == nullptr || keywords->empty() ? std::string{} : phrases_field("Keywords", *keywords);
  }

  void write_requests() {
    const bool wants_receipt =
        is_true(bag_, tag::read_receipt_requested) || is_true(bag_, tag::non_receipt_notification_requested);
    const AddressTags& asking = has_address(bag_, read_receipt) ? read_receipt : sent_representing;
    write_request("Disposition-Notification-To", wants_receipt, asking);
    write_request("Return-Receipt-To", is_true(bag_, tag::originator_delivery_report_requested), sent_representing);
  }

  void write_request(std::string_view name, bool is_wanted, const AddressTags& tags) {
    write_mailboxes(name, is_wanted && has_address(bag_, tags) ? std::vector{mailbox_of(bag_, tags)}
                                                               : std::vector<mime::Mailbox>{});
  }

  void write_rest() {
    const auto locale = held_number(bag_, tag::message_locale_id);
    field("Content-Language", locale ? language_of(*locale) : std::string_view{});
    const auto mask = held_number(bag_, tag::auto_response_suppress);
    field("X-Auto-Response-Suppress", mask ? suppressed(*mask) : std::string{});
    write_value("X-Message-Flag", text_or_empty(bag_, lid::flag_request));
  }

  static std::string suppressed(std::int32_t mask) {
    if (mask == -1) return "All";
    std::string words;
    for (const Word& word : suppress_words)
      if ((mask & word.number) != 0) words.append(words.empty() ? "" : ", ").append(word.word);
    return words.empty() ? "None" : words;
  }

  /// A named field may be one of those above whose value no other property can hold.
  void write_named() {
    for (const Property& property : bag_) {
      const auto* id = std::get_if<PropertyName>(&property.id);
      if (id == nullptr || id->set != property_set::ps_internet_headers) continue;
      const auto* text = std::get_if<std::string>(&id->name);
      if (text == nullptr) continue;
      const std::string name = lower_case(*text);
      if (!mime::is_field_name(name) || is_structural(name) || is_trace(name)) {
        losses_.add(*text, Fidelity::dropped, "is not the name of a field that may be written");
        continue;
      }
      const std::string value = text_or_empty(bag_, property.id);
      const auto known = by_name_.find(name);
      if (known == by_name_.end()) {
        write_value(capitalised(name), value);
        // An empty value is a field all the same.
        if (value.empty()) groups_.back().lines = capitalised(name) + ":\r\n";
      } else if (groups_[known->second].lines.empty()) {
        groups_[known->second].lines = line(capitalised(name), value);
      } else {
        losses_.add(*text, Fidelity::dropped, "another property tells this field");
      }
    }
  }

  const MessageObject& message_;
  const PropertyBag& bag_;
  Defaults defaults_;
  LossReport& losses_;
  std::vector<FieldGroup> groups_;
  std::map<std::string, std::size_t, std::less<>> by_name_;
};

}  // namespace

std::vector<FieldGroup> write_header(const MessageObject& message, Defaults defaults, LossReport& losses) {
  return HeaderWriter(message, defaults, losses).write();
}

}  // namespace mapistore::conversion
