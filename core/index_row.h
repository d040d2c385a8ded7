#pragma once

#include <mapistore/sqlite.h>
#include "core/node.h"

// How rows of `objects` become values: shared by the reading and the writing half of the index.

/// The columns that read_node expects, of a row called `o`.
#define MAPISTORE_NODE_COLUMNS                                                                              \
  "o.fmid,o.parent,o.context,o.kind,o.message_kind,o.name,o.size,o.modified,o.changed,o.mode,o.uid,o.gid,"  \
  "CASE WHEN o.kind IN (0,3) THEN (SELECT count(*) FROM objects c WHERE c.parent=o.fmid AND c.gone IS NULL" \
  " AND c.kind IN (0,3)) ELSE 0 END,o.size_trust"
/// The columns that read_message expects.
#define MAPISTORE_MESSAGE_COLUMNS MAPISTORE_NODE_COLUMNS ",o.key,o.change,o.state_change,o.state,o.categories"

/// What read_side_properties expects, with the FMID to be bound.
#define MAPISTORE_SIDE_QUERY "SELECT part,key,value FROM side_properties WHERE fmid=? ORDER BY part,key"

namespace mapistore {

inline constexpr int node_column_count = 14;
inline constexpr int message_column_count = node_column_count + 5;

std::int64_t to_integer(Time time) noexcept;
Time to_time(std::int64_t nanoseconds) noexcept;

/// State without categories as one integer: bits of fixed meaning, importance in the second byte.
std::int64_t pack_state(const State& state) noexcept;
/// Categories, one a line; they cannot hold a line break.
std::string pack_categories(const State& state);
State unpack_state(std::int64_t packed, std::string_view categories);

/// What an empty text is in a column that may be NULL.
inline std::optional<std::string_view> absent_if_empty(std::string_view text) noexcept {
  if (text.empty()) return std::nullopt;
  return text;
}

/// Overwrites `node` so that a listing reuses its buffer.
void read_node(const sqlite::Query& query, Node& node);
StoredMessage read_message(const sqlite::Query& query);
Result<SideProperties> read_side_properties(sqlite::Query&& query, Fmid fmid);

}  // namespace mapistore
