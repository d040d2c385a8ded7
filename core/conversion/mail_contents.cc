#include "core/conversion/mail_contents.h"

#include <algorithm>
#include <cstring>
#include <mutex>

#include "core/codec/ascii.h"
#include "core/codec/charset.h"
#include "core/codec/transfer.h"
#include "core/codec/utf8.h"
#include "core/conversion/convert.h"
#include "core/conversion/mail_uuencode.h"
#include "core/conversion/mail_values.h"
#include "core/properties/shared_content.h"

namespace mapistore::conversion {
namespace {

constexpr std::size_t piece = 64 * 1024;
constexpr std::size_t longest_line = 1024 * 1024;

void append_decoded(std::string& out, std::string_view body, mime::Encoding encoding) {
  switch (encoding) {
    case mime::Encoding::base64: return codec::append_base64(out, body);
    case mime::Encoding::quoted_printable: return codec::append_quoted_printable(out, body);
    case mime::Encoding::uuencode: return append_uuencoded(out, body);
    case mime::Encoding::identity:
    case mime::Encoding::unknown: break;
  }
  out.append(body);
}

bool is_as_it_stands(mime::Encoding encoding) noexcept {
  return encoding == mime::Encoding::identity || encoding == mime::Encoding::unknown;
}

constexpr bool is_base64(char c) noexcept {
  return codec::is_letter(c) || codec::is_digit(c) || c == '+' || c == '/';
}

/// Where encoded `text` can be cut in two that are decoded one by one.
std::size_t base64_cut(std::string_view text) noexcept {
  std::size_t digits = 0;
  std::size_t cut = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '=')
      digits = 0;
    else if (is_base64(text[at]))
      ++digits;
    if (digits % 4 == 0 && (at + 1 == text.size() || text[at + 1] != '=')) cut = at + 1;
  }
  return cut;
}

std::size_t line_cut(std::string_view text) noexcept {
  const std::size_t line_end = text.rfind('\n');
  if (line_end != std::string_view::npos) return line_end + 1;
  if (text.size() < longest_line) return 0;
  std::size_t cut = text.size();
  while (cut > 3 && (text.substr(cut - 3, 3).find('=') != std::string_view::npos || codec::is_blank(text[cut - 1]))) --cut;
  return cut;
}

/// Decodes piece by piece, so that an attachment of any size costs no more than one.
class DecodingReader : public ContentReader {
 public:
  DecodingReader(SharedBytes body, mime::Encoding encoding)
      : body_{std::move(body)}, rest_{body_.view()}, encoding_{encoding} {}

  Result<std::size_t> read(std::span<std::byte> out) override {
    std::size_t filled = 0;
    while (filled < out.size()) {
      if (position_ == decoded_.size() && !decode_more()) break;
      const std::size_t count = std::min(out.size() - filled, decoded_.size() - position_);
      std::memcpy(out.data() + filled, decoded_.data() + position_, count);
      position_ += count;
      filled += count;
    }
    return filled;
  }

 private:
  bool decode_more() {
    decoded_.clear();
    position_ = 0;
    while (decoded_.empty() && !rest_.empty()) {
      const std::size_t count = next_piece();
      append_decoded(decoded_, rest_.substr(0, count), encoding_);
      rest_.remove_prefix(count);
    }
    return !decoded_.empty();
  }

  std::size_t next_piece() const {
    for (std::size_t size = piece; size < rest_.size(); size *= 2) {
      const std::string_view text = rest_.substr(0, size);
      const std::size_t cut = encoding_ == mime::Encoding::base64 ? base64_cut(text) : line_cut(text);
      if (cut > 0) return cut;
    }
    return rest_.size();
  }

  SharedBytes body_;
  std::string_view rest_;
  mime::Encoding encoding_;
  std::string decoded_;
  std::size_t position_ = 0;
};

class DecodedContent : public Content {
 public:
  DecodedContent(SharedBytes body, mime::Encoding encoding) : body_{std::move(body)}, encoding_{encoding} {}

  Result<std::uint64_t> size() const override {
    std::call_once(sized_, [this] {
      std::vector<std::byte> buffer(piece);
      DecodingReader reader(body_, encoding_);
      while (const std::size_t count = *reader.read(buffer)) size_ += count;
    });
    return size_;
  }

  std::unique_ptr<ContentReader> reader() const override { return std::make_unique<DecodingReader>(body_, encoding_); }

 private:
  SharedBytes body_;
  mime::Encoding encoding_;
  mutable std::once_flag sized_;
  mutable std::uint64_t size_ = 0;
};

std::string without(std::string_view text, const std::vector<std::string_view>& left_out) {
  std::string rest;
  const char* at = text.data();
  for (const std::string_view block : left_out) {
    rest.append(at, block.data());
    at = block.data() + block.size();
  }
  return rest.append(at, text.data() + text.size());
}

}  // namespace

void set_part_bytes(PropertyBag& bag, PropertyTag tag, const SharedBytes& bytes, const mime::Part& part) {
  if (part.body.size() > largest_held_value) {
    const SharedBytes body = bytes.part(part.body);
    if (is_as_it_stands(part.encoding)) return bag.set(tag, shared_content(body));
    const LargeValue decoded{std::make_shared<DecodedContent>(body, part.encoding)};
    if (const auto size = decoded.content->size(); size && *size > largest_held_value) return bag.set(tag, decoded);
  }
  std::string decoded;
  append_decoded(decoded, part.body, part.encoding);
  set_bytes(bag, tag, decoded);
}

void set_part_text(PropertyBag& bag, PropertyTag tag, const SharedBytes& bytes, const mime::Part& part,
                   const std::vector<std::string_view>& left_out) {
  if (left_out.empty() && part.body.size() > largest_held_value && is_as_it_stands(part.encoding) &&
      (part.type.charset.empty() || part.type.charset == "utf-8" || part.type.charset == "us-ascii") && codec::is_valid_utf8(part.body)) {
    return bag.set(tag, shared_content(bytes.part(part.body)));
  }
  std::string decoded;
  append_decoded(decoded, left_out.empty() ? std::string(part.body) : without(part.body, left_out), part.encoding);
  std::string text;
  if (part.type.charset.empty()) {
    codec::append_undeclared(text, decoded);
  } else {
    codec::CharsetDecoder charsets;
    charsets.append(text, part.type.charset, decoded);
  }
  set_text(bag, tag, std::move(text));
}

std::optional<std::string> held_part(const mime::Part& part, std::size_t limit) {
  if (part.body.size() > limit) return std::nullopt;
  std::string decoded;
  append_decoded(decoded, part.body, part.encoding);
  return decoded;
}

}  // namespace mapistore::conversion
