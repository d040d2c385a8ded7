#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <mapistore/result.h>

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;
struct ZSTD_CDict_s;
struct ZSTD_DDict_s;

namespace mapistore::archive {

/// A trained dictionary, ready for both ways. Immutable: shared by all who read and write frames of it.
class Dictionary {
 public:
  /// `bytes` as the archive keeps them. Errc::corrupted for what is no dictionary.
  static Result<std::shared_ptr<const Dictionary>> make(std::int64_t id, std::string_view bytes, int level);
  ~Dictionary();

  std::int64_t id() const noexcept { return id_; }

 private:
  friend class Frames;
  explicit Dictionary(std::int64_t id) noexcept : id_{id} {}

  std::int64_t id_;
  ZSTD_CDict_s* compressing_ = nullptr;
  ZSTD_DDict_s* decompressing_ = nullptr;
};

/// Trains a dictionary on `samples`. Takes seconds. Errc::no_data: they have too little in common.
Result<std::string> train_dictionary(const std::vector<std::string>& samples);

/// Packs and unpacks zstd frames with content checksums (RFC 8878). Thread-safe: keeps a few work areas.
class Frames {
 public:
  Frames();
  ~Frames();

  /// `dictionary` may be null; with one, `level` is the dictionary's.
  Result<std::string> pack(std::string_view plain, const Dictionary* dictionary, int level);
  /// Errc::io: the frame is damaged, of another dictionary, or holds more than `limit` bytes.
  Result<std::string> unpack(std::string_view frame, const Dictionary* dictionary, std::size_t limit);

 private:
  struct Packer;
  struct Unpacker;

  std::mutex mutex_;  ///< rank: leaf; guards what follows
  std::vector<std::unique_ptr<Packer>> packers_;
  std::vector<std::unique_ptr<Unpacker>> unpackers_;
};

}  // namespace mapistore::archive
