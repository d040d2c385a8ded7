#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <mapistore/message.h>

namespace mapistore::maildir {

/// The name of a message's file: `BASE` or `BASE:2,FLAGS`, the flags being letters in ASCII order.
/// The base never changes; it is the message's key.
struct FileName {
  std::string base;
  std::string flags;
  bool has_flags = false;  ///< whether ":2," is there, be it with no flag after it

  static FileName parse(std::string_view text);
  std::string text() const { return has_flags ? base + ":2," + flags : base; }

  friend bool operator==(const FileName&, const FileName&) = default;
};

/// What the flags S, R, F, D and P say: read, answered, flagged, draft, forwarded.
State state_of(std::string_view flags);

/// `flags` with those five as in `state`; the others, and their order, stay.
std::string with_state(std::string flags, const State& state);

/// A base that no message of any program on any host has had.
std::string unique_base(Time now, std::uint64_t size);

}  // namespace mapistore::maildir
