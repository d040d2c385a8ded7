#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <mapistore/call.h>
#include <mapistore/object.h>

#include "backends/imap/uid_set.h"

namespace mapistore::imap {

/// Bodies on their way from a connection to the thread that hands them on, as they come and in that order.
///
/// One side puts in, on the I/O thread, and never blocks; the other takes. So that it holds about `most` bytes at most,
/// the connection is not read from while it is full.
class BodyFlow {
 public:
  static constexpr std::size_t most = std::size_t{1} << 20;

  struct Event {
    enum class Kind : std::uint8_t {
      begin,
      bytes,
      end,
      over,  ///< nothing more comes of the command
    };
    Kind kind;
    std::size_t command = 0;  ///< by the number that was given with it
    std::size_t bytes = 0;    ///< how many come with this event
    // Of `begin`.
    Uid uid = 0;
    ChangeKey change{};
    std::uint64_t size = 0;  ///< of the body
  };
  /// What has come, and the bytes of all its events.
  struct Batch {
    std::vector<Event> events;
    std::string bytes;
  };

  void begin(std::size_t command, Uid uid, ChangeKey change, std::uint64_t size);
  void bytes(std::string_view bytes);
  void end(std::size_t command);
  void over(std::size_t command);
  /// Once this was true, the other side is told so by `take`.
  bool is_full();

  /// Waits until something worth a look has come and exchanges it for `into`, whose memory is used again. Whether the
  /// flow was full, so that the connection is to be read from again. Errors: of the call.
  Result<bool> take(const Call& call, Batch& into);

 private:
  void put(Event event, bool is_worth_a_look);

  std::mutex mutex_;  ///< rank: leaf
  std::condition_variable_any changed_;
  Batch coming_;
  bool is_worth_a_look_ = false, is_awaited_ = false, was_full_ = false;
};

}  // namespace mapistore::imap
