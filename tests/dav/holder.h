#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "tests/support/raw_http.h"
#include "tests/support/scripted_http.h"

namespace mapistore::dav_tests {

/// Meddles for a Forwarder: holds a request back, or its answer, until it is to let go, and half a minute at most.
/// Thread-safe.
class Holder {
 public:
  enum class What : std::uint8_t {
    nothing,
    answer,      ///< the request is done at once
    request,     ///< it is done when all is let go
    everything,  ///< as `answer`, and no later request gets one either
  };

  explicit Holder(testing::RawHttp server) : server_{std::move(server)} {}

  /// The next request of this method is what is meant.
  void hold(What what, std::string method) {
    const std::lock_guard lock{mutex_};
    what_ = what;
    method_ = std::move(method);
    is_shut_ = true;
    is_done_ = false;
  }
  void let_go() {
    const std::lock_guard lock{mutex_};
    what_ = What::nothing;
    is_shut_ = is_stuck_ = false;
    changed_.notify_all();
  }
  /// Waits until the request that was meant has been done.
  bool is_done() {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, std::chrono::seconds{20}, [this] { return is_done_; });
  }
  /// Answers what was held back in the server's place, with half a line.
  testing::ScriptedHttp::Reply operator()(const testing::ScriptedHttp::Request& request) {
    std::unique_lock lock{mutex_};
    const bool is_meant = what_ != What::nothing && request.method == method_;
    if (!is_meant && !is_stuck_) return {};
    const What what = is_meant ? std::exchange(what_, What::nothing) : What::answer;
    is_stuck_ = is_stuck_ || what == What::everything;
    if (is_meant && what != What::request) pass_on(request);
    changed_.wait_for(lock, std::chrono::seconds{30}, [this] { return !is_shut_; });
    if (is_meant && what == What::request) pass_on(request);
    if (!is_meant) return {};
    is_done_ = true;
    changed_.notify_all();
    return {.bytes = "HTTP/1.1 2"};
  }

 private:
  void pass_on(const testing::ScriptedHttp::Request& request) const {
    const auto reply =
        request.method == "PUT" ? server_.put(request.path, request.body) : server_.send(request.method, request.path);
    EXPECT_TRUE(reply.status < 300 || (request.method == "DELETE" && reply.status == 404)) << reply.body;
  }

  const testing::RawHttp server_;
  std::mutex mutex_;
  std::condition_variable changed_;
  What what_ = What::nothing;
  std::string method_;
  bool is_shut_ = false, is_stuck_ = false, is_done_ = false;
};

}  // namespace mapistore::dav_tests
