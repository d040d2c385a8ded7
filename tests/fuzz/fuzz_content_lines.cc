#include "core/codec/content_document.h"
#include "core/codec/utf8.h"
#include "tests/fuzz/check.h"

using namespace mapistore;

namespace {

void check_component(const codec::ContentDocument& document, const codec::ContentComponent& component,
                     std::size_t depth) {
  fuzz::check(depth <= codec::deepest_component, "components lie deeper than the limit");
  const std::size_t count = document.lines().size();
  fuzz::check(component.begin <= component.end && component.end <= count, "a component ends before it begins");
  for (const std::size_t line : component.lines) {
    fuzz::check(line < count && line >= component.begin && line <= component.end, "a line is not in its component");
    fuzz::check(document.lines()[line].content.has_value(), "a component holds a line that is none");
    codec::split_parameters(document.content(line).parameters);
  }
  for (const codec::ContentComponent& child : component.children) check_component(document, child, depth + 1);
}

void check_text(std::string_view text) {
  const std::string escaped = codec::escaped_text(text);
  const std::string unescaped = codec::unescaped_text(escaped);
  fuzz::check(codec::escaped_text(unescaped) == escaped, "escaped text does not come back");
  fuzz::check(codec::split_unescaped(escaped, ';').size() == 1, "escaped text has a separator");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(fuzz::view_of(data, size));
  codec::ContentDocument document(text);
  fuzz::check(document.bytes() == text, "an unchanged document changed");
  check_component(document, document.root(), 0);
  codec::CharsetDecoder charsets;
  for (const codec::DocumentLine& line : document.lines()) {
    fuzz::check(fuzz::is_within(line.raw, text), "a line lies outside of the text");
    if (!line.content) continue;
    fuzz::check(codec::is_valid_utf8(codec::text_of(*line.content, charsets)), "the text of a line is not UTF-8");
    check_text(line.content->value);
  }
  if (!document.lines().empty()) {
    document.remove(0);
    const std::string_view removed = document.lines()[0].raw;
    std::string rest = text;
    rest.erase(static_cast<std::size_t>(removed.data() - text.data()), removed.size());
    fuzz::check(document.bytes() == rest, "a removal changed other lines");
  }
  return 0;
}
