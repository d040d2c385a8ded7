#include "core/profile_values.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

namespace mapistore::profile_values {
namespace {

constexpr std::array<std::string_view, 12> roles{"none",     "mail",     "drafts", "sent",  "outbox",  "trash",
                                                 "calendar", "contacts", "tasks",  "notes", "journal", "fallback"};
static_assert(roles.size() == std::to_underlying(Role::fallback) + 1);

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array size_units{
    Unit{"", 1},           Unit{"B", 1},          Unit{"kB", 1000},          Unit{"MB", 1000'000},
    Unit{"GB", 1000'000'000}, Unit{"KiB", 1ull << 10}, Unit{"MiB", 1ull << 20},
    Unit{"GiB", 1ull << 30},  Unit{"TiB", 1ull << 40}, Unit{"TB", 1000'000'000'000},
};

constexpr std::array period_units{Unit{"", 1}, Unit{"s", 1}, Unit{"min", 60}, Unit{"h", 3600}, Unit{"d", 86400}};

/// A whole number, blanks, and one of `units`.
std::optional<std::uint64_t> quantity(std::string_view text, std::span<const Unit> units) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  const auto unit = std::ranges::find(units, text, &Unit::name);
  if (unit == units.end() || number > std::numeric_limits<std::int64_t>::max() / unit->factor) return std::nullopt;
  return number * unit->factor;
}

/// How many letters must be added, removed or replaced to turn `from` into `to` (Levenshtein).
std::size_t edit_distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= from.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= to.size(); ++j) {
      const std::size_t replaced = diagonal + (from[i - 1] == to[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({replaced, row[j] + 1, row[j - 1] + 1}));
    }
  }
  return row.back();
}

}  // namespace

std::optional<std::uint64_t> size(std::string_view text) { return quantity(text, size_units); }

std::optional<std::chrono::seconds> period(std::string_view text) {
  const auto seconds = quantity(text, period_units);
  if (!seconds || *seconds > std::numeric_limits<std::int32_t>::max()) return std::nullopt;
  return std::chrono::seconds(*seconds);
}

std::optional<Role> role(std::string_view name) {
  const auto found = std::ranges::find(roles, name);
  if (found == roles.end()) return std::nullopt;
  return static_cast<Role>(found - roles.begin());
}

std::string_view name_of(Role role) noexcept { return roles.at(static_cast<std::size_t>(role)); }

std::span<const std::string_view> role_names() noexcept { return roles; }

std::string suggestion(std::string_view wrong, std::span<const std::string_view> known) {
  wrong = wrong.substr(0, 64);
  const auto distance = [&](std::string_view word) { return edit_distance(wrong, word); };
  const auto nearest = std::ranges::min_element(known, {}, distance);
  if (nearest != known.end() && distance(*nearest) <= std::max<std::size_t>(2, nearest->size() / 3))
    return "did you mean '" + std::string(*nearest) + "'?";
  std::string out = "known:";
  for (const std::string_view word : known) out += ' ' + std::string(word);
  return out;
}

}  // namespace mapistore::profile_values
