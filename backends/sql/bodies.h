#pragma once

#include <memory>
#include <string>

#include <mapistore/message.h>

#include "backends/sql/database.h"

namespace mapistore::sql {

/// Bytes of one generation lie in mst_chunk in pieces of this length, but for the last one. Fits the smallest packet
/// that servers come with.
inline constexpr std::int64_t chunk_size = 256 * 1024;
/// The most that one transaction writes of a body: clusters hold all of it in memory.
inline constexpr std::int64_t chunks_at_once = 16;
inline constexpr std::int64_t largest_at_once = chunks_at_once * chunk_size;

/// The bytes of one generation, read piece by piece as they are asked for. What is replaced or removed meanwhile stays
/// for a day if it is longer than one chunk.
std::unique_ptr<Body> stored_body(std::shared_ptr<Database> database, std::int64_t store, std::int64_t generation,
                                  std::int64_t size, ChangeKey change);
/// Bytes that were read already.
std::unique_ptr<Body> held_body(std::string bytes, ChangeKey change);

/// All bytes of a generation, within a transaction. Errc::corrupted: there are fewer or more than `size`.
Result<std::string> whole_body(Connection& connection, std::int64_t store, std::int64_t generation, std::int64_t size);

/// Writes chunks `begin` to `end` (exclusive) of `body` within a transaction.
Result<> write_chunks(const Call& call, Connection& connection, std::int64_t store, std::int64_t generation, Body& body,
                      std::int64_t begin, std::int64_t end);
/// Copies chunks `begin` to `end` of a generation to another, within a transaction.
Result<> copy_chunks(Connection& connection, std::int64_t store, std::int64_t from, std::int64_t to, std::int64_t begin,
                     std::int64_t end);
std::int64_t chunk_count(std::int64_t size);

/// Marks a generation as nobody's yet, or any more: `remove_garbage` takes it after a day.
Result<> add_garbage(Connection& connection, std::int64_t store, std::int64_t generation, Time now);
/// The message of this generation is about to exist. Errc::stale: it took so long that its bytes may be gone.
Result<> claim_garbage(Connection& connection, std::int64_t store, std::int64_t generation, Time now);
/// The message of this generation is no more: removes its bytes at once if nobody can be reading them piece by piece.
Result<> drop_body(Connection& connection, std::int64_t store, std::int64_t generation, std::int64_t size, Time now);
/// Removes bytes and tombstones that nobody needs any more, in short transactions.
Result<> remove_garbage(const Call& call, Database& database, std::int64_t store, Time now);

}  // namespace mapistore::sql
