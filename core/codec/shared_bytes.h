#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace mapistore {

/// Immutable bytes and what keeps them alive: what is read from them may refer into them for as long as it likes.
class SharedBytes {
 public:
  SharedBytes() = default;
  SharedBytes(std::string_view view, std::shared_ptr<const void> owner) : view_{view}, owner_{std::move(owner)} {}

  static SharedBytes of(std::string bytes) {
    auto owner = std::make_shared<const std::string>(std::move(bytes));
    const std::string_view view = *owner;
    return {view, std::move(owner)};
  }

  std::string_view view() const noexcept { return view_; }
  const std::shared_ptr<const void>& owner() const noexcept { return owner_; }
  /// A part of the same bytes. Requires that `part` lies within view().
  SharedBytes part(std::string_view part) const { return {part, owner_}; }

 private:
  std::string_view view_;
  std::shared_ptr<const void> owner_;
};

}  // namespace mapistore
