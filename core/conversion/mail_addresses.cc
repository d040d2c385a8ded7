#include "core/conversion/mail_addresses.h"

#include <algorithm>

#include "core/codec/ascii.h"
#include "core/conversion/mail_values.h"
#include "core/properties/entry_ids.h"
#include "core/properties/known_properties.h"

namespace mapistore::conversion {
namespace {

constexpr std::string_view internet = "SMTP";
constexpr std::int32_t mail_user = 6;   // PidTagObjectType
constexpr std::int32_t sendable = 0x1;  // PidTagRecipientFlags

/// PidTagSearchKey of an address: its type and itself, upper case, ended by a zero (MS-OXCMSG 2.2.1.18).
std::string search_key(std::string_view address) {
  std::string key = "SMTP:";
  for (const char c : address) key += c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c;
  key += '\0';
  return key;
}

const std::string& shown_name(const mime::Mailbox& mailbox) {
  return mailbox.display_name.empty() ? mailbox.address : mailbox.display_name;
}

}  // namespace

constexpr AddressTags make(PropertyTag name, PropertyTag type, PropertyTag email, PropertyTag smtp, PropertyTag id,
                           PropertyTag key) {
  return {name, type, email, smtp, id, key};
}

const AddressTags sent_representing{
    tag::sent_representing_name,         tag::sent_representing_address_type, tag::sent_representing_email_address,
    tag::sent_representing_smtp_address, tag::sent_representing_entry_id,     tag::sent_representing_search_key};
const AddressTags sender{tag::sender_name,         tag::sender_address_type, tag::sender_email_address,
                         tag::sender_smtp_address, tag::sender_entry_id,     tag::sender_search_key};
const AddressTags read_receipt{tag::read_receipt_name,         tag::read_receipt_address_type,
                               tag::read_receipt_email_address, tag::read_receipt_smtp_address,
                               tag::read_receipt_entry_id,     tag::read_receipt_search_key};
const AddressTags row_address{tag::display_name, tag::address_type, tag::email_address,
                              tag::smtp_address, tag::entry_id,     tag::search_key};

void set_address(PropertyBag& bag, const AddressTags& tags, const mime::Mailbox& mailbox) {
  set_text(bag, tags.name, shown_name(mailbox));
  if (mailbox.address.empty()) return;
  bag.set(tags.type, std::string(internet));
  set_text(bag, tags.email, mailbox.address);
  set_text(bag, tags.smtp, mailbox.address);
  bag.set(tags.entry_id, one_off_entry_id(shown_name(mailbox), internet, mailbox.address));
  set_bytes(bag, tags.search_key, search_key(mailbox.address));
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
  const auto* list = bag.get<Binary>(tag::reply_recipient_entries);
  if (list == nullptr) return mailboxes;
  return mailboxes;
}

}  // namespace mapistore::conversion
