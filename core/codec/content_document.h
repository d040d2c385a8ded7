#pragma once

#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/codec/content_lines.h"
#include "core/codec/content_text.h"
#include "core/codec/shared_bytes.h"

namespace mapistore::codec {

/// One line of a document. Views into the document and its text.
struct DocumentLine {
  std::string_view raw;                ///< as it stands: folds, soft breaks and line end
  std::string_view text;               ///< unfolded, without the line end; before a value with folds, its beginning
  std::optional<ContentLine> content;  ///< nothing: not understood, and only ever copied
};

/// BEGIN to END, by numbers of lines.
struct ContentComponent {
  std::string_view name;           ///< of BEGIN; empty for the root. Compare ignoring case
  std::size_t begin = 0;           ///< the BEGIN line; of the root the first line
  std::size_t end = 0;             ///< the END line; where that is missing, the line before which it would stand
  bool closed = false;             ///< there is an END line
  std::vector<std::size_t> lines;  ///< the content lines directly in it, without BEGIN, END and those of children
  std::vector<ContentComponent> children;

  bool is(std::string_view expected) const noexcept;
};

/// Text made of content lines (iCalendar, vCard) that can be changed line by line: what is not changed keeps its bytes,
/// whatever they are.
///
/// The lines stay as they were read and keep their numbers; changes show in `bytes` alone. Reading is linear in the
/// text, a change in what it writes. The text outlives the document.
class ContentDocument {
 public:
  explicit ContentDocument(std::string_view text);
  /// What another one's `pieces` make together, without joining them. For reading only: it cannot be changed. They
  /// outlive it.
  explicit ContentDocument(const std::vector<SharedBytes>& pieces);
  explicit ContentDocument(std::vector<SharedBytes>&& pieces) = delete;
  ContentDocument(ContentDocument&&) noexcept = default;
  ContentDocument& operator=(ContentDocument&&) noexcept = default;

  std::span<const DocumentLine> lines() const noexcept { return lines_; }
  /// The line of that number, which is a content line, as those of a component are.
  const ContentLine& content(std::size_t line) const noexcept { return *lines_[line].content; }
  /// Its children are what the text holds: VCALENDAR, VCARD.
  const ContentComponent& root() const noexcept { return root_; }
  /// How the first line ends; CRLF if it does not end.
  std::string_view line_end() const noexcept { return line_end_; }
  /// Whether new lines are folded: vCard 2.1 and vCalendar 1.0 fold by other rules.
  Folds folds() const noexcept { return folds_; }

  /// Makes `text` (unfolded, without line end) stand in the place of a line; the last such change of a line counts.
  void replace(std::size_t line, std::string_view text);
  void remove(std::size_t line);
  /// Puts `text` before a line, behind what was put there before; `lines().size()` is the end.
  void insert(std::size_t line, std::string_view text);

  std::string bytes() const;
  /// The same in pieces; those that did not change are parts of `text`, which is what the document was made of.
  std::vector<SharedBytes> pieces(const SharedBytes& text) const;

 private:
  struct Edit {
    std::string before;  ///< whole lines
    std::optional<std::string> instead;
  };

  void read_lines(std::string_view text);
  void read_components();
  void read_style();

  std::string_view text_;
  std::vector<DocumentLine> lines_;
  std::deque<std::string> unfolded_;  ///< the texts that are no part of text_; a deque keeps their addresses
  ContentComponent root_;
  std::string_view line_end_ = "\r\n";
  Folds folds_ = Folds::at_75_bytes;
  std::map<std::size_t, Edit> edits_;
};

/// How far components are followed into each other; lines of deeper ones belong to none.
inline constexpr std::size_t deepest_component = 32;
/// What lies behind so many lines is one line that is not understood.
inline constexpr std::size_t most_content_lines = 1'000'000;

}  // namespace mapistore::codec
