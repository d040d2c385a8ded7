#include "backends/imap/listing_cursor.h"

#include <charconv>
#include <string_view>

namespace mapistore::imap {
namespace {

constexpr std::string_view version = "1";

std::optional<std::string_view> word(std::string_view& text) {
  const auto end = text.find(' ');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view found = text.substr(0, end);
  text.remove_prefix(end + 1);
  return found;
}

template <class Number>
bool read(std::string_view& text, Number& value) {
  const auto digits = word(text);
  if (!digits) return false;
  const auto [end, error] = std::from_chars(digits->data(), digits->data() + digits->size(), value);
  return error == std::errc{} && end == digits->data() + digits->size();
}

}  // namespace

Cursor ListingCursor::to_cursor() const {
  std::string text = std::string(version) + ' ' + std::to_string(uid_validity) + ' ' + std::to_string(uid_next) + ' ' +
                     std::to_string(modseq) + ' ' + known.text() + ' ';
  for (const std::string& child : children) text += std::to_string(child.size()) + ' ' + child;
  return {text};
}

std::optional<ListingCursor> ListingCursor::of(const Cursor& cursor) {
  std::string_view text = cursor.bytes;
  ListingCursor read_one;
  if (word(text) != version) return std::nullopt;
  if (!read(text, read_one.uid_validity) || !read(text, read_one.uid_next) || !read(text, read_one.modseq))
    return std::nullopt;
  const auto uids = word(text);
  if (!uids) return std::nullopt;
  if (!uids->empty()) {
    auto known = UidSet::parse(*uids);
    if (!known) return std::nullopt;
    read_one.known = std::move(*known);
  }
  while (!text.empty()) {
    std::size_t size = 0;
    if (!read(text, size) || size > text.size()) return std::nullopt;
    read_one.children.emplace_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return read_one;
}

}  // namespace mapistore::imap
