#include "backends/archive/archive.h"

#include "backends/archive/file.h"
#include "backends/archive/format.h"

namespace mapistore::archive {
namespace {

constexpr std::size_t most_idle_readers = 4;
constexpr std::size_t most_jobs = 512;  // in one transaction
constexpr std::int64_t few_pages = 16;  // not worth moving others for

}  // namespace

Archive::Lease::~Lease() {
  if (!database_) return;
  const std::lock_guard lock{archive_->readers_mutex_};
  if (archive_->readers_.size() < most_idle_readers) archive_->readers_.push_back(std::move(database_));
}

Result<std::shared_ptr<Archive>> Archive::open(Host& host, std::filesystem::path file, sqlite::Access access,
                                               const Passphrase& passphrase) {
  std::shared_ptr<Archive> archive{new Archive{host, std::move(file), access}};
  MAPISTORE_CHECK(archive->begin(passphrase));
  return archive;
}

Archive::~Archive() = default;

Result<> Archive::begin(const Passphrase& passphrase) {
  const auto lease = MAPISTORE_TRY(read());
  if (const auto record = MAPISTORE_TRY(read_key_record(*lease)))
    vault_ = MAPISTORE_TRY(Vault::open(MAPISTORE_TRY(passphrase()), *record, file_.native()));
  {
    auto query = lease->query("SELECT value FROM meta WHERE name = 'identity'");
    if (MAPISTORE_TRY(query.step())) identity_ = query.bytes(0);
  }
  std::int64_t newest = 0;
  {
    auto query = lease->query("SELECT max(id) FROM dictionary");
    if (MAPISTORE_TRY(query.step())) newest = query.integer(0);
  }
  MAPISTORE_CHECK(dictionary(*lease, newest));
  current_dictionary_ = newest;
  return {};
}

Result<Archive::Lease> Archive::read() {
  {
    const std::lock_guard lock{readers_mutex_};
    if (!readers_.empty()) {
      auto database = std::move(readers_.back());
      readers_.pop_back();
      return Lease{*this, std::move(database)};
    }
  }
  // Reading a database in WAL mode writes to its index file, and so wants to write where it can.
  return Lease{*this, MAPISTORE_TRY(connect(file_, access_))};
}

Result<> Archive::write(const Call& call, const Job& job) {
  MAPISTORE_CHECK(call.check());
  if (is_read_only()) return fail(Errc::read_only, file_.native(), "this archive cannot be written to");
  Pending mine{.job = &job, .result = {}};
  std::unique_lock lock{queue_mutex_};
  queue_.push_back(&mine);
  while (!mine.done) {
    if (!leading_) {
      lead(lock);
      continue;
    }
    const auto may_go_on = [&] { return mine.done || mine.taken || !leading_; };
    if (mine.taken)
      committed_.wait(lock, [&] { return mine.done; });
    else if (call.deadline == std::chrono::steady_clock::time_point::max())
      committed_.wait(lock, call.stop, may_go_on);
    else
      committed_.wait_until(lock, call.stop, call.deadline, may_go_on);
    if (mine.taken || mine.done) continue;
    if (auto still = call.check(); !still) {
      std::erase(queue_, &mine);
      return still;
    }
  }
  return mine.result;
}

void Archive::lead(std::unique_lock<std::mutex>& lock) {
  leading_ = true;
  std::vector<Pending*> batch;
  while (!queue_.empty() && batch.size() < most_jobs) {
    queue_.front()->taken = true;
    batch.push_back(queue_.front());
    queue_.pop_front();
  }
  lock.unlock();
  run(batch);
  lock.lock();
  for (Pending* pending : batch) pending->done = true;
  leading_ = false;
  committed_.notify_all();
}

void Archive::run(const std::vector<Pending*>& batch) {
  const auto together = run_together(batch);
  if (together) return;
  for (Pending* pending : batch) {
    pending->result = together;
    if (batch.size() > 1)  // one of them filled the disk, perhaps
      if (auto alone = run_together({pending}); !alone) pending->result = alone;
  }
}

Result<> Archive::run_together(const std::vector<Pending*>& batch) {
  if (!writer_) writer_ = MAPISTORE_TRY(connect(file_, sqlite::Access::write));
  MAPISTORE_CHECK(writer_->execute("BEGIN IMMEDIATE"));
  Transaction transaction{*writer_};
  auto done = run_jobs(transaction, batch);
  if (done && transaction.frees) {
    auto query = writer_->query("PRAGMA freelist_count");
    const bool many = query.step().value_or(false) && query.integer(0) > few_pages;
    if (many) done = writer_->execute("PRAGMA incremental_vacuum(256)");
  }
  if (done) done = writer_->execute("COMMIT");
  if (!done && writer_->in_transaction()) static_cast<void>(writer_->execute("ROLLBACK"));
  if (done && transaction.fresh >= transaction.train_at) begin_training();
  return done;
}

Result<> Archive::run_jobs(Transaction& transaction, const std::vector<Pending*>& batch) {
  {
    auto query = writer_->query("SELECT value, fresh, train_at FROM counter");
    if (!MAPISTORE_TRY(query.step())) return fail(Errc::corrupted, file_.native(), "has lost its counter");
    transaction.number = query.integer(0);
    transaction.fresh = query.integer(1);
    transaction.train_at = query.integer(2);
  }
  for (Pending* pending : batch) {
    MAPISTORE_CHECK(writer_->execute("SAVEPOINT job"));
    const std::int64_t fresh = transaction.fresh;
    pending->result = (*pending->job)(transaction);
    if (!pending->result) {
      if (!writer_->in_transaction()) return pending->result;
      transaction.fresh = fresh;
      MAPISTORE_CHECK(writer_->execute("ROLLBACK TO job"));
    }
    MAPISTORE_CHECK(writer_->execute("RELEASE job"));
  }
  return writer_->query("UPDATE counter SET value = ?, fresh = ?, train_at = ?")
      .bind(transaction.number)
      .bind(transaction.fresh)
      .bind(transaction.train_at)
      .run();
}

Result<std::string> Archive::frame(sqlite::Database& database, std::int64_t content, std::int64_t dictionary_id,
                                   std::int64_t number, std::string_view object) {
  const auto damaged = [&] {
    return fail(Errc::io, object, "its data in the archive are damaged",
                "mapistorefs-archive verify names all that is");
  };
  const auto is_damage = [](const Error& error) { return error.code == Errc::io || error.code == Errc::corrupted; };
  const auto with = dictionary(database, dictionary_id);
  if (!with && !is_damage(with.error())) return std::unexpected(with.error());
  if (!with) return damaged();
  auto query = number == 0 ? database.query("SELECT frame FROM content WHERE id = ?")
                           : database.query("SELECT frame FROM more_frames WHERE content = ? AND number = ?");
  query.bind(content);
  if (number != 0) query.bind(number);
  const auto found = query.step();
  if (!found && !is_damage(found.error())) return std::unexpected(found.error());
  if (!found || !*found) return damaged();
  const auto packed = vault_.unseal(Vault::Use::frame, query.bytes(0));
  if (!packed) return damaged();
  auto plain = frames_.unpack(*packed, with->get(), frame_size);
  if (!plain && is_damage(plain.error())) return damaged();
  return plain;
}

Result<std::shared_ptr<const Dictionary>> Archive::dictionary(sqlite::Database& database, std::int64_t id) {
  if (id == 0) return nullptr;
  {
    const std::lock_guard lock{dictionaries_mutex_};
    if (const auto known = dictionaries_.find(id); known != dictionaries_.end()) return known->second;
  }
  auto query = database.query("SELECT bytes FROM dictionary WHERE id = ?");
  query.bind(id);
  if (!MAPISTORE_TRY(query.step()))
    return fail(Errc::io, file_.native(), "dictionary " + std::to_string(id) + " is missing");
  const std::string bytes = MAPISTORE_TRY(vault_.unseal(Vault::Use::dictionary, query.bytes(0)));
  auto made = MAPISTORE_TRY(Dictionary::make(id, bytes, write_level));
  const std::lock_guard lock{dictionaries_mutex_};
  return dictionaries_.try_emplace(id, std::move(made)).first->second;
}

std::shared_ptr<const Dictionary> Archive::current_dictionary() const {
  const std::lock_guard lock{dictionaries_mutex_};
  const auto known = dictionaries_.find(current_dictionary_);
  return known == dictionaries_.end() ? nullptr : known->second;
}

void Archive::pin(std::int64_t content) {
  const std::lock_guard lock{pins_mutex_};
  ++pins_[content];
}

void Archive::unpin(std::int64_t content) noexcept {
  const std::lock_guard lock{pins_mutex_};
  const auto pin = pins_.find(content);
  if (pin != pins_.end() && --pin->second == 0) pins_.erase(pin);
}

bool Archive::is_pinned(std::int64_t content) const {
  const std::lock_guard lock{pins_mutex_};
  return pins_.contains(content);
}

}  // namespace mapistore::archive
