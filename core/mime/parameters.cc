#include "core/mime/parameters.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <span>
#include <tuple>

#include "core/codec/ascii.h"
#include "core/codec/charset.h"
#include "core/codec/encoded_words.h"
#include "core/codec/utf8.h"

namespace mapistore::mime {
namespace {

constexpr std::size_t most_pieces = 10'000;
constexpr std::size_t most_index_digits = 5;

/// Which form counts where a parameter is given in several: the first here.
enum class Form : std::uint8_t { extended, continued, plain };

struct Piece {
  std::string name;
  Form form = Form::plain;
  std::uint32_t index = 0;  ///< of a continuation
  bool percent = false;     ///< its octets may be percent-encoded
  std::string value;

  bool same_parameter(const Piece& other) const { return name == other.name && form == other.form; }
  friend bool operator<(const Piece& a, const Piece& b) {
    return std::tie(a.name, a.form, a.index) < std::tie(b.name, b.form, b.index);
  }
};

std::string lowered(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), codec::lower);
  return out;
}

/// Takes the marks of RFC 2231 off a name: `filename*0*`.
Piece piece_named(std::string_view name) {
  Piece piece;
  if (name.ends_with('*')) {
    piece.percent = true;
    piece.form = Form::extended;
    name.remove_suffix(1);
  }
  const std::size_t star = name.rfind('*');
  const std::string_view digits = star == std::string_view::npos ? "" : name.substr(star + 1);
  if (!digits.empty() && digits.size() <= most_index_digits && std::ranges::all_of(digits, codec::is_digit)) {
    piece.form = Form::continued;
    for (const char digit : digits) piece.index = piece.index * 10 + static_cast<std::uint32_t>(digit - '0');
    name = name.substr(0, star);
  }
  piece.name = lowered(name);
  return piece;
}

/// Cuts a value into its parameters.
class PieceScanner {
 public:
  explicit PieceScanner(std::string_view text) noexcept : text_{text} {}

  /// The first word: the semicolon behind it may be missing.
  std::string main_value() {
    skip_blanks_and_comments();
    const std::size_t begin = at_;
    while (at_ < text_.size() && text_[at_] != ';' && text_[at_] != '(' && !codec::is_blank(text_[at_])) ++at_;
    return lowered(codec::undeclared_text(text_.substr(begin, at_ - begin)));
  }

  std::vector<Piece> pieces() {
    std::vector<Piece> pieces;
    while (at_ < text_.size() && pieces.size() < most_pieces) {
      skip_blanks_and_comments();
      const std::size_t begin = at_;
      while (at_ < text_.size() && text_[at_] != '=' && text_[at_] != ';') ++at_;
      const std::string_view name = codec::trim(text_.substr(begin, at_ - begin));
      const bool has_value = at_ < text_.size() && text_[at_] == '=';
      if (at_ < text_.size()) ++at_;
      if (!has_value || name.empty()) continue;
      Piece piece = piece_named(name);
      piece.value = value(piece.name == "name" || piece.name == "filename");
      pieces.push_back(std::move(piece));
    }
    return pieces;
  }

 private:
  /// Goes behind the comment that begins here, or does nothing if it does not end.
  bool skip_comment() {
    if (at_ >= text_.size() || text_[at_] != '(' || !comments_close_) return false;
    std::size_t end = at_;
    for (std::size_t depth = 0; end < text_.size(); ++end) {
      if (text_[end] == '\\')
        ++end;
      else if (text_[end] == '(')
        ++depth;
      else if (text_[end] == ')' && --depth == 0)
        break;
    }
    comments_close_ = end < text_.size();
    if (comments_close_) at_ = end + 1;
    return comments_close_;
  }

  void skip_blanks_and_comments() {
    while (at_ < text_.size() && (codec::is_blank(text_[at_]) || skip_comment())) {
      if (at_ < text_.size() && codec::is_blank(text_[at_])) ++at_;
    }
  }

