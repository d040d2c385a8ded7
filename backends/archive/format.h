#pragma once

#include <array>
#include <cstdint>
#include <string_view>

/// The numbers of an archive file; docs/formats/archive.md explains them.
namespace mapistore::archive {

inline constexpr std::uint32_t application_id = 0x4d5a4131;  ///< "MZA1", at offset 68 of the file
inline constexpr std::int64_t schema_version = 1;            ///< SQLite's user_version, at offset 60

inline constexpr std::int64_t root_folder = 1;
inline constexpr std::int64_t trash_folder = 2;

/// Plain bytes in one frame. A multiple of three, so that each frame of a part is whole groups of base64.
inline constexpr std::size_t frame_size = std::size_t{192} * 1024;
/// A message up to this size is read whole when it is opened, so that removing it needs no regard for who reads it.
inline constexpr std::uint64_t whole_limit = frame_size;
/// What is longer gains nothing from a dictionary.
inline constexpr std::size_t dictionary_limit = std::size_t{128} * 1024;
/// Encoded parts of less decoded bytes stay in their message.
inline constexpr std::size_t smallest_part = 1024;

inline constexpr int write_level = 3;  ///< of zstd, when a message is saved

using Hash = std::array<unsigned char, 32>;

inline std::string_view view(const Hash& hash) noexcept {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

enum class ContentKind : std::uint8_t { message = 0, part = 1 };

}  // namespace mapistore::archive
