#include "backends/archive/format.h"
#include "backends/archive/frames.h"
#include "backends/archive/part_scanner.h"
#include "tests/fuzz/check.h"

using namespace mapistore;
using namespace mapistore::archive;

namespace {

/// Puts together again what was found.
struct Rebuilt final : PartSink {
  std::string text;

  Result<> literal(std::string_view bytes) override {
    text += bytes;
    return {};
  }
  Result<> begin_part(const Layout& layout) override {
    layout_ = layout;
    part_.clear();
    begin_ = text.size();
    return {};
  }
  Result<> part_data(std::string_view bytes) override {
    if (layout_.coding == Coding::base64) text += encode_base64(layout_, part_.size(), bytes);
    part_ += bytes;
    return {};
  }
  Result<> end_part(std::uint64_t size) override {
    if (layout_.coding == Coding::quoted_printable) text += encode_quoted_printable(layout_, part_);
    fuzz::check(text.size() - begin_ == size, "a part has another size than it says");
    fuzz::check(part_.size() >= smallest_part, "a part is too small");
    if (layout_.coding == Coding::base64)
      fuzz::check(base64_size(layout_, part_.size()) == size, "a part cannot be found by its offsets");
    return {};
  }

 private:
  Layout layout_;
  std::string part_;
  std::size_t begin_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = fuzz::view_of(data, size);
  // Half of what fuzzers try has no run that is long enough.
  std::string text(input);
  if (size % 2 == 1)
    for (int line = 0; line < 24; ++line) text += std::string(76, static_cast<char>('A' + line)) + "\r\n";
  text += input;
  Rebuilt rebuilt;
  PartScanner scanner{rebuilt};
  const std::size_t piece = size % 97 + 1;
  for (std::size_t at = 0; at < text.size(); at += piece)
    fuzz::check(scanner.take(std::string_view(text).substr(at, piece)).has_value(), "a scan failed");
  fuzz::check(scanner.finish().has_value(), "a scan failed");
  fuzz::check(rebuilt.text == text, "a message is not put together as it was");

  static Frames frames;
  const auto plain = frames.unpack(input, nullptr, frame_size);
  fuzz::check(!plain || plain->size() <= frame_size, "a frame holds more than it may");
  return 0;
}
