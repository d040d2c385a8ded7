#pragma once

#include <cstdint>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <vector>

namespace mapistore::imap {

/// A message's number in its mailbox, never zero.
using Uid = std::uint32_t;

/// A set of UIDs as sorted, disjoint ranges with gaps between them. A value type.
class UidSet {
 public:
  struct Range {
    Uid first = 0, last = 0;  ///< both in the set
    friend bool operator==(const Range&, const Range&) = default;
  };

  UidSet() = default;
  /// All from `first` to `last`, which is not less.
  static UidSet range(Uid first, Uid last);
  /// Every UID there is or will be, `1:*`.
  static UidSet all() { return range(1, last_uid); }
  static UidSet of(const std::vector<Uid>& uids);

  /// Reads `1:3,7,9:*`, in any order and with overlaps; `*` is the greatest UID. Nothing if it is not of that form or
  /// says zero.
  static std::optional<UidSet> parse(std::string_view text);
  /// Reads it without sorting: UIDs in the order written, as COPYUID and APPENDUID pair them. Nothing if there are
  /// more than `most`.
  static std::optional<std::vector<Uid>> parse_in_order(std::string_view text, std::size_t most = 1'000'000);

  /// `1:3,7,9:*`; empty for the empty set, which no command takes.
  std::string text() const;

  void add(Uid uid) { add(uid, uid); }
  void add(Uid first, Uid last);
  void add(const UidSet& more);
  bool contains(Uid uid) const noexcept;
  bool intersects(const UidSet& other) const noexcept;
  bool empty() const noexcept { return ranges_.empty(); }
  std::uint64_t size() const noexcept;
  const std::vector<Range>& ranges() const noexcept { return ranges_; }
  /// One by one, ascending: a view of this set, which holds none of them, as a server may say `1:*`.
  auto uids() const {
    return ranges_ | std::views::transform([](const Range& range) {
             return std::views::iota(std::uint64_t{range.first}, std::uint64_t{range.last} + 1);
           }) |
           std::views::join | std::views::transform([](std::uint64_t uid) { return static_cast<Uid>(uid); });
  }
  /// Those of this set that are not in `other`.
  UidSet without(const UidSet& other) const;

  friend bool operator==(const UidSet&, const UidSet&) = default;

  static constexpr Uid last_uid = 0xffffffff;  ///< written as `*`

 private:
  std::vector<Range> ranges_;
};

}  // namespace mapistore::imap
