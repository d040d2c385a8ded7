#include <algorithm>
#include <functional>
#include <optional>
#include <set>

#include "core/codec/ascii.h"
#include "core/codec/date.h"
#include "core/codec/encoded_words.h"
#include "core/codec/transfer.h"
#include "core/codec/utf8.h"
#include "core/conversion/convert.h"
#include "core/conversion/locale_ids.h"
#include "core/conversion/mail_addresses.h"
#include "core/conversion/mail_fields.h"
#include "core/conversion/mail_header.h"
#include "core/conversion/mail_keywords.h"
#include "core/conversion/mail_values.h"
#include "core/conversion/text_values.h"
#include "core/properties/system_time.h"

namespace mapistore::conversion {
namespace {

constexpr std::size_t most_named_fields = 1000;
constexpr std::int32_t every_response = -1;  // PidTagAutoResponseSuppress

template <std::size_t size>
std::optional<std::int32_t> number_of(const std::array<Word, size>& words, std::string_view text) {
  for (const Word& entry : words)
    if (codec::equal_ignoring_case(entry.word, text)) return entry.number;
  return std::nullopt;
}

/// The first word of a value: "1 (Highest)" is 1.
std::string_view first_word(std::string_view text) {
  text = codec::trim(text);
  return text.substr(0, text.find_first_of(" \t\r\n("));
}

class HeaderReader {
 public:
  HeaderReader(MessageObject& message, LossReport& losses)
      : message_{message}, bag_{message.properties}, losses_{losses} {}

  void read(const std::vector<mime::Field>& fields) {
    for (const mime::Field& field : fields) read_field(field);
    finish();
  }

 private:
  void read_field(const mime::Field& field) {
    const std::string name = lower_case(field.name);
    if (is_structural(name)) return;
    if (name == "received") return read_received(field);
    if (is_trace(name)) return;
    const bool may_repeat = name == "to" || name == "cc" || name == "bcc" || name == "keywords";
    if (!may_repeat && !seen_.insert(name).second)
      return losses_.add(std::string(field.name), Fidelity::approximated, "is repeated: the first one is told");
    if (!read_known(name, field)) read_named(name, field);
  }

  bool read_known(const std::string& name, const mime::Field& field) {
    return read_plain(field) || read_addresses(name, field) || read_word(name, field) || read_other(name, field);
  }

  bool read_plain(const mime::Field& field) {
    for (const PlainField& plain : mail_text_fields) {
      if (!field.is(plain.name)) continue;
      set_text(bag_, plain.tag, codec::decode_words(field.value));
      return true;
    }
    for (const PlainField& plain : mail_date_fields) {
      if (!field.is(plain.name)) continue;
      read_date(field, plain.tag);
      return true;
    }
    return false;
  }

  void read_date(const mime::Field& field, PropertyTag tag) {
    const auto time = codec::parse_mail_date(field.value);
    if (!time) return losses_.add(std::string(field.name), Fidelity::dropped, "is no date");
    if (bag_.contains(tag)) return losses_.add(std::string(field.name), Fidelity::dropped, "another field tells it");
    bag_.set(tag, mapistore::to_system_time(*time));
    if (codec::trim(field.value) != mail_date(*time))
      losses_.add(std::string(field.name), Fidelity::approximated,
                  "its zone and form are told by the header block only");
  }

  bool read_addresses(const std::string& name, const mime::Field& field) {
    if (name == "to") return read_recipients(field, recipient_to);
    if (name == "cc") return read_recipients(field, recipient_cc);
    if (name == "bcc") return read_recipients(field, recipient_bcc);
    if (name == "from") return read_one(field, sent_representing);
    if (name == "sender") return read_one(field, sender);
    if (name == "reply-to") {
      set_reply_to(bag_, mailboxes(field));
      return true;
    }
    if (name == "disposition-notification-to") {
      bag_.set(tag::read_receipt_requested, true);
      bag_.set(tag::non_receipt_notification_requested, true);
      return read_one(field, read_receipt);
    }
    return false;
  }

