#pragma once

#include <cstdint>
#include <mutex>

#include <mapistore/object.h>

namespace mapistore::sql {

/// Makes the ids of new rows: positive, ordered by time, unique among all programs that write to a database without
/// asking it. So a row can be looked for when nobody knows whether it was written. Thread-safe.
///
/// Milliseconds since 2020 above 22 bits, which begin at random and count.
class Ids {
 public:
  std::int64_t next(Time now);

 private:
  std::mutex mutex_;  ///< a leaf
  std::int64_t last_ = 0;
};

}  // namespace mapistore::sql
