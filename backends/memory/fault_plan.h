#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <mapistore/call.h>

namespace mapistore::memory {

/// What a fault makes of an operation.
enum class FaultAction : std::uint8_t {
  fail,         ///< `fail ERRC`: refuse
  after_fail,   ///< `after fail ERRC`: do it, then claim that it failed
  stall,        ///< `stall SECONDS`: wait, giving up when the call does
  hang,         ///< `hang SECONDS`: wait, whatever the call says
  after_hang,   ///< `after hang SECONDS`: do it, and answer late
  short_reads,  ///< `short N`: reads deliver N bytes at most
  alter,        ///< `alter`: reads deliver a first byte that is another
  wrong_size,   ///< `wrong_size N`: entries are N bytes larger than the message; N may be negative
  duplicate,    ///< `duplicate`: listings report the message twice
  drop,         ///< `drop`: listings leave the message out
  record,       ///< `record FILE`: append a line `OPERATION KEY` to it, and do it
};

struct Fault {
  std::string operation;  ///< a method of the seam, or "*"
  std::string keys;       ///< a pattern as in glob(7); `*` also matches "/"
  FaultAction action = FaultAction::fail;
  Errc error = Errc::io;
  double seconds = 0;
  std::int64_t number = 0;
  std::string file;
  std::int64_t times = -1;  ///< how often it still strikes; negative: always
};

/// The faults written in a file, one a line: `OPERATION KEY-GLOB ACTION [ARGUMENT] [times N]`; `#` begins a comment.
///
/// Operations are the methods of the seam by name (open_context, changes, inspect, open, read, save, set_state,
/// remove, create_folder, rename_folder, remove_folder, move, copy, start, watch, usage, read_many, details,
/// set_detail). Keys are those from the root down, with "/" between. The file is read again when its time or size
/// changes; none, or an empty one, means no faults. Thread-safe.
class FaultPlan {
 public:
  explicit FaultPlan(std::filesystem::path file) : file_{std::move(file)} {}

  /// The faults that `text` describes. Errc::invalid_configuration names `file` and line.
  static Result<std::vector<Fault>> parse(std::string_view text, std::string_view file);

  /// The first fault of one of `actions` that strikes `operation` on `key`; counted down. An unreadable plan is an
  /// error, so that a test with a typing mistake does not pass.
  Result<std::optional<Fault>> strike(std::string_view operation, const std::string& key,
                                      std::initializer_list<FaultAction> actions);

 private:
  Result<> refresh();

  const std::filesystem::path file_;
  std::mutex mutex_;  ///< rank: leaf; guards all below
  std::filesystem::file_time_type read_time_{};
  std::uintmax_t read_size_ = 0;
  std::vector<Fault> faults_;
};

}  // namespace mapistore::memory
