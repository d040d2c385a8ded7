#pragma once

#include <cstring>
#include <string>
#include <string_view>

namespace mapistore {

/// A string whose memory is wiped when it is replaced or destroyed. Does not grow, so that no copy is left behind.
class SecretText {
 public:
  SecretText() = default;
  /// Copies before it wipes: a moved short string stays where it was.
  explicit SecretText(std::string&& text)  // NOLINT(cppcoreguidelines-rvalue-reference-param-not-moved)
      : text_(text) {
    wipe(text);
  }
  SecretText(SecretText&& other) noexcept { take(other); }
  SecretText& operator=(SecretText&& other) noexcept {
    if (this != &other) take(other);
    return *this;
  }
  ~SecretText() { wipe(text_); }

  const std::string& text() const noexcept { return text_; }

  /// Overwrites all memory of `text`, and empties it.
  static void wipe(std::string& text) noexcept {
    ::explicit_bzero(text.data(), text.capacity());
    text.clear();
  }

 private:
  void take(SecretText& other) noexcept {
    wipe(text_);
    text_.swap(other.text_);
  }

  std::string text_;
};

}  // namespace mapistore
