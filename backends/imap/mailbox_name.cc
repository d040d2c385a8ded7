#include "backends/imap/mailbox_name.h"

#include <algorithm>
#include <utility>

#include <mapistore/modified_utf7.h>

#include "backends/imap/text.h"

namespace mapistore::imap {

using namespace std::string_view_literals;

namespace {

bool is_inbox(std::string_view name) { return std::ranges::equal(name, inbox, {}, upper); }

/// The text with what is not UTF-8 replaced, byte by byte.
std::string readable(std::string_view bytes) {
  std::string text;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t from = at;
    if (modified_utf7::take_code_point(bytes, at)) {
      text += bytes.substr(from, at - from);
    } else {
      text += "\xef\xbf\xbd"sv;
      at = from + 1;
    }
  }
  return text;
}

}  // namespace

std::optional<std::string> encode_utf7(std::string_view text) { return modified_utf7::encode(text); }

std::optional<std::string> decode_utf7(std::string_view raw) {
  auto text = modified_utf7::decode(raw);
  if (!text || encode_utf7(*text) != raw) return std::nullopt;
  return text;
}

std::string shown_name(std::string_view raw, NameEncoding encoding) {
  if (encoding == NameEncoding::utf7)
    if (auto text = decode_utf7(raw)) return *std::move(text);
  return readable(raw);
}

Result<std::string> raw_name(std::string_view shown, NameEncoding encoding) {
  if (shown.empty()) return fail(Errc::invalid_argument, shown, "a mailbox needs a name");
  const auto is_control = [](char letter) { return (letter >= 0 && letter < 0x20) || letter == 0x7f; };
  if (std::ranges::any_of(shown, is_control))
    return fail(Errc::invalid_argument, readable(shown), "has a control character, which no mailbox's name may have");
  auto raw = encode_utf7(shown);
  if (!raw) return fail(Errc::invalid_argument, readable(shown), "is not UTF-8");
  return encoding == NameEncoding::utf7 ? *std::move(raw) : std::string(shown);
}

bool same_mailbox(std::string_view a, std::string_view b) noexcept {
  return canonical_mailbox(a) == canonical_mailbox(b);
}

std::string_view canonical_mailbox(std::string_view raw) noexcept { return is_inbox(raw) ? inbox : raw; }

}  // namespace mapistore::imap
