#include <string>

#include "core/properties/property_file.h"
#include "tests/fuzz/check.h"

using namespace mapistore;

namespace {

class StringSink : public TextSink {
 public:
  Result<> write(std::string_view text) override {
    text_ += text;
    return {};
  }
  std::string take() && { return std::move(text_); }

 private:
  std::string text_;
};

std::string written(const PropertyFile& file) {
  StringSink sink;
  const auto result = write_property_file(file, sink);
  fuzz::check(result.has_value(), "a file that was read cannot be written");
  return std::move(sink).take();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto file = read_property_file(SharedBytes::of(std::string(fuzz::view_of(data, size))));
  if (!file) return 0;
  fuzz::check_message(file->message);
  const std::string text = written(*file);
  const auto again = read_property_file(SharedBytes::of(text));
  fuzz::check(again.has_value(), "a written file cannot be read");
  fuzz::check(written(*again) == text, "a written file reads as another");
  return 0;
}
