#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mapistore::mime {

struct Parameter {
  std::string name;   ///< in lower case, without the marks of RFC 2231
  std::string value;  ///< one line of UTF-8: quotes, continuations, charset, percent and RFC 2047 undone
};

/// A value with parameters: Content-Type, Content-Disposition.
struct ParameterizedValue {
  std::string value;                  ///< its first word in lower case
  std::vector<Parameter> parameters;  ///< sorted by name, one of each

  /// Empty if there is none of this name.
  std::string_view parameter(std::string_view name) const noexcept;
};

/// Reads the raw value of such a field (RFC 2045 5.1, RFC 2231). Never fails; linear in `value` but for the sorting of
/// its parameters, of which the first 10,000 count. A boundary is kept as the bytes it is.
ParameterizedValue read_parameters(std::string_view value);

}  // namespace mapistore::mime
