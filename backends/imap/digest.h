#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace mapistore::imap {

/// SHA-256 of bytes that come in pieces.
class Digest {
 public:
  Digest();
  ~Digest();
  Digest(Digest&&) noexcept;
  Digest& operator=(Digest&&) noexcept;

  void add(std::string_view bytes);
  /// 32 octets. At most once.
  std::string value();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mapistore::imap
