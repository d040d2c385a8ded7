#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <mapistore/result.h>

#include "core/json.h"

namespace mapistore::ctl {

/// What a verb tells: text for people, or with --json one JSON object or array on standard output and nothing else
/// there. Progress goes to standard error, and only to a terminal unless --verbose asks for lines. One thread.
class Output {
 public:
  enum class Detail : std::uint8_t { quiet, usual, verbose };

  Output(bool json, Detail detail) : json_{json}, detail_{detail} {}

  bool is_json() const noexcept { return json_; }
  /// The result: `text` ends with a line end, or is empty.
  void result(const Json& json, std::string_view text) const;
  /// A line about what is being done; not with --quiet, nor with --json.
  void line(std::string_view text) const;
  /// The same only with --verbose.
  void detail(std::string_view text) const;
  /// A trouble that does not end the verb: on standard error, as all programs of ours tell theirs.
  void trouble(const Error& error) const;

  /// How far a long verb has come: redrawn in place on a terminal, five times a second at most.
  void progress(std::string_view text);
  /// Removes it from the terminal.
  void end_progress();

 private:
  bool json_;
  Detail detail_;
  std::size_t drawn_ = 0;  ///< characters of progress on the terminal
  std::int64_t drawn_at_ = 0;
};

/// "1 message", "2 messages": a number before a noun whose plural ends with s.
std::string counted(std::uint64_t count, std::string_view noun);

}  // namespace mapistore::ctl
