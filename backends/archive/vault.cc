#include "backends/archive/vault.h"

#include <sodium.h>

#include <utility>

namespace mapistore::archive {
namespace {

constexpr std::size_t nonce_size = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t tag_size = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr std::uint64_t most_operations = 64, most_memory = std::uint64_t{1} << 30;  // of a file that others made

unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }
const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

template <class Key>
std::string seal_with(const Key& key, Vault::Use use, std::string_view plain) {
  const auto label = static_cast<unsigned char>(use);
  std::string sealed(nonce_size + plain.size() + tag_size, '\0');
  randombytes_buf(sealed.data(), nonce_size);
  crypto_aead_xchacha20poly1305_ietf_encrypt(bytes_of(sealed) + nonce_size, nullptr, bytes_of(plain), plain.size(),
                                             &label, 1, nullptr, bytes_of(sealed), key.data());
  return sealed;
}

template <class Key>
bool unseal_with(const Key& key, Vault::Use use, std::string_view sealed, std::string& plain) {
  const auto label = static_cast<unsigned char>(use);
  if (sealed.size() < nonce_size + tag_size) return false;
  plain.resize(sealed.size() - nonce_size - tag_size);
  return crypto_aead_xchacha20poly1305_ietf_decrypt(bytes_of(plain), nullptr, nullptr, bytes_of(sealed) + nonce_size,
                                                    sealed.size() - nonce_size, &label, 1, bytes_of(sealed),
                                                    key.data()) == 0;
}

template <class Key>
Result<> derive(std::string_view passphrase, const KeyRecord& record, Key& key) {
  if (crypto_pwhash(key.data(), key.size(), passphrase.data(), passphrase.size(), bytes_of(record.salt),
                    record.operations, record.memory, crypto_pwhash_ALG_ARGON2ID13) != 0)
    return fail(Errc::no_memory, {}, "not enough memory to try a passphrase");
  return {};
}

}  // namespace

Vault::~Vault() {
  sodium_memzero(key_.data(), key_.size());
  sodium_memzero(name_key_.data(), name_key_.size());
}

Vault::Vault(Vault&& other) noexcept : sealed_{other.sealed_}, key_{other.key_}, name_key_{other.name_key_} {}

Vault& Vault::operator=(Vault&& other) noexcept {
  sealed_ = other.sealed_;
  key_ = other.key_;
  name_key_ = other.name_key_;
  return *this;
}

void Vault::set(const Key& master) {
  static_assert(crypto_kdf_KEYBYTES == std::tuple_size_v<Key>);
  crypto_kdf_derive_from_key(key_.data(), key_.size(), 1, "mzaseal_", master.data());
  crypto_kdf_derive_from_key(name_key_.data(), name_key_.size(), 2, "mzaname_", master.data());
  sealed_ = true;
}

Result<Vault> Vault::create(std::string_view passphrase, KeyRecord& record) {
  if (sodium_init() < 0) return fail(Errc::unsupported, {}, "libsodium cannot work here");
  record.operations = crypto_pwhash_OPSLIMIT_INTERACTIVE;
  record.memory = crypto_pwhash_MEMLIMIT_INTERACTIVE;
  record.salt.resize(crypto_pwhash_SALTBYTES);
  randombytes_buf(record.salt.data(), record.salt.size());
  Key wrapping{}, master{};
  MAPISTORE_CHECK(derive(passphrase, record, wrapping));
  randombytes_buf(master.data(), master.size());
  record.sealed_key = seal_with(wrapping, Use::key, {reinterpret_cast<const char*>(master.data()), master.size()});
  Vault vault;
  vault.set(master);
  sodium_memzero(wrapping.data(), wrapping.size());
  sodium_memzero(master.data(), master.size());
  return vault;
}

Result<Vault> Vault::open(std::string_view passphrase, const KeyRecord& record, std::string_view object) {
  if (sodium_init() < 0) return fail(Errc::unsupported, {}, "libsodium cannot work here");
  if (record.operations < crypto_pwhash_OPSLIMIT_MIN || record.operations > most_operations ||
      record.memory < crypto_pwhash_MEMLIMIT_MIN || record.memory > most_memory ||
      record.salt.size() != crypto_pwhash_SALTBYTES)
    return fail(Errc::corrupted, object, "the record of its key is damaged", "restore the archive from a copy");
  Key wrapping{};
  MAPISTORE_CHECK(derive(passphrase, record, wrapping));
  std::string text;
  const bool opened = unseal_with(wrapping, Use::key, record.sealed_key, text);
  sodium_memzero(wrapping.data(), wrapping.size());
  if (!opened || text.size() != std::tuple_size_v<Key>)
    return fail(Errc::access_denied, object, "the passphrase does not open this archive",
                "check the passphrase that the profile or the environment gives");
  Key master{};
  std::copy(text.begin(), text.end(), master.begin());
  Vault vault;
  vault.set(master);
  sodium_memzero(master.data(), master.size());
  sodium_memzero(text.data(), text.size());
  return vault;
}

std::string Vault::seal(Use use, std::string_view plain) const {
  return sealed_ ? seal_with(key_, use, plain) : std::string(plain);
}

Result<std::string> Vault::unseal(Use use, std::string_view stored) const {
  if (!sealed_) return std::string(stored);
  std::string plain;
  if (!unseal_with(key_, use, stored, plain)) return fail(Errc::io, {}, "is not what was sealed");
  return plain;
}

Hash Vault::name_of(const Hash& sha256) const {
  if (!sealed_) return sha256;
  static_assert(crypto_auth_hmacsha256_BYTES == std::tuple_size_v<Hash>);
  Hash name{};
  crypto_auth_hmacsha256(name.data(), sha256.data(), sha256.size(), name_key_.data());
  return name;
}

}  // namespace mapistore::archive
