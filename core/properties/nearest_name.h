#pragma once

#include <string_view>

namespace mapistore {

/// The canonical name or alias that `text` was probably meant to be: equal but for case or a few letters. Empty if
/// there is none; the first of equals.
std::string_view nearest_known_name(std::string_view text);

}  // namespace mapistore
