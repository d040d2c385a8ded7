#pragma once

#include <optional>
#include <string>
#include <vector>

#include <mapistore/restriction.h>

#include "backends/imap/command.h"

namespace mapistore::imap {

/// A restriction as keys of SEARCH (RFC 9051 6.4.4).
struct SearchKeys {
  /// In the order of sending: what is sent as it is, and strings.
  struct Piece {
    std::string text;
    bool is_string = false;
    bool operator==(const Piece&) const = default;
  };
  std::vector<Piece> pieces;  ///< empty: every message
  bool exact = true;          ///< false: they find more than the restriction allows

  bool finds_all() const noexcept { return pieces.empty(); }
  /// Whether a string has characters beyond ASCII.
  bool needs_charset() const noexcept;
  void add_to(CommandText& command) const;
};

/// Keys that find at least what satisfies `restriction`.
SearchKeys search_keys(const Restriction& restriction);

}  // namespace mapistore::imap
