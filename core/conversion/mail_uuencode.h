#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mapistore::conversion {

/// The uuencoded files in a plain text, each from its `begin` line to behind its `end` line. Linear in `text`.
std::vector<std::string_view> uuencoded_blocks(std::string_view text);

struct UuencodedFile {
  std::string name;
  std::string_view lines;  ///< between `begin` and `end`
};
UuencodedFile read_uuencoded(std::string_view block);

/// Appends what the lines of a uuencoded file stand for; stops at the `end` line, and at what is no such line.
void append_uuencoded(std::string& out, std::string_view lines);

}  // namespace mapistore::conversion
