#include "core/properties/nearest_name.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "core/codec/ascii.h"
#include "core/properties/known_properties.h"

namespace mapistore {
namespace {

constexpr std::size_t longest_text = 80;

/// The least number of letters to change, add or leave out, whatever their case.
std::size_t distance(std::string_view a, std::string_view b) noexcept {
  std::array<std::size_t, longest_text + 1> row;
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < b.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < a.size(); ++j) {
      const std::size_t changed = diagonal + (codec::lower(a[j]) != codec::lower(b[i]) ? 1 : 0);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row[a.size()];
}

}  // namespace

std::string_view nearest_known_name(std::string_view text) {
  if (text.empty() || text.size() > longest_text) return {};
  const std::size_t farthest = 1 + text.size() / 8;
  std::string_view nearest;
  std::size_t best = farthest + 1;
  for (const KnownProperty& known : known_properties()) {
    for (const std::string_view name : {known.name, known.alias}) {
      if (name.size() > text.size() + farthest || text.size() > name.size() + farthest) continue;
      const std::size_t here = distance(text, name);
      if (here >= best) continue;
      best = here;
      nearest = name;
    }
  }
  return nearest;
}

}  // namespace mapistore
