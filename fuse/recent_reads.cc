#include "fuse/recent_reads.h"

#include <ranges>

namespace mapistore::fs {

namespace {

/// Between reading and the end of writing the copy: `tar c | tar x` reads well ahead.
constexpr std::chrono::minutes memory{1};

}  // namespace

void RecentReads::opened(Fmid fmid) {
  const Locked locked{mutex_};
  if (fresh_.size() == most) fresh_.pop_back();
  fresh_.push_front({.fmid = fmid, .when = Clock::now()});
}

std::vector<Fmid> RecentReads::of_size(std::uint64_t size, const SizeOf& size_of) {
  const Locked searching{search_mutex_};
  std::deque<Opened> fresh;
  {
    const Locked locked{mutex_};
    fresh.swap(fresh_);
  }
  for (Opened& opened : std::views::reverse(fresh))
    if (const auto known = size_of(opened.fmid)) {
      opened.size = *known;
      known_.push_front(opened);
    }
  while (!known_.empty() && (known_.size() > most || Clock::now() - known_.back().when > memory)) known_.pop_back();
  std::vector<Fmid> found;
  for (const Opened& opened : known_)
    if (opened.size == size) found.push_back(opened.fmid);
  return found;
}

}  // namespace mapistore::fs
