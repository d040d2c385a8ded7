#include "core/conversion/mail_contents.h"

#include "core/codec/absent_content.h"
#include "core/conversion/convert.h"
#include "core/conversion/mail_values.h"
#include "core/mime/content.h"

namespace mapistore::conversion {
namespace {

/// Bodies up to this may be small once they are decoded; larger ones are not held to find out.
constexpr std::size_t largest_encoded_body = 4 * largest_held_value;

std::string without(std::string_view text, const std::vector<std::string_view>& left_out) {
  std::string rest;
  const char* at = text.data();
  for (const std::string_view block : left_out) {
    rest.append(at, block.data());
    at = block.data() + block.size();
  }
  return rest.append(at, text.data() + text.size());
}

}  // namespace

void set_part_bytes(PropertyBag& bag, PropertyTag tag, const SharedBytes& bytes, const mime::Part& part) {
  if (const Gap* gap = bytes.gap_in(part.body))
    return bag.set(tag, LargeValue{std::make_shared<AbsentContent>(bytes.part(part.body), *gap)});
  if (part.body.size() <= largest_encoded_body) {
    const std::string decoded = mime::decoded_body(part.body, part.encoding);
    if (decoded.size() <= largest_held_value) return set_bytes(bag, tag, decoded);
  }
  bag.set(tag, mime::decoded_content(bytes.part(part.body), part.encoding));
}

void set_part_text(PropertyBag& bag, PropertyTag tag, const SharedBytes& bytes, const mime::Part& part,
                   const std::vector<std::string_view>& left_out) {
  if (!left_out.empty())
    return set_text(bag, tag, mime::decoded_text(without(part.body, left_out), part.encoding, part.type));
  if (part.body.size() <= largest_encoded_body) {
    std::string decoded = mime::decoded_text(part.body, part.encoding, part.type);
    if (decoded.size() <= largest_held_value) return bag.set(tag, std::move(decoded));
  }
  bag.set(tag, mime::decoded_text_content(bytes.part(part.body), part.encoding, part.type));
}

std::optional<std::string> held_part(const mime::Part& part, std::size_t limit) {
  if (part.body.size() > limit) return std::nullopt;
  return mime::decoded_body(part.body, part.encoding);
}

}  // namespace mapistore::conversion
