#include "backends/sql/options.h"

#include <charconv>

namespace mapistore::sql {

std::string Options::text(std::string_view key) const {
  const auto found = options_.find(key);
  return found != options_.end() ? found->second : std::string{};
}

Result<bool> Options::flag(std::string_view key, bool otherwise) const {
  const std::string value = text(key);
  if (value.empty()) return otherwise;
  if (value == "true" || value == "yes" || value == "on") return true;
  if (value == "false" || value == "no" || value == "off") return false;
  return fail(Errc::invalid_configuration, std::string(key) + " = " + value, "is neither true nor false");
}

Result<unsigned> Options::number(std::string_view key, unsigned otherwise) const {
  const std::string value = text(key);
  if (value.empty()) return otherwise;
  unsigned number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc{} || end != value.data() + value.size() || number == 0)
    return fail(Errc::invalid_configuration, std::string(key) + " = " + value, "is not a number above zero");
  return number;
}

}  // namespace mapistore::sql
