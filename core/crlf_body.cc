#include "core/crlf_body.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <string>

namespace mapistore {
namespace {

constexpr std::size_t piece_size = std::size_t{64} * 1024;

/// Reads a body from the beginning, piece by piece, with its line ends mended.
class MendedLines {
 public:
  explicit MendedLines(Body& original) : original_{&original} {}

  /// The next bytes; empty at the end. Valid until the next call.
  Result<std::string_view> next(const Call& call) {
    raw_.resize(piece_size);
    raw_.resize(MAPISTORE_TRY(original_->read_at(call, offset_, std::as_writable_bytes(std::span{raw_}))));
    offset_ += raw_.size();
    mended_.clear();
    for (const char c : raw_) {
      if (c == '\n' && !after_cr_) mended_ += '\r';
      mended_ += c;
      after_cr_ = c == '\r';
    }
    return std::string_view{mended_};
  }

 private:
  Body* original_;
  std::uint64_t offset_ = 0;
  bool after_cr_ = false;
  std::string raw_, mended_;
};

class CrlfBody final : public Body {
 public:
  CrlfBody(Body& original, std::uint64_t size) : original_{original}, size_{size}, lines_{original} {}

  const ChangeKey& change() const noexcept override { return original_.change(); }
  std::uint64_t size() const noexcept override { return size_; }

  Result<std::size_t> read_at(const Call& call, std::uint64_t offset, std::span<std::byte> out) override {
    const std::lock_guard lock{mutex_};
    std::size_t done = 0;
    while (done < out.size() && offset + done < size_) {
      const std::uint64_t at = offset + done;
      // It is read from front to back, as a rule.
      if (at < piece_begin_) {
        lines_ = MendedLines{original_};
        piece_ = {};
        piece_begin_ = 0;
      }
      while (at >= piece_begin_ + piece_.size()) {
        piece_begin_ += piece_.size();
        piece_ = MAPISTORE_TRY(lines_.next(call));
        if (piece_.empty()) return fail(Errc::io, {}, "became shorter while it was being read");
      }
      const std::string_view rest = piece_.substr(at - piece_begin_);
      const std::size_t count = std::min(rest.size(), out.size() - done);
      std::memcpy(out.data() + done, rest.data(), count);
      done += count;
    }
    return done;
  }

 private:
  Body& original_;
  const std::uint64_t size_;
  std::mutex mutex_;  ///< held while the original is read
  MendedLines lines_;
  std::string_view piece_;
  std::uint64_t piece_begin_ = 0;
};

}  // namespace

Result<std::unique_ptr<Body>> as_kept_by(const Call& call, const Profile& profile, Body& original) {
  if (!profile.crlf_lines) return nullptr;
  MendedLines lines{original};
  std::uint64_t size = 0;
  for (;;) {
    const std::string_view piece = MAPISTORE_TRY(lines.next(call));
    if (piece.empty()) break;
    size += piece.size();
  }
  if (size == original.size()) return nullptr;
  return std::make_unique<CrlfBody>(original, size);
}

}  // namespace mapistore