  /// Up to the semicolon, which is passed. File names are often not quoted: in them brackets and blanks count.
  std::string token(bool is_file_name) {
    std::string out;
    while (at_ < text_.size() && text_[at_] != ';') {
      if (is_file_name || !skip_comment()) out += text_[at_++];
    }
    if (at_ < text_.size()) ++at_;
    return std::string(codec::trim(out));
  }

  std::string value(bool is_file_name) {
    while (at_ < text_.size() && codec::is_blank(text_[at_])) ++at_;
    if (!is_file_name) skip_blanks_and_comments();
    if (at_ >= text_.size() || text_[at_] != '"') return token(is_file_name);
    std::string out;
    std::size_t end = at_ + 1;
    for (; quotes_close_ && end < text_.size() && text_[end] != '"'; ++end) {
      // A path of Windows is not escaped, though its backslashes should be.
      const bool escapes =
          text_[end] == '\\' && end + 1 < text_.size() && std::string_view("\"\\").contains(text_[end + 1]);
      if (escapes) ++end;
      out += text_[end];
    }
    quotes_close_ = quotes_close_ && end < text_.size();
    ++at_;
    if (!quotes_close_) return token(is_file_name);
    at_ = end + 1;
    token(is_file_name);
    return out;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  // Cleared by the first one that does not close: no later one can, and looking again would be quadratic.
  bool quotes_close_ = true;
  bool comments_close_ = true;
};

void append_percent_decoded(std::string& out, std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const int high = text[at] == '%' && at + 2 < text.size() ? codec::hex_value(text[at + 1]) : -1;
    const int low = high >= 0 ? codec::hex_value(text[at + 2]) : -1;
    out += low >= 0 ? static_cast<char>(high * 16 + low) : text[at];
    if (low >= 0) at += 2;
  }
}

/// The value of the parameter whose pieces these are, in order; what comes behind a gap is not its own.
std::string value_of(std::span<const Piece> pieces, codec::CharsetDecoder& charsets) {
  std::string_view charset;
  std::string bytes;
  const bool declared = pieces.front().percent;
  for (std::size_t at = 0; at < pieces.size(); ++at) {
    if (at > 0 && pieces[at].index != pieces[at - 1].index + 1) break;
    std::string_view value = pieces[at].value;
    if (at == 0 && declared) {
      const std::size_t language = value.find('\'');
      const std::size_t text = language == std::string_view::npos ? language : value.find('\'', language + 1);
      if (text != std::string_view::npos) {
        charset = value.substr(0, language);
        value.remove_prefix(text + 1);
      }
    }
    if (pieces[at].percent)
      append_percent_decoded(bytes, value);
    else
      bytes += value;
  }
  if (pieces.front().name == "boundary") {
    std::erase_if(bytes, [](char c) { return c == '\r' || c == '\n'; });  // folds
    return bytes;
  }
  if (!declared) return codec::decode_words(bytes);
  std::string text;
  charsets.append(text, charset, bytes);
  return codec::one_line(std::move(text));
}

}  // namespace

std::string_view ParameterizedValue::parameter(std::string_view name) const noexcept {
  const auto found = std::ranges::lower_bound(parameters, name, {}, &Parameter::name);
  return found != parameters.end() && found->name == name ? std::string_view(found->value) : std::string_view{};
}

ParameterizedValue read_parameters(std::string_view value) {
  PieceScanner scanner(value);
  ParameterizedValue result;
  result.value = scanner.main_value();
  std::vector<Piece> pieces = scanner.pieces();
  std::ranges::stable_sort(pieces, std::less<>{});
  codec::CharsetDecoder charsets;
  for (auto begin = pieces.begin(); begin != pieces.end();) {
    const auto end =
        std::find_if_not(begin, pieces.end(), [&](const Piece& piece) { return piece.same_parameter(*begin); });
    if (result.parameters.empty() || result.parameters.back().name != begin->name) {
      result.parameters.push_back({begin->name, value_of({begin, end}, charsets)});
    }
    begin = end;
  }
  return result;
}

}  // namespace mapistore::mime
