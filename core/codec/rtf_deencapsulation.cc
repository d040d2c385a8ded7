#include "core/codec/rtf_deencapsulation.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>
#include <vector>

#include "core/codec/charset.h"
#include "core/codec/code_pages.h"
#include "core/codec/rtf_tokens.h"
#include "core/codec/utf8.h"

namespace mapistore::codec {
namespace {

using Form = DeencapsulatedRtf::Form;
using Kind = RtfToken::Kind;

constexpr std::uint32_t windows_latin = 1252;

/// MS-OXRTFEX 2.1.3.1: only what the first ten tokens say counts, and text before it means that there is nothing.
std::optional<Form> form_of(std::string_view rtf) noexcept {
  RtfTokens tokens(rtf);
  for (int i = 0; i < 10; ++i) {
    const auto token = tokens.next();
    if (!token || (token->kind != Kind::begin_group && token->kind != Kind::word)) return std::nullopt;
    if (i == 0 && token->kind != Kind::begin_group) return std::nullopt;
    if (i == 1 && !token->is("rtf")) return std::nullopt;
    if (token->is("fromtext")) return Form::text;
    if (token->is("fromhtml") && token->parameter == 1) return Form::html;
  }
  return std::nullopt;
}

/// The code page of \fcharset, or zero where it says none.
std::uint32_t code_page_of_font_charset(std::int32_t charset) noexcept {
  struct Pair {
    std::int32_t charset;
    std::uint32_t code_page;
  };
  static constexpr std::array pairs{Pair{0, 1252},   Pair{77, 10000}, Pair{128, 932},  Pair{129, 949},  Pair{130, 1361},
                                    Pair{134, 936},  Pair{136, 950},  Pair{161, 1253}, Pair{162, 1254}, Pair{163, 1258},
                                    Pair{177, 1255}, Pair{178, 1256}, Pair{186, 1257}, Pair{204, 1251}, Pair{222, 874},
                                    Pair{238, 1250}, Pair{254, 437},  Pair{255, 850}};
  const auto* found = std::ranges::find(pairs, charset, &Pair::charset);
  return found == pairs.end() ? 0 : found->code_page;
}

/// Groups whose text is not text of the document; those behind `\*` need no name.
bool is_hidden_destination(std::string_view word) noexcept {
  static constexpr std::array words{"colortbl", "filetbl", "footer",  "footerf", "footerl",   "footerr",    "footnote",
                                    "header",   "headerf", "headerl", "headerr", "info",      "nonshppict", "object",
                                    "pict",     "pntext",  "pntxta",  "pntxtb",  "stylesheet"};
  return std::ranges::any_of(words, [&](std::string_view hidden) { return hidden == word; });
}

/// What a control word or symbol stands for (2.1.3.1.4, 2.1.3.1.5).
struct Replacement {
  std::string_view word;
  std::string_view html;
  std::string_view text;
};

constexpr std::array replacements{
    Replacement{"par", "\r\n", "\r\n"},
    Replacement{"line", "\r\n", "\r\n"},
    Replacement{"tab", "\t", "\t"},
    Replacement{"lquote", "&lsquo;", "\u2018"},
    Replacement{"rquote", "&rsquo;", "\u2019"},
    Replacement{"ldblquote", "&ldquo;", "\u201C"},
    Replacement{"rdblquote", "&rdquo;", "\u201D"},
    Replacement{"bullet", "&bull;", "\u2022"},
    Replacement{"endash", "&ndash;", "\u2013"},
    Replacement{"emdash", "&mdash;", "\u2014"},
    Replacement{"~", "&nbsp;", "\u00A0"},
    Replacement{"_", "&shy;", "\u00AD"},
};

class Deencapsulator {
 public:
  Deencapsulator(std::string_view rtf, Form form) : tokens_{rtf} {
    result_.form = form;
    result_.content.reserve(rtf.size() / 2);
  }

  std::optional<DeencapsulatedRtf> run() {
    while (const auto token = tokens_.next()) {
      if (token->kind == Kind::end_group && outer_.size() <= 1) break;
      if (!take(*token)) return std::nullopt;
    }
    flush();
    return std::move(result_);
  }

 private:
  enum class Destination : std::uint8_t { document, html_tag, font_table, hidden };

  /// What the end of a group undoes.
  struct Group {
    Destination destination = Destination::document;
    bool suppressed = false;              ///< within \htmlrtf
    std::int32_t skipped_after_code = 1;  ///< \uc
    std::int32_t font = -1;               ///< none: the default
  };

  /// False when groups lie too deep.
  bool take(const RtfToken& token) {
    const bool ignorable = std::exchange(ignorable_, false);
    switch (token.kind) {
      case Kind::begin_group:
        if (outer_.size() == deepest_rtf_group) return false;
        outer_.push_back(group_);
        to_skip_ = 0;
        break;
      case Kind::end_group:
        group_ = outer_.back();
        outer_.pop_back();
        to_skip_ = 0;
        break;
      case Kind::word:
        if (!skipped()) take_word(token, ignorable);
        break;
      case Kind::symbol:
        if (!skipped()) take_symbol(token.byte);
        break;
      case Kind::byte:
        if (!skipped()) append_bytes({&token.byte, 1});
        break;
      case Kind::text: take_text(token.text); break;
      case Kind::binary: static_cast<void>(skipped()); break;
    }
    return true;
  }

