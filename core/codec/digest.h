#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace mapistore::codec {

std::array<unsigned char, 32> sha256(std::string_view bytes);

/// SHA-256 of bytes that come in pieces.
class Sha256 {
 public:
  Sha256();

  void add(std::string_view bytes) noexcept;
  /// 32 octets. At most once, and nothing is added after it.
  std::string value() noexcept;

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const noexcept;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

/// Two lower-case digits for each byte.
std::string hex(std::string_view bytes);

}  // namespace mapistore::codec
