#include <algorithm>
#include <array>
#include <ranges>
#include <vector>

#include "backends/sql/context.h"

namespace mapistore::sql {
namespace {

constexpr std::size_t batch = 16;

#define MAPISTORE_SQL_SIXTEEN "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

struct Wanted {
  std::size_t index = 0;
  std::int64_t generation = 0, size = 0;
  ChangeKey change;
};

/// Feeds the chunks of many bodies to a sink, and tells it of each whether it was whole.
class Feed {
 public:
  explicit Feed(BodySink& sink) : sink_{sink} {}

  Result<> begin(const Wanted& wanted) {
    MAPISTORE_CHECK(end());
    left_ = wanted.size;
    is_open_ = true;
    return sink_.begin(wanted.index, wanted.change, static_cast<std::uint64_t>(wanted.size));
  }
  Result<> data(std::string_view bytes) {
    // More than was told is worth no more than less.
    left_ = static_cast<std::int64_t>(bytes.size()) <= left_ ? left_ - static_cast<std::int64_t>(bytes.size()) : -1;
    if (left_ < 0) return {};
    return sink_.data(std::as_bytes(std::span(bytes)));
  }
  Result<> end() {
    if (!std::exchange(is_open_, false)) return {};
    return sink_.end(left_ == 0);
  }

 private:
  BodySink& sink_;
  std::int64_t left_ = 0;
  bool is_open_ = false;
};

Result<std::unique_ptr<Rows>> query_batch(Connection& connection, const char* sql, std::initializer_list<Value> before,
                                          std::span<const std::int64_t> ids) {
  std::vector<Value> values{before};
  for (const std::int64_t id : ids) values.emplace_back(id);
  return connection.query(sql, Values{values});
}

/// Streams the bodies that lie in chunks, one generation after the other.
Result<> stream(const Call& call, Connection& connection, std::int64_t store,
                const std::map<std::int64_t, Wanted>& wanted, BodySink& sink) {
  if (wanted.empty()) return {};
  std::array<std::int64_t, batch> generations{};
  generations.fill(-1);
  std::ranges::copy(wanted | std::views::keys, generations.begin());
  const auto rows = MAPISTORE_TRY(
      query_batch(connection,
                  "SELECT generation, data FROM mst_chunk WHERE store_id = ? AND generation IN " MAPISTORE_SQL_SIXTEEN
                  " ORDER BY generation, seq",
                  {store}, generations));
  Feed feed{sink};
  std::int64_t current = 0;
  while (MAPISTORE_TRY(rows->next())) {
    MAPISTORE_CHECK(call.check());
    if (const std::int64_t generation = rows->integer(0); generation != current) {
      current = generation;
      MAPISTORE_CHECK(feed.begin(wanted.at(generation)));
    }
    MAPISTORE_CHECK(feed.data(rows->bytes(1)));
  }
  return feed.end();
}

}  // namespace

Result<> SqlContext::read_many(const Call& call, const FolderPath& path, std::span<const MessageRef> messages,
                               BodySink& sink) {
  MAPISTORE_CHECK(call.check());
  if (messages.empty()) return {};
  std::size_t done = 0;
  while (done < messages.size()) {
    const auto part = messages.subspan(done, std::min(batch, messages.size() - done));
    MAPISTORE_CHECK(read_batch(call, path, part, done, sink));
    done += part.size();
  }
  return {};
}

Result<> SqlContext::read_batch(const Call& call, const FolderPath& path, std::span<const MessageRef> messages,
                                std::size_t first, BodySink& sink) {
  bool has_begun = false;
  return database_->transact(call, Mode::read, [&](Connection& connection, bool) -> Result<> {
    if (has_begun) return fail(Errc::disconnected, database_->driver().name(), "the stream of messages was cut");
    const std::int64_t folder = MAPISTORE_TRY(resolve(connection, path));
    const std::vector<Row> rows = MAPISTORE_TRY(find_batch(connection, folder, messages));
    has_begun = true;
    std::map<std::int64_t, Wanted> stored;  // by generation
    for (const Row& row : rows) {
      MAPISTORE_CHECK(call.check());
      const Key key{std::to_string(row.id)};
      const auto asked = std::ranges::find(messages, key, &MessageRef::key);
      const std::size_t index = first + static_cast<std::size_t>(asked - messages.begin());
      if (!row.columns_lead && row.size > 0) {
        stored[row.generation] = {index, row.generation, row.size, change_of(row)};
        continue;
      }
      const auto bytes = row.columns_lead ? render(connection, row) : Result<std::string>{};
      if (!bytes && connection.fault() != Fault::none) return std::unexpected(bytes.error());
      if (!bytes) continue;  // `open` tells why
      Feed feed{sink};
      MAPISTORE_CHECK(feed.begin({index, 0, static_cast<std::int64_t>(bytes->size()), change_of(row)}));
      if (!bytes->empty()) MAPISTORE_CHECK(feed.data(*bytes));
      MAPISTORE_CHECK(feed.end());
    }
    return stream(call, connection, store_.id, stored, sink);
  });
}

Result<std::vector<Row>> SqlContext::find_batch(Connection& connection, std::int64_t folder,
                                                std::span<const MessageRef> messages) const {
  std::array<std::int64_t, batch> ids{};
  ids.fill(-1);
  for (std::size_t i = 0; i < messages.size(); ++i) ids[i] = id_of(messages[i].key).value_or(-1);
  const auto rows = MAPISTORE_TRY(
      query_batch(connection,
                  "SELECT " MAPISTORE_SQL_LISTED ", " MAPISTORE_SQL_TYPED
                  " FROM mst_message WHERE store_id = ? AND folder_id = ? AND message_id IN " MAPISTORE_SQL_SIXTEEN,
                  {store_.id, folder}, ids));
  std::vector<Row> found;
  while (MAPISTORE_TRY(rows->next())) {
    Row row;
    if (!read_listed(*rows, row)) continue;  // no message
    read_typed(*rows, row);
    found.push_back(std::move(row));
  }
  return found;
}

}  // namespace mapistore::sql
