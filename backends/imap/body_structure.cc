#include "backends/imap/body_structure.h"

namespace mapistore::imap {

namespace {

constexpr std::size_t deepest = 100;
constexpr std::size_t most_leaves = 10'000;
/// What stands between the subtype and the octets: parameters, id, description and encoding.
constexpr int before_octets = 4;

class StructureReader {
 public:
  explicit StructureReader(Scanner& scanner) : scanner_{scanner} {}

  /// One body, with its parentheses.
  bool read_body(std::size_t depth) {
    if (depth > deepest || !scanner_.take('(')) return false;
    scanner_.skip_spaces();
    return (scanner_.peek() == '(' ? read_parts(depth) : read_part(depth)) && skip_rest();
  }

  std::vector<std::uint64_t> octets;

 private:
  /// The parts of a multipart, between which a space may be missing or not.
  bool read_parts(std::size_t depth) {
    while (scanner_.peek() == '(') {
      if (!read_body(depth + 1)) return false;
      scanner_.skip_spaces();
    }
    return true;
  }

  bool read_part(std::size_t depth) {
    const auto type = scanner_.string();
    scanner_.skip_spaces();
    const auto subtype = type ? scanner_.string() : std::nullopt;
    if (!subtype) return false;
    for (int skipped = 0; skipped < before_octets; ++skipped)
      if (!skip_one()) return false;
    scanner_.skip_spaces();
    const auto size = scanner_.number();
    if (!size) return false;
    if (is_message(*type, *subtype)) {
      if (!skip_one()) return false;  // the envelope
      scanner_.skip_spaces();
      if (scanner_.peek() == '(') return read_body(depth + 1);
    }
    if (octets.size() == most_leaves) return false;
    octets.push_back(*size);
    return true;
  }

  static bool is_message(const ScannedString& type, const ScannedString& subtype) {
    return equal_ignoring_case(type.bytes, "MESSAGE") &&
           (equal_ignoring_case(subtype.bytes, "RFC822") || equal_ignoring_case(subtype.bytes, "GLOBAL"));
  }

  bool skip_one() {
    scanner_.skip_spaces();
    if (scanner_.at_end() || scanner_.peek() == ')') return false;
    scanner_.skip_value();
    return true;
  }

  /// All up to the end of the list, and the end.
  bool skip_rest() {
    while (skip_one()) continue;
    return scanner_.take(')');
  }

  Scanner& scanner_;
};

}  // namespace

std::optional<std::vector<std::uint64_t>> read_leaf_octets(Scanner& scanner) {
  Scanner inside = scanner;
  scanner.skip_value();
  StructureReader reader{inside};
  if (!reader.read_body(1)) return std::nullopt;
  return std::move(reader.octets);
}

}  // namespace mapistore::imap
