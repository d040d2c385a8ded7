#pragma once

#include <condition_variable>
#include <map>
#include <set>

#include <mapistore/call.h>
#include <mapistore/export.h>
#include <mapistore/object.h>
#include <mapistore/result.h>

#include "core/mutex.h"

namespace mapistore {

/// Keeps apart, folder by folder, the changes that this process makes to a medium and what the medium tells meanwhile.
///
/// A report that was read from the medium before a change of ours, and entered the index after it, would undo in the
/// index what the medium has. So who changes says what he wrote, and who takes a report into the index leaves that out
/// and asks for it again. So does who takes a report when another has entered what it tells of the same. Neither waits
/// while the other talks to the medium, but for one thing: a message that is being saved may be reported before its
/// saver has entered it under its own FMID. Thread-safe.
class MAPISTORE_API FolderTraffic {
 public:
  /// Stands for where the folders of the context lie, when one moves: every report waits for that, since it may have
  /// looked where its folder is no longer.
  static constexpr Fmid all_places{};

  /// A change of our own to a folder, from before the medium is asked until the index has it.
  class MAPISTORE_API Change {
   public:
    /// `folder` may be `all_places`.
    Change(FolderTraffic& traffic, Fmid folder);
    ~Change();
    Change(const Change&) = delete;
    Change& operator=(const Change&) = delete;

    /// To be called between the medium's answer and the index transaction that enters it.
    void wrote(const Key& key);

   private:
    FolderTraffic& traffic_;
    Fmid folder_;
    std::uint64_t ticket_;
  };

  /// A report, from before the medium is asked until the index has it.
  class MAPISTORE_API Report {
   public:
    Report(FolderTraffic& traffic, Fmid folder);
    ~Report();
    Report(const Report&) = delete;
    Report& operator=(const Report&) = delete;

    /// Waits for the changes that began before now: what the medium has told so far may show them.
    Result<> settle(const Call& call);
    /// What is told of `key` may be older than the index. To be asked inside the index transaction.
    bool is_outdated(const Key& key) const;
    /// What is told of `key`, be it that there is none, is in the index: what other reports tell of it may be older. To
    /// be called inside the index transaction.
    void entered(const Key& key);

   private:
    friend class Change;
    FolderTraffic& traffic_;
    Fmid folder_;
    std::set<Key> written_;  ///< guarded by FolderTraffic::mutex_
  };

 private:
  struct Lane {
    std::set<std::uint64_t> changes;  ///< the tickets of those under way
    std::set<Report*> reports;
  };
  /// Begins a change, and tells its ticket.
  std::uint64_t enter(Fmid folder);
  void leave(Fmid folder) MAPISTORE_REQUIRES(mutex_);
  /// Whether a change is under way that began with ticket `last` at the latest.
  bool is_changing(Fmid folder, std::uint64_t last) const MAPISTORE_REQUIRES(mutex_);

  mutable Mutex mutex_{LockRank::traffic};
  std::condition_variable_any ended_;
  std::uint64_t last_ticket_ MAPISTORE_GUARDED_BY(mutex_) = 0;
  std::map<Fmid, Lane> lanes_ MAPISTORE_GUARDED_BY(mutex_);
};

}  // namespace mapistore
