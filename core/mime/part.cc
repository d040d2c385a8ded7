#include "core/mime/part.h"

#include "core/codec/ascii.h"

namespace mapistore::mime {

bool Field::is(std::string_view expected) const noexcept { return codec::equal_ignoring_case(name, expected); }

bool ContentType::is(std::string_view wanted_type, std::string_view wanted_subtype) const noexcept {
  return type == wanted_type && subtype == wanted_subtype;
}

const Field* find_field(const std::vector<Field>& fields, std::string_view name) noexcept {
  for (const Field& field : fields)
    if (field.is(name)) return &field;
  return nullptr;
}

}  // namespace mapistore::mime
