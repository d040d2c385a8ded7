#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mapistore {

/// Lines of base64, all of one length, that have been left out of a message's bytes.
struct Gap {
  const char* at = nullptr;  ///< the byte before which they stood
  std::uint64_t offset = 0;  ///< where they begin in the whole message
  std::uint64_t size = 0;    ///< a multiple of a line's
  std::size_t length = 0;    ///< of a line without its end, a multiple of four
  std::size_t newline = 0;   ///< of its end: LF or CRLF

  std::size_t line() const noexcept { return length + newline; }
};

/// Immutable bytes and what keeps them alive: what is read from them may refer into them for as long as it likes.
///
/// Some may have been left out (core/message_outline.h): who reads a part with a gap in it has to know.
class SharedBytes {
 public:
  using Gaps = std::shared_ptr<const std::vector<Gap>>;

  SharedBytes() = default;
  SharedBytes(std::string_view view, std::shared_ptr<const void> owner, Gaps gaps = {})
      : view_{view}, owner_{std::move(owner)}, gaps_{std::move(gaps)} {}

  static SharedBytes of(std::string bytes) {
    auto owner = std::make_shared<const std::string>(std::move(bytes));
    const std::string_view view = *owner;
    return {view, std::move(owner)};
  }

  std::string_view view() const noexcept { return view_; }
  const std::shared_ptr<const void>& owner() const noexcept { return owner_; }
  /// A part of the same bytes. Requires that `part` lies within view().
  SharedBytes part(std::string_view part) const { return {part, owner_, gaps_}; }

  bool has_gaps() const noexcept { return gaps_ != nullptr; }
  /// What was left out inside of `part` of view(); null: nothing. Of several gaps, the first.
  const Gap* gap_in(std::string_view part) const noexcept {
    if (gaps_ == nullptr) return nullptr;
    const auto found = std::ranges::upper_bound(*gaps_, part.data(), {}, &Gap::at);
    return found != gaps_->end() && found->at < part.data() + part.size() ? &*found : nullptr;
  }

 private:
  std::string_view view_;
  std::shared_ptr<const void> owner_;
  Gaps gaps_;  ///< ascending; null: none
};

}  // namespace mapistore
