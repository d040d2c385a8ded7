#include "mountd/rate.h"

namespace mapistore::ctl {

namespace {

/// Before that a rate is a guess.
constexpr double least_seconds = 1;

std::string period(double seconds) {
  const auto whole = static_cast<std::uint64_t>(seconds + 0.5);
  if (whole < 90) return std::to_string(whole) + " s";
  if (whole < 90 * 60) return std::to_string((whole + 30) / 60) + " min";
  return std::to_string((whole + 1800) / 3600) + " h";
}

}  // namespace

std::string Rate::text(std::uint64_t done, std::uint64_t all) {
  if (!first_) {
    first_ = done;
    began_ = Clock::now();
    return {};
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - began_).count();
  if (seconds < least_seconds || done <= *first_) return {};
  const double rate = static_cast<double>(done - *first_) / seconds;
  std::string text = ", " + std::to_string(static_cast<std::uint64_t>(rate + 0.5)) + "/s";
  if (all > done) text += ", " + period(static_cast<double>(all - done) / rate) + " left";
  return text;
}

}  // namespace mapistore::ctl
