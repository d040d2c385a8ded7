#include "core/codec/lines.h"

namespace mapistore::codec {

std::optional<std::string_view> Lines::next() noexcept {
  if (position_ >= text_.size()) return std::nullopt;
  if (!searched_ || line_feed_ < position_) line_feed_ = std::min(text_.find('\n', position_), text_.size());
  if (!searched_ || carriage_return_ < position_) {
    carriage_return_ = std::min(text_.find('\r', position_), text_.size());
  }
  searched_ = true;

  const std::size_t end = std::min(line_feed_, carriage_return_);
  const std::string_view line = text_.substr(position_, end - position_);
  const std::string_view rest = text_.substr(end);
  position_ = end + (rest.starts_with("\r\r\n") ? 3 : rest.starts_with("\r\n") ? 2 : 1);
  return line;
}

}  // namespace mapistore::codec
