#include "backends/archive/verify.h"

#include <set>

#include "backends/archive/digest.h"
#include "backends/archive/message_bytes.h"
#include "backends/archive/rows.h"

namespace mapistore::archive {
namespace {

constexpr int deepest = 1000;

struct Content {
  std::int64_t id = 0;
  std::string hash;
};

class Verifying {
 public:
  Verifying(const Call& call, Archive& archive, const std::function<void(std::string_view)>& tell)
      : call_{call}, archive_{archive}, tell_{tell} {}

  Result<Verdict> run() {
    const auto lease = MAPISTORE_TRY(archive_.read());
    MAPISTORE_CHECK(check_database(*lease));
    MAPISTORE_CHECK(check_contents(*lease));
    MAPISTORE_CHECK(check_messages(*lease));
    MAPISTORE_CHECK(check_counts(*lease));
    return verdict_;
  }

 private:
  void fault(std::string_view line) {
    ++verdict_.faults;
    tell_(line);
  }

  Result<> check_database(sqlite::Database& database) {
    auto query = database.query("PRAGMA integrity_check(100)");
    while (MAPISTORE_TRY(query.step()))
      if (query.bytes(0) != "ok") fault("database: " + std::string(query.bytes(0)));
    return {};
  }

  /// The message's content after `id`; none at the end. Parts are read with the messages that have them.
  Result<std::optional<Content>> next_content(sqlite::Database& database, std::int64_t id) {
    auto query = database.query(
        "SELECT id, hash FROM content WHERE id > ? AND kind = 0 AND hash IS NOT NULL ORDER BY id LIMIT 1");
    query.bind(id);
    if (!MAPISTORE_TRY(query.step())) return std::nullopt;
    return Content{query.integer(0), std::string(query.bytes(1))};
  }

  Result<> check_contents(sqlite::Database& database) {
    std::int64_t id = 0;
    while (true) {
      MAPISTORE_CHECK(call_.check());
      const auto content = next_content(database, id);
      if (!content) {
        fault("contents after " + std::to_string(id) + ": " + content.error().what);
        return {};
      }
      if (!*content) return {};
      id = (*content)->id;
      const auto whole = is_whole(database, **content);
      if (!whole && whole.error().code != Errc::io && whole.error().code != Errc::corrupted)
        return std::unexpected(whole.error());
      if (!whole || !*whole) damaged_.insert(id);
    }
  }

  Result<bool> is_whole(sqlite::Database& database, const Content& content) {
    auto bytes =
        MAPISTORE_TRY(MessageBytes::load(archive_, database, content.id, "content " + std::to_string(content.id)));
    Digest digest;
    for (std::uint64_t at = 0; at < bytes.size();) {
      MAPISTORE_CHECK(call_.check());
      const std::string_view block = MAPISTORE_TRY(bytes.block_at(database, at));
      digest.take(block);
      at += block.size();
    }
    return view(archive_.vault().name_of(digest.finish())) == content.hash;
  }

  Result<> check_messages(sqlite::Database& database) {
    auto query = database.query(
        "SELECT m.id, m.folder, m.content, m.size, m.version, m.about, m.marks, c.size, c.hash,"
        " EXISTS(SELECT 1 FROM folder WHERE id = m.folder) FROM message m LEFT JOIN content c ON c.id = m.content");
    std::set<std::int64_t> told;
    while (true) {
      MAPISTORE_CHECK(call_.check());
      const auto row = query.step();
      if (!row) {
        fault("messages: " + row.error().what);
        break;
      }
      if (!*row) break;
      check_message(database, query, told);
    }
    for (const std::int64_t id : damaged_)
      if (!told.contains(id)) fault("content " + std::to_string(id) + ": damaged, and no message has it whole");
    return {};
  }

  void check_message(sqlite::Database& database, const sqlite::Query& row, std::set<std::int64_t>& told) {
    const std::int64_t content = row.integer(2);
    const char* what = nullptr;
    if (damaged_.contains(content)) {
      what = "its bytes are damaged";
    } else if (row.null(8)) {
      what = "its bytes are missing";
    } else if (row.integer(3) != row.integer(7) || row.integer(4) != version_at(row.bytes(8))) {
      what = "its row tells of other bytes than it has";
    } else if (row.integer(9) == 0) {
      what = "its folder is missing";
    } else if (!archive_.unseal_text(row.bytes(5)) || (!row.null(6) && !archive_.unseal_text(row.bytes(6)))) {
      what = "its subject or properties are damaged";
    }
    told.insert(content);
    if (what == nullptr) {
      ++verdict_.messages;
      verdict_.bytes += row.unsigned_integer(3);
      return;
    }
    ++verdict_.damaged;
    const std::string folder = folder_name(archive_, database, row.integer(1)).value_or("?");
    fault("message " + std::to_string(row.integer(0)) + " in \"" + folder + "\", \"" +
          subject_in(archive_, row.bytes(5)) + "\": " + what);
  }

  static std::int64_t version_at(std::string_view hash) {
    Hash whole{};
    std::copy_n(hash.begin(), std::min(hash.size(), whole.size()), whole.begin());
    return version_of(whole);
  }

  Result<> check_counts(sqlite::Database& database) {
    auto query = database.query(
        "SELECT c.id FROM content c LEFT JOIN (SELECT content AS id, count(*) AS n FROM message GROUP BY content) m"
        " ON m.id = c.id LEFT JOIN (SELECT part AS id, count(*) AS n FROM insertion GROUP BY part) i ON i.id = c.id"
        " WHERE c.uses <> coalesce(m.n, 0) + coalesce(i.n, 0)");
    while (true) {
      const auto row = query.step();
      if (!row) fault("counts: " + row.error().what);
      if (!row || !*row) return {};
      fault("content " + std::to_string(query.integer(0)) + ": its count of uses is wrong; compacting counts again");
    }
  }

  const Call& call_;
  Archive& archive_;
  const std::function<void(std::string_view)>& tell_;
  Verdict verdict_;
  std::set<std::int64_t> damaged_;
};

}  // namespace

Result<Verdict> verify(const Call& call, Archive& archive, const std::function<void(std::string_view)>& tell) {
  return Verifying{call, archive, tell}.run();
}

Result<std::string> folder_name(const Archive& archive, sqlite::Database& database, std::int64_t folder) {
  std::string path;
  for (int depth = 0; folder != root_folder && depth < deepest; ++depth) {
    auto query = database.query("SELECT parent, name FROM folder WHERE id = ?");
    query.bind(folder);
    if (!MAPISTORE_TRY(query.step())) return fail(Errc::not_found, std::to_string(folder), "no such folder");
    const std::string name = archive.unseal_text(query.bytes(1)).value_or(std::to_string(folder));
    path = path.empty() ? name : name + '/' + path;
    folder = query.integer(0);
  }
  return path;
}

}  // namespace mapistore::archive
