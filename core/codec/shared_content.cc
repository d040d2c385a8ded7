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

using Pieces = std::shared_ptr<const std::vector<SharedBytes>>;

class JoinedReader : public ContentReader {
 public:
  explicit JoinedReader(Pieces pieces) : pieces_{std::move(pieces)} {}

  Result<std::size_t> read(std::span<std::byte> out) override {
    std::size_t filled = 0;
    while (filled < out.size() && next_ < pieces_->size()) {
      const std::string_view rest = (*pieces_)[next_].view().substr(read_);
      const std::size_t count = std::min(out.size() - filled, rest.size());
      if (count > 0) std::memcpy(out.data() + filled, rest.data(), count);
      filled += count;
      read_ += count;
      if (count == rest.size()) ++next_, read_ = 0;
    }
    return filled;
  }

 private:
  Pieces pieces_;
  std::size_t next_ = 0, read_ = 0;  ///< the piece being read, and how far
};

class JoinedContent : public Content {
 public:
  explicit JoinedContent(std::vector<SharedBytes> pieces)
      : pieces_{std::make_shared<const std::vector<SharedBytes>>(std::move(pieces))} {}

  Result<std::uint64_t> size() const override {
    std::uint64_t size = 0;
    for (const SharedBytes& piece : *pieces_) size += piece.view().size();
    return size;
  }
  std::unique_ptr<ContentReader> reader() const override { return std::make_unique<JoinedReader>(pieces_); }

 private:
  Pieces pieces_;
};

}  // namespace

LargeValue joined_content(std::vector<SharedBytes> pieces) {
  return {std::make_shared<JoinedContent>(std::move(pieces))};
}

LargeValue shared_content(SharedBytes bytes) { return {std::make_shared<SharedContent>(std::move(bytes))}; }

}  // namespace mapistore
