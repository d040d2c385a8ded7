#include "backends/sql/row.h"

#include <mapistore/conversion.h>

#include <algorithm>
#include <array>

namespace mapistore::sql {
namespace {

constexpr std::size_t longest_name = 255;

constexpr std::int64_t flag_read = 1, flag_flagged = 2, flag_answered = 4, flag_forwarded = 8, flag_draft = 16;

constexpr std::array kinds{MessageKind::mail,    MessageKind::appointment, MessageKind::task,    MessageKind::journal,
                           MessageKind::contact, MessageKind::note,        MessageKind::document};

State read_state(std::int64_t flags, std::int64_t importance, std::string_view categories) {
  return {.read = (flags & flag_read) != 0,
          .flagged = (flags & flag_flagged) != 0,
          .answered = (flags & flag_answered) != 0,
          .forwarded = (flags & flag_forwarded) != 0,
          .draft = (flags & flag_draft) != 0,
          .importance = static_cast<std::uint8_t>(std::clamp<std::int64_t>(importance, 0, 2)),
          .categories = categories_of(categories)};
}

std::optional<std::string> maybe_text(const Rows& rows, int column) {
  if (rows.null(column)) return std::nullopt;
  return std::string(rows.bytes(column));
}

std::optional<std::string_view> cut(const std::string& text, std::size_t longest) {
  if (text.empty()) return std::nullopt;
  return std::string_view(text).substr(0, longest);
}

std::optional<Text> maybe(const std::optional<std::string>& text) {
  return text ? std::optional(Text{*text}) : std::nullopt;
}

std::optional<Text> text_of(const std::optional<std::string_view>& bytes) {
  return bytes ? std::optional(Text{*bytes}) : std::nullopt;
}

}  // namespace

std::int64_t flags_of(const State& state) {
  return (state.read ? flag_read : 0) | (state.flagged ? flag_flagged : 0) | (state.answered ? flag_answered : 0) |
         (state.forwarded ? flag_forwarded : 0) | (state.draft ? flag_draft : 0);
}

std::int64_t to_microseconds(Time time) {
  return std::chrono::floor<std::chrono::microseconds>(time).time_since_epoch().count();
}

Time from_microseconds(std::int64_t us) {
  constexpr std::int64_t farthest = std::numeric_limits<std::int64_t>::max() / 1000;
  return Time{std::chrono::microseconds{std::clamp(us, -farthest, farthest)}};
}

std::string categories_text(const std::vector<std::string>& categories) {
  std::string text;
  for (const std::string& category : categories) {
    for (const char c : category) {
      if (c == '\n' || c == '\\') text += '\\';
      text += c;
    }
    text += '\n';
  }
  return text;
}

std::vector<std::string> categories_of(std::string_view text) {
  std::vector<std::string> categories;
  std::string category;
  bool is_open = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    is_open = text[at] != '\n';
    if (text[at] == '\\' && at + 1 < text.size())
      category += text[++at];
    else if (is_open)
      category += text[at];
    else
      categories.push_back(std::exchange(category, {}));
  }
  if (is_open) categories.push_back(category);  // written by hand, without the last line end
  return categories;
}

Result<> read_listed(const Rows& rows, Row& row) {
  row.id = rows.integer(0);
  row.cn = rows.integer(1);
  row.op = rows.integer(2);
  row.columns_lead = rows.integer(3) != 0;
  const std::string_view message_class_name = rows.bytes(4);
  const auto kind =
      std::ranges::find_if(kinds, [&](MessageKind one) { return message_class(one) == message_class_name; });
  row.kind = kind == kinds.end() ? MessageKind::document : *kind;
  const std::string_view name = rows.bytes(5);
  row.name = !name.empty() && check_name(name) ? std::string(name) : std::string{};
  row.generation = rows.integer(6);
  row.size = std::max<std::int64_t>(rows.integer(7), 0);
  row.properties = rows.integer(8);
  row.received_us = rows.integer(9);
  row.state = read_state(rows.integer(10), rows.integer(11), rows.bytes(12));
  Summary& summary = row.summary;
  summary.kind = row.kind;
  summary.message_id = rows.bytes(13);
  summary.recurrence_id = rows.bytes(14);
  summary.date.reset();
  if (const auto date = rows.maybe_integer(15)) summary.date = from_microseconds(*date);
  summary.date_only = rows.integer(16) != 0;
  summary.from = rows.bytes(17);
  summary.to = rows.bytes(18);
  summary.subject = rows.bytes(19);
  if (kind == kinds.end())
    return fail(Errc::invalid_content, "class",
                "is \"" + fitted(message_class_name, 64) + "\", which is none that we know",
                "write IPM.Note, IPM.Task, IPM.Appointment, IPM.Contact, IPM.Activity, IPM.StickyNote or IPM.Document");
  return {};
}

