#include "core/errors_log.h"

#include <array>
#include <cstdio>
#include <ctime>

#include "core/log.h"

namespace mapistore {
namespace {

constexpr std::chrono::seconds same_failure{1};

/// RFC 3339 in UTC, to the millisecond.
std::string timestamp(Time when) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(when);
  const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(when - whole).count();
  const std::time_t seconds = whole.time_since_epoch().count();
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> date{};
  std::strftime(date.data(), date.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::array<char, 48> out{};
  std::snprintf(out.data(), out.size(), "%s.%03dZ", date.data(), static_cast<int>(milliseconds));
  return out.data();
}

}  // namespace

void ErrorsLog::record(const Error& error, LogLevel level) {
  const Time now = host_.now();
  {
    const std::lock_guard lock(mutex_);
    if (!failures_.empty() && failures_.back().error == error && now - failures_.back().when < same_failure) return;
    if (failures_.size() == capacity) failures_.pop_front();
    failures_.push_back({now, error});
    ++count_;
  }
  host_.log(level, {}, error.to_string());
}

std::string ErrorsLog::text() const {
  const std::lock_guard lock(mutex_);
  std::string out;
  for (const auto& [when, error] : failures_)
    out += timestamp(when) + ' ' + std::string(name(error.code)) + ' ' + log::harmless(error.to_string()) + '\n';
  return out;
}

std::uint64_t ErrorsLog::count() const {
  const std::lock_guard lock(mutex_);
  return count_;
}

}  // namespace mapistore