  /// Whether this one stands in for a \u before it, for readers without Unicode.
  bool skipped() noexcept {
    if (to_skip_ == 0) return false;
    --to_skip_;
    return true;
  }

  void take_word(const RtfToken& token, bool ignorable) {
    if (ignorable || is_hidden_destination(token.text)) {
      group_.destination = token.is("htmltag") && group_.destination != Destination::hidden ? Destination::html_tag
                                                                                            : Destination::hidden;
    } else if (token.is("htmlrtf")) {
      group_.suppressed = token.parameter != 0;
    } else if (token.is("fonttbl")) {
      group_.destination = Destination::font_table;
    } else if (token.is("u") && token.parameter) {
      append_utf16(static_cast<char16_t>(*token.parameter));
      to_skip_ = group_.skipped_after_code;
    } else if (!take_setting(token)) {
      append_replacement(token.text);
    }
  }

  /// Words that change how what follows is read.
  bool take_setting(const RtfToken& token) {
    const std::int32_t number = token.parameter.value_or(0);
    if (token.is("ansicpg")) {
      if (number > 0) default_code_page_ = static_cast<std::uint32_t>(number);
    } else if (token.is("uc")) {
      group_.skipped_after_code = std::clamp(number, 0, longest_skip);
    } else if (token.is("deff")) {
      default_font_ = number;
    } else if (token.is("plain")) {
      group_.font = -1;
    } else if (token.is("f")) {
      group_.font = number;
    } else if (token.is("fcharset")) {
      if (group_.destination == Destination::font_table) set_font(code_page_of_font_charset(number));
    } else if (token.is("cpg")) {
      if (group_.destination == Destination::font_table && number > 0) set_font(static_cast<std::uint32_t>(number));
    } else {
      return false;
    }
    return true;
  }

  void set_font(std::uint32_t code_page) {
    if (fonts_.size() < most_fonts) fonts_[group_.font] = code_page;
  }

  void take_symbol(char symbol) {
    if (symbol == '*') {
      ignorable_ = true;
    } else if (symbol == '{' || symbol == '}' || symbol == '\\') {
      append_bytes({&symbol, 1});
    } else {
      append_replacement({&symbol, 1});
    }
  }

  void take_text(std::string_view text) {
    const std::size_t dropped = std::min(text.size(), static_cast<std::size_t>(to_skip_));
    to_skip_ -= static_cast<std::int32_t>(dropped);
    append_bytes(text.substr(dropped));
  }

  bool is_shown() const noexcept {
    return !group_.suppressed &&
           (group_.destination == Destination::document || group_.destination == Destination::html_tag);
  }

  void append_replacement(std::string_view word) {
    const auto* found = std::ranges::find(replacements, word, &Replacement::word);
    if (found == replacements.end() || !is_shown()) return;
    flush();
    result_.content += result_.form == Form::html ? found->html : found->text;
  }

  void append_utf16(char16_t unit) {
    if (!is_shown()) return;
    if (unit >= 0xDC00 && unit < 0xE000 && high_surrogate_ != 0) {
      const char32_t code_point = 0x10000 + ((char32_t{high_surrogate_} - 0xD800) << 10) + (unit - 0xDC00);
      high_surrogate_ = 0;
      append_code_point(result_.content, code_point);
      return;
    }
    flush();
    if (unit >= 0xD800 && unit < 0xDC00) {
      high_surrogate_ = unit;
    } else {
      append_code_point(result_.content, unit >= 0xDC00 && unit < 0xE000 ? char32_t{0xFFFD} : char32_t{unit});
    }
  }

  /// Bytes of one code page are collected, since a character may be of several tokens.
  void append_bytes(std::string_view bytes) {
    if (bytes.empty() || !is_shown()) return;
    const std::uint32_t code_page = this->code_page();
    if (code_page != code_page_of_bytes_ || high_surrogate_ != 0) flush();
    code_page_of_bytes_ = code_page;
    bytes_ += bytes;
  }

  std::uint32_t code_page() const {
    if (group_.destination == Destination::html_tag) return default_code_page_;
    const auto found = fonts_.find(group_.font < 0 ? default_font_ : group_.font);
    return found == fonts_.end() || found->second == 0 ? default_code_page_ : found->second;
  }

  void flush() {
    if (std::exchange(high_surrogate_, 0) != 0) append_code_point(result_.content, 0xFFFD);
    if (bytes_.empty()) return;
    charsets_.append(result_.content, charset_of_code_page(code_page_of_bytes_), bytes_);
    bytes_.clear();
  }

  static constexpr std::int32_t longest_skip = 100;
  static constexpr std::size_t most_fonts = 1000;

  RtfTokens tokens_;
  DeencapsulatedRtf result_;
  CharsetDecoder charsets_;
  std::map<std::int32_t, std::uint32_t> fonts_;
  std::uint32_t default_code_page_ = windows_latin;
  std::int32_t default_font_ = 0;
  std::vector<Group> outer_;
  Group group_;
  bool ignorable_ = false;    ///< `\*` was the last token
  std::int32_t to_skip_ = 0;  ///< what still stands in for the last \u
  char16_t high_surrogate_ = 0;
  std::string bytes_;
  std::uint32_t code_page_of_bytes_ = windows_latin;
};

}  // namespace

std::optional<DeencapsulatedRtf> deencapsulate_rtf(std::string_view rtf) {
  const auto form = form_of(rtf);
  return form ? Deencapsulator(rtf, *form).run() : std::nullopt;
}

}  // namespace mapistore::codec
