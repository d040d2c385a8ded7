#include "backends/sql/bodies.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <vector>

namespace mapistore::sql {
namespace {

constexpr std::chrono::hours garbage_kept{24};
constexpr std::chrono::hours tombs_kept{24 * 30};

std::int64_t microseconds_before(Time now, std::chrono::hours age) {
  return std::chrono::floor<std::chrono::microseconds>(now - age).time_since_epoch().count();
}

Error damaged(std::int64_t generation) {
  return {Errc::corrupted, "generation " + std::to_string(generation),
          "its bytes in mst_chunk are not as many as its message says", "restore them from a backup"};
}

Result<std::string> read_chunk(Connection& connection, std::int64_t store, std::int64_t generation, std::int64_t seq) {
  const auto rows = MAPISTORE_TRY(connection.query(
      "SELECT data FROM mst_chunk WHERE store_id = ? AND generation = ? AND seq = ?", {store, generation, seq}));
  if (!MAPISTORE_TRY(rows->next())) return std::unexpected(damaged(generation));
  return std::string(rows->bytes(0));
}

class HeldBody final : public Body {
 public:
  HeldBody(std::string bytes, ChangeKey change) : bytes_{std::move(bytes)}, change_{std::move(change)} {}

  const ChangeKey& change() const noexcept override { return change_; }
  std::uint64_t size() const noexcept override { return bytes_.size(); }
  Result<std::size_t> read_at(const Call& call, std::uint64_t offset, std::span<std::byte> out) override {
    MAPISTORE_CHECK(call.check());
    const auto part = std::string_view(bytes_).substr(std::min<std::uint64_t>(offset, bytes_.size()), out.size());
    if (!part.empty()) std::memcpy(out.data(), part.data(), part.size());
    return part.size();
  }

 private:
  std::string bytes_;
  ChangeKey change_;
};

class StoredBody final : public Body {
 public:
  StoredBody(std::shared_ptr<Database> database, std::int64_t store, std::int64_t generation, std::int64_t size,
             ChangeKey change)
      : database_{std::move(database)},
        store_{store},
        generation_{generation},
        size_{size},
        change_{std::move(change)} {}

  const ChangeKey& change() const noexcept override { return change_; }
  std::uint64_t size() const noexcept override { return static_cast<std::uint64_t>(size_); }

  Result<std::size_t> read_at(const Call& call, std::uint64_t offset, std::span<std::byte> out) override {
    MAPISTORE_CHECK(call.check());
    std::size_t done = 0;
    const std::lock_guard lock{mutex_};
    while (done < out.size() && offset + done < size()) {
      const auto at = static_cast<std::int64_t>(offset + done);
      MAPISTORE_CHECK(load(call, at / chunk_size));
      const std::string_view part =
          std::string_view(chunk_).substr(static_cast<std::size_t>(at % chunk_size), out.size() - done);
      std::memcpy(out.data() + done, part.data(), part.size());
      done += part.size();
    }
    return done;
  }

 private:
  Result<> load(const Call& call, std::int64_t seq) {
    if (seq == seq_) return {};
    seq_ = -1;
    chunk_ = MAPISTORE_TRY(database_->transact(call, Mode::read, [&](Connection& connection, bool) {
      return read_chunk(connection, store_, generation_, seq);
    }));
    const std::int64_t expected = std::min(chunk_size, size_ - seq * chunk_size);
    if (static_cast<std::int64_t>(chunk_.size()) != expected) return std::unexpected(damaged(generation_));
    seq_ = seq;
    return {};
  }

