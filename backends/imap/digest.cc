#include "backends/imap/digest.h"

#include <openssl/evp.h>

#include <new>

namespace mapistore::imap {

struct Digest::State {
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(), EVP_MD_CTX_free};
};

Digest::Digest() : state_{std::make_unique<State>()} {
  if (!state_->context || EVP_DigestInit_ex(state_->context.get(), EVP_sha256(), nullptr) != 1) throw std::bad_alloc{};
}

Digest::~Digest() = default;
Digest::Digest(Digest&&) noexcept = default;
Digest& Digest::operator=(Digest&&) noexcept = default;

void Digest::add(std::string_view bytes) { EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()); }

std::string Digest::value() {
  std::string value(EVP_MD_size(EVP_sha256()), '\0');
  EVP_DigestFinal_ex(state_->context.get(), reinterpret_cast<unsigned char*>(value.data()), nullptr);
  return value;
}

}  // namespace mapistore::imap
