#pragma once

#include <string>
#include <string_view>

#include <mapistore/message_object.h>

namespace mapistore::conversion {

/// What an OpenChange property file says.
struct OcpfMessage {
  std::string message_class;  ///< TYPE; also among the properties
  std::string folder;         ///< FOLDER: "olFolderCalendar", or an id as `0x9504`; empty: not said
  MessageObject message;
};

inline constexpr std::size_t largest_ocpf_file = 16 * 1024 * 1024;
/// Of all values together: a variable can be used many times.
inline constexpr std::size_t largest_ocpf_values = 64 * 1024 * 1024;
inline constexpr std::size_t most_ocpf_properties = 10'000;
inline constexpr std::size_t deepest_ocpf_comment = 32;

/// Reads an OCPF file: TYPE, FOLDER, OLEGUID, SET, PROPERTY, NPROPERTY, RECIPIENT.
///
/// Texts are UTF-8 and keep their line ends; times are UTC. `<"file">`, which names a file to include, is refused.
/// Errc::invalid_content with line and column, Errc::not_permitted for an inclusion, Errc::too_large.
Result<OcpfMessage> read_ocpf(std::string_view text);

}  // namespace mapistore::conversion
