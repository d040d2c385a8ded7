#pragma once

#include <string>
#include <string_view>

namespace mapistore::codec {

/// `text` with the differences of case gone (Unicode's full case folding); bytes that are no UTF-8 as U+FFFD. Two texts
/// are the same whatever their case when their foldings are.
std::string folded_case(std::string_view text);

}  // namespace mapistore::codec
