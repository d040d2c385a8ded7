#include "core/mime/part.h"
#include "tests/fuzz/check.h"

#include "core/codec/utf8.h"
#include "core/mime/content.h"

using namespace mapistore;

namespace {

std::size_t check_part(const mime::Part& part, std::string_view around, std::size_t depth) {
  fuzz::check(depth <= mime::Limits{}.depth, "parts lie deeper than the limit");
  fuzz::check(fuzz::is_within(part.whole, around), "a part lies outside of its parent");
  fuzz::check(fuzz::is_within(part.header, part.whole), "a header lies outside of its part");
  fuzz::check(fuzz::is_within(part.body, part.whole), "a body lies outside of its part");
  for (const std::string& text : {part.file_name, part.type.name}) {
    fuzz::check(codec::is_valid_utf8(text), "a decoded name is not UTF-8");
  }
  for (const mime::Field& field : mime::read_fields(part.header)) {
    fuzz::check(fuzz::is_within(field.whole, part.header), "a field lies outside of its header");
    fuzz::check(fuzz::is_within(field.name, field.whole), "a name lies outside of its field");
    fuzz::check(fuzz::is_within(field.value, field.whole), "a value lies outside of its field");
  }
  std::size_t count = 1;
  const char* end = nullptr;
  for (const mime::Part& child : part.children) {
    fuzz::check(end == nullptr || child.whole.data() >= end, "parts overlap");
    end = child.whole.data() + child.whole.size();
    count += check_part(child, part.body, depth + 1);
  }
  return count;
}

void check_addresses(std::string_view value) {
  for (const mime::Mailbox& mailbox : mime::read_addresses(value)) {
    for (const std::string& text : {mailbox.display_name, mailbox.address, mailbox.group}) {
      fuzz::check(codec::is_valid_utf8(text), "a decoded address is not UTF-8");
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string message(fuzz::view_of(data, size));
  const mime::Part root = mime::read_structure(message);
  fuzz::check(check_part(root, message, 0) <= mime::Limits{}.parts + 1, "more parts than the limit");
  for (const mime::Field& field : mime::read_fields(root.header)) check_addresses(field.value);
  const SharedBytes bytes = SharedBytes::of(std::string(root.body));
  const LargeValue streamed = mime::decoded_content(bytes, root.encoding);
  const auto text = streamed.content->text(std::uint64_t{64} << 20);
  fuzz::check(text.has_value(), "a body cannot be decoded");
  fuzz::check(*text == mime::decoded_body(root.body, root.encoding), "a body streams differently than it decodes");
  fuzz::check(streamed.content->size() == text->size(), "a body has another size than it says");
  return 0;
}
