#pragma once

#include <cstdint>
#include <string>

#include <mapistore/message.h>

#include "backends/sql/columns.h"
#include "backends/sql/connection.h"

namespace mapistore::sql {

/// One row of mst_message.
struct Row {
  std::int64_t id = 0;
  std::int64_t cn = 0;        ///< the folder's counter when it was last changed
  std::int64_t op = 0;        ///< what changed it last, so that it can be asked whether that took place
  bool columns_lead = false;  ///< the columns say what the bytes are to say, not the other way round
  MessageKind kind = MessageKind::mail;
  std::string name;
  std::int64_t generation = 0;  ///< of the bytes in mst_chunk; zero: there are none
  std::int64_t size = 0;
  std::int64_t properties = 0;  ///< how many rows of mst_property there are
  std::int64_t received_us = 0;
  State state;
  Summary summary;
  Columns columns;  ///< without what `summary` has
};

// What a listing reads, in the order of `read_listed`; and what is wanted beside it where columns lead.
#define MAPISTORE_SQL_LISTED                                                                                      \
  "message_id, cn, op, columns_lead, class, name, generation, size, properties, received_us, flags, importance, " \
  "categories, uid, recurrence_id, date_us, date_only, sender, recipient, subject"
#define MAPISTORE_SQL_TYPED \
  "start_us, due_us, completed_us, status, percent, priority, owner, location, company, phone, email, note"

/// Errc::invalid_content: the row holds what no message is; its id is set all the same.
Result<> read_listed(const Rows& rows, Row& row);
/// The columns after those.
void read_typed(const Rows& rows, Row& row);

/// Errc::exists: the name is taken.
Result<> insert(Connection& connection, std::int64_t store, std::int64_t folder, const Row& row);

/// Whether a name can be that of a file. Errc::invalid_argument, Errc::name_too_long.
Result<> check_name(std::string_view name);

/// What others may see of a row whose bytes lead.
Entry entry_of(Row row);
/// The validator of the bytes of a row.
ChangeKey change_of(const Row& row);

std::int64_t flags_of(const State& state);
std::int64_t to_microseconds(Time time);
Time from_microseconds(std::int64_t us);

/// One category a line; a backslash before a line end or another that belongs to it.
std::string categories_text(const std::vector<std::string>& categories);
std::vector<std::string> categories_of(std::string_view text);

}  // namespace mapistore::sql
