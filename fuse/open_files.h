#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "core/mutex.h"
#include "core/node.h"
#include "fuse/staging_area.h"

namespace mapistore {
class Store;
}

namespace mapistore::fs {

/// What all handles on one file share: the bytes being read, and the version being written.
///
/// The reader thread uses the descriptors without a lock: one that is replaced stays open until the file goes. The rest
/// is guarded by `mutex`. Commits of one file go one at a time, under `commit_mutex`.
struct OpenFile {
  explicit OpenFile(Fmid number) : fmid{number} {}
  ~OpenFile() {
    if (nameless) nameless->give_back(std::move(staged_owner));
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  /// Where the file is known.
  enum class Home : std::uint8_t {
    created,   ///< nowhere yet: the first commit decides
    local,     ///< a local file of the index
    message,   ///< a message of a medium
    unlinked,  ///< no longer anywhere
  };

  const Fmid fmid;
  std::atomic<int> staged{-1};           ///< the version being written; its bytes override the medium's
  std::atomic<Body*> body{nullptr};  ///< the medium's bytes
  std::shared_ptr<NamelessFiles> nameless;  ///< where `staged` goes back to; null once it may have a name
  std::atomic<bool> dirty{false};        ///< `staged` has what no commit has taken
  std::atomic<bool> is_committing{false};  ///< what has been taken may still fail

  std::atomic<bool> failed{false};       ///< `staged` holds what the medium refused: not what a reader is to see

  std::atomic<bool> misplaced{false};  ///< the kernel's pages have other bytes than will be read once it is saved

  Mutex commit_mutex{LockRank::commit};
  /// The last failure of a commit; how many there were tells who has not been told of one.
  std::optional<Error> refusal MAPISTORE_GUARDED_BY(commit_mutex);
  std::atomic<unsigned> refusals{0};
  Mutex mutex{LockRank::staging};
  Home home MAPISTORE_GUARDED_BY(mutex) = Home::message;
  bool could_not_be_made MAPISTORE_GUARDED_BY(mutex) = false;  ///< why it is unlinked: `refusal` tells
  Node node MAPISTORE_GUARDED_BY(mutex);  ///< of a file that is not in the index; else of when it was opened
  std::optional<Time> received MAPISTORE_GUARDED_BY(mutex);        ///< set by a user before the commit
  std::map<std::string, std::string> properties MAPISTORE_GUARDED_BY(mutex);  ///< set before the first commit

  /// A commit's hold of what has been written: taken before the bytes are looked at, so that what is written from then
  /// on needs another commit. Under `commit_mutex`.
  class Taking {
   public:
    explicit Taking(OpenFile& file) : file_{file} {
      file_.is_committing = true;
      was_dirty_ = file_.dirty.exchange(false);
    }
    ~Taking() { file_.is_committing = false; }
    Taking(const Taking&) = delete;
    Taking& operator=(const Taking&) = delete;
    /// It has not become of them what was wanted: another commit is to try.
    void give_back() {
      if (was_dirty_) file_.dirty = true;
    }

   private:
    OpenFile& file_;
    bool was_dirty_;
  };

  /// Whether it is nowhere yet.
  bool is_created() {
    const Locked locked{mutex};
    return home == Home::created;
  }
  /// From now on the handles are all there is of the file, and what they write goes nowhere.
  void set_unlinked();
  /// Before `staged` gets a name: from then on it is not written again for another message.
  void give_up_namelessness();
  /// The medium's bytes, which the file owns. For workers, as it may ask the medium.
  Result<Body*> load_body(const Call& call, Store& store);

  /// Whether a reader is to see `staged`, if there is one.
  bool shows_staged() const noexcept { return dirty || !failed; }
  /// Both are kept until the file goes, since the reader thread may be using them.
  /// The local descriptor that reading goes to, or -1: then the medium's body has to be opened or asked.
  int readable_descriptor() const noexcept {
    if (staged >= 0 && shows_staged()) return staged;
    const Body* opened = body;
    return opened != nullptr ? opened->descriptor() : -1;
  }

  /// From now on the file is read from the medium, and the next edit begins anew.
  void retire_staged();
  /// From now on the medium is asked for its bytes again.
  void retire_body();

  posix::UniqueFd staged_owner;
  std::unique_ptr<Body> body_owner;

 private:
  std::vector<posix::UniqueFd> retired_staged_ MAPISTORE_GUARDED_BY(mutex);
  std::vector<std::unique_ptr<Body>> retired_bodies_ MAPISTORE_GUARDED_BY(mutex);
};

using OpenFilePtr = std::shared_ptr<OpenFile>;

/// The files that are open, by FMID, and the names of those that are not in the index yet. Thread-safe.
class OpenFiles {
 public:
  /// The file, with one more handle.
  OpenFilePtr open(Fmid fmid);
  /// The number by which the kernel names a handle that may write. Its owner has been told of all refusals so far.
  std::uint64_t add_writer(const OpenFile& file);
  /// Of how many refusals of `file` he has been told. Who is no writer has nothing to be told.
  unsigned told(const OpenFile& file, std::uint64_t writer) const;
  void set_told(std::uint64_t writer, unsigned refusals);
  void remove_writer(std::uint64_t writer);