void read_typed(const Rows& rows, Row& row) {
  Columns& columns = row.columns;
  int at = 20;
  columns.start_us = rows.maybe_integer(at++);
  columns.due_us = rows.maybe_integer(at++);
  columns.completed_us = rows.maybe_integer(at++);
  columns.status = rows.maybe_integer(at++);
  columns.percent = rows.maybe_integer(at++);
  columns.priority = rows.maybe_integer(at++);
  columns.owner = maybe_text(rows, at++);
  columns.location = maybe_text(rows, at++);
  columns.company = maybe_text(rows, at++);
  columns.phone = maybe_text(rows, at++);
  columns.email = maybe_text(rows, at++);
  columns.note = maybe_text(rows, at++);
}

Result<> insert(Connection& connection, std::int64_t store, std::int64_t folder, const Row& row) {
  const Summary& summary = row.summary;
  const Columns& columns = row.columns;
  const std::string categories = categories_text(row.state.categories);
  const std::string subject = fitted(summary.subject, 1000);
  const std::optional<std::int64_t> date = summary.date ? std::optional(to_microseconds(*summary.date)) : std::nullopt;
  auto inserted = connection.execute(
      "INSERT INTO mst_message (store_id, folder_id, " MAPISTORE_SQL_LISTED ", " MAPISTORE_SQL_TYPED
      ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      {store,
       folder,
       row.id,
       row.cn,
       row.op,
       row.columns_lead ? 1 : 0,
       Text{message_class(row.kind)},
       text_of(cut(row.name, longest_name)),
       row.generation,
       row.size,
       row.properties,
       row.received_us,
       flags_of(row.state),
       int{row.state.importance},
       categories.empty() ? Value{nullptr} : Value{std::string_view{categories}},
       text_of(cut(summary.message_id, 1000)),
       text_of(cut(summary.recurrence_id, 64)),
       date,
       summary.date_only ? 1 : 0,
       text_of(cut(summary.from, 512)),
       text_of(cut(summary.to, 512)),
       Text{subject},
       columns.start_us,
       columns.due_us,
       columns.completed_us,
       columns.status,
       columns.percent,
       columns.priority,
       maybe(columns.owner),
       maybe(columns.location),
       maybe(columns.company),
       maybe(columns.phone),
       maybe(columns.email),
       maybe(columns.note)});
  if (!inserted && inserted.error().code == Errc::exists)
    return fail(Errc::exists, fitted(row.name, longest_name), "there is a message of this name");
  if (!inserted) return std::unexpected(std::move(inserted).error());
  return {};
}

Result<> check_name(std::string_view name) {
  if (name.empty() || name.starts_with('.') || name.find_first_of(std::string_view{"/\0", 2}) != name.npos)
    return fail(Errc::invalid_argument, fitted(name, 255), "cannot be the name of a file");
  if (name.size() > longest_name) return fail(Errc::name_too_long, fitted(name, 40), "is longer than 255 bytes");
  return {};
}

ChangeKey change_of(const Row& row) {
  if (!row.columns_lead) return {"g" + std::to_string(row.generation)};
  return {"c" + std::to_string(row.cn) + '.' + std::to_string(conversion_version())};
}

Entry entry_of(Row row) {
  std::string id = std::to_string(row.id);
  ChangeKey change = change_of(row);
  return {.key = {id},
          .change = std::move(change),
          .state_change = {std::to_string(row.cn)},
          .identity = std::move(id),
          .name = std::move(row.name),
          .size = static_cast<std::uint64_t>(row.size),
          .size_trust = SizeTrust::exact,
          .received = from_microseconds(row.received_us),
          .state = std::move(row.state),
          .summary = std::move(row.summary),
          .properties = {}};
}

}  // namespace mapistore::sql
