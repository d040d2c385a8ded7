#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace mapistore::codec {

/// Reads numbers of little-endian byte order. What lies behind the end reads as zero, and `ok` tells that once for all
/// of it.
class LittleEndianReader {
 public:
  explicit LittleEndianReader(std::span<const std::byte> bytes) noexcept : rest_{bytes} {}

  template <std::integral T>
  T take() noexcept {
    if (rest_.size() < sizeof(T)) {
      fail();
      return {};
    }
    std::make_unsigned_t<T> value = 0;
    for (std::size_t i = sizeof(T); i-- > 0;) {
      value =
          static_cast<std::make_unsigned_t<T>>((std::uint64_t{value} << 8) | std::to_integer<std::uint8_t>(rest_[i]));
    }
    rest_ = rest_.subspan(sizeof(T));
    return static_cast<T>(value);
  }

  /// A view into what is read; empty if there is less.
  std::span<const std::byte> take_bytes(std::size_t count) noexcept {
    if (rest_.size() < count) {
      fail();
      return {};
    }
    const auto taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }

  std::string_view take_text(std::size_t count) noexcept {
    const auto taken = take_bytes(count);
    return {reinterpret_cast<const char*>(taken.data()), taken.size()};
  }

  bool ok() const noexcept { return ok_; }
  std::size_t left() const noexcept { return rest_.size(); }

 private:
  void fail() noexcept {
    ok_ = false;
    rest_ = {};
  }

  std::span<const std::byte> rest_;
  bool ok_ = true;
};

/// Appends numbers in little-endian byte order.
class LittleEndianWriter {
 public:
  template <std::integral T>
  void put(T value) {
    auto bits = static_cast<std::uint64_t>(value);
    for (std::size_t i = 0; i < sizeof(T); ++i, bits >>= 8) bytes_.push_back(static_cast<std::byte>(bits & 0xff));
  }

  void put_bytes(std::span<const std::byte> bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
  void put_text(std::string_view text) { put_bytes(std::as_bytes(std::span(text.data(), text.size()))); }

  const std::vector<std::byte>& bytes() const noexcept { return bytes_; }
  std::vector<std::byte> take() && noexcept { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace mapistore::codec
