#include "backends/archive/digest.h"

#include <openssl/evp.h>

namespace mapistore::archive {

void Digest::Free::operator()(evp_md_ctx_st* context) const noexcept { EVP_MD_CTX_free(context); }

Digest::Digest() : context_{EVP_MD_CTX_new()} { EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr); }
Digest::~Digest() = default;
Digest::Digest(Digest&&) noexcept = default;
Digest& Digest::operator=(Digest&&) noexcept = default;

void Digest::take(std::string_view bytes) noexcept { EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()); }

Hash Digest::finish() noexcept {
  Hash hash{};
  EVP_DigestFinal_ex(context_.get(), hash.data(), nullptr);
  return hash;
}

std::string hex(std::string_view bytes) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

}  // namespace mapistore::archive
