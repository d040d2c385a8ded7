#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <mapistore/object.h>

namespace mapistore::imap {

/// A string in a reply: quoted, literal or atom.
struct ScannedString {
  std::string bytes;
  std::uint64_t size = 0;
  bool is_nil = false;    ///< the atom NIL
  bool left_out = false;  ///< a literal whose bytes are not in the text
};

/// Walks over one framed reply. Every method either takes something and moves on or leaves the place as it is; none
/// reads past the end, whatever the text. Takes some forms that are not IMAP but met.
class Scanner {
 public:
  /// Begins at `at`.
  explicit Scanner(std::string_view text, std::span<const std::size_t> left_out = {}, std::size_t at = 0)
      : text_{text}, left_out_{left_out}, at_{at} {}

  bool at_end() const noexcept { return at_ >= text_.size(); }
  std::string_view rest() const noexcept { return text_.substr(std::min(at_, text_.size())); }
  char peek() const noexcept { return at_end() ? '\0' : text_[at_]; }
  bool take(char expected);
  void skip_spaces();

  /// All up to a space, parenthesis or the end; of a FETCH item also up to `[`. May be empty.
  std::string_view word();
  std::string_view item_name();
  /// The same in upper case.
  std::string upper_word();
  std::optional<std::uint64_t> number();

  /// A quoted string, literal or NIL.
  std::optional<ScannedString> string();
  /// The same or an atom, which may have any characters but spaces and parentheses.
  std::optional<ScannedString> astring();
  /// `(a b "c")`, or NIL for none; nested lists in it are skipped.
  std::optional<std::vector<std::string>> strings();
  /// `(\Seen $x [y])`: words as they stand.
  std::optional<std::vector<std::string>> words();
  /// Of a FETCH: what stands in brackets, in upper case.
  std::optional<std::string> section();
  /// Skips one value of any kind, lists of any depth too. Moves on by at least one character unless at the end.
  void skip_value();

  /// Whether what comes is a literal whose bytes are yet to be read: `{n}` ends the text. Its size.
  std::optional<std::uint64_t> pending_literal() const;

 private:
  template <char... Ends>
  std::string_view take_up_to();
  std::optional<ScannedString> literal();
  std::optional<ScannedString> quoted();

  std::string_view text_;
  std::span<const std::size_t> left_out_;
  std::size_t at_;
};

std::string upper_case(std::string_view text);
bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept;

/// A whole number and nothing else.
std::optional<std::uint64_t> parse_number(std::string_view text);

/// `17-Jul-1996 02:44:25 -0700`, with ` 7` or `7` for `07`.
std::optional<Time> parse_date_time(std::string_view text);

/// The reverse, in UTC, as APPEND takes it: `17-Jul-1996 09:44:25 +0000`.
std::string date_time_text(Time time);
/// `17-Jul-1996`, as SEARCH takes it.
std::string date_text(std::chrono::sys_days day);

}  // namespace mapistore::imap
