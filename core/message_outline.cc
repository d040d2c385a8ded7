#include "core/message_outline.h"

#include <algorithm>

#include "core/conversion/convert.h"
#include "core/conversion/mail_layout.h"

namespace mapistore {
namespace {

/// Of bytes; what would be more is kept on disk, as a whole.
constexpr std::size_t largest_outline = 4 * 1024 * 1024;
constexpr int most_questions = 32;
/// Of margins: less than this is not asked for, and no more than this is left for another question at the end.
constexpr std::uint64_t least_question = 8;

/// A part that has no parts.
struct Leaf {
  const mime::Part* part;
  bool in_message;  ///< of a message in the message
};

void collect_leaves(const mime::Part& part, bool in_message, std::vector<Leaf>& found) {
  if (part.children.empty()) found.push_back({&part, in_message});
  for (const mime::Part& child : part.children) collect_leaves(child, in_message || !part.is_multipart(), found);
}

class OutlineBuilder {
 public:
  OutlineBuilder(PartReading::Outline told, const ReadRange& read, const OutlineLimits& limits)
      : told_{std::move(told)},
        read_{read},
        limits_{limits},
        text_{std::move(told_.beginning)},
        position_{text_.size()},
        ruled_out_(told_.leaves.size(), false) {}

  Result<std::optional<SharedBytes>> build() {
    const bool is_sound = std::ranges::all_of(told_.leaves, [&](std::uint64_t octets) { return octets < told_.size; });
    if (position_ > told_.size || !is_sound) return std::nullopt;
    for (int asked = 0; position_ < told_.size; ++asked) {
      const std::uint64_t wanted = asked < most_questions ? next_question() : 0;
      if (wanted == 0 || !is_worth_it(wanted)) return std::nullopt;
      const std::size_t old = text_.size();
      text_.resize(old + static_cast<std::size_t>(wanted));
      MAPISTORE_CHECK(read_(position_, std::as_writable_bytes(std::span{text_}.subspan(old))));
      position_ += wanted;
    }
    return finish();
  }

 private:
  mime::Part structure() const { return mime::read_structure(text_, {.depth = deepest_part, .parts = most_parts}); }

  /// Leaves out what can be where the bytes had so far end, and tells how many are to be read next; zero: the medium
  /// tells of other parts than there are.
  std::uint64_t next_question() {
    const mime::Part message = structure();
    std::vector<Leaf> leaves;
    collect_leaves(message, false, leaves);
    if (leaves.size() > told_.leaves.size()) return 0;
    const std::size_t last = leaves.size() - 1;
    const std::uint64_t octets = told_.leaves[last];
    std::uint64_t here = leaves[last].part->body.size();
    std::uint64_t wanted = 0;
    const bool is_undecided = is_large(last) && last >= undecided_;
    if (is_undecided && here < 2 * limits_.margin) {
      wanted = 3 * limits_.margin;
    } else {
      if (is_undecided)
        here += leave_out(last, leaves[last]);
      else if (is_large(last))
        here += gaps_.back().size;
      wanted = (octets > here ? octets - here : 0) + after(last);
    }
    const std::uint64_t left = told_.size - position_;
    const std::uint64_t least = least_question * limits_.margin;
    wanted = std::max(wanted, least);
    return wanted + least >= left ? left : wanted;
  }

  /// From the end of that leaf to the next of which something can be left out. The fields of a part, and the delimiter
  /// before them, are taken to be as long as a margin.
  std::uint64_t after(std::size_t leaf) const {
    std::uint64_t wanted = limits_.margin;
    while (++leaf < told_.leaves.size()) {
      if (is_large(leaf)) return wanted + 3 * limits_.margin;
      wanted += limits_.margin + told_.leaves[leaf];
      if (wanted > told_.size) break;
    }
    return wanted;
  }

  bool is_large(std::size_t leaf) const { return told_.leaves[leaf] >= limits_.least_part && !ruled_out_[leaf]; }

  /// Leaves out the middle of the leaf at which the text ends, if that can be; how much of it that was, less what of it
  /// had been read beyond the place where the text ends now.
  std::uint64_t leave_out(std::size_t index, const Leaf& leaf) {
    undecided_ = index + 1;
    const std::string_view body = leaf.part->body;
    const auto gap = gap_in(told_.leaves[index], leaf);
    if (!gap) {
      ruled_out_[index] = true;
      return 0;
    }
    const auto at =
        static_cast<std::size_t>(body.data() - text_.data()) + static_cast<std::size_t>(gap->offset - offset_of(body));
    const std::size_t dropped = text_.size() - at;
    text_.resize(at);
    position_ = gap->offset + gap->size;
    gaps_.push_back(*gap);
    places_.push_back(at);
    return gap->size - dropped;
  }

