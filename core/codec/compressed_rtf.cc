#include "core/codec/compressed_rtf.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "core/codec/crc32.h"

namespace mapistore::codec {
namespace {

// MS-OXRTFCP 2.1.3.1: sizes, kind and checksum, then what they are about.
constexpr std::size_t header_size = 16;
constexpr std::uint32_t kind_compressed = 0x75465A4C;    // "LZFu"
constexpr std::uint32_t kind_uncompressed = 0x414C454D;  // "MELA"

/// What the window holds before the first byte (2.1.2.1).
constexpr std::string_view preset =
    "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS "
    "Sans "
    "SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par "
    "\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab"
    "\\tx";
static_assert(preset.size() == 207);

constexpr std::size_t window = 4096;
constexpr std::size_t shortest_match = 2;
constexpr std::size_t longest_match = 17;
constexpr unsigned tokens_of_a_run = 8;

/// The CRC of 2.1.3.2: begun with zero and not inverted.
std::uint32_t checksum(std::string_view bytes) noexcept { return crc32_remainder(0, bytes); }

std::uint32_t number_at(std::string_view bytes, std::size_t position) noexcept {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i-- > 0;) value = (value << 8) | static_cast<unsigned char>(bytes[position + i]);
  return value;
}

void append_number(std::string& out, std::uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>((value >> shift) & 0xFFu);
}

std::unexpected<Error> damaged(std::string_view what) { return fail(Errc::corrupted, "compressed RTF", what); }

/// Undoes 2.2.2 (tokens of a run follow its control byte) until the token that refers to its own place.
Result<std::string> expand(std::string_view contents, std::size_t size) {
  std::string history(preset);
  history.reserve(preset.size() + size);
  const std::size_t end = preset.size() + size;
  std::size_t position = 0;
  while (position < contents.size() && history.size() < end) {
    unsigned control = static_cast<unsigned char>(contents[position++]);
    for (unsigned token = 0; token < tokens_of_a_run && history.size() < end; ++token, control >>= 1) {
      if (position == contents.size()) return damaged("ends within a run");
      const unsigned first = static_cast<unsigned char>(contents[position++]);
      if ((control & 1) == 0) {
        history += static_cast<char>(first);
        continue;
      }
      if (position == contents.size()) return damaged("ends within a reference");
      const unsigned second = static_cast<unsigned char>(contents[position++]);
      const std::size_t offset = (first << 4) | (second >> 4);
      const std::size_t distance = (history.size() - offset) % window;
      if (distance == 0) return damaged("ends before its declared size");
      if (distance > history.size()) return damaged("refers to what was never written");
      const std::size_t length = std::min((second & 0xFu) + shortest_match, end - history.size());
      for (std::size_t i = 0; i < length; ++i) history += history[history.size() - distance];
    }
  }
  if (history.size() < end) return damaged("ends before its declared size");
  return history.substr(preset.size());
}

/// Finds the longest earlier occurrence within the window; chains of places that begin with the same two bytes.
class Matcher {
 public:
  explicit Matcher(std::string_view history) : history_{history}, newest_(std::size_t{1} << 16, none) {}

  struct Match {
    std::size_t position = 0;
    std::size_t length = 0;
  };

  Match longest(std::size_t position) const noexcept {
    // So many steps find nearly all that a full search finds, and keep the time linear.
    constexpr int most_steps = 128;
    Match best;
    if (position + shortest_match > history_.size()) return best;
    const std::size_t most = std::min(longest_match, history_.size() - position);
    std::size_t candidate = newest_[key(position)];
    for (int step = 0; step < most_steps && candidate != none && position - candidate < window; ++step) {
      std::size_t length = 0;
      while (length < most && history_[candidate + length] == history_[position + length]) ++length;
      // Of equal ones the oldest, as the documented examples have it.
      if (length >= best.length) best = {candidate, length};
      const std::size_t earlier = earlier_[candidate % window];
      if (earlier >= candidate) break;
      candidate = earlier;
    }
    return best.length >= shortest_match ? best : Match{};
  }

