#include "core/codec/content_document.h"

#include <algorithm>

#include "core/codec/ascii.h"
#include "core/codec/utf8.h"

namespace mapistore::codec {
namespace {

std::string_view end_of(std::string_view raw) noexcept {
  for (const std::string_view end : {"\r\r\n", "\r\n", "\n", "\r"}) {
    if (raw.ends_with(end)) return end;
  }
  return {};
}

/// Builds the tree of components, line after line. Only ever the last child of a component grows, so that pointers to
/// the open ones stay good.
class ComponentReader {
 public:
  explicit ComponentReader(ContentComponent& root) : open_{&root} {}

  void line(std::size_t number, const ContentLine& content) {
    if (content.is("BEGIN")) {
      begin(number, trim(content.value));
    } else if (content.is("END")) {
      end(number, trim(content.value));
    } else if (too_deep_ == 0) {
      open_.back()->lines.push_back(number);
    }
  }

  void finish(std::size_t lines) {
    for (ContentComponent* component : open_) component->end = lines;
  }

 private:
  void begin(std::size_t number, std::string_view name) {
    if (too_deep_ > 0 || open_.size() > deepest_component) {
      ++too_deep_;
      return;
    }
    ContentComponent& component = open_.back()->children.emplace_back();
    component.name = name;
    component.begin = number;
    open_.push_back(&component);
  }

  /// Closes the innermost component of that name, and those in it that lack an end. An end of nothing is passed over.
  void end(std::size_t number, std::string_view name) {
    if (too_deep_ > 0) {
      --too_deep_;
      return;
    }
    const auto closes = [&](const ContentComponent* component) { return component->is(name); };
    const auto found = std::find_if(open_.rbegin(), open_.rend() - 1, closes);
    if (found == open_.rend() - 1) return;
    (*found)->closed = true;
    for (auto at = open_.rbegin(); at <= found; ++at) (*at)->end = number;
    open_.erase(found.base() - 1, open_.end());
  }

  std::vector<ContentComponent*> open_;
  std::size_t too_deep_ = 0;
};

}  // namespace

bool ContentComponent::is(std::string_view expected) const noexcept { return equal_ignoring_case(name, expected); }

ContentDocument::ContentDocument(std::string_view text) : text_(text) {
  read_lines(text);
  read_components();
  read_style();
}

ContentDocument::ContentDocument(const std::vector<SharedBytes>& pieces) {
  // Changes are made line by line: none goes over the end of a piece.
  for (const SharedBytes& piece : pieces) read_lines(piece.view());
  read_components();
  read_style();
}

void ContentDocument::read_lines(std::string_view text) {
  ContentLines reader(text);
  while (const auto folded = lines_.size() < most_content_lines ? reader.next_folded() : std::nullopt) {
    DocumentLine& line = lines_.emplace_back(folded->raw, folded->text, folded->content);
    if (lines_.size() == most_content_lines) {
      line.raw = text.substr(static_cast<std::size_t>(line.raw.data() - text.data()));
      line.text = line.raw;
      line.content.reset();
      return;
    }
    if (!folded->copied) continue;
    line.text = unfolded_.emplace_back(folded->text);
    line.content = split_content_line(line.text);
    if (!folded->content || !folded->content->folded) continue;
    line.content->value = folded->content->value;
    line.content->folded = true;
  }
}

void ContentDocument::read_components() {
  ComponentReader reader(root_);
  for (std::size_t number = 0; number < lines_.size(); ++number) {
    if (lines_[number].content) reader.line(number, *lines_[number].content);
  }
  reader.finish(lines_.size());
}

void ContentDocument::read_style() {
  if (!lines_.empty()) {
    // A line that is folded shows its style with its last end as well as with its first.
    if (const std::string_view end = end_of(lines_.front().raw); end == "\n") line_end_ = "\n";
  }
  for (const ContentComponent& component : root_.children) {
    const std::string_view old = component.is("VCARD") ? "2.1" : "1.0";
    for (const std::size_t line : component.lines) {
      if (content(line).is("VERSION", old)) folds_ = Folds::none;
    }
  }
}

void ContentDocument::replace(std::size_t line, std::string_view text) {
  const std::string_view end = end_of(lines_[line].raw);
  std::string whole = content_line(text, line_end_, folds_);
  if (end != line_end_) whole.replace(whole.size() - line_end_.size(), line_end_.size(), end);
  edits_[line].instead = std::move(whole);
}

void ContentDocument::remove(std::size_t line) { edits_[line].instead.emplace(); }

void ContentDocument::insert(std::size_t line, std::string_view text) {
  edits_[line].before += content_line(text, line_end_, folds_);
}

std::string ContentDocument::bytes() const {
  std::string bytes;
  for (const SharedBytes& piece : pieces({text_, nullptr})) bytes += piece.view();
  return bytes;
}

std::vector<SharedBytes> ContentDocument::pieces(const SharedBytes& text) const {
  std::vector<SharedBytes> pieces;
  const std::size_t mark = text_.starts_with(utf8_mark) ? utf8_mark.size() : 0;
  std::size_t copied = 0;
  const auto copy_to = [&](std::size_t end) {
    if (end > copied) pieces.push_back(text.part(text_.substr(copied, end - copied)));
    copied = end;
  };
  const auto add = [&](std::string_view lines) {
    if (!lines.empty()) pieces.push_back(SharedBytes::of(std::string(lines)));
  };
  copy_to(mark);
  for (const auto& [number, edit] : edits_) {
    const bool at_end = number == lines_.size();
    copy_to(at_end ? text_.size() : static_cast<std::size_t>(lines_[number].raw.data() - text_.data()));
    const bool follows_a_line = !pieces.empty() && !(copied == mark && pieces.size() == (mark > 0 ? 1U : 0U));
    if (!edit.before.empty() && follows_a_line && end_of(pieces.back().view()).empty()) add(line_end_);
    add(edit.before);
    if (!edit.instead) continue;
    add(*edit.instead);
    copied += lines_[number].raw.size();
  }
  copy_to(text_.size());
  return pieces;
}

}  // namespace mapistore::codec
