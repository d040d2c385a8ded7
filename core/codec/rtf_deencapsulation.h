#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mapistore::codec {

/// What was turned into RTF before, as it was then (MS-OXRTFEX).
struct DeencapsulatedRtf {
  enum class Form : std::uint8_t { text, html };

  Form form = Form::text;
  /// UTF-8, whatever charset the HTML itself may name. Lines end with CRLF.
  std::string content;

  friend bool operator==(const DeencapsulatedRtf&, const DeencapsulatedRtf&) = default;
};

/// How deep groups may lie in each other.
inline constexpr std::size_t deepest_rtf_group = 1000;

/// The text or HTML that `rtf` was made from. Nothing if it was made from neither, or is nested deeper than the limit.
/// Linear in `rtf`.
std::optional<DeencapsulatedRtf> deencapsulate_rtf(std::string_view rtf);

}  // namespace mapistore::codec
