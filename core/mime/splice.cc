#include "core/mime/splice.h"

#include <algorithm>
#include <functional>
#include <tuple>

#include "core/codec/ascii.h"
#include "core/codec/lines.h"
#include "core/codec/shared_content.h"
#include "core/mime/delimiters.h"
#include "core/mime/streams.h"
#include "core/mime/writer.h"

namespace mapistore::mime {
namespace {

const char* end_of(std::string_view view) noexcept { return view.data() + view.size(); }

std::string_view between(const char* begin, const char* end) noexcept {
  return {begin, static_cast<std::size_t>(end - begin)};
}

bool ends_line(std::string_view text) noexcept { return text.ends_with('\n') || text.ends_with('\r'); }

/// `text` without the line end that it begins with.
std::string_view without_line_end(std::string_view text) noexcept {
  text.remove_prefix(text.starts_with("\r\n") ? 2 : text.starts_with('\n') || text.starts_with('\r') ? 1 : 0);
  return text;
}

// NOLINTNEXTLINE(bugprone-string-constructor): empty, but somewhere
std::string_view at_position(const char* position) noexcept { return {position, 0}; }

/// Where the line before `position` begins, in `text`.
const char* line_before(std::string_view text, const char* position) noexcept {
  std::string_view before = between(text.data(), position);
  if (before.ends_with('\n')) before.remove_suffix(1);
  while (before.ends_with('\r')) before.remove_suffix(1);
  return text.data() + (before.find_last_of("\r\n") + 1);
}

/// Whether a delimiter of `multipart` begins `text`.
bool begins_with_delimiter(std::string_view text, const Part& multipart) {
  Delimiters delimiters;
  delimiters.open(multipart.type.boundary, 0);
  return delimiters.find(text.substr(0, text.find_first_of("\r\n"))).has_value();
}

/// Whether a delimiter behind `inner` may belong to a multipart in it instead of the one around it.
bool hides_delimiters(const Part& inner, std::string_view boundary) {
  const bool same = inner.is_multipart() && codec::trim_end(inner.type.boundary) == boundary;
  return same || (!inner.children.empty() && hides_delimiters(inner.children.back(), boundary));
}

/// Where the next line after a child of `multipart` begins: a delimiter, or the end.
const char* behind_child(const Part& multipart, const Part& child) {
  const std::string_view rest = between(end_of(child.whole), end_of(multipart.body));
  // A part that has no body ends where the next delimiter begins, not at the line end before it.
  return begins_with_delimiter(rest, multipart) ? rest.data() : without_line_end(rest).data();
}

/// Where the close delimiter of a multipart begins, or its body ends.
const char* end_of_children(const Part& multipart) {
  if (!multipart.children.empty()) return behind_child(multipart, multipart.children.back());
  codec::Lines lines(multipart.body);
  for (std::size_t start = 0; lines.next(); start = lines.position())
    if (begins_with_delimiter(multipart.body.substr(start), multipart)) return multipart.body.data() + start;
  return end_of(multipart.body);
}

}  // namespace

std::string_view line_end_of(std::string_view text) noexcept {
  const std::size_t end = text.find_first_of("\r\n");
  if (end == std::string_view::npos) return "\r\n";
  text.remove_prefix(end);
  if (text.starts_with('\n')) return "\n";
  return text.starts_with("\r\n") || text.starts_with("\r\r\n") ? "\r\n" : "\r";
}

void Splice::replace(std::string_view range, LargeValue bytes) { edits_.push_back({range, std::move(bytes)}); }

void Splice::replace(std::string_view range, std::string bytes) { add(range, std::move(bytes), Order::body); }

void Splice::add(std::string_view range, std::string bytes, Order order) {
  edits_.push_back({range, held_content(std::move(bytes)), order});
}

void Splice::set_field(const Part& part, std::string_view name, std::string_view field) {
  bool set = false;
  for (const Field& old : read_fields(part.header)) {
    if (!old.is(name)) continue;
    add(old.whole, set ? std::string() : std::string(field), Order::field);
    set = true;
  }
  if (!set) append_field(part, field);
}

void Splice::append_field(const Part& part, std::string_view field) {
  const char* end = end_of(part.header);
  const bool first = grown_headers_.insert(end).second;
  const bool unended = first && !part.header.empty() && !ends_line(part.header);
  add(at_position(end), (unended ? std::string(line_end_) : std::string()).append(field), Order::field);
  // What had no header has no blank line to end it either.
  if (first && end == part.body.data() && !part.body.empty()) {
    add(at_position(end), std::string(line_end_), Order::blank_line);
  }
}

void Splice::remove_fields(const Part& part, std::string_view name) {
  for (const Field& old : read_fields(part.header))
    if (old.is(name)) add(old.whole, std::string(), Order::field);
}

void Splice::add_part(const Part& whole, LargeValue part, std::string_view boundary) {
  const std::string_view own = codec::trim_end(whole.type.boundary);
  const bool hidden = !whole.children.empty() && hides_delimiters(whole.children.back(), own);
  if (whole.type.is("multipart", "mixed") && !own.empty() && !hidden) {
    insert_part(whole, std::move(part));
  } else {
    wrap(whole, std::move(part), std::string(boundary));
  }
}

void Splice::insert_part(const Part& multipart, LargeValue part) {
  const std::string end(line_end_);
  const std::string dashes = "--" + std::string(codec::trim_end(multipart.type.boundary));
  const char* position = end_of_children(multipart);
  if (begins_with_delimiter(between(position, end_of(multipart.body)), multipart)) {
    replace(at_position(position), joined_content({held_content(dashes + end), std::move(part), held_content(end)}));
  } else {
    replace(at_position(position), joined_content({held_content(end + dashes + end), std::move(part),
                                                   held_content(end + dashes + "--" + end)}));
  }
}

void Splice::wrap(const Part& root, LargeValue part, std::string boundary) {
  while (root.body.contains(boundary)) boundary += '0';
  std::string moved;
  bool has_version = false;
  for (const Field& field : read_fields(root.header)) {
    has_version = has_version || field.is("MIME-Version");
    if (!codec::starts_ignoring_case(field.name, "Content-")) continue;
    moved += field.whole;
    if (!ends_line(moved)) moved += line_end_;
    add(field.whole, std::string(), Order::field);
  }
  std::string fields;
  if (!has_version) append_structured_field(fields, "MIME-Version", "1.0", line_end_);
  const Parameter parameter{"boundary", boundary};
  append_parameterized_field(fields, "Content-Type", "multipart/mixed", {&parameter, 1}, line_end_);
  append_field(root, fields);

  const std::string end(line_end_);
  const std::string dashes = "--" + boundary;
  // Of a message without body, the blank line before it may be missing too.
  const bool separated = end_of(root.header) != root.body.data() || !root.body.empty();
  replace(at_position(root.body.data()), (separated ? "" : end) + dashes + end + moved + end);
  replace(at_position(end_of(root.body)),
          joined_content({held_content(end + dashes + end), std::move(part), held_content(end + dashes + "--" + end)}));
}

void Splice::remove_part(const Part& multipart, std::size_t index) {
  const Part& child = multipart.children[index];
  if (multipart.children.size() == 1) return replace(child.whole, std::string(line_end_));
  replace(between(line_before(multipart.body, child.whole.data()), behind_child(multipart, child)), std::string());
}

Result<LargeValue> Splice::content() const {
  std::vector<Edit> edits = edits_;
  std::ranges::stable_sort(edits, std::less<>{}, [](const Edit& edit) {
    return std::tuple(edit.range.data(), edit.order, !edit.range.empty());
  });
  std::vector<LargeValue> parts;
  const char* at = message_.view().data();
  for (const Edit& edit : edits) {
    if (edit.range.data() < at) return fail(Errc::invalid_argument, {}, "edits one place twice");
    if (edit.range.data() > at) parts.push_back(shared_content(message_.part(between(at, edit.range.data()))));
    parts.push_back(edit.bytes);
    at = end_of(edit.range);
  }
  if (at != end_of(message_.view()))
    parts.push_back(shared_content(message_.part(between(at, end_of(message_.view())))));
  return joined_content(std::move(parts));
}

}  // namespace mapistore::mime
