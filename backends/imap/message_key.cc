#include "backends/imap/message_key.h"

#include <charconv>
#include <string_view>

namespace mapistore::imap {
namespace {

std::optional<std::uint32_t> number(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value == 0) return std::nullopt;
  return value;
}

}  // namespace

Key key_of(MessageId message) { return {std::to_string(message.uid_validity) + '.' + std::to_string(message.uid)}; }

std::optional<MessageId> message_of(const Key& key) {
  const std::string_view text = key.bytes;
  const auto point = text.find('.');
  if (point == std::string_view::npos) return std::nullopt;
  const auto validity = number(text.substr(0, point)), uid = number(text.substr(point + 1));
  if (!validity || !uid) return std::nullopt;
  return MessageId{*validity, *uid};
}

}  // namespace mapistore::imap
