#include "core/mime/part.h"

#include "core/codec/ascii.h"
#include "core/mime/field_scanner.h"

namespace mapistore::mime {
namespace {

constexpr std::size_t most_fields = 100'000;

}  // namespace

bool Field::is(std::string_view expected) const noexcept { return codec::equal_ignoring_case(name, expected); }

bool ContentType::is(std::string_view wanted_type, std::string_view wanted_subtype) const noexcept {
  return type == wanted_type && subtype == wanted_subtype;
}

std::vector<Field> read_fields(std::string_view header) {
  codec::Lines lines(header);
  const Delimiters none;
  FieldScanner scanner(header, lines, HeaderOf::message, none);
  std::vector<Field> fields;
  while (fields.size() < most_fields) {
    const auto field = scanner.next();
    if (!field) break;
    fields.push_back(*field);
  }
  return fields;
}

const Field* find_field(const std::vector<Field>& fields, std::string_view name) noexcept {
  for (const Field& field : fields)
    if (field.is(name)) return &field;
  return nullptr;
}

}  // namespace mapistore::mime
