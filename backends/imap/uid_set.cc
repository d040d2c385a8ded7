#include "backends/imap/uid_set.h"

#include <algorithm>
#include <charconv>

namespace mapistore::imap {

namespace {

std::optional<Uid> parse_number(std::string_view text) {
  if (text == "*") return UidSet::last_uid;
  Uid value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value == 0) return std::nullopt;
  return value;
}

/// The ranges in the order written; false if one is malformed.
template <class Take>
bool for_each_range(std::string_view text, Take take) {
  while (true) {
    const std::size_t comma = text.find(',');
    const std::string_view item = text.substr(0, comma);
    const std::size_t colon = item.find(':');
    const auto first = parse_number(item.substr(0, colon));
    const auto last = colon == std::string_view::npos ? first : parse_number(item.substr(colon + 1));
    if (!first || !last || !take(*first, *last)) return false;
    if (comma == std::string_view::npos) return true;
    text.remove_prefix(comma + 1);
  }
}

void append_number(std::string& text, Uid uid) { text += uid == UidSet::last_uid ? "*" : std::to_string(uid); }

bool touches(const UidSet::Range& before, Uid first) {
  return before.last == UidSet::last_uid || first <= before.last + 1;
}

}  // namespace

UidSet UidSet::range(Uid first, Uid last) {
  UidSet set;
  set.ranges_.push_back({first, last});
  return set;
}

UidSet UidSet::of(const std::vector<Uid>& uids) {
  std::vector<Uid> sorted = uids;
  std::ranges::sort(sorted);
  UidSet set;
  for (const Uid uid : sorted) set.add(uid);
  return set;
}

std::optional<UidSet> UidSet::parse(std::string_view text) {
  std::vector<Range> ranges;
  if (!for_each_range(text, [&](Uid first, Uid last) {
        ranges.push_back({std::min(first, last), std::max(first, last)});
        return true;
      }))
    return std::nullopt;
  std::ranges::sort(ranges, {}, &Range::first);
  UidSet set;
  for (const Range& range : ranges) set.add(range.first, range.last);
  return set;
}

std::optional<std::vector<Uid>> UidSet::parse_in_order(std::string_view text, std::size_t most) {
  std::vector<Uid> uids;
  const bool whole = for_each_range(text, [&](Uid first, Uid last) {
    const std::uint64_t count = std::uint64_t{std::max(first, last)} - std::min(first, last) + 1;
    if (count > most - uids.size()) return false;
    for (Uid uid = first;; first < last ? ++uid : --uid) {
      uids.push_back(uid);
      if (uid == last) return true;
    }
  });
  if (!whole) return std::nullopt;
  return uids;
}

std::string UidSet::text() const {
  std::string text;
  for (const Range& range : ranges_) {
    if (!text.empty()) text += ',';
    append_number(text, range.first);
    if (range.first == range.last) continue;
    text += ':';
    append_number(text, range.last);
  }
  return text;
}

void UidSet::add(Uid first, Uid last) {
  if (ranges_.empty() || !touches(ranges_.back(), first)) {
    ranges_.push_back({first, last});
    return;
  }
  // The ranges from `begin` to `end` touch the new one and become one with it.
  const auto begin = std::ranges::partition_point(ranges_, [&](const Range& range) { return !touches(range, first); });
  const auto end = std::find_if(begin, ranges_.end(),
                                [&](const Range& range) { return last != last_uid && range.first > last + 1; });
  if (begin == end) {
    ranges_.insert(begin, {first, last});
    return;
  }
  begin->first = std::min(begin->first, first);
  begin->last = std::max(std::prev(end)->last, last);
  ranges_.erase(begin + 1, end);
}

void UidSet::add(const UidSet& more) {
  for (const Range& range : more.ranges_) add(range.first, range.last);
}

bool UidSet::contains(Uid uid) const noexcept {
  const auto after = std::ranges::upper_bound(ranges_, uid, {}, &Range::first);
  return after != ranges_.begin() && std::prev(after)->last >= uid;
}

bool UidSet::intersects(const UidSet& other) const noexcept {
  auto a = ranges_.begin();
  auto b = other.ranges_.begin();
  while (a != ranges_.end() && b != other.ranges_.end()) {
    if (a->last < b->first) {
      ++a;
    } else if (b->last < a->first) {
      ++b;
    } else {
      return true;
    }
  }
  return false;
}

std::uint64_t UidSet::size() const noexcept {
  std::uint64_t size = 0;
  for (const Range& range : ranges_) size += std::uint64_t{range.last} - range.first + 1;
  return size;
}

UidSet UidSet::without(const UidSet& other) const {
  UidSet left;
  auto hole = other.ranges_.begin();
  for (const Range& range : ranges_) {
    std::uint64_t at = range.first;
    while (hole != other.ranges_.end() && hole->last < at) ++hole;
    for (auto next = hole; next != other.ranges_.end() && next->first <= range.last; ++next) {
      if (next->first > at) left.add(static_cast<Uid>(at), next->first - 1);
      at = std::uint64_t{next->last} + 1;
    }
    if (at <= range.last) left.add(static_cast<Uid>(at), range.last);
  }
  return left;
}

}  // namespace mapistore::imap
