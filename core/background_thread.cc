#include "core/background_thread.h"

#include <pthread.h>

namespace mapistore {

void BackgroundThread::start(const char* name, std::function<void(const std::stop_token&)> work) {
  {
    const Locked locked{mutex_};
    ended_ = false;
  }
  thread_ = std::jthread{[this, name, work = std::move(work)](const std::stop_token& stop) {
    ::pthread_setname_np(::pthread_self(), name);
    work(stop);
    const Locked locked{mutex_};
    ended_ = true;
    changed_.notify_all();
  }};
}

bool BackgroundThread::stop(Clock::time_point deadline) {
  if (!thread_.joinable()) return true;
  thread_.request_stop();
  Locked locked{mutex_};
  changed_.notify_all();
  while (!ended_ && changed_.wait_until(locked, deadline) != std::cv_status::timeout) continue;
  const bool ended = ended_;
  locked.unlock();
  if (ended)
    thread_.join();
  else
    thread_.detach();
  return ended;
}

void BackgroundThread::wake() {
  const Locked locked{mutex_};
  woken_ = true;
  changed_.notify_all();
}

bool BackgroundThread::pause(const std::stop_token& stop, Clock::duration time) {
  const auto until = Clock::now() + time;
  Locked locked{mutex_};
  while (!stop.stop_requested())
    if (changed_.wait_until(locked, until) == std::cv_status::timeout) break;
  return stop.stop_requested();
}

bool BackgroundThread::sleep(const std::stop_token& stop, Clock::time_point until) {
  Locked locked{mutex_};
  while (!woken_ && !stop.stop_requested())
    if (changed_.wait_until(locked, until) == std::cv_status::timeout) break;
  woken_ = false;
  return stop.stop_requested();
}

}  // namespace mapistore
