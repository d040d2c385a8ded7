#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/conversion/contact_card.h"
#include "core/conversion/contact_members.h"

namespace mapistore::conversion {

inline constexpr std::string_view no_home = "has no property";
inline constexpr std::string_view no_room = "all properties of its kind are taken";

/// Reads the lines of the first card, each into the properties that it tells.
class CardReader {
 public:
  CardReader(const codec::ContentDocument& document, const SharedBytes& bytes) : document_(document), bytes_(bytes) {}

  CardReading read();

 private:
  PropertyBag& bag() { return reading_.result.message.properties; }
  void lose(std::string field, Fidelity fidelity, std::string_view reason);
  void lose(const CardLine& line, Fidelity fidelity, std::string_view reason);

  void find_card();
  bool read_line(const CardLine& line);
  /// Lines that are about the card, not about the contact.
  bool read_silent(const CardLine& line);

  // Each reads the lines of its fields, and says whether this is one.
  bool read_text(const CardLine& line);
  bool read_structured(const CardLine& line);
  bool read_address(const CardLine& line);
  bool read_typed(const CardLine& line);
  bool read_email(const CardLine& line);
  bool read_date(const CardLine& line);
  bool read_media_line(const CardLine& line);
  bool read_choice(const CardLine& line);
  bool read_list(const CardLine& line);
  bool read_related(const CardLine& line);
  bool read_member(const CardLine& line);

  void finish();
  void finish_names();
  void finish_mailing_address();

  /// Notes that a field was read from a line, and what of the line it does not say.
  void take(std::string_view key, const CardLine& line);
  /// Sets a text that is not set; else it has no room.
  void set_once(std::string_view key, const PropertyId& id, std::string text, const CardLine& line);
  void set_components(std::string_view key, const std::vector<std::optional<PropertyId>>& properties,
                      const CardLine& line);

  const codec::ContentDocument& document_;
  const SharedBytes& bytes_;
  codec::CharsetDecoder charsets_;
  CardReading reading_;
  std::size_t emails_ = 0;
  std::size_t user_fields_ = 0;
  bool preferred_address_ = false;
  MemberList members_;
  std::vector<std::string> categories_, children_;
  std::vector<Binary> certificates_;
};

}  // namespace mapistore::conversion
