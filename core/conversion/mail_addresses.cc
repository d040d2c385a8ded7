#include "core/conversion/mail_addresses.h"

#include <span>

#include "core/codec/ascii.h"
#include "core/conversion/mail_values.h"
#include "core/properties/entry_ids.h"
#include "core/properties/known_properties.h"

namespace mapistore::conversion {
namespace {

constexpr std::string_view internet = "SMTP";
constexpr std::int32_t mail_user = 6;   // PidTagObjectType
constexpr std::int32_t sendable = 0x1;  // PidTagRecipientFlags

const std::string& shown_name(const mime::Mailbox& mailbox) {
  return mailbox.display_name.empty() ? mailbox.address : mailbox.display_name;
}

}  // namespace

const AddressTags sent_representing{tag::sent_representing_name,          tag::sent_representing_address_type,
                                    tag::sent_representing_email_address, tag::sent_representing_smtp_address,
                                    tag::sent_representing_entry_id,      tag::sent_representing_search_key};
const AddressTags sender{tag::sender_name,         tag::sender_address_type, tag::sender_email_address,
                         tag::sender_smtp_address, tag::sender_entry_id,     tag::sender_search_key};
const AddressTags read_receipt{tag::read_receipt_name,          tag::read_receipt_address_type,
                               tag::read_receipt_email_address, tag::read_receipt_smtp_address,
                               tag::read_receipt_entry_id,      tag::read_receipt_search_key};
const AddressTags row_address{tag::display_name, tag::address_type, tag::email_address,
                              tag::smtp_address, tag::entry_id,     tag::search_key};

void set_address(PropertyBag& bag, const AddressTags& tags, const mime::Mailbox& mailbox) {
  set_text(bag, tags.name, shown_name(mailbox));
  if (mailbox.address.empty()) return;
  bag.set(tags.type, std::string(internet));
  set_text(bag, tags.email, mailbox.address);
  set_text(bag, tags.smtp, mailbox.address);
  bag.set(tags.entry_id, one_off_entry_id(shown_name(mailbox), internet, mailbox.address));
  bag.set(tags.search_key, search_key(internet, mailbox.address));
}

void erase_address(PropertyBag& bag, const AddressTags& tags) {
  for (const PropertyTag& tag : {tags.name, tags.type, tags.email, tags.smtp, tags.entry_id, tags.search_key})
    bag.erase(tag);
}

bool has_address(const PropertyBag& bag, const AddressTags& tags) {
  return bag.contains(tags.name) || bag.contains(tags.email) || bag.contains(tags.smtp);
}

mime::Mailbox mailbox_of(const PropertyBag& bag, const AddressTags& tags) {
  mime::Mailbox mailbox;
  const std::string type = text_or_empty(bag, tags.type);
  const bool is_internet = type.empty() || codec::equal_ignoring_case(type, internet);
  mailbox.address = text_or_empty(bag, is_internet ? tags.email : tags.smtp);
  if (mailbox.address.empty() && is_internet) mailbox.address = text_or_empty(bag, tags.smtp);
  mailbox.display_name = text_or_empty(bag, tags.name);
  if (mailbox.display_name == mailbox.address) mailbox.display_name.clear();
  return mailbox;
}

PropertyBag recipient_row(std::int32_t type, const mime::Mailbox& mailbox, std::size_t number) {
  PropertyBag row;
  set_address(row, row_address, mailbox);
  row.set(tag::recipient_type, type);
  row.set(tag::object_type, mail_user);
  row.set(tag::display_type, std::int32_t{0});
  row.set(tag::recipient_flags, sendable);
  row.set(tag::rowid, static_cast<std::int32_t>(number));
  return row;
}

std::int32_t recipient_type(const PropertyBag& row) {
  // The high bits tell of attempts to send (MS-OXOMSG 2.2.3.1).
  return held_number(row, tag::recipient_type).value_or(recipient_to) & 0xf;
}

void set_reply_to(PropertyBag& bag, const std::vector<mime::Mailbox>& mailboxes) {
  std::vector<Binary> entries;
  std::string names;
  for (const mime::Mailbox& mailbox : mailboxes) {
    if (mailbox.address.empty()) continue;
    entries.push_back(one_off_entry_id(shown_name(mailbox), internet, mailbox.address));
    names.append(names.empty() ? "" : ";").append(shown_name(mailbox));
  }
  if (entries.empty()) return;
  const Binary list = flat_entry_list(entries);
  set_bytes(bag, tag::reply_recipient_entries, {reinterpret_cast<const char*>(list.data()), list.size()});
  set_text(bag, tag::reply_recipient_names, std::move(names));
}

std::vector<mime::Mailbox> reply_to(const PropertyBag& bag) {
  std::vector<mime::Mailbox> mailboxes;
  const auto list = held_bytes(bag, tag::reply_recipient_entries);
  if (!list) return mailboxes;
  const auto entries = parse_flat_entry_list(std::as_bytes(std::span(*list)));
  if (!entries) return mailboxes;
  for (const Binary& entry : *entries) {
    auto parsed = parse_one_off_entry_id(entry);
    if (!parsed || !codec::equal_ignoring_case(parsed->address_type, internet)) continue;
    if (parsed->display_name == parsed->address) parsed->display_name.clear();
    mailboxes.push_back(
        {.display_name = std::move(parsed->display_name), .address = std::move(parsed->address), .group = {}});
  }
  return mailboxes;
}

}  // namespace mapistore::conversion
