#pragma once

#include "core/index_writer.h"

namespace mapistore {

/// What an entry adds to its row beyond its plain fields.
struct IndexWriter::Derived {
  std::string canonical;
  std::string id10;
  std::string categories;

  Derived(const Entry& entry, bool outgoing);

  /// The canonical name, or nothing where the object goes by it anyway.
  std::string_view canonical_unless(std::string_view name) const noexcept {
    return canonical == name ? std::string_view{} : std::string_view{canonical};
  }
};

}  // namespace mapistore
