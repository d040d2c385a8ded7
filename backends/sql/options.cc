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

Result<std::chrono::milliseconds> Options::duration(std::string_view key, std::chrono::milliseconds otherwise) const {
  const std::string value = text(key);
  if (value.empty()) return otherwise;
  constexpr double least = 0.05, most = 86'400;
  double seconds = 0;
  const auto [end, error] =
      std::from_chars(value.data(), value.data() + value.size(), seconds, std::chars_format::fixed);
  if (error != std::errc{} || end != value.data() + value.size() || !(seconds >= least && seconds <= most))
    return fail(Errc::invalid_configuration, std::string(key) + " = " + value, "is not between 0.05 and 86400 seconds");
  return std::chrono::milliseconds{static_cast<std::int64_t>(seconds * 1000)};
}

}  // namespace mapistore::sql
