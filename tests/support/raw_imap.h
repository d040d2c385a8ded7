#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <mapistore/posix.h>

namespace mapistore::testing {

/// Another mail client, whose commands the test writes itself.
///
/// Each call blocks, ten seconds at most for each piece that arrives. A connection that ends or hangs throws
/// std::runtime_error. Not thread-safe.
class RawImap {
 public:
  struct Reply {
    std::string text;    ///< all lines up to the tagged one, literals included
    std::string status;  ///< OK, NO, BAD; or PREAUTH, BYE of a greeting
    bool ok() const { return status == "OK"; }
  };

  /// Reads the greeting.
  explicit RawImap(std::uint16_t port);

  const std::string& greeting() const noexcept { return greeting_; }
  /// Gives `text` a tag and a line end, and waits for its end. A literal in `text` is of the non-synchronizing kind.
  Reply command(std::string_view text);
  /// The untagged lines of a command that must succeed.
  std::string ask(std::string_view text);
  /// `mailbox` is quoted here; `options`: flags in parentheses, a date, or nothing.
  Reply append(std::string_view mailbox, std::string_view message, std::string_view options = {});

  void send(std::string_view bytes);
  /// One line with its line end, and all of a literal that it ends in, and what follows that.
  std::string read_line();

 private:
  void need(std::size_t size);

  posix::UniqueFd socket_;
  std::string received_, greeting_;
  int tags_ = 0;
};

}  // namespace mapistore::testing
