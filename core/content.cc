#include <mapistore/property.h>

#include <algorithm>
#include <cstring>

namespace mapistore {
namespace {

constexpr std::size_t piece = 64 * 1024;

class HeldReader : public ContentReader {
 public:
  explicit HeldReader(std::shared_ptr<const std::string> bytes) : bytes_{std::move(bytes)} {}

  Result<std::size_t> read(std::span<std::byte> out) override {
    const std::size_t count = std::min(out.size(), bytes_->size() - position_);
    if (count > 0) std::memcpy(out.data(), bytes_->data() + position_, count);
    position_ += count;
    return count;
  }

 private:
  std::shared_ptr<const std::string> bytes_;
  std::size_t position_ = 0;
};

class HeldContent : public Content {
 public:
  explicit HeldContent(std::string bytes) : bytes_{std::make_shared<const std::string>(std::move(bytes))} {}

  Result<std::uint64_t> size() const override { return bytes_->size(); }
  std::unique_ptr<ContentReader> reader() const override { return std::make_unique<HeldReader>(bytes_); }

 private:
  std::shared_ptr<const std::string> bytes_;
};

}  // namespace

ContentReader::~ContentReader() = default;
Content::~Content() = default;

Result<std::string> Content::text(std::uint64_t limit) const {
  std::string all;
  const auto source = reader();
  while (true) {
    const std::size_t before = all.size();
    all.resize(before + piece);
    const std::size_t count = MAPISTORE_TRY(source->read(std::as_writable_bytes(std::span(all).subspan(before))));
    all.resize(before + count);
    if (all.size() > limit) return fail(Errc::too_large, {}, "is too large to be held");
    if (count < piece) return all;
  }
}

bool operator==(const LargeValue& a, const LargeValue& b) {
  if (a.content == b.content) return true;
  const auto size = a.content->size();
  const auto other_size = b.content->size();
  if (!size || !other_size || *size != *other_size) return false;
  const auto one = a.content->reader();
  const auto other = b.content->reader();
  std::vector<std::byte> left(piece);
  std::vector<std::byte> right(piece);
  while (true) {
    const auto count = one->read(left);
    const auto other_count = other->read(right);
    if (!count || !other_count || *count != *other_count) return false;
    if (std::memcmp(left.data(), right.data(), *count) != 0) return false;
    if (*count < piece) return true;
  }
}

LargeValue held_content(std::string bytes) { return {std::make_shared<HeldContent>(std::move(bytes))}; }

}  // namespace mapistore
