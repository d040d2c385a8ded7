#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <mapistore/message.h>
#include <mapistore/message_object.h>

namespace mapistore::sql {

/// What a row tells of a message in columns that a user of SQL can read, compare and write. Times are microseconds
/// since 1970 in UTC.
struct Columns {
  std::optional<std::string> subject;                          ///< contacts: the full name
  std::optional<std::string> uid;                              ///< of a calendar object
  std::optional<std::int64_t> start_us, due_us, completed_us;  ///< `due_us` of an event: its end
  bool date_only = false;                                      ///< an all-day event, days without times of a task
  std::optional<std::int64_t> status;    ///< of a task: 0 not started, 1 in progress, 2 complete, 3 waiting, 4 deferred
  std::optional<std::int64_t> percent;   ///< of a task, 0 to 100
  std::optional<std::int64_t> priority;  ///< 0 low, 1 normal, 2 high
  std::optional<std::string> owner;      ///< address of the organizer
  std::optional<std::string> location, company, phone, email;
  std::optional<std::string> sender, recipient;  ///< of mail: addresses
  std::optional<std::string> note;               ///< text of the message; not read from bytes

  friend bool operator==(const Columns&, const Columns&) = default;
};

/// Messages that are longer have no columns but those of a summary, and their columns cannot lead.
inline constexpr std::int64_t largest_with_columns = 1024 * 1024;

/// The columns that a message's bytes fill. Text is valid UTF-8, cut to what a column holds.
Columns columns_of(MessageKind kind, const MessageObject& message);

/// Changes of `message` what `wanted` says otherwise than `told`, which is what it says now.
void apply(MessageKind kind, const Columns& told, const Columns& wanted, MessageObject& message);

/// Errc::invalid_content: values that no message has, named.
Result<> check(const Columns& columns);

/// `text` as valid UTF-8 of at most `longest` characters.
std::string fitted(std::string_view text, std::size_t longest);

}  // namespace mapistore::sql
