#include "mountd/event_loop.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace mapistore::mountd {

Result<std::unique_ptr<EventLoop>> EventLoop::create() {
  posix::UniqueFd poll{::epoll_create1(EPOLL_CLOEXEC)};
  if (!poll) return std::unexpected(system_error(errno, "epoll"));
  return std::unique_ptr<EventLoop>{new EventLoop{std::move(poll)}};
}

EventLoop::~EventLoop() {
  // Handlers own tokens, whose end looks into these.
  const auto watched = std::exchange(watched_, {});
  const auto timed = std::exchange(timed_, {});
}

Result<EventLoop::Token> EventLoop::watch(int descriptor, std::uint32_t events, Handler handler) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = ++last_id_;
  if (::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, descriptor, &event) != 0)
    return std::unexpected(system_error(errno, "epoll"));
  watched_.emplace(last_id_, Watched{descriptor, std::make_shared<Handler>(std::move(handler))});
  return Token{this, last_id_};
}

void EventLoop::change(const Token& token, std::uint32_t events) {
  const auto found = watched_.find(token.id_);
  if (found == watched_.end()) return;
  epoll_event event{};
  event.events = events;
  event.data.u64 = token.id_;
  ::epoll_ctl(poll_.get(), EPOLL_CTL_MOD, found->second.descriptor, &event);
}

EventLoop::Token EventLoop::after(Clock::duration delay, std::function<void()> work) {
  timed_.emplace(Clock::now() + delay, Timed{++last_id_, std::move(work)});
  return Token{this, last_id_};
}

void EventLoop::forget(std::uint64_t id) noexcept {
  if (const auto found = watched_.find(id); found != watched_.end()) {
    ::epoll_ctl(poll_.get(), EPOLL_CTL_DEL, found->second.descriptor, nullptr);
    watched_.erase(found);
    return;
  }
  const auto timed = std::ranges::find(timed_, id, [](const auto& entry) { return entry.second.id; });
  if (timed != timed_.end()) timed_.erase(timed);
}

int EventLoop::time_to_wait() const {
  if (timed_.empty()) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(timed_.begin()->first - Clock::now());
  constexpr std::chrono::milliseconds longest = std::chrono::hours{1};
  return static_cast<int>(std::clamp(left, std::chrono::milliseconds{0}, longest).count());
}

void EventLoop::run_due() {
  while (!stopped_ && !timed_.empty() && timed_.begin()->first <= Clock::now()) {
    const auto work = std::move(timed_.begin()->second.work);
    timed_.erase(timed_.begin());
    work();
  }
}

Result<> EventLoop::run() {
  stopped_ = false;
  while (!stopped_) {
    std::array<epoll_event, 32> events{};
    const int count = ::epoll_wait(poll_.get(), events.data(), static_cast<int>(events.size()), time_to_wait());
    if (count < 0 && errno != EINTR) return std::unexpected(system_error(errno, "epoll"));
    for (int i = 0; i < count && !stopped_; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      const auto found = watched_.find(event.data.u64);
      if (found == watched_.end()) continue;
      const std::shared_ptr<Handler> handler = found->second.handler;
      (*handler)(event.events);
    }
    run_due();
  }
  return {};
}

}  // namespace mapistore::mountd
