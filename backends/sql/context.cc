#include "backends/sql/context.h"

#include <charconv>

namespace mapistore::sql {
namespace {

std::unexpected<Error> no_folder_called(const Key& key) {
  return fail(Errc::not_found, fitted(key.bytes, 255), "no such folder");
}

}  // namespace

std::optional<std::int64_t> id_of(const Key& key) {
  std::int64_t id = 0;
  const char* end = key.bytes.data() + key.bytes.size();
  const auto [stop, error] = std::from_chars(key.bytes.data(), end, id);
  if (error != std::errc{} || stop != end || std::to_string(id) != key.bytes) return std::nullopt;
  return id;
}

SqlContext::SqlContext(Host& host, std::shared_ptr<Database> database, Store store, const Settings& settings)
    : host_{host}, database_{std::move(database)}, store_{store}, settings_{settings} {
  profile_.read_only = database_->driver().is_read_only();
  profile_.names_on_medium = true;
  profile_.keeps_properties = true;
  profile_.remote = settings.remote;
  profile_.time_precision = std::chrono::microseconds{1};
}

void* SqlContext::query(AbilityId id) noexcept {
  switch (id) {
    case AbilityId::moving: return static_cast<Moving*>(this);
    case AbilityId::watching: return static_cast<Watching*>(this);
    case AbilityId::trashing: return static_cast<Trashing*>(this);
    case AbilityId::quota: return static_cast<Quota*>(this);
    case AbilityId::reading: return static_cast<Reading*>(this);
    case AbilityId::searching: return static_cast<Searching*>(this);
    case AbilityId::durability: break;  // a server's own doing; a file has it
    case AbilityId::describing: break;
    case AbilityId::part_reading: break;
  }
  return nullptr;
}

Result<> SqlContext::check_writable() const {
  if (profile_.read_only) return fail(Errc::read_only, database_->driver().name(), "is not writable for us");
  return {};
}

Result<std::int64_t> SqlContext::resolve(Connection& connection, const FolderPath& path) const {
  std::int64_t at = root_folder;
  for (std::size_t depth = 0; depth < path.size(); ++depth) {
    const auto id = id_of(path[depth]);
    if (!id || *id == root_folder) return no_folder_called(path[depth]);
    const std::int64_t parent = *id == trash_folder && depth == 0 ? no_folder : at;
    const auto rows = MAPISTORE_TRY(connection.query(
        "SELECT 1 FROM mst_folder WHERE store_id = ? AND folder_id = ? AND parent_id = ?", {store_.id, *id, parent}));
    if (!MAPISTORE_TRY(rows->next())) return no_folder_called(path[depth]);
    at = *id;
  }
  return at;
}

Result<std::int64_t> SqlContext::count_change(Connection& connection, std::int64_t folder, std::int64_t added) const {
  const auto found = MAPISTORE_TRY(
      connection.execute("UPDATE mst_folder SET cn = cn + 1, bytes = bytes + ? WHERE store_id = ? AND folder_id = ?",
                         {added, store_.id, folder}));
  if (found == 0) return no_folder_called({std::to_string(folder)});
  const auto rows = MAPISTORE_TRY(
      connection.query("SELECT cn FROM mst_folder WHERE store_id = ? AND folder_id = ?", {store_.id, folder}));
  if (!MAPISTORE_TRY(rows->next())) return no_folder_called({std::to_string(folder)});
  return rows->integer(0);
}

Result<Row> SqlContext::find(Connection& connection, std::int64_t folder, const Key& key) const {
  const auto id = id_of(key);
  if (!id) return fail(Errc::not_found, fitted(key.bytes, 255), "no such message");
  const auto rows =
      MAPISTORE_TRY(connection.query("SELECT " MAPISTORE_SQL_LISTED ", " MAPISTORE_SQL_TYPED
                                     " FROM mst_message WHERE store_id = ? AND folder_id = ? AND message_id = ?",
                                     {store_.id, folder, *id}));
  if (!MAPISTORE_TRY(rows->next())) return fail(Errc::not_found, key.bytes, "no such message");
  Row row;
  MAPISTORE_CHECK(read_listed(*rows, row));
  read_typed(*rows, row);
  return row;
}

Result<SideProperties> SqlContext::read_properties(Connection& connection, std::int64_t message) const {
  SideProperties properties;
  const auto rows = MAPISTORE_TRY(connection.query(
      "SELECT part, name, value FROM mst_property WHERE store_id = ? AND message_id = ? ORDER BY part, name",
      {store_.id, message}));
  while (MAPISTORE_TRY(rows->next()))
    properties.push_back({std::string(rows->bytes(0)), std::string(rows->bytes(1)),
                          rows->null(2) ? std::nullopt : std::optional(std::string(rows->bytes(2)))});
  return properties;
}

Result<> SqlContext::write_properties(Connection& connection, std::int64_t message,
                                      const SideProperties& properties) const {
  constexpr std::size_t longest_part = 255, longest_name = 1000, longest_value = 512 * 1024;
  for (const auto& [part, name, value] : properties) {
    if (part.size() > longest_part || name.size() > longest_name || (value && value->size() > longest_value))
      return fail(Errc::too_large, fitted(name, 100), "is a property that the tables have no room for");
    MAPISTORE_CHECK(connection.execute(
        "INSERT INTO mst_property (store_id, message_id, part, name, value) VALUES (?, ?, ?, ?, ?)",
        {store_.id, message, Text{part}, Text{name}, value ? Value{std::string_view{*value}} : Value{nullptr}}));
  }
  return {};
}

Result<> SqlContext::bury(Connection& connection, std::int64_t folder, std::int64_t object, std::int64_t cn,
                          std::int64_t op) const {
  MAPISTORE_CHECK(connection.execute("DELETE FROM mst_tomb WHERE store_id = ? AND folder_id = ? AND object_id = ?",
                                     {store_.id, folder, object}));
  MAPISTORE_CHECK(connection.execute(
      "INSERT INTO mst_tomb (store_id, folder_id, object_id, cn, op, since_us) VALUES (?, ?, ?, ?, ?, ?)",
      {store_.id, folder, object, cn, op, to_microseconds(host_.now())}));
  return {};
}

Result<> SqlContext::forget(Connection& connection, std::int64_t folder, const Row& row) const {
  MAPISTORE_CHECK(connection.execute("DELETE FROM mst_message WHERE store_id = ? AND folder_id = ? AND message_id = ?",
                                     {store_.id, folder, row.id}));
  if (row.properties != 0)
    MAPISTORE_CHECK(
        connection.execute("DELETE FROM mst_property WHERE store_id = ? AND message_id = ?", {store_.id, row.id}));
  if (row.generation == 0) return {};
  MAPISTORE_CHECK(add_bytes(connection, folder, -row.size));
  return drop_body(connection, store_.id, row.generation, row.size, host_.now());
}

Result<> SqlContext::erase(Connection& connection, std::int64_t folder, const Row& row, std::int64_t cn,
                           std::int64_t op) const {
  MAPISTORE_CHECK(forget(connection, folder, row));
  return bury(connection, folder, row.id, cn, op);
}

Result<Row> SqlContext::find_unchanged(Connection& connection, std::int64_t folder, const MessageRef& wanted) const {
  auto row = find(connection, folder, wanted.key);
  if (!row && row.error().code == Errc::not_found) return fail(Errc::stale, wanted.key.bytes, "is gone");
  if (row && !wanted.change.bytes.empty() && change_of(*row) != wanted.change)
    return fail(Errc::stale, wanted.key.bytes, "is not what it was");
  return row;
}

Result<> SqlContext::check_free(Connection& connection, std::int64_t folder, std::string_view name,
                                std::int64_t own_id) const {
  const auto rows = MAPISTORE_TRY(
      connection.query("SELECT message_id FROM mst_message WHERE store_id = ? AND folder_id = ? AND name = ?",
                       {store_.id, folder, Text{name}}));
  if (MAPISTORE_TRY(rows->next()) && rows->integer(0) != own_id)
    return fail(Errc::exists, fitted(name, 255), "there is a message of this name");
  return {};
}

Result<std::string> SqlContext::free_name(Connection& connection, std::int64_t folder, std::string_view wanted,
                                          std::int64_t own_id) const {
  const auto free = check_free(connection, folder, wanted, own_id);
  if (free) return std::string(wanted);
  if (free.error().code != Errc::exists) return std::unexpected(free.error());
  constexpr std::size_t longest = 230;  // leaves room for the number
  const std::size_t dot = std::min(wanted.rfind('.'), wanted.size());
  const std::string_view extension = wanted.substr(dot).size() > 16 ? std::string_view{} : wanted.substr(dot);
  const std::string_view stem = wanted.substr(0, std::min(wanted.size(), longest) - extension.size());
  return std::string(stem) + '~' + std::to_string(own_id) + std::string(extension);
}

Result<> SqlContext::check_room(Connection& connection) const {
  if (store_.quota <= 0) return {};
  const auto rows =
      MAPISTORE_TRY(connection.query("SELECT SUM(bytes) FROM mst_folder WHERE store_id = ?", {store_.id}));
  if (MAPISTORE_TRY(rows->next()) && rows->integer(0) > store_.quota)
    return fail(Errc::quota_exceeded, database_->driver().name(), "the store is full",
                "remove messages or raise its quota_bytes in mst_store");
  return {};
}

Result<Usage> SqlContext::usage(const Call& call) {
  MAPISTORE_CHECK(call.check());
  if (store_.quota <= 0) return Usage{};
  const auto used =
      MAPISTORE_TRY(database_->transact(call, Mode::read, [&](Connection& connection, bool) -> Result<std::int64_t> {
        const auto rows =
            MAPISTORE_TRY(connection.query("SELECT SUM(bytes) FROM mst_folder WHERE store_id = ?", {store_.id}));
        MAPISTORE_CHECK(rows->next());
        return rows->integer(0);
      }));
  return Usage{.bytes_total = static_cast<std::uint64_t>(store_.quota),
               .bytes_free = static_cast<std::uint64_t>(std::clamp<std::int64_t>(store_.quota - used, 0, store_.quota)),
               .objects_total = 0,
               .objects_free = 0};
}

void SqlContext::log_once(std::int64_t message, std::string_view why) const {
  constexpr std::size_t most = 1000;
  {
    const std::lock_guard lock{mutex_};
    if (logged_.size() >= most || !logged_.emplace(message, why).second) return;
  }
  host_.log(LogLevel::warning, database_->driver().name() + ", message_id " + std::to_string(message), why);
}

}  // namespace mapistore::sql
