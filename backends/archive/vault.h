#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include <mapistore/result.h>

#include "backends/archive/format.h"

namespace mapistore::archive {

/// What an encrypted archive keeps of its key, none of it secret.
struct KeyRecord {
  std::uint64_t operations = 0;  ///< of Argon2id
  std::uint64_t memory = 0;      ///< of Argon2id, in bytes
  std::string salt;
  std::string sealed_key;  ///< the archive's own key, sealed by that of the passphrase
};

/// Seals what reveals content: XChaCha20-Poly1305 under a key that the passphrase opens (Argon2id). One that was made
/// without a key leaves everything as it is. Thread-safe once made.
class Vault {
 public:
  /// What sealed bytes are for: one use's bytes do not open as another's. The numbers are part of the format.
  enum class Use : std::uint8_t { key = 'k', frame = 'f', text = 't', dictionary = 'd' };

  Vault() = default;
  ~Vault();
  Vault(Vault&& other) noexcept;
  Vault& operator=(Vault&& other) noexcept;

  /// A new key, sealed by `passphrase` into `record`. Takes a tenth of a second and 64 MiB, by intention.
  static Result<Vault> create(std::string_view passphrase, KeyRecord& record);
  /// Errc::access_denied: another passphrase. Errc::corrupted: a record that none of ours made.
  static Result<Vault> open(std::string_view passphrase, const KeyRecord& record, std::string_view object);

  bool is_sealed() const noexcept { return sealed_; }
  std::string seal(Use use, std::string_view plain) const;
  /// Errc::io: these are not bytes that this key sealed for this use.
  Result<std::string> unseal(Use use, std::string_view stored) const;
  /// What bytes of this SHA-256 are known by: itself, or an HMAC of it, from which nobody learns whether he has the
  /// same.
  Hash name_of(const Hash& sha256) const;
  /// Whether both open the same archive.
  bool is_same(const Vault& other) const noexcept { return sealed_ == other.sealed_ && key_ == other.key_; }

 private:
  using Key = std::array<unsigned char, 32>;
  void set(const Key& master);

  bool sealed_ = false;
  Key key_{}, name_key_{};
};

}  // namespace mapistore::archive
