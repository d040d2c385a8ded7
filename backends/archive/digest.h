#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "backends/archive/format.h"

struct evp_md_ctx_st;

namespace mapistore::archive {

/// SHA-256 of bytes that come in pieces.
class Digest {
 public:
  Digest();
  ~Digest();
  Digest(Digest&&) noexcept;
  Digest& operator=(Digest&&) noexcept;

  void take(std::string_view bytes) noexcept;
  /// Of all that was taken; takes no more.
  Hash finish() noexcept;

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const noexcept;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

/// Two lower-case digits for each byte.
std::string hex(std::string_view bytes);

}  // namespace mapistore::archive
