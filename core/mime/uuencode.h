#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/mime/streams.h"

namespace mapistore::mime {

/// A uuencoded file in a text, from its `begin` line to its `end` line. Views into the text.
struct Uuencoded {
  std::string_view whole;
  std::string_view name;
};

/// The files in `text`, complete ones only: a line that merely starts with `begin 644` is text. Linear in `text`.
std::vector<Uuencoded> find_uuencoded(std::string_view text);

/// Decodes what stands between `begin` and `end` lines.
std::unique_ptr<Step> undo_uuencode();

}  // namespace mapistore::mime
