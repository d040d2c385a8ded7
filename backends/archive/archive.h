#pragma once

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <mapistore/call.h>
#include <mapistore/host.h>
#include <mapistore/sqlite.h>

#include "backends/archive/frames.h"
#include "backends/archive/vault.h"

namespace mapistore::archive {

/// The transaction that a job works in, perhaps beside other jobs.
struct Transaction {
  sqlite::Database& database;
  std::int64_t number = 0;  ///< the last one given
  std::int64_t fresh = 0;   ///< messages stored since a dictionary was trained
  std::int64_t train_at = 0;
  bool frees = false;  ///< rows went: their room goes back to the filesystem

  /// A number that no object and no change of the archive had before.
  std::int64_t next() noexcept { return ++number; }
};

/// One archive file that is open in this process, for all contexts of it.
///
/// Reading connections are pooled; writing is one connection's, and what many threads write at once is committed
/// together: each `write` returns when its own work is on the disk. Thread-safe.
class Archive {
 public:
  using Job = std::function<Result<>(Transaction&)>;
  using Passphrase = std::function<Result<std::string>()>;

  /// `file` was judged. `passphrase` is asked if the archive is encrypted. `host` outlives the archive.
  static Result<std::shared_ptr<Archive>> open(Host& host, std::filesystem::path file, sqlite::Access access,
                                               const Passphrase& passphrase);
  ~Archive();
  Archive(const Archive&) = delete;
  Archive& operator=(const Archive&) = delete;

  /// A reading connection, lent.
  class Lease {
   public:
    Lease(Archive& archive, std::unique_ptr<sqlite::Database> database)
        : archive_{&archive}, database_{std::move(database)} {}
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease();
    sqlite::Database& operator*() const noexcept { return *database_; }
    sqlite::Database* operator->() const noexcept { return database_.get(); }

   private:
    Archive* archive_;
    std::unique_ptr<sqlite::Database> database_;
  };
  Result<Lease> read();

  /// Runs `job` in a transaction and returns when that is on the disk; what fails leaves no trace. `job` may run twice.
  Result<> write(const Call& call, const Job& job);

  /// Frame `number` of a content, in plain. Errc::io, naming `object`, if it is damaged.
  Result<std::string> frame(sqlite::Database& database, std::int64_t content, std::int64_t dictionary,
                            std::int64_t number, std::string_view object);
  /// Null for 0.
  Result<std::shared_ptr<const Dictionary>> dictionary(sqlite::Database& database, std::int64_t id);
  /// The dictionary that is written with; null before there is one.
  std::shared_ptr<const Dictionary> current_dictionary() const;

  /// Trains a dictionary on the newest messages, for those to come. Takes seconds.
  Result<> train(const Call& call);

  /// Contents that are being read or written here, and must stay though no message has them.
  void pin(std::int64_t content);
  void unpin(std::int64_t content) noexcept;
  bool is_pinned(std::int64_t content) const;

  const Vault& vault() const noexcept { return vault_; }
  Frames& frames() noexcept { return frames_; }
  Host& host() const noexcept { return host_; }
  const std::filesystem::path& file() const noexcept { return file_; }
  const std::string& identity() const noexcept { return identity_; }  ///< of this archive, whatever it is called
  bool is_read_only() const noexcept { return access_ != sqlite::Access::write; }

  /// Text that reveals content, as a column holds it: text, or sealed.
  std::string seal_text(std::string_view text) const { return vault_.seal(Vault::Use::text, text); }
  Result<std::string> unseal_text(std::string_view stored) const { return vault_.unseal(Vault::Use::text, stored); }
  /// Binds what seal_text made.
  sqlite::Query& bind_text(sqlite::Query& query, std::string_view stored) const {
    return vault_.is_sealed() ? query.bind(stored) : query.bind_text(stored);
  }

 private:
  struct Pending {
    const Job* job = nullptr;
    Result<> result;
    bool taken = false, done = false;
  };

  Archive(Host& host, std::filesystem::path file, sqlite::Access access)
      : host_{host}, file_{std::move(file)}, access_{access} {}

  Result<> begin(const Passphrase& passphrase);
  void lead(std::unique_lock<std::mutex>& lock);
  void run(const std::vector<Pending*>& batch);
  Result<> run_together(const std::vector<Pending*>& batch);
  Result<> run_jobs(Transaction& transaction, const std::vector<Pending*>& batch);
  void begin_training();

  Host& host_;
  const std::filesystem::path file_;
  const sqlite::Access access_;
  std::string identity_;
  Vault vault_;
  Frames frames_;

  std::mutex readers_mutex_;  ///< rank: leaf
  std::vector<std::unique_ptr<sqlite::Database>> readers_;

  std::mutex queue_mutex_;  ///< rank: leaf; not held while a batch runs
  std::condition_variable_any committed_;
  std::deque<Pending*> queue_;
  bool leading_ = false;
  std::unique_ptr<sqlite::Database> writer_;  ///< of who leads

  mutable std::mutex dictionaries_mutex_;  ///< rank: leaf
  std::map<std::int64_t, std::shared_ptr<const Dictionary>> dictionaries_;
  std::int64_t current_dictionary_ = 0;
  bool is_training_ = false;

  mutable std::mutex pins_mutex_;  ///< rank: leaf
  std::map<std::int64_t, int> pins_;

  std::jthread trainer_;  ///< last: it uses all the others
};

}  // namespace mapistore::archive
