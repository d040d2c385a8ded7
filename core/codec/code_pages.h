#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mapistore::codec {

/// The Windows code page of a charset of MIME, any case; nothing for one that has none.
std::optional<std::uint32_t> code_page_of(std::string_view charset) noexcept;

/// The charset that mail calls a code page by; empty for a number that is none. Static storage.
std::string_view mime_charset_of(std::uint32_t code_page) noexcept;

/// The charset, as CharsetDecoder knows it, of bytes in a Windows code page; one that it does not know may have no
/// meaning.
std::string charset_of_code_page(std::uint32_t code_page);

}  // namespace mapistore::codec