  std::vector<mime::Mailbox> mailboxes(const mime::Field& field) {
    std::vector<mime::Mailbox> read = mime::read_addresses(field.value);
    if (std::ranges::any_of(read, [](const mime::Mailbox& mailbox) { return !mailbox.group.empty(); }))
      losses_.add(std::string(field.name), Fidelity::approximated, "groups are told as their members");
    std::erase_if(read, [](const mime::Mailbox& box) { return box.address.empty() && box.display_name.empty(); });
    return read;
  }

  bool read_recipients(const mime::Field& field, std::int32_t type) {
    for (const mime::Mailbox& mailbox : mailboxes(field)) {
      if (message_.recipients.size() == most_parts) {
        losses_.add(std::string(field.name), Fidelity::approximated, "too many: the header block tells the rest");
        return true;
      }
      message_.recipients.push_back(recipient_row(type, mailbox, message_.recipients.size()));
    }
    return true;
  }

  bool read_one(const mime::Field& field, const AddressTags& tags) {
    const std::vector<mime::Mailbox> read = mailboxes(field);
    if (!read.empty()) set_address(bag_, tags, read.front());
    if (read.size() > 1) losses_.add(std::string(field.name), Fidelity::approximated, "the first of several is told");
    return true;
  }

  bool read_word(const std::string& name, const mime::Field& field) {
    static constexpr std::array<std::string_view, 4> by_rank = {"importance", "x-priority", "x-msmail-priority",
                                                                "priority"};
    const auto word = first_word(field.value);
    const auto rank = static_cast<std::size_t>(std::ranges::find(by_rank, name) - by_rank.begin());
    if (rank < by_rank.size()) {
      if (const auto number = number_of(importance_words, word); number && rank < importance_rank_) {
        importance_rank_ = rank;
        bag_.set(tag::importance, *number);
      }
      if (name == "priority")
        if (const auto number = number_of(priority_words, word)) bag_.set(tag::priority, *number);
      return true;
    }
    if (name != "sensitivity") return false;
    const auto number = number_of(sensitivity_words, word);
    if (number) bag_.set(tag::sensitivity, *number);
    return number.has_value();
  }

  bool read_other(const std::string& name, const mime::Field& field) {
    if (name == "subject") {
      read_subject(codec::decode_words(field.value));
    } else if (name == "thread-index") {
      std::string index;
      codec::append_base64(index, field.value);
      set_bytes(bag_, tag::conversation_index, index);
    } else if (name == "keywords") {
      for (std::string& keyword : split_keywords(field.value)) keywords_.push_back(std::move(keyword));
    } else if (name == "return-receipt-to") {
      bag_.set(tag::originator_delivery_report_requested, true);
      delivery_report_to_ = field.value;
    } else if (name == "content-language") {
      const auto locale = locale_id_of(codec::trim(field.value));
      if (locale) bag_.set(tag::message_locale_id, *locale);
      return locale.has_value();
    } else if (name == "x-auto-response-suppress") {
      return read_suppressed(field.value);
    } else if (name == "x-message-flag") {
      set_text(bag_, lid::flag_request, codec::decode_words(field.value));
    } else {
      return false;
    }
    return true;
  }

  void read_subject(std::string subject) {
    const auto [prefix, normalized] = split_subject(subject);
    if (!prefix.empty()) bag_.set(tag::subject_prefix, std::string(prefix));
    set_text(bag_, tag::normalized_subject, std::string(normalized));
    set_text(bag_, tag::subject, std::move(subject));
  }

