#pragma once

#include <string_view>

#include "backends/imap/session.h"

namespace mapistore::imap {

/// What is known of a kind of server beyond what it says itself. Facts with their sources: docs/imap.md.
struct Provider {
  std::string_view name;
  bool exact_sizes = false;      ///< RFC822.SIZE is what BODY[] will have
  bool raw_headers = false;      ///< keeps octets beyond ASCII in header fields
  std::string_view content_id{};  ///< FETCH item of an id that survives moves; empty: none, but EMAILID with OBJECTID
  std::string_view folder_id{};   ///< STATUS item of the like for a mailbox, if safe among others
  bool labels = false;           ///< folders are labels: a message may be in several, and removing takes it from one
};

/// By the host's name, what the server calls itself, and what it offers.
const Provider& provider_of(std::string_view host, std::string_view server, const Capabilities& capabilities);

}  // namespace mapistore::imap
