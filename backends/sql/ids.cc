#include "backends/sql/ids.h"

#include <algorithm>
#include <random>

namespace mapistore::sql {
namespace {

constexpr int low_bits = 22;
constexpr auto epoch = std::chrono::sys_days{std::chrono::year{2020} / 1 / 1};

}  // namespace

std::int64_t Ids::next(Time now) {
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(now - epoch).count();
  const std::lock_guard lock{mutex_};
  // A clock that was set back, or before 2020, must not give an id again.
  if ((last_ >> low_bits) < milliseconds) {
    static_assert(sizeof(unsigned) >= 4);
    const auto low = static_cast<std::int64_t>(std::random_device{}() & ((1u << (low_bits - 1)) - 1));
    last_ = (milliseconds << low_bits) | low;
  }
  return last_ = std::max<std::int64_t>(last_ + 1, std::int64_t{1} << low_bits);
}

}  // namespace mapistore::sql
