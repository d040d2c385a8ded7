#pragma once

#include <functional>
#include <optional>

#include <mapistore/export.h>
#include <mapistore/property.h>

#include "core/codec/shared_bytes.h"

namespace mapistore {

/// Fills a buffer with the bytes from an offset on of the whole message. May block.
using ReadRange = std::function<Result<>(std::uint64_t offset, std::span<std::byte> out)>;

/// A base64 body whose middle has been left out, decoded. Its size is known, its bytes are not.
class MAPISTORE_API AbsentContent final : public Content {
 public:
  /// `gap` lies in `body`.
  AbsentContent(SharedBytes body, const Gap& gap);

  Result<std::uint64_t> size() const override { return size_; }
  /// Its every read fails, Errc::unsupported: use restore().
  std::unique_ptr<ContentReader> reader() const override;

  /// How much restore() reads.
  std::uint64_t absent() const noexcept { return gap_.size; }
  /// Reads what has been left out, some MiB at a time, and gives all of the content to `take`. Errc::corrupted: it is
  /// not as it must be for the size to be right; then what was given is worth nothing.
  Result<> restore(const ReadRange& read, const std::function<Result<>(std::string_view)>& take) const;

 private:
  SharedBytes body_;
  Gap gap_;
  std::string_view head_, tail_;  ///< of body_, before the gap and after it
  std::uint64_t size_ = 0;
};

/// The length and end of the first line of `text`, as far as it is of base64, of whole groups, and has an end.
std::optional<Gap> first_base64_line(std::string_view text) noexcept;

/// Whether `text` is nothing but base64 lines shaped as those of `gap`, the last one with its end.
bool are_base64_lines(std::string_view text, const Gap& gap) noexcept;

}  // namespace mapistore
