#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <mapistore/message_object.h>

#include "core/properties/entry_ids.h"

namespace mapistore::conversion {

/// Members that are addresses, as PidLidDistributionListMembers and its twin of one-off entries hold them.
class MemberList {
 public:
  /// Without a display name the address is one.
  void add(std::string_view display_name, std::string_view address);
  /// With their checksum, which tells whether both hold the same. Nothing if there is no member.
  void set(PropertyBag& bag) const;

 private:
  std::vector<Binary> entries_;
};

struct Members {
  std::vector<OneOffAddress> addresses;
  std::size_t others = 0;  ///< members that no address is known of
};

/// A member that is an entry of a directory is known by its one-off entry at the same place.
Members read_members(const PropertyBag& bag);

}  // namespace mapistore::conversion
