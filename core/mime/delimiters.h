#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mapistore::mime {

/// A line that ends a part (RFC 2046 5.1.1).
struct Delimiter {
  std::size_t level = 0;  ///< of the multipart that it belongs to
  bool closing = false;
};

/// The boundaries of the multiparts that are open. A line costs the same however many there are.
class Delimiters {
 public:
  bool empty() const noexcept { return levels_.empty(); }
  void open(std::string_view boundary, std::size_t level);
  /// Requires that `level` was opened with this boundary, and after all others of it that are open.
  void close(std::string_view boundary);

  /// Of two multiparts with one boundary, the inner one. Blanks after the boundary do not count.
  std::optional<Delimiter> find(std::string_view line) const;

 private:
  std::map<std::string, std::vector<std::size_t>, std::less<>> levels_;
};

}  // namespace mapistore::mime