  /// Where in the whole message `part` of the text begins, after which nothing has been left out.
  std::uint64_t offset_of(std::string_view part) const {
    return position_ - static_cast<std::uint64_t>(text_.data() + text_.size() - part.data());
  }

  std::optional<Gap> gap_in(std::uint64_t octets, const Leaf& leaf) const {
    const std::string_view body = leaf.part->body;
    if (leaf.in_message || leaf.part->encoding != mime::Encoding::base64) return std::nullopt;
    if (!conversion::is_attachment_alone(*leaf.part)) return std::nullopt;
    auto gap = first_base64_line(body);
    if (!gap || gap->line() > limits_.margin) return std::nullopt;
    const std::size_t head = (limits_.margin / gap->line() + 1) * gap->line();
    if (!are_base64_lines(body.substr(0, head), *gap)) return std::nullopt;
    gap->offset = offset_of(body) + head;
    gap->size = (octets - head - limits_.margin) / gap->line() * gap->line();
    // What is read already is not left out, and what lies behind the end cannot be.
    const bool fits = octets <= told_.size - offset_of(body) && gap->offset + gap->size > position_;
    return fits ? gap : std::nullopt;
  }

  /// Whether enough can still be left out, if `wanted` bytes more are read.
  bool is_worth_it(std::uint64_t wanted) const {
    std::uint64_t most = 0;
    for (std::size_t leaf = 0; leaf < told_.leaves.size(); ++leaf)
      if (is_large(leaf)) most += told_.leaves[leaf];
    const std::uint64_t held = text_.size() + wanted;
    return most >= told_.size / 2 && held <= told_.size / 2 && held <= largest_outline;
  }

  /// The text with its gaps, if all is as it was told.
  std::optional<SharedBytes> finish() {
    std::uint64_t size = text_.size();
    for (const Gap& gap : gaps_) size += gap.size;
    if (gaps_.empty() || size != told_.size) return std::nullopt;
    const auto owner = std::make_shared<const std::string>(std::move(text_));
    for (std::size_t at = 0; at < gaps_.size(); ++at) gaps_[at].at = owner->data() + places_[at];
    const std::size_t count = gaps_.size();
    SharedBytes bytes{*owner, owner, std::make_shared<const std::vector<Gap>>(std::move(gaps_))};
    const mime::Part message = mime::read_structure(bytes.view(), {.depth = deepest_part, .parts = most_parts});
    std::vector<Leaf> leaves;
    collect_leaves(message, false, leaves);
    std::size_t fitting = 0;
    for (std::size_t at = 0; at < std::min(leaves.size(), told_.leaves.size()); ++at)
      if (const Gap* gap = bytes.gap_in(leaves[at].part->body))
        fitting += fits(leaves[at].part->body, *gap, told_.leaves[at]) ? 1 : 0;
    return fitting == count ? std::optional{std::move(bytes)} : std::nullopt;
  }

  static bool fits(std::string_view body, const Gap& gap, std::uint64_t octets) {
    const std::string_view tail = body.substr(static_cast<std::size_t>(gap.at - body.data()));
    return body.size() + gap.size == octets && tail.size() >= gap.line() &&
           are_base64_lines(tail.substr(0, gap.line()), gap);
  }

  PartReading::Outline told_;
  const ReadRange& read_;
  OutlineLimits limits_;
  std::string text_;                 ///< the message so far, without what was left out
  std::uint64_t position_;           ///< how far in the message that is
  std::vector<Gap> gaps_;            ///< without their `at`
  std::vector<std::size_t> places_;  ///< of the gaps in the text
  std::size_t undecided_ = 0;        ///< the first leaf of which it is not known whether something can be left out
  std::vector<bool> ruled_out_;      ///< leaves of which nothing can be left out, although they are large
};

}  // namespace

Result<std::optional<SharedBytes>> outline_of(PartReading::Outline told, const ReadRange& read,
                                              const OutlineLimits& limits) {
  return OutlineBuilder{std::move(told), read, limits}.build();
}

}  // namespace mapistore
