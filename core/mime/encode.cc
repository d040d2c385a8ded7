#include "core/mime/encode.h"

#include <algorithm>
#include <array>

#include "core/codec/ascii.h"
#include "core/codec/transfer.h"

namespace mapistore::mime {
namespace {

constexpr std::size_t encoded_line = 76;
constexpr std::size_t longest_plain_line = 900;  // RFC 5322 allows 998

constexpr bool is_line_end(char c) noexcept { return c == '\r' || c == '\n'; }
constexpr bool is_printable(char c) noexcept { return c > ' ' && c < 0x7f; }

class DoBase64 : public Step {
 public:
  explicit DoBase64(std::string_view line_end) : line_end_{line_end} {}

  void append(std::string& out, std::string_view piece, bool last) override {
    constexpr std::size_t bytes_of_line = encoded_line / 4 * 3;
    std::string joined;
    if (!rest_.empty()) {
      joined = rest_.append(piece);
      piece = joined;
    }
    while (piece.size() >= bytes_of_line || (last && !piece.empty())) {
      const std::string_view line = piece.substr(0, bytes_of_line);
      if (begun_) out += line_end_;
      begun_ = true;
      codec::append_as_base64(out, line);
      piece.remove_prefix(line.size());
    }
    rest_ = std::string(piece);
  }

 private:
  std::string line_end_;
  std::string rest_;
  bool begun_ = false;
};

/// Tells line ends of any kind from other characters, however the text is cut.
class LineEndStep : public Step {
 public:
  explicit LineEndStep(std::string_view line_end) : line_end_{line_end} {}

  void append(std::string& out, std::string_view piece, bool last) override {
    for (const char c : piece) {
      if (!(c == '\n' && after_return_)) is_line_end(c) ? end_line(out) : character(out, c);
      after_return_ = c == '\r';
    }
    if (last) end_text(out);
  }

 protected:
  virtual void end_line(std::string& out) { out += line_end_; }
  virtual void character(std::string& out, char c) { out += c; }
  virtual void end_text(std::string&) {}

  std::string line_end_;

 private:
  bool after_return_ = false;
};

class DoQuotedPrintable : public LineEndStep {
 public:
  using LineEndStep::LineEndStep;

 private:
  void end_line(std::string& out) override {
    end_text(out);
    out += line_end_;
    column_ = 0;
  }

  void character(std::string& out, char c) override {
    if (blank_ != 0) put(out, blank_, true);
    blank_ = 0;
    if (c == ' ' || c == '\t')
      blank_ = c;
    else
      put(out, c, is_printable(c) && c != '=');
  }

  /// A blank that ends a line would be lost on the way.
  void end_text(std::string& out) override {
    if (blank_ != 0) put(out, blank_, false);
    blank_ = 0;
  }

  void put(std::string& out, char c, bool as_it_is) {
    const std::size_t length = as_it_is ? 1 : 3;
    if (column_ + length >= encoded_line) {
      out += '=';
      out += line_end_;
      column_ = 0;
    }
    column_ += length;
    if (as_it_is) {
      out += c;
      return;
    }
    constexpr std::string_view digits = "0123456789ABCDEF";
    const auto byte = static_cast<unsigned char>(c);
    out += {'=', digits[byte >> 4], digits[byte & 15]};
  }

  std::size_t column_ = 0;
  char blank_ = 0;  ///< the last character, if it was one
};

}  // namespace

Encoding encoding_for_text(std::string_view text) noexcept {
  std::size_t escaped = 0, line = 0, longest = 0;
  bool plain = true;
  for (const char c : text) {
    line = is_line_end(c) ? 0 : line + 1;
    longest = std::max(longest, line);
    const bool kept = is_printable(c) || c == ' ' || c == '\t' || is_line_end(c);
    plain = plain && kept;
    if (!kept || c == '=') ++escaped;
  }
  if (plain && longest <= longest_plain_line) return Encoding::identity;
  return text.size() + 2 * escaped <= text.size() / 3 * 4 ? Encoding::quoted_printable : Encoding::base64;
}

std::unique_ptr<Step> do_base64(std::string_view line_end) { return std::make_unique<DoBase64>(line_end); }

std::unique_ptr<Step> do_quoted_printable(std::string_view line_end) {
  return std::make_unique<DoQuotedPrintable>(line_end);
}

std::unique_ptr<Step> do_line_ends(std::string_view line_end) { return std::make_unique<LineEndStep>(line_end); }

std::unique_ptr<Step> encode(Encoding encoding, std::string_view line_end) {
  switch (encoding) {
    case Encoding::base64: return do_base64(line_end);
    case Encoding::quoted_printable: return do_quoted_printable(line_end);
    case Encoding::identity:
    case Encoding::uuencode:
    case Encoding::unknown: break;
  }
  return nullptr;
}

}  // namespace mapistore::mime
