#pragma once

#include <cstdint>
#include <string>

namespace mapistore::codec {

/// The charset, as CharsetDecoder knows it, of a Windows code page; one that it does not know may have no meaning.
std::string charset_of_code_page(std::uint32_t code_page);

}  // namespace mapistore::codec
