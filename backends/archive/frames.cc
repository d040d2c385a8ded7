#include "backends/archive/frames.h"

#include <zdict.h>
#include <zstd.h>

namespace mapistore::archive {
namespace {

constexpr std::size_t dictionary_size = std::size_t{112} * 1024;
constexpr std::size_t most_idle = 4;

template <class Area>
std::unique_ptr<Area> take(std::mutex& mutex, std::vector<std::unique_ptr<Area>>& idle) {
  const std::lock_guard lock{mutex};
  if (idle.empty()) return std::make_unique<Area>();
  auto area = std::move(idle.back());
  idle.pop_back();
  return area;
}

template <class Area>
void give_back(std::mutex& mutex, std::vector<std::unique_ptr<Area>>& idle, std::unique_ptr<Area> area) {
  const std::lock_guard lock{mutex};
  if (idle.size() < most_idle) idle.push_back(std::move(area));
}

}  // namespace

struct Frames::Packer {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  Packer() = default;
  Packer(const Packer&) = delete;
  Packer& operator=(const Packer&) = delete;
  ~Packer() { ZSTD_freeCCtx(context); }
};

struct Frames::Unpacker {
  ZSTD_DCtx* context = ZSTD_createDCtx();
  Unpacker() = default;
  Unpacker(const Unpacker&) = delete;
  Unpacker& operator=(const Unpacker&) = delete;
  ~Unpacker() { ZSTD_freeDCtx(context); }
};

Dictionary::~Dictionary() {
  ZSTD_freeCDict(compressing_);
  ZSTD_freeDDict(decompressing_);
}

Result<std::shared_ptr<const Dictionary>> Dictionary::make(std::int64_t id, std::string_view bytes, int level) {
  std::shared_ptr<Dictionary> dictionary{new Dictionary{id}};
  dictionary->compressing_ = ZSTD_createCDict(bytes.data(), bytes.size(), level);
  dictionary->decompressing_ = ZSTD_createDDict(bytes.data(), bytes.size());
  if (dictionary->compressing_ == nullptr || dictionary->decompressing_ == nullptr)
    return fail(Errc::corrupted, "dictionary " + std::to_string(id), "is damaged");
  return dictionary;
}

Result<std::string> train_dictionary(const std::vector<std::string>& samples) {
  std::string all;
  std::vector<std::size_t> sizes;
  for (const std::string& sample : samples) {
    all += sample;
    sizes.push_back(sample.size());
  }
  std::string dictionary(dictionary_size, '\0');
  const std::size_t size = ZDICT_trainFromBuffer(dictionary.data(), dictionary.size(), all.data(), sizes.data(),
                                                 static_cast<unsigned>(sizes.size()));
  if (ZDICT_isError(size) != 0) return fail(Errc::no_data, "dictionary", ZDICT_getErrorName(size));
  dictionary.resize(size);
  return dictionary;
}

Frames::Frames() = default;
Frames::~Frames() = default;

Result<std::string> Frames::pack(std::string_view plain, const Dictionary* dictionary, int level) {
  auto packer = take(mutex_, packers_);
  if (packer->context == nullptr) return fail(Errc::no_memory);
  ZSTD_CCtx_reset(packer->context, ZSTD_reset_session_and_parameters);
  ZSTD_CCtx_setParameter(packer->context, ZSTD_c_compressionLevel, level);
  ZSTD_CCtx_setParameter(packer->context, ZSTD_c_checksumFlag, 1);
  ZSTD_CCtx_setParameter(packer->context, ZSTD_c_dictIDFlag, 0);  // the row says it
  ZSTD_CCtx_refCDict(packer->context, dictionary != nullptr ? dictionary->compressing_ : nullptr);
  std::string frame(ZSTD_compressBound(plain.size()), '\0');
  const std::size_t size = ZSTD_compress2(packer->context, frame.data(), frame.size(), plain.data(), plain.size());
  if (ZSTD_isError(size) != 0) return fail(Errc::no_memory, {}, ZSTD_getErrorName(size));
  frame.resize(size);
  give_back(mutex_, packers_, std::move(packer));
  return frame;
}

Result<std::string> Frames::unpack(std::string_view frame, const Dictionary* dictionary, std::size_t limit) {
  const auto told = ZSTD_getFrameContentSize(frame.data(), frame.size());
  if (told == ZSTD_CONTENTSIZE_ERROR || told == ZSTD_CONTENTSIZE_UNKNOWN || told > limit)
    return fail(Errc::io, {}, "its frame is damaged");
  auto unpacker = take(mutex_, unpackers_);
  if (unpacker->context == nullptr) return fail(Errc::no_memory);
  ZSTD_DCtx_reset(unpacker->context, ZSTD_reset_session_and_parameters);
  ZSTD_DCtx_refDDict(unpacker->context, dictionary != nullptr ? dictionary->decompressing_ : nullptr);
  std::string plain(told, '\0');
  const std::size_t size =
      ZSTD_decompressDCtx(unpacker->context, plain.data(), plain.size(), frame.data(), frame.size());
  if (ZSTD_isError(size) != 0 || size != told) return fail(Errc::io, {}, "its frame is damaged");
  give_back(mutex_, unpackers_, std::move(unpacker));
  return plain;
}

}  // namespace mapistore::archive
