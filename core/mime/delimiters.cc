#include "core/mime/delimiters.h"

#include "core/codec/ascii.h"

namespace mapistore::mime {

void Delimiters::open(std::string_view boundary, std::size_t level) {
  levels_[std::string(codec::trim_end(boundary))].push_back(level);
}

void Delimiters::close(std::string_view boundary) {
  const auto found = levels_.find(codec::trim_end(boundary));
  found->second.pop_back();
  if (found->second.empty()) levels_.erase(found);
}

std::optional<Delimiter> Delimiters::find(std::string_view line) const {
  if (levels_.empty() || !line.starts_with("--")) return std::nullopt;
  line = codec::trim_end(line.substr(2));
  if (const auto found = levels_.find(line); found != levels_.end()) return Delimiter{found->second.back(), false};
  if (!line.ends_with("--")) return std::nullopt;
  const auto found = levels_.find(codec::trim_end(line.substr(0, line.size() - 2)));
  if (found == levels_.end()) return std::nullopt;
  return Delimiter{found->second.back(), true};
}

}  // namespace mapistore::mime