  /// Takes a handle back. `if_last` is done before anybody can open the file again, and must not wait for anything.
  void release(Fmid fmid, const std::function<void()>& if_last = {});
  /// Takes a handle back unless it is the last one. That one (true) stays for what has to be done before `release`.
  bool is_last_released(Fmid fmid);
  /// There is one handle on it, or none.
  bool is_last(Fmid fmid) const;
  OpenFilePtr find(Fmid fmid) const;

  /// Takes a handle back unless told that the kernel has it: for answers that may never be sent.
  class Handle {
   public:
    /// `writer`: if it may write; see add_writer.
    Handle(OpenFiles& files, Fmid fmid, std::uint64_t writer = 0) noexcept
        : files_{&files}, fmid_{fmid}, writer_{writer} {}
    Handle(Handle&& other) noexcept
        : files_{std::exchange(other.files_, nullptr)}, fmid_{other.fmid_}, writer_{other.writer_} {}
    Handle& operator=(Handle&&) = delete;
    ~Handle() {
      if (files_ == nullptr) return;
      files_->remove_writer(writer_);
      files_->release(fmid_);
    }
    void keep() noexcept { files_ = nullptr; }

   private:
    OpenFiles* files_;
    Fmid fmid_;
    std::uint64_t writer_;
  };

  std::size_t count() const;
  /// How many have been closed so far: a file that was open at an earlier count and is not found now adds to it.
  std::uint64_t closed() const noexcept { return closed_; }

  /// The right to give a name to another file. One has it at a time: what he replaces is then what he saw there.
  class Turn {
   public:
    Turn(OpenFiles& files, std::pair<std::uint64_t, std::string> name) : files_{&files}, name_{std::move(name)} {}
    Turn(Turn&& other) noexcept : files_{std::exchange(other.files_, nullptr)}, name_{std::move(other.name_)} {}
    Turn& operator=(Turn&&) = delete;
    ~Turn();

   private:
    OpenFiles* files_;
    std::pair<std::uint64_t, std::string> name_;
  };
  /// Waits for it.
  Result<Turn> take_turn(const Call& call, Fmid parent, std::string_view name);

  /// Keeps, for a while, the bytes of a file that another has just taken the place of: who found it a moment before may
  /// still open it.
  void set_gone(const OpenFilePtr& file);
  bool is_gone(Fmid fmid) const;

  /// For mounts without open and release: keeps the most recently read files. `anew`: not the one kept.
  OpenFilePtr recent(Fmid fmid, bool anew);

  /// Names of created files. A name is taken by one file at most.
  bool add_pending(Fmid parent, std::string_view name, const OpenFilePtr& file);
  void remove_pending(Fmid parent, std::string_view name);
  OpenFilePtr pending(Fmid parent, std::string_view name) const;
  bool has_pending(Fmid parent) const;

  /// How many files hold bytes that no medium has.
  std::size_t unsaved() const;

 private:
  struct Counted {
    OpenFilePtr file;
    std::uint64_t handles = 0;
  };

  /// Null if it is not among those kept.
  OpenFilePtr find_gone(Fmid fmid) const MAPISTORE_REQUIRES(mutex_);

  mutable Mutex mutex_{LockRank::handles};
  std::atomic<std::uint64_t> closed_ = 0;
  std::unordered_map<std::uint64_t, Counted> files_ MAPISTORE_GUARDED_BY(mutex_);
  std::unordered_map<std::uint64_t, unsigned> told_ MAPISTORE_GUARDED_BY(mutex_);  ///< by writer
  std::uint64_t last_writer_ MAPISTORE_GUARDED_BY(mutex_) = 0;
  std::map<std::pair<std::uint64_t, std::string>, OpenFilePtr> pending_ MAPISTORE_GUARDED_BY(mutex_);
  std::list<OpenFilePtr> recent_ MAPISTORE_GUARDED_BY(mutex_);
  std::deque<OpenFilePtr> gone_ MAPISTORE_GUARDED_BY(mutex_);
  std::set<std::pair<std::uint64_t, std::string>> turns_ MAPISTORE_GUARDED_BY(mutex_);
  std::condition_variable_any turn_ended_;
};

}  // namespace mapistore::fs
