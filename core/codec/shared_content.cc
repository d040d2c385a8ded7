#include "core/codec/shared_content.h"

#include <algorithm>
#include <cstring>

namespace mapistore {
namespace {

class SharedReader : public ContentReader {
 public:
  explicit SharedReader(SharedBytes bytes) : bytes_{std::move(bytes)}, rest_{bytes_.view()} {}

  Result<std::size_t> read(std::span<std::byte> out) override {
    const std::size_t count = std::min(out.size(), rest_.size());
    if (count > 0) std::memcpy(out.data(), rest_.data(), count);
    rest_.remove_prefix(count);
    return count;
  }

 private:
  SharedBytes bytes_;
  std::string_view rest_;
};

class SharedContent : public Content {
 public:
  explicit SharedContent(SharedBytes bytes) : bytes_{std::move(bytes)} {}

  Result<std::uint64_t> size() const override { return bytes_.view().size(); }
  std::unique_ptr<ContentReader> reader() const override { return std::make_unique<SharedReader>(bytes_); }

 private:
  SharedBytes bytes_;
};

}  // namespace

LargeValue shared_content(SharedBytes bytes) { return {std::make_shared<SharedContent>(std::move(bytes))}; }

}  // namespace mapistore
