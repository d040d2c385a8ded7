#pragma once

#include <optional>
#include <string>
#include <vector>

#include <mapistore/object.h>

#include "backends/dav/multistatus.h"

namespace mapistore::dav {

/// A calendar or an address book.
struct Collection {
  Key key;  ///< in its context: the last segment of its address
  Url url;
  std::string display_name;
  unsigned components = 0;  ///< what it takes, of `component`
  bool read_only = false;
  bool special = false;  ///< the server lets nobody remove it
  std::string version;   ///< changes with what is in it: the ctag or the sync token; empty: the server tells none

  bool of_cards() const noexcept { return (components & component::card) != 0; }
};

/// Where collections are: a collection that holds them, or one of them itself.
struct Home {
  Url url;
  bool is_collection = false;  ///< the calendar or address book itself

  friend bool operator==(const Home&, const Home&) = default;
};

/// What an address stands for: an account's homes, or one collection.
struct Place {
  std::vector<Home> homes;
  std::optional<Collection> only;  ///< then there are no homes
};

}  // namespace mapistore::dav
