#include "core/mime/field_scanner.h"

#include <algorithm>

#include "core/codec/ascii.h"

namespace mapistore::mime {
namespace {

constexpr std::string_view mbox_line = "From ";

/// Where the colon is if `line` is a field, else npos. Blanks before the colon are wrong and forgiven.
std::size_t colon_of(std::string_view line) noexcept {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return colon;
  const std::string_view name = codec::trim_end(line.substr(0, colon));
  const bool sound =
      !name.empty() && std::ranges::none_of(name, [](char c) { return c == ' ' || codec::is_control(c); });
  return sound ? colon : std::string_view::npos;
}

}  // namespace

std::optional<Field> FieldScanner::next() {
  while (!finished_) {
    const std::size_t start = lines_.position();
    const auto line = lines_.next();
    if (!line) return finish(start, start);
    if (line->empty()) {
      if (begun_ || of_ == HeaderOf::part) return finish(start, lines_.position());
      if (!after_blank_) after_blank_ = lines_.position();
      continue;
    }
    if (delimiters_.find(*line)) return finish(start, start);
    if (!begun_ && !begins_header(*line, start)) return std::nullopt;
    const bool continues = line->front() == ' ' || line->front() == '\t';
    const std::size_t colon = continues ? std::string_view::npos : colon_of(*line);
    if (colon != std::string_view::npos) return field_at(start, *line, colon);
    if (!own_boundary_.empty() && line->starts_with("--") && codec::trim_end(line->substr(2)) == own_boundary_) {
      return finish(start, start);
    }
    while (lines_.next_continues()) lines_.next();  // folds of a line that is no field are none either
  }
  return std::nullopt;
}

bool FieldScanner::begins_header(std::string_view line, std::size_t start) {
  const bool sound = colon_of(line) != std::string_view::npos || line.starts_with(mbox_line);
  if (!sound && (of_ == HeaderOf::part || after_blank_)) {
    end_ = begin_;
    body_ = after_blank_.value_or(start);
    read_ = start;
    finished_ = true;
    return false;
  }
  begun_ = true;
  has_fields_ = line.starts_with(mbox_line);
  begin_ = start;
  return true;
}

std::optional<Field> FieldScanner::finish(std::size_t end, std::size_t body) {
  finished_ = true;
  read_ = body;
  // A text without any field is all body, as far as it was not blank.
  const bool none = begun_ && !has_fields_;
  end_ = none || !begun_ ? begin_ : end;
  body_ = none ? begin_ : !begun_ && after_blank_ ? *after_blank_ : body;
  return std::nullopt;
}

Field FieldScanner::field_at(std::size_t start, std::string_view line, std::size_t colon) {
  has_fields_ = true;
  std::size_t end = start + line.size();
  while (lines_.next_continues()) {
    const std::size_t fold = lines_.position();
    end = fold + lines_.next()->size();
  }
  const std::size_t value = start + colon + 1;
  return {text_.substr(start, lines_.position() - start), codec::trim_end(line.substr(0, colon)),
          text_.substr(value, end - value)};
}

}  // namespace mapistore::mime
