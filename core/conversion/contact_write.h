#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/codec/content_lines.h"
#include "core/conversion/contact_card.h"

namespace mapistore::conversion {

/// A line of a card before it has the form of one.
struct WrittenLine {
  std::string name;
  std::vector<std::string_view> types = {};
  std::string parameters = {};  ///< further ones: `;X=y`
  /// It keeps no parameter of the line whose place it takes.
  bool own_parameters = false;
  /// Escaped; joined by semicolons. Nothing: what the line whose place it takes has there.
  std::vector<std::optional<std::string>> components = {};

  friend bool operator==(const WrittenLine&, const WrittenLine&) = default;
};

struct FieldLines {
  std::string_view key;
  std::vector<WrittenLine> lines;
};

/// Every field that a card can have, in the order in which a new card has them; many without a line.
std::vector<FieldLines> write_fields(const MessageObject& message, CardVersion version);

/// What of `message` no card tells.
LossReport untold_by_card(const MessageObject& message);

/// The whole line, unfolded.
std::string card_line(const WrittenLine& line, CardVersion version);
/// The same in the place of `old`: with its group and name, and its other parameters.
std::string card_line_instead(const WrittenLine& line, CardVersion version, const codec::ContentLine& old,
                              codec::CharsetDecoder& charsets);

}  // namespace mapistore::conversion