  bool read_suppressed(std::string_view value) {
    std::int32_t mask = 0;
    while (!value.empty()) {
      const std::size_t comma = std::min(value.find(','), value.size());
      const std::string_view word = codec::trim(value.substr(0, comma));
      value.remove_prefix(std::min(comma + 1, value.size()));
      if (codec::equal_ignoring_case(word, "all"))
        mask = every_response;
      else if (const auto bit = number_of(suppress_words, word))
        mask |= *bit;
      else if (!codec::equal_ignoring_case(word, "none"))
        return false;
    }
    bag_.set(tag::auto_response_suppress, mask);
    return true;
  }

  /// The first one is the last station: its time is the one of the delivery.
  void read_received(const mime::Field& field) {
    if (!seen_.insert("received").second) return;
    const std::size_t semicolon = field.value.rfind(';');
    if (semicolon == std::string_view::npos) return;
    if (const auto time = codec::parse_mail_date(field.value.substr(semicolon + 1)))
      bag_.set(tag::message_delivery_time, mapistore::to_system_time(*time));
  }

  void read_named(const std::string& name, const mime::Field& field) {
    if (named_ == most_named_fields)
      return losses_.add(std::string(field.name), Fidelity::approximated,
                         "one field too many: the header block tells it");
    ++named_;
    const PropertyName id{property_set::ps_internet_headers, name, PropertyType::unicode};
    set_text(bag_, id, codec::decode_words(field.value));
  }

  void finish() {
    if (!keywords_.empty()) bag_.set(pname::keywords, std::move(keywords_));
    if (!has_address(bag_, sender) && has_address(bag_, sent_representing))
      set_address(bag_, sender, mailbox_of(bag_, sent_representing));
    if (bag_.contains(lid::flag_request) && bag_.contains(tag::normalized_subject))
      set_text(bag_, lid::to_do_title, text_or_empty(bag_, tag::normalized_subject));
    if (delivery_report_to_.empty()) return;
    const auto asking = mime::read_addresses(delivery_report_to_);
    if (asking.size() != 1 || asking.front().address != mailbox_of(bag_, sent_representing).address)
      losses_.add("Return-Receipt-To", Fidelity::approximated, "that it is asked for is told, not by whom");
  }

  MessageObject& message_;
  PropertyBag& bag_;
  LossReport& losses_;
  std::set<std::string, std::less<>> seen_;
  std::size_t named_ = 0;
  std::size_t importance_rank_ = 4;  // of the field that told it: a lower one is believed more
  std::vector<std::string> keywords_;
  std::string_view delivery_report_to_;
};

}  // namespace

bool is_structural(std::string_view name) noexcept {
  return name == "mime-version" ||
         (name.starts_with("content-") && name != "content-language" && name != "content-class");
}

bool is_trace(std::string_view name) noexcept {
  return name == "received" || name == "return-path" || name == "dkim-signature" || name == "domainkey-signature" ||
         name.starts_with("arc-") || name == "authentication-results" || name == "received-spf" ||
         name == "delivered-to" || name.starts_with("resent-");
}

SplitSubject split_subject(std::string_view subject) noexcept {
  std::size_t at = 0;
  for (int characters = 0; characters < 4 && at < subject.size(); ++characters) {
    if (subject[at] == ':') {
      if (characters == 0 || !subject.substr(at).starts_with(": ")) break;
      return {subject.substr(0, at + 2), subject.substr(at + 2)};
    }
    if (codec::is_digit(subject[at])) break;
    ++at;
    while (at < subject.size() && (static_cast<unsigned char>(subject[at]) & 0xc0) == 0x80) ++at;
  }
  return {{}, subject};
}

void read_header(std::string_view header, MessageObject& message, LossReport& losses) {
  HeaderReader(message, losses).read(mime::read_fields(header));
  if (codec::is_all_ascii(header))
    set_text(message.properties, tag::transport_message_headers, std::string(header));
  else
    message.properties.set(PropertyTag{tag::transport_message_headers.id(), PropertyType::string8},
                           String8{std::string(header)});
}

}  // namespace mapistore::conversion
