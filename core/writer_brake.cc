#include "core/writer_brake.h"

#include <algorithm>

namespace mapistore {

namespace {

/// What each change of the context is made to wait at least and at most.
constexpr std::chrono::milliseconds first_brake{2}, longest_brake{500};
constexpr std::chrono::seconds between_samples{1};
/// Who writes a few messages at once, while there are many to bring, is let go.
constexpr std::uint64_t few = 256;

}  // namespace

WriterBrake::WriterBrake(LiveContext& context, Index& index, const Replica& replica, std::chrono::milliseconds& pause)
    : context_{context}, index_{index}, replica_{replica}, pause_{pause} {
  context_.slow_writers(pause_);
  watcher_ = std::jthread([this](const std::stop_token& stop) { watch(stop); });
}

WriterBrake::~WriterBrake() {
  watcher_.request_stop();
  watcher_.join();
  context_.slow_writers({});
}

void WriterBrake::begin(std::uint64_t change) {
  const std::lock_guard lock{mutex_};
  change_ = change;
}

void WriterBrake::end(std::uint64_t done, std::uint64_t to_do, std::chrono::duration<double> took) {
  const std::lock_guard lock{mutex_};
  change_ = 0;
  adapt(done, to_do, took);
}

/// So that the next time as much less is to be done. Who changes the context alone has that at once, of many each waits
/// at the same time, and it takes some rounds.
void WriterBrake::adapt(std::uint64_t done, std::uint64_t to_do, std::chrono::duration<double> took) {
  if (to_do <= done / 2) return;
  const auto more = took * (2 / std::max(static_cast<double>(done), 1.0) - 1 / static_cast<double>(to_do));
  const auto sum = pause_ + std::chrono::duration_cast<std::chrono::milliseconds>(more);
  pause_ = std::clamp(std::max(sum, 2 * pause_), first_brake, longest_brake);
  context_.slow_writers(pause_);
}

void WriterBrake::watch(const std::stop_token& stop) {
  std::uint64_t pass = 0, done_before = 0, to_do_before = 0;
  std::unique_lock lock{mutex_};
  for (;;) {
    changed_.wait_for(lock, stop, between_samples, [] { return false; });
    if (stop.stop_requested()) return;
    if (std::exchange(pass, change_) != change_) done_before = to_do_before = 0;
    if (pass == 0) continue;
    lock.unlock();
    const std::uint64_t done = replica_.done();
    const auto changed = index_.changed_messages(context_.row().id, pass);
    lock.lock();
    if (!changed || pass != change_) continue;
    const std::uint64_t to_do = changed->size();
    if (to_do > done + few && to_do > to_do_before) adapt(done - done_before, to_do - to_do_before, between_samples);
    done_before = done;
    to_do_before = to_do;
  }
}

}  // namespace mapistore
