#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <mapistore/message_object.h>

#include "core/codec/shared_bytes.h"
#include "core/mime/part.h"

namespace mapistore::conversion {

/// Sets what the body of `part`, within `bytes`, stands for; a LargeValue that is decoded when read if it is large. Of
/// one with a gap, an AbsentContent.
void set_part_bytes(PropertyBag& bag, PropertyTag tag, const SharedBytes& bytes, const mime::Part& part);

/// The same as UTF-8 text of the part's charset, without `left_out`, which are in its body, in order.
void set_part_text(PropertyBag& bag, PropertyTag tag, const SharedBytes& bytes, const mime::Part& part,
                   const std::vector<std::string_view>& left_out);

/// Encoded bytes of a message in a part, beyond which it is not looked into.
inline constexpr std::size_t largest_encoded_message = 32 * 1024 * 1024;

/// All that `part` stands for, held. Nothing if that is more than `limit`.
std::optional<std::string> held_part(const mime::Part& part, std::size_t limit);

}  // namespace mapistore::conversion
