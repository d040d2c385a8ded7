#include <mapistore/conversion.h>

#include "core/conversion/calendar_object_id.h"
#include "core/conversion/convert.h"

namespace mapistore {
namespace {

/// Of what is written: what a message may have at most to be held in memory.
constexpr std::uint64_t largest_message = std::uint64_t{1} << 30;

Result<std::string> text_of(Result<WrittenMessage> written) {
  if (!written) return std::unexpected(std::move(written).error());
  return written->bytes.content->text(largest_message);
}

}  // namespace

unsigned conversion_version() noexcept { return converter_version; }

MessageObject properties_of(MessageKind kind, std::string_view name, std::string_view bytes) {
  return read_message(kind, name, SharedBytes::of(std::string(bytes))).message;
}

Result<std::string> bytes_of(MessageKind kind, const MessageObject& message) {
  return text_of(render_message(kind, message));
}

Result<std::string> bytes_changed_to(MessageKind kind, std::string_view name, std::string_view bytes,
                                     const MessageObject& current, const MessageObject& wanted) {
  return text_of(edit_message(kind, name, SharedBytes::of(std::string(bytes)), current, wanted, {}));
}

Binary object_id_of_uid(std::string_view uid) { return conversion::global_object_id(uid, std::nullopt); }

std::string uid_of_object_id(const Binary& id) { return conversion::uid_of(id); }

}  // namespace mapistore
