#include "core/conversion/contact_members.h"

#include <algorithm>

#include "core/codec/ascii.h"
#include "core/codec/crc32.h"
#include "core/properties/known_properties.h"

namespace mapistore::conversion {

void MemberList::add(std::string_view display_name, std::string_view address) {
  entries_.push_back(one_off_entry_id(display_name.empty() ? address : display_name, "SMTP", address));
}

namespace {

/// PidLidDistributionListChecksum (MS-OXOCNTC 2.2.2.2.3): the CRC of ISO/IEC 8802-3 over all members.
std::int32_t checksum_of(const std::vector<Binary>& members) noexcept {
  std::uint32_t state = ~std::uint32_t{0};
  for (const Binary& member : members)
    state = codec::crc32_remainder(state, {reinterpret_cast<const char*>(member.data()), member.size()});
  return static_cast<std::int32_t>(~state);
}

}  // namespace

void MemberList::set(PropertyBag& bag) const {
  if (entries_.empty()) return;
  bag.set(lid::distribution_list_members, entries_);
  bag.set(lid::distribution_list_one_off_members, entries_);
  bag.set(lid::distribution_list_checksum, checksum_of(entries_));
}

Members read_members(const PropertyBag& bag) {
  static const std::vector<Binary> none;
  const auto* said = bag.get<std::vector<Binary>>(lid::distribution_list_members);
  const auto* twins = bag.get<std::vector<Binary>>(lid::distribution_list_one_off_members);
  if (said == nullptr) said = &none;
  if (twins == nullptr) twins = &none;
  Members members;
  for (std::size_t i = 0; i < std::max(said->size(), twins->size()); ++i) {
    Result<OneOffAddress> address = fail(Errc::not_found);
    if (i < said->size()) address = parse_one_off_entry_id((*said)[i]);
    if (!address && i < twins->size()) address = parse_one_off_entry_id((*twins)[i]);
    if (address && codec::equal_ignoring_case(address->address_type, "SMTP") && !address->address.empty()) {
      members.addresses.push_back(*std::move(address));
    } else {
      ++members.others;
    }
  }
  return members;
}

}  // namespace mapistore::conversion
