#include "core/properties/encoded_content.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "core/codec/ascii.h"
#include "core/codec/shared_content.h"
#include "core/codec/utf8.h"
#include "core/properties/wtf8.h"

namespace mapistore {
namespace {

char32_t take_unit(std::string_view& raw) noexcept {
  char32_t unit = 0;
  for (const char c : raw.substr(0, 4)) unit = unit << 4 | static_cast<char32_t>(codec::hex_value(c));
  raw.remove_prefix(4);
  return unit;
}

/// Takes the escape behind a backslash, and the one behind it if the two are a pair of surrogates.
char32_t take_escape(std::string_view& raw) noexcept {
  const char kind = raw.front();
  raw.remove_prefix(1);
  switch (kind) {
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'u': break;
    default: return static_cast<char32_t>(kind);
  }
  const char32_t unit = take_unit(raw);
  if (!is_high_surrogate(unit) || !raw.starts_with("\\u")) return unit;
  std::string_view ahead = raw.substr(2);
  const char32_t second = take_unit(ahead);
  if (!is_low_surrogate(second)) return unit;
  raw = ahead;
  return join_surrogates(unit, second);
}

/// Decodes about `wanted` bytes off the front of `raw`, whole characters of it.
void append_decoded(std::string& out, std::string_view& raw, std::size_t wanted) {
  while (!raw.empty() && out.size() < wanted) {
    const std::size_t plain = std::min({raw.find('\\'), raw.size(), wanted - out.size()});
    out += raw.substr(0, plain);
    raw.remove_prefix(plain);
    if (!raw.starts_with('\\') || out.size() >= wanted) continue;
    raw.remove_prefix(1);
    codec::append_code_point(out, take_escape(raw));
  }
}

/// Gives out what `refill` makes, piece by piece.
class PieceReader : public ContentReader {
 public:
  Result<std::size_t> read(std::span<std::byte> out) final {
    std::size_t filled = 0;
    while (filled < out.size()) {
      if (given_ == piece_.size()) {
        piece_.clear();
        given_ = 0;
        MAPISTORE_CHECK(refill(piece_));
        if (piece_.empty()) break;
      }
      const std::size_t count = std::min(out.size() - filled, piece_.size() - given_);
      std::memcpy(out.data() + filled, piece_.data() + given_, count);
      filled += count;
      given_ += count;
    }
    return filled;
  }

 protected:
  static constexpr std::size_t piece_size = 16 * 1024;

 private:
  /// Appends the next bytes, none at the end.
  virtual Result<> refill(std::string& out) = 0;

  std::string piece_;
  std::size_t given_ = 0;
};

class EscapedReader final : public PieceReader {
 public:
  explicit EscapedReader(SharedBytes raw) : raw_{std::move(raw)}, rest_{raw_.view()} {}

 private:
  Result<> refill(std::string& out) override {
    append_decoded(out, rest_, piece_size);
    return {};
  }

  SharedBytes raw_;
  std::string_view rest_;
};

class EscapedContent final : public Content {
 public:
  EscapedContent(SharedBytes raw, std::uint64_t size) : raw_{std::move(raw)}, size_{size} {}

  Result<std::uint64_t> size() const override { return size_; }
  std::unique_ptr<ContentReader> reader() const override { return std::make_unique<EscapedReader>(raw_); }

 private:
  SharedBytes raw_;
  std::uint64_t size_;
};

constexpr std::uint8_t not_base64 = 0xff;

constexpr std::array<std::uint8_t, 256> base64_values = [] {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::array<std::uint8_t, 256> values{};
  values.fill(not_base64);
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    values[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  return values;
}();

/// Decodes base64 that comes in pieces. After padding nothing may come.
class Base64 {
 public:
  bool append(std::string& out, std::string_view text) {
    for (const char c : text) {
      if (c == '=') {
        if (++padding_ > 2) return false;
        continue;
      }
      const std::uint8_t value = base64_values[static_cast<unsigned char>(c)];
      if (value == not_base64 || padding_ > 0) return false;
      bits_ = bits_ << 6 | value;
      if (++count_ < 4) continue;
      for (const int shift : {16, 8, 0}) out += static_cast<char>(bits_ >> shift & 0xff);
      bits_ = 0;
      count_ = 0;
    }
    return true;
  }

  bool finish(std::string& out) const {
    if (count_ == 0) return padding_ == 0;
    if (count_ + padding_ != 4 || count_ == 1) return false;
    const int spare = count_ == 2 ? 4 : 2;
    if ((bits_ & ((1u << spare) - 1)) != 0) return false;
    for (int shift = count_ == 2 ? 4 : 10; shift > 0; shift -= 8) out += static_cast<char>(bits_ >> shift & 0xff);
    return true;
  }

 private:
  std::uint32_t bits_ = 0;
  int count_ = 0;
  int padding_ = 0;
};

class Base64Reader final : public PieceReader {
 public:
  explicit Base64Reader(LargeValue base64) : base64_{std::move(base64)}, reader_{base64_.content->reader()} {}

 private:
  Result<> refill(std::string& out) override {
    std::array<std::byte, piece_size> bytes;
    while (!is_done_ && out.empty()) {
      const std::size_t count = MAPISTORE_TRY(reader_->read(bytes));
      is_done_ = count == 0;
      const std::string_view text(reinterpret_cast<const char*>(bytes.data()), count);
      if (is_done_ ? !decoder_.finish(out) : !decoder_.append(out, text))
        return fail(Errc::invalid_content, {}, "is not base64");
    }
    return {};
  }

  LargeValue base64_;
  std::unique_ptr<ContentReader> reader_;
  Base64 decoder_;
  bool is_done_ = false;
};

class Base64Content final : public Content {
 public:
  Base64Content(LargeValue base64, std::uint64_t size) : base64_{std::move(base64)}, size_{size} {}

  Result<std::uint64_t> size() const override { return size_; }
  std::unique_ptr<ContentReader> reader() const override { return std::make_unique<Base64Reader>(base64_); }

 private:
  LargeValue base64_;
  std::uint64_t size_;
};

}  // namespace

std::string decode(const JsonString& string) {
  if (!string.has_escapes) return std::string(string.raw);
  std::string text;
  text.reserve(string.size);
  std::string_view raw = string.raw;
  append_decoded(text, raw, string.size);
  return text;
}

LargeValue string_content(const SharedBytes& text, const JsonString& string) {
  SharedBytes raw = text.part(string.raw);
  if (!string.has_escapes) return shared_content(std::move(raw));
  return {std::make_shared<EscapedContent>(std::move(raw), string.size)};
}

std::optional<Binary> decode_base64(std::string_view base64) {
  Base64 decoder;
  std::string bytes;
  bytes.reserve(base64.size() / 4 * 3);
  if (!decoder.append(bytes, base64) || !decoder.finish(bytes)) return std::nullopt;
  const auto view = std::as_bytes(std::span(bytes));
  return Binary(view.begin(), view.end());
}

Result<LargeValue> base64_content(LargeValue base64) {
  Base64Reader reader(base64);
  std::array<std::byte, 16 * 1024> bytes;
  std::uint64_t size = 0;
  for (std::size_t count = bytes.size(); count > 0; size += count) count = MAPISTORE_TRY(reader.read(bytes));
  return LargeValue{std::make_shared<Base64Content>(std::move(base64), size)};
}

}  // namespace mapistore
