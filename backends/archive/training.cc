#include <algorithm>

#include "backends/archive/archive.h"
#include "backends/archive/format.h"

namespace mapistore::archive {
namespace {

constexpr std::size_t most_samples = 4000, most_sample = std::size_t{16} * 1024;
constexpr std::size_t most_bytes = std::size_t{8} * 1024 * 1024;
constexpr std::int64_t growth = 10;  // until the next dictionary

Result<std::int64_t> newest_dictionary(sqlite::Database& database) {
  auto query = database.query("SELECT max(id) FROM dictionary");
  return MAPISTORE_TRY(query.step()) ? query.integer(0) : 0;
}

struct Sample {
  std::int64_t content = 0, dictionary = 0;
};

/// The newest messages, which are likest to those that come.
Result<std::vector<Sample>> newest(sqlite::Database& database) {
  std::vector<Sample> samples;
  auto query = database.query("SELECT id, dictionary FROM content WHERE kind = 0 ORDER BY id DESC LIMIT ?");
  query.bind(std::uint64_t{most_samples});
  while (MAPISTORE_TRY(query.step())) samples.push_back({query.integer(0), query.integer(1)});
  return samples;
}

}  // namespace

void Archive::begin_training() {
  const std::lock_guard lock{dictionaries_mutex_};
  if (std::exchange(is_training_, true)) return;
  // The thread before it has ended, or is about to.
  trainer_ = std::jthread{[this](const std::stop_token& stop) {
    if (const auto trained = train({.stop = stop}); !trained && trained.error().code != Errc::cancelled)
      host_.log(LogLevel::warning, file_.native(), "no dictionary could be trained: " + trained.error().to_string());
    const std::lock_guard end{dictionaries_mutex_};
    is_training_ = false;
  }};
}

Result<> Archive::train(const Call& call) {
  std::vector<std::string> samples;
  std::int64_t before = 0;
  {
    const auto lease = MAPISTORE_TRY(read());
    before = MAPISTORE_TRY(newest_dictionary(*lease));
    std::size_t bytes = 0;
    for (const Sample& sample : MAPISTORE_TRY(newest(*lease))) {
      MAPISTORE_CHECK(call.check());
      if (bytes >= most_bytes) break;
      auto plain = frame(*lease, sample.content, sample.dictionary, 0, file_.native());
      if (!plain) continue;
      plain->resize(std::min(plain->size(), most_sample));
      bytes += plain->size();
      samples.push_back(*std::move(plain));
    }
  }
  MAPISTORE_CHECK(call.check());
  const auto trained = train_dictionary(samples);
  std::int64_t id = 0;
  MAPISTORE_CHECK(write(call, [&](Transaction& transaction) -> Result<> {
    id = MAPISTORE_TRY(newest_dictionary(transaction.database));
    if (id != before) return {};  // somebody else was faster
    transaction.train_at = std::max(transaction.train_at, transaction.fresh) * growth;
    transaction.fresh = 0;
    if (!trained) return {};  // mails with nothing in common: when there are more
    id = transaction.next();
    const std::string stored = vault_.seal(Vault::Use::dictionary, *trained);
    return transaction.database.query("INSERT INTO dictionary VALUES(?, ?)").bind(id).bind(stored).run();
  }));
  if (id == 0) return {};
  const auto lease = MAPISTORE_TRY(read());
  MAPISTORE_CHECK(dictionary(*lease, id));
  const std::lock_guard lock{dictionaries_mutex_};
  current_dictionary_ = id;
  return {};
}

}  // namespace mapistore::archive
