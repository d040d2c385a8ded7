#include "core/codec/absent_content.h"

#include "core/codec/transfer.h"

namespace mapistore {
namespace {

constexpr std::size_t read_at_once = 4 * 1024 * 1024;

constexpr bool is_base64(char c) noexcept {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
}

std::string_view newline_of(const Gap& gap) noexcept { return gap.newline == 2 ? "\r\n" : "\n"; }

class AbsentReader final : public ContentReader {
 public:
  Result<std::size_t> read(std::span<std::byte>) override {
    return fail(Errc::unsupported, {}, "has been left out of the message");
  }
};

}  // namespace

AbsentContent::AbsentContent(SharedBytes body, const Gap& gap)
    : body_{std::move(body)},
      gap_{gap},
      head_{body_.view().substr(0, static_cast<std::size_t>(gap.at - body_.view().data()))},
      tail_{body_.view().substr(head_.size())} {
  std::string decoded;
  codec::Base64Decoder decoder;
  decoder.append(decoded, head_);
  decoder.append(decoded, tail_);
  size_ = decoded.size() + gap_.size / gap_.line() * (gap_.length / 4 * 3);
}

std::unique_ptr<ContentReader> AbsentContent::reader() const { return std::make_unique<AbsentReader>(); }

Result<> AbsentContent::restore(const ReadRange& read, const std::function<Result<>(std::string_view)>& take) const {
  codec::Base64Decoder decoder;
  std::string decoded;
  const auto give = [&](std::string_view encoded) {
    decoded.clear();
    decoder.append(decoded, encoded);
    return take(decoded);
  };
  MAPISTORE_CHECK(give(head_));
  std::string piece;
  for (std::uint64_t done = 0; done < gap_.size; done += piece.size()) {
    const std::uint64_t most = read_at_once / gap_.line() * gap_.line();
    piece.resize(static_cast<std::size_t>(std::min<std::uint64_t>(most, gap_.size - done)));
    MAPISTORE_CHECK(read(gap_.offset + done, std::as_writable_bytes(std::span{piece})));
    if (!are_base64_lines(piece, gap_)) return fail(Errc::corrupted, {}, "is not encoded as its ends are");
    MAPISTORE_CHECK(give(piece));
  }
  return give(tail_);
}

std::optional<Gap> first_base64_line(std::string_view text) noexcept {
  Gap gap;
  while (gap.length < text.size() && is_base64(text[gap.length])) ++gap.length;
  const std::string_view rest = text.substr(gap.length);
  gap.newline = rest.starts_with("\r\n") ? 2 : rest.starts_with('\n') ? 1 : 0;
  if (gap.newline == 0 || gap.length == 0 || gap.length % 4 != 0) return std::nullopt;
  return gap;
}

bool are_base64_lines(std::string_view text, const Gap& gap) noexcept {
  if (text.size() % gap.line() != 0) return false;
  for (; !text.empty(); text.remove_prefix(gap.line())) {
    if (text.substr(gap.length, gap.newline) != newline_of(gap)) return false;
    if (!std::ranges::all_of(text.substr(0, gap.length), is_base64)) return false;
  }
  return true;
}

}  // namespace mapistore