  /// Makes a place known; called for each in order.
  void add(std::size_t position) noexcept {
    if (position + shortest_match > history_.size()) return;
    earlier_[position % window] = std::exchange(newest_[key(position)], position);
  }

 private:
  static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();

  std::size_t key(std::size_t position) const noexcept {
    return (std::size_t{static_cast<unsigned char>(history_[position])} << 8) |
           static_cast<unsigned char>(history_[position + 1]);
  }

  std::string_view history_;
  std::vector<std::size_t> newest_;
  std::array<std::size_t, window> earlier_{};
};

/// Collects tokens into runs of eight behind their control byte.
class Runs {
 public:
  void literal(char byte) {
    begin();
    contents_ += byte;
  }

  void reference(std::size_t offset, std::size_t length) {
    begin();
    contents_[control_] = static_cast<char>(static_cast<unsigned char>(contents_[control_]) | (1u << (count_ - 1)));
    const std::size_t word = (offset << 4) | (length - shortest_match);
    contents_ += static_cast<char>(word >> 8);
    contents_ += static_cast<char>(word & 0xFFu);
  }

  std::string take() && { return std::move(contents_); }

 private:
  void begin() {
    if (count_ == tokens_of_a_run) count_ = 0;
    if (count_++ != 0) return;
    control_ = contents_.size();
    contents_ += '\0';
  }

  std::string contents_;
  std::size_t control_ = 0;
  unsigned count_ = 0;
};

std::string shrink(std::string_view rtf) {
  const std::string history = std::string(preset).append(rtf);
  Matcher matcher(history);
  for (std::size_t i = 0; i + 1 < preset.size(); ++i) matcher.add(i);
  Runs runs;
  std::size_t known = preset.size() - 1;
  for (std::size_t position = preset.size(); position < history.size();) {
    for (; known < position; ++known) matcher.add(known);
    const Matcher::Match match = matcher.longest(position);
    if (match.length == 0) {
      runs.literal(history[position++]);
    } else {
      runs.reference(match.position % window, match.length);
      position += match.length;
    }
  }
  runs.reference(history.size() % window, shortest_match);
  return std::move(runs).take();
}

}  // namespace

Result<std::string> decompress_rtf(std::string_view compressed, std::size_t limit) {
  constexpr std::size_t counted_of_header = header_size - 4;
  if (compressed.size() < header_size) return damaged("is too short");
  const std::size_t stored = number_at(compressed, 0);
  const std::size_t size = number_at(compressed, 4);
  if (stored < counted_of_header || stored - counted_of_header > compressed.size() - header_size) {
    return damaged("is cut short");
  }
  const std::string_view contents = compressed.substr(header_size, stored - counted_of_header);
  if (size > limit) return fail(Errc::too_large, "compressed RTF", "holds more than may be held");
  const std::uint32_t kind = number_at(compressed, 8);
  if (kind == kind_uncompressed) {
    if (size > contents.size()) return damaged("is cut short");
    return std::string(contents.substr(0, size));
  }
  if (kind != kind_compressed) return damaged("is of an unknown kind");
  if (number_at(compressed, 12) != checksum(contents)) return damaged("has another checksum than it says");
  // Two bytes make at most seventeen: a larger size is a lie that must not cost memory.
  if (size / longest_match > contents.size()) return damaged("ends before its declared size");
  return expand(contents, size);
}

Result<std::string> compress_rtf(std::string_view rtf) {
  // A literal costs a byte and an eighth.
  if (rtf.size() > std::size_t{std::numeric_limits<std::uint32_t>::max()} / 9 * 8 - header_size) {
    return fail(Errc::too_large, "RTF", "does not fit into its compressed form");
  }
  const std::string contents = shrink(rtf);
  std::string out;
  out.reserve(header_size + contents.size());
  append_number(out, static_cast<std::uint32_t>(contents.size() + header_size - 4));
  append_number(out, static_cast<std::uint32_t>(rtf.size()));
  append_number(out, kind_compressed);
  append_number(out, checksum(contents));
  return out.append(contents);
}

}  // namespace mapistore::codec
