#include <mapistore/option_reader.h>

#include <charconv>

namespace mapistore {

namespace {

std::unexpected<Error> wrong(std::string_view key, std::string_view value, const std::string& what) {
  return fail(Errc::invalid_configuration, std::string(key) + " = " + std::string(value), what);
}

}  // namespace

std::string OptionReader::text(std::string_view key) const {
  const auto found = options_.find(key);
  return found != options_.end() ? found->second : std::string{};
}

Result<bool> OptionReader::flag(std::string_view key, bool otherwise) const {
  const std::string value = text(key);
  if (value.empty()) return otherwise;
  if (value == "true" || value == "yes" || value == "on") return true;
  if (value == "false" || value == "no" || value == "off") return false;
  return wrong(key, value, "is neither true nor false");
}

Result<unsigned> OptionReader::number(std::string_view key, unsigned otherwise, unsigned most) const {
  const std::string value = text(key);
  if (value.empty()) return otherwise;
  unsigned number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc{} || end != value.data() + value.size() || number == 0 || number > most)
    return wrong(key, value, "is not a number from 1 to " + std::to_string(most));
  return number;
}

Result<std::chrono::milliseconds> OptionReader::duration(std::string_view key,
                                                         std::chrono::milliseconds otherwise) const {
  const std::string value = text(key);
  if (value.empty()) return otherwise;
  constexpr double least = 0.05, most = 86'400;
  double seconds = 0;
  const auto [end, error] =
      std::from_chars(value.data(), value.data() + value.size(), seconds, std::chars_format::fixed);
  if (error != std::errc{} || end != value.data() + value.size() || !(seconds >= least && seconds <= most))
    return wrong(key, value, "is not between 0.05 and 86400 seconds");
  return std::chrono::milliseconds{static_cast<std::int64_t>(seconds * 1000)};
}

}  // namespace mapistore
