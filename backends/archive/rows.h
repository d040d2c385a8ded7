#pragma once

#include <string>
#include <string_view>

#include <mapistore/message.h>
#include <mapistore/sqlite.h>

#include "backends/archive/archive.h"

/// Messages and folders as rows.
namespace mapistore::archive {

/// The columns that `read_entry` needs, in its order.
#define MAPISTORE_ARCHIVE_ENTRY \
  "id, size, version, changed, kind, flags, importance, received, date, date_only, about, marks"

/// What a message row says. A row whose texts are damaged is told without them.
Entry read_entry(const Archive& archive, const sqlite::Query& row);

int flags_of(const State& state) noexcept;
/// Columns `about` and `marks`, sealed if need be; no marks: empty.
std::string about_of(const Archive& archive, const Summary& summary, std::string_view name);
std::string marks_of(const Archive& archive, const State& state, const SideProperties& properties);

/// The subject and file name that a column `about` tells; empty if it is damaged.
std::string subject_in(const Archive& archive, std::string_view about);
std::string name_in(const Archive& archive, std::string_view about);

/// The validator of the bytes that `hash` names: it goes into the column `version`.
std::int64_t version_of(const Hash& hash) noexcept;
ChangeKey change_key(std::int64_t version);

inline std::int64_t nanoseconds(Time time) noexcept { return time.time_since_epoch().count(); }
inline Time time_of(std::int64_t nanoseconds) noexcept { return Time{std::chrono::nanoseconds{nanoseconds}}; }

/// The row that a key names; 0 for one that we never gave.
std::int64_t id_of(const Key& key) noexcept;
inline Key key_of(std::int64_t id) { return {std::to_string(id)}; }

}  // namespace mapistore::archive
