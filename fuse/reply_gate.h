#pragma once

#include <atomic>
#include <chrono>
#include <thread>
#include <utility>

namespace mapistore::fs {

/// What other threads than the reader pass through to talk to the kernel. Once it is closed, nobody does any more: the
/// number of the descriptor may then be another file's. Thread-safe.
class ReplyGate {
 public:
  class Pass {
   public:
    Pass(Pass&& other) noexcept : gate_{std::exchange(other.gate_, nullptr)} {}
    Pass& operator=(Pass&&) = delete;
    ~Pass() {
      if (gate_ != nullptr) gate_->leave();
    }
    /// Whether the holder may talk to the kernel, as long as it holds this.
    explicit operator bool() const noexcept { return gate_ != nullptr; }

   private:
    friend class ReplyGate;
    explicit Pass(ReplyGate* gate) noexcept : gate_{gate} {}
    ReplyGate* gate_;
  };

  Pass enter() noexcept {
    ++inside_;
    if (!closed_) return Pass{this};
    leave();
    return Pass{nullptr};
  }
  /// Waits for those inside, but not long: an invalidation may wait for a page that only the end of the mount sets
  /// free.
  void close() noexcept {
    constexpr int most = 100;
    closed_ = true;
    for (int i = 0; i < most && inside_ != 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }

 private:
  void leave() noexcept { --inside_; }

  std::atomic<unsigned> inside_ = 0;
  std::atomic<bool> closed_ = false;
};

}  // namespace mapistore::fs
