#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <mapistore/result.h>

namespace mapistore {

/// The type half of a property tag (MS-OXCDATA 2.11.1). A multivalue is the type with `multivalue` added.
enum class PropertyType : std::uint16_t {
  unspecified = 0x0000, short_integer = 0x0002, long_integer = 0x0003, floating = 0x0004, double_precision = 0x0005,
  currency = 0x0006, application_time = 0x0007, error = 0x000a, boolean = 0x000b, object = 0x000d, integer64 = 0x0014,
  string8 = 0x001e, unicode = 0x001f, system_time = 0x0040, guid = 0x0048, server_id = 0x00fb, restriction = 0x00fd,
  rule_actions = 0x00fe, binary = 0x0102, multivalue = 0x1000,
};

/// A property's identity in one bag: the id in the high half, the type in the low half.
class PropertyTag {
 public:
  constexpr PropertyTag(std::uint16_t id, PropertyType type) noexcept
      : raw_{(std::uint32_t{id} << 16) | std::to_underlying(type)} {}

  constexpr std::uint16_t id() const noexcept { return static_cast<std::uint16_t>(raw_ >> 16); }
  constexpr PropertyType type() const noexcept { return static_cast<PropertyType>(raw_ & 0xffffu); }
  constexpr std::uint32_t raw() const noexcept { return raw_; }
  /// Ids from 0x8000 mean something only to the store that mapped them; they never leave the process.
  constexpr bool is_named() const noexcept { return id() >= 0x8000; }
  friend constexpr auto operator<=>(PropertyTag, PropertyTag) noexcept = default;

 private:
  std::uint32_t raw_;
};

struct Guid {
  std::array<std::uint8_t, 16> bytes{};

  friend constexpr auto operator<=>(const Guid&, const Guid&) noexcept = default;
};

/// A named property (MS-OXCPRPT 2.2.12.1): a set and, within it, a number or a string; and the value's type.
struct PropertyName {
  Guid set;
  std::variant<std::uint32_t, std::string> name;
  PropertyType type = PropertyType::unicode;

  friend auto operator<=>(const PropertyName&, const PropertyName&) = default;
};

using PropertyId = std::variant<PropertyTag, PropertyName>;

/// FILETIME: 100 ns since 1601-01-01T00:00:00Z (MS-DTYP 2.3.3).
struct SystemTime {
  static constexpr std::uint64_t per_second = 10'000'000, per_day = 86'400 * per_second;
  static constexpr std::uint64_t at_1970 = 11'644'473'600 * per_second;

  std::uint64_t ticks = 0;

  friend constexpr auto operator<=>(SystemTime, SystemTime) noexcept = default;
};

/// A string of an unnamed code page: the bytes as they came.
struct String8 {
  std::string bytes;

  friend auto operator<=>(const String8&, const String8&) = default;
};

using Binary = std::vector<std::byte>;

/// Reads the bytes of a Content from the beginning. Used by one thread at a time.
class MAPISTORE_API ContentReader {
 public:
  virtual ~ContentReader();

  /// Fills `out`, short only at the end. Returns the count of bytes read; zero: there are no more.
  virtual Result<std::size_t> read(std::span<std::byte> out) = 0;
};

/// The bytes of a value that is produced when read and never held whole: a body, an attachment's data.
///
/// Immutable and thread-safe. Keeps alive whatever it is read from.
class MAPISTORE_API Content {
 public:
  virtual ~Content();

  /// Exact. May have to read everything once.
  virtual Result<std::uint64_t> size() const = 0;
  virtual std::unique_ptr<ContentReader> reader() const = 0;

  /// All of it, as far as it has at most `limit` bytes. Errc::too_large.
  Result<std::string> text(std::uint64_t limit) const;
};

/// A value of type `unicode` (then the bytes are UTF-8), `string8` or `binary` that may be large. Never null.
/// Equal when the bytes are; a comparison may have to read both.
struct LargeValue {
  std::shared_ptr<const Content> content;

  MAPISTORE_API friend bool operator==(const LargeValue& a, const LargeValue& b);
};

/// A Content of bytes that are held.
MAPISTORE_API LargeValue held_content(std::string bytes);

/// A property's value; which alternative belongs to which type is told by the tag.
///
/// `boolean` is bool; where a medium has neither 0 nor 1, std::int16_t with the bits that it has, which mean true.
/// `unicode` is std::string in UTF-8, where a lone surrogate stays as its three bytes (WTF-8). `currency` is int64_t in
/// units of 1/10,000, `application_time` double, `error` int32_t; `server_id`, `restriction` and `rule_actions` are
/// Binary in their wire form. A multivalue of no elements is not the same as no value. monostate: no value at all.
using PropertyValue =
    std::variant<std::monostate, bool, std::int16_t, std::int32_t, std::int64_t, float, double, std::string, String8,
                 SystemTime, Guid, Binary, LargeValue, std::vector<std::int16_t>, std::vector<std::int32_t>,
                 std::vector<std::int64_t>, std::vector<float>, std::vector<double>, std::vector<std::string>,
                 std::vector<String8>, std::vector<SystemTime>, std::vector<Guid>, std::vector<Binary>>;

struct Property {
  PropertyId id;
  PropertyValue value;

  friend bool operator==(const Property&, const Property&) = default;
};

}  // namespace mapistore
