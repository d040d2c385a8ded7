#include "tests/fuzz/message.h"

#include <string>

#include "tests/fuzz/check.h"

namespace mapistore::fuzz {
namespace {

constexpr std::uint64_t limit = 64 << 20;

std::string text_of(const WrittenMessage& written) {
  check_losses(written.losses);
  const auto text = written.bytes.content->text(limit);
  check(text.has_value(), "written bytes cannot be read");
  return *text;
}

void check_rendering(MessageKind kind, const MessageObject& message) {
  const auto rendered = render_message(kind, message);
  if (!rendered) return;
  const std::string text = text_of(*rendered);
  check(text_of(render_message(kind, message).value()) == text, "the same message is rendered differently");
  const ReadMessage again = read_message(kind, "name", SharedBytes::of(text));
  check_message(again.message);
}

}  // namespace

void check_reading(MessageKind kind, std::string_view input) {
  const SharedBytes bytes = SharedBytes::of(std::string(input));
  const ReadMessage read = read_message(kind, "name", bytes);
  check_message(read.message);
  check_losses(read.losses);
  check(read_message(kind, "name", bytes).message == read.message, "the same bytes read differently");
  const auto edited = edit_message(kind, "name", bytes, read.message, read.message, {});
  check(edited.has_value(), "an edit that changes nothing fails");
  check(text_of(*edited) == input, "an edit that changes nothing changes bytes");
  check_rendering(kind, read.message);
}

}  // namespace mapistore::fuzz
