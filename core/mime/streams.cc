#include "core/mime/streams.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <limits>

namespace mapistore::mime {
namespace {

constexpr std::size_t piece_size = 32 * 1024;

/// Moves from the front of `text` to `out`.
std::size_t take(std::string_view& text, std::span<std::byte> out) {
  const std::size_t count = std::min(text.size(), out.size());
  if (count > 0) std::memcpy(out.data(), text.data(), count);
  text.remove_prefix(count);
  return count;
}

class SteppedReader : public ContentReader {
 public:
  SteppedReader(LargeValue source, Steps steps)
      : source_{std::move(source)}, reader_{source_.content->reader()}, steps_{std::move(steps)} {}

  Result<std::size_t> read(std::span<std::byte> out) override {
    std::size_t count = take(left_, out);
    while (count < out.size() && !ended_) {
      MAPISTORE_CHECK(produce());
      count += take(left_, out.subspan(count));
    }
    return count;
  }

 private:
  Result<> produce() {
    std::array<char, piece_size> piece;
    const std::size_t count = MAPISTORE_TRY(reader_->read(std::as_writable_bytes(std::span(piece))));
    ended_ = count < piece.size();
    made_.assign(piece.data(), count);
    for (const auto& step : steps_) {
      next_.clear();
      step->append(next_, made_, ended_);
      made_.swap(next_);
    }
    left_ = made_;
    return {};
  }

  LargeValue source_;
  std::unique_ptr<ContentReader> reader_;
  Steps steps_;
  std::string made_, next_;
  std::string_view left_;  ///< of made_
  bool ended_ = false;
};

class SteppedContent : public Content {
 public:
  SteppedContent(LargeValue source, std::function<Steps()> steps)
      : source_{std::move(source)}, steps_{std::move(steps)} {}

  Result<std::uint64_t> size() const override {
    if (const std::uint64_t known = size_.load(std::memory_order_relaxed); known != unknown) return known;
    const auto all = reader();
    std::array<std::byte, piece_size> piece;
    std::uint64_t total = 0;
    for (std::size_t count = piece.size(); count == piece.size();) {
      count = MAPISTORE_TRY(all->read(piece));
      total += count;
    }
    size_.store(total, std::memory_order_relaxed);
    return total;
  }

  std::unique_ptr<ContentReader> reader() const override { return std::make_unique<SteppedReader>(source_, steps_()); }

 private:
  static constexpr std::uint64_t unknown = std::numeric_limits<std::uint64_t>::max();

  LargeValue source_;
  std::function<Steps()> steps_;
  mutable std::atomic<std::uint64_t> size_ = unknown;
};

class JoinedContent : public Content {
 public:
  explicit JoinedContent(std::vector<LargeValue> parts)
      : parts_{std::make_shared<const std::vector<LargeValue>>(std::move(parts))} {}

  Result<std::uint64_t> size() const override {
    std::uint64_t total = 0;
    for (const LargeValue& part : *parts_) total += MAPISTORE_TRY(part.content->size());
    return total;
  }

  std::unique_ptr<ContentReader> reader() const override { return std::make_unique<Reader>(parts_); }

 private:
  class Reader : public ContentReader {
   public:
    explicit Reader(std::shared_ptr<const std::vector<LargeValue>> parts) : parts_{std::move(parts)} {}

    Result<std::size_t> read(std::span<std::byte> out) override {
      std::size_t count = 0;
      while (count < out.size() && (reader_ || next_ < parts_->size())) {
        if (!reader_) reader_ = (*parts_)[next_++].content->reader();
        const std::size_t got = MAPISTORE_TRY(reader_->read(out.subspan(count)));
        count += got;
        if (got == 0) reader_.reset();
      }
      return count;
    }

   private:
    std::shared_ptr<const std::vector<LargeValue>> parts_;  // outlives the content that a reader came from
    std::size_t next_ = 0;
    std::unique_ptr<ContentReader> reader_;
  };

  std::shared_ptr<const std::vector<LargeValue>> parts_;
};

}  // namespace

std::string run_steps(const Steps& steps, std::string_view text) {
  std::string made(text);
  for (const auto& step : steps) {
    std::string next;
    step->append(next, made, true);
    made.swap(next);
  }
  return made;
}

LargeValue stepped_content(LargeValue source, std::function<Steps()> steps) {
  return {std::make_shared<SteppedContent>(std::move(source), std::move(steps))};
}

LargeValue joined_content(std::vector<LargeValue> parts) { return {std::make_shared<JoinedContent>(std::move(parts))}; }

}  // namespace mapistore::mime
