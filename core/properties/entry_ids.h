#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <mapistore/property.h>

namespace mapistore {

/// An address that says everything itself and names no entry of a directory (MS-OXCDATA 2.2.5.1).
struct OneOffAddress {
  std::string display_name;
  std::string address_type;  ///< "SMTP"
  std::string address;

  friend bool operator==(const OneOffAddress&, const OneOffAddress&) = default;
};

/// The EntryID of an address, in Unicode. What follows a NUL in a part is left out.
MAPISTORE_API Binary one_off_entry_id(std::string_view display_name, std::string_view address_type,
                                      std::string_view address);

/// Errc::invalid_content: another kind of EntryID, or one cut short. Bytes of no known code page are read as UTF-8 or
/// else windows-1252.
MAPISTORE_API Result<OneOffAddress> parse_one_off_entry_id(std::span<const std::byte> id);

/// What PidTagSearchKey is for an address: `SMTP:ANN@EXAMPLE.ORG` and a NUL; ASCII is folded to upper case.
MAPISTORE_API Binary search_key(std::string_view address_type, std::string_view address);

/// A FlatEntryList (MS-OXCDATA 2.3.3), as in PidTagReplyRecipientEntries.
MAPISTORE_API Binary flat_entry_list(std::span<const Binary> entries);

/// The entries of a FlatEntryList; Errc::invalid_content if it is cut short.
MAPISTORE_API Result<std::vector<Binary>> parse_flat_entry_list(std::span<const std::byte> list);

}  // namespace mapistore
