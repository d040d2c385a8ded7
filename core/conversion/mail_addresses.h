#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <mapistore/message_object.h>

#include "core/mime/part.h"

namespace mapistore::conversion {

/// Where a bag holds one address (MS-OXCMSG 2.2.1, MS-OXOMSG 2.2.1): the six properties that tell it.
struct AddressTags {
  PropertyTag name, type, email, smtp, entry_id, search_key;
};

extern const AddressTags sent_representing, sender, read_receipt, row_address;

/// PidTagRecipientType.
inline constexpr std::int32_t recipient_to = 1, recipient_cc = 2, recipient_bcc = 3;

void set_address(PropertyBag& bag, const AddressTags& tags, const mime::Mailbox& mailbox);
void erase_address(PropertyBag& bag, const AddressTags& tags);
bool has_address(const PropertyBag& bag, const AddressTags& tags);

/// The address to write; `address` is empty for one that is not of the Internet. The group is not known.
mime::Mailbox mailbox_of(const PropertyBag& bag, const AddressTags& tags);

/// A recipient as the row `number` of its message.
PropertyBag recipient_row(std::int32_t type, const mime::Mailbox& mailbox, std::size_t number);
std::int32_t recipient_type(const PropertyBag& row);

/// PidTagReplyRecipientEntries and -Names.
void set_reply_to(PropertyBag& bag, const std::vector<mime::Mailbox>& mailboxes);
std::vector<mime::Mailbox> reply_to(const PropertyBag& bag);

}  // namespace mapistore::conversion
