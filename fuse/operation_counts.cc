#include "fuse/operation_counts.h"

#include <algorithm>
#include <utility>

#include "core/json.h"

namespace mapistore::fs {

namespace {

// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): what a thread works on is the thread's
thread_local OperationCounts::Ongoing* innermost = nullptr;

}  // namespace

OperationCounts::Ongoing::Ongoing(OperationCounts& counts, Operation kind, Clock::time_point begun) noexcept
    : counts_{counts}, kind_{kind}, begun_{begun}, outer_{std::exchange(innermost, this)} {}

OperationCounts::Ongoing::~Ongoing() {
  innermost = outer_;
  if (!handed_over_) counts_.add(kind_, Clock::now() - begun_, failed_);
}

OperationCounts::Ongoing::Rest OperationCounts::Ongoing::hand_over() noexcept {
  if (innermost == nullptr) return {Operation::lookup, Clock::now()};
  innermost->handed_over_ = true;
  return {innermost->kind_, innermost->begun_};
}

void OperationCounts::Ongoing::fail() noexcept {
  if (innermost != nullptr) innermost->failed_ = true;
}

void OperationCounts::add(Operation kind, Clock::duration took, bool failed) noexcept {
  Count& count = counts_[static_cast<std::size_t>(kind)];
  const auto bucket = static_cast<std::size_t>(std::ranges::find_if(bounds, [&](auto bound) { return took <= bound; }) -
                                               bounds.begin());
  count.buckets[bucket].fetch_add(1, std::memory_order_relaxed);
  count.nanoseconds.fetch_add(static_cast<std::uint64_t>(std::chrono::nanoseconds{took}.count()),
                              std::memory_order_relaxed);
  if (failed) count.failed.fetch_add(1, std::memory_order_relaxed);
}

void OperationCounts::write(Json& status) const {
  status["bytes"]["read"] = read_.load(std::memory_order_relaxed);
  status["bytes"]["written"] = written_.load(std::memory_order_relaxed);
  auto& limits = status["latency_bounds"] = Json::array();
  for (const auto bound : bounds) limits.push_back(std::chrono::duration<double>(bound).count());
  auto& operations = status["operations"] = Json::object();
  for (std::size_t kind = 0; kind < counts_.size(); ++kind) {
    const Count& count = counts_[kind];
    std::uint64_t all = 0;
    auto buckets = Json::array();
    for (const auto& bucket : count.buckets) {
      const std::uint64_t value = bucket.load(std::memory_order_relaxed);
      buckets.push_back(value);
      all += value;
    }
    if (all == 0) continue;
    auto& operation = operations[std::string(operation_names[kind])];
    operation["count"] = all;
    operation["errors"] = count.failed.load(std::memory_order_relaxed);
    operation["seconds"] = static_cast<double>(count.nanoseconds.load(std::memory_order_relaxed)) / 1e9;
    operation["buckets"] = std::move(buckets);
  }
}

}  // namespace mapistore::fs