  const std::shared_ptr<Database> database_;
  const std::int64_t store_, generation_, size_;
  const ChangeKey change_;
  std::mutex mutex_;  ///< held while the database is asked: others want the same bytes
  std::int64_t seq_ = -1;
  std::string chunk_;
};

/// Removes the chunks of one generation, a bounded number in each transaction, and then its mark.
Result<> remove_generation(const Call& call, Database& database, std::int64_t store, std::int64_t generation) {
  for (std::int64_t most = -1, at = 0; most < 0 || at <= most; at += chunks_at_once) {
    most =
        MAPISTORE_TRY(database.transact(call, Mode::write, [&](Connection& connection, bool) -> Result<std::int64_t> {
          std::int64_t last = 0;
          {
            const auto rows = MAPISTORE_TRY(connection.query(
                "SELECT MAX(seq) FROM mst_chunk WHERE store_id = ? AND generation = ?", {store, generation}));
            MAPISTORE_CHECK(rows->next());
            last = rows->null(0) ? -1 : rows->integer(0);
          }
          MAPISTORE_CHECK(
              connection.execute("DELETE FROM mst_chunk WHERE store_id = ? AND generation = ? AND seq >= ? AND seq < ?",
                                 {store, generation, at, at + chunks_at_once}));
          if (last < at + chunks_at_once)
            MAPISTORE_CHECK(connection.execute("DELETE FROM mst_garbage WHERE store_id = ? AND generation = ?",
                                               {store, generation}));
          return std::max<std::int64_t>(last, 0);
        }));
  }
  return {};
}

/// Forgets what left the folders long ago; who has not listed since then lists everything.
Result<> remove_tombs(const Call& call, Database& database, std::int64_t store, std::int64_t before_us) {
  return database.transact(call, Mode::write, [&](Connection& connection, bool) -> Result<> {
    std::vector<std::pair<std::int64_t, std::int64_t>> folders;
    {
      const auto rows = MAPISTORE_TRY(connection.query(
          "SELECT folder_id, MAX(cn) FROM mst_tomb WHERE store_id = ? AND since_us < ? GROUP BY folder_id LIMIT 100",
          {store, before_us}));
      while (MAPISTORE_TRY(rows->next())) folders.emplace_back(rows->integer(0), rows->integer(1));
    }
    for (const auto& [folder, cn] : folders) {
      MAPISTORE_CHECK(connection.execute(
          "UPDATE mst_folder SET purged_cn = ? WHERE store_id = ? AND folder_id = ? AND purged_cn < ?",
          {cn, store, folder, cn}));
      MAPISTORE_CHECK(connection.execute("DELETE FROM mst_tomb WHERE store_id = ? AND folder_id = ? AND cn <= ?",
                                         {store, folder, cn}));
    }
    return {};
  });
}

}  // namespace

std::int64_t chunk_count(std::int64_t size) { return (size + chunk_size - 1) / chunk_size; }

std::unique_ptr<Body> held_body(std::string bytes, ChangeKey change) {
  return std::make_unique<HeldBody>(std::move(bytes), std::move(change));
}

std::unique_ptr<Body> stored_body(std::shared_ptr<Database> database, std::int64_t store, std::int64_t generation,
                                  std::int64_t size, ChangeKey change) {
  return std::make_unique<StoredBody>(std::move(database), store, generation, size, std::move(change));
}

Result<std::string> whole_body(Connection& connection, std::int64_t store, std::int64_t generation, std::int64_t size) {
  std::string bytes;
  const auto rows = MAPISTORE_TRY(connection.query(
      "SELECT data FROM mst_chunk WHERE store_id = ? AND generation = ? ORDER BY seq", {store, generation}));
  while (MAPISTORE_TRY(rows->next())) {
    bytes += rows->bytes(0);
    if (static_cast<std::int64_t>(bytes.size()) > size) break;
  }
  if (static_cast<std::int64_t>(bytes.size()) != size) return std::unexpected(damaged(generation));
  return bytes;
}

Result<> write_chunks(const Call& call, Connection& connection, std::int64_t store, std::int64_t generation, Body& body,
                      std::int64_t begin, std::int64_t end) {
  std::string piece;
  for (std::int64_t seq = begin; seq < end; ++seq) {
    MAPISTORE_CHECK(call.check());
    const std::int64_t offset = seq * chunk_size;
    piece.resize(static_cast<std::size_t>(std::min(chunk_size, static_cast<std::int64_t>(body.size()) - offset)));
    const auto out = std::as_writable_bytes(std::span(piece));
    const std::size_t count = MAPISTORE_TRY(body.read_at(call, static_cast<std::uint64_t>(offset), out));
    if (count != piece.size()) return fail(Errc::corrupted, {}, "the source ended before the size it told");
    MAPISTORE_CHECK(connection.execute("INSERT INTO mst_chunk (store_id, generation, seq, data) VALUES (?, ?, ?, ?)",
                                       {store, generation, seq, std::string_view{piece}}));
  }
  return {};
}

Result<> copy_chunks(Connection& connection, std::int64_t store, std::int64_t from, std::int64_t to, std::int64_t begin,
                     std::int64_t end) {
  MAPISTORE_CHECK(connection.execute(
      "INSERT INTO mst_chunk (store_id, generation, seq, data) SELECT store_id, ?, seq, data FROM mst_chunk "
      "WHERE store_id = ? AND generation = ? AND seq >= ? AND seq < ?",
      {to, store, from, begin, end}));
  return {};
}

Result<> add_garbage(Connection& connection, std::int64_t store, std::int64_t generation, Time now) {
  MAPISTORE_CHECK(connection.execute("INSERT INTO mst_garbage (store_id, generation, since_us) VALUES (?, ?, ?)",
                                     {store, generation, microseconds_before(now, std::chrono::hours{0})}));
  return {};
}

Result<> claim_garbage(Connection& connection, std::int64_t store, std::int64_t generation, Time now) {
  // Long before others may begin to remove it, whatever their clocks say.
  const auto found =
      MAPISTORE_TRY(connection.execute("DELETE FROM mst_garbage WHERE store_id = ? AND generation = ? AND since_us > ?",
                                       {store, generation, microseconds_before(now, garbage_kept / 2)}));
  if (found == 0) return fail(Errc::stale, {}, "took half a day to be written");
  return {};
}

Result<> drop_body(Connection& connection, std::int64_t store, std::int64_t generation, std::int64_t size, Time now) {
  if (generation == 0) return {};
  if (size > chunk_size) return add_garbage(connection, store, generation, now);
  MAPISTORE_CHECK(
      connection.execute("DELETE FROM mst_chunk WHERE store_id = ? AND generation = ?", {store, generation}));
  return {};
}

Result<> remove_garbage(const Call& call, Database& database, std::int64_t store, Time now) {
  const auto old = MAPISTORE_TRY(
      database.transact(call, Mode::read, [&](Connection& connection, bool) -> Result<std::vector<std::int64_t>> {
        std::vector<std::int64_t> generations;
        const auto rows = MAPISTORE_TRY(
            connection.query("SELECT generation FROM mst_garbage WHERE store_id = ? AND since_us < ? LIMIT 1000",
                             {store, microseconds_before(now, garbage_kept)}));
        while (MAPISTORE_TRY(rows->next())) generations.push_back(rows->integer(0));
        return generations;
      }));
  for (const std::int64_t generation : old) MAPISTORE_CHECK(remove_generation(call, database, store, generation));
  return remove_tombs(call, database, store, microseconds_before(now, tombs_kept));
}

}  // namespace mapistore::sql
