#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/background_thread.h"
#include "core/replica.h"

namespace mapistore {

/// Keeps other media like contexts of the store, and puts one in its context's place while the folder is in use.
///
/// The other medium is brought up to date by a Replica, pass by pass, until nothing is left to do. Then nobody may use
/// the context for a moment: what came since is brought over, the media change places in the index and in the
/// LiveContext, and FMIDs and names stay. The medium that was there before is left as it is, and can be brought up to
/// date and put back in the same way, until somebody says that it is not needed any more. All of it is in the index, so
/// a mount goes on where the last one ended. A thread, which sleeps while there is nothing of the kind. Thread-safe.
class MAPISTORE_API Switcher {
 public:
  /// Finds the medium that a section describes, as SwitchRow has it.
  using Open = std::function<Result<LiveContext::Source>(const std::string& section)>;

  Switcher(Store& store, Index& index, ErrorsLog& errors, StoreObserver& observer, Open open)
      : store_{store}, index_{index}, errors_{errors}, observer_{observer}, open_{std::move(open)} {}
  Switcher(const Switcher&) = delete;
  Switcher& operator=(const Switcher&) = delete;

  void start();
  /// False if stuck in a medium at `deadline`.
  bool stop(std::chrono::steady_clock::time_point deadline) { return thread_.stop(deadline); }

  /// Begins to bring the medium of `section` up to date; unless `keep`, it takes the context's place then.
  /// `own_section` describes the medium that the context has now. Errc::not_found: no such top folder; Errc::busy: it
  /// has another one beside it already; Errc::invalid_argument; and what the section's own checks say.
  Result<> begin(std::string_view top_folder, const std::string& section, const std::string& own_section, bool keep);
  /// Brings the medium that was there before up to date, and puts it back. Errc::not_found: nothing was exchanged;
  /// Errc::not_permitted: all messages are gone from the context's own medium, and would be removed from that one.
  Result<> go_back(std::string_view top_folder);
  /// The other medium is not needed any more, and left as it is. Errc::not_found: there is none.
  Result<> finish(std::string_view top_folder);

  struct Status {
    std::string folder;
    SwitchPhase phase = SwitchPhase::replicating;
    std::string uri, own_uri, own_section;
    std::uint64_t messages = 0;  ///< of the context
    std::uint64_t held = 0;      ///< of them in the other medium as they are now
    std::uint64_t failed = 0;    ///< objects that the last pass could not bring over
    std::optional<Error> error;  ///< what keeps it
  };
  Result<std::vector<Status>> status();

  /// What a context of `uri` is opened by, if that is no longer its medium. None: it is.
  Result<std::optional<LiveContext::Source>> exchanged(const ContextUri& uri);

 private:
  /// What is known of one context beyond its row.
  struct Work {
    std::optional<LiveContext::Source> source{};
    std::unique_ptr<Context> target{};
    std::unique_ptr<Replica> replica{};
    bool verified = false;
    std::uint64_t looked_at = 0;  ///< the last change when nothing was left to do
    std::chrono::milliseconds brake{};  ///< what each change of the context waits, so that the target can follow
    std::chrono::steady_clock::time_point not_before{};
    std::chrono::seconds pause{1};
  };
  struct Trouble {
    std::uint64_t failed = 0;
    std::optional<Error> error;
  };

  Result<LiveContext*> top_folder(std::string_view name) const;
  Result<SwitchRow> row_of(const LiveContext& context);
  Result<> write(const SwitchRow& row);
  void run(const std::stop_token& stop);
  Result<> step(const std::stop_token& stop, SwitchRow row, LiveContext& context, Work& work);
  Result<> open_target(const std::stop_token& stop, const SwitchRow& row, LiveContext& context, Work& work);
  /// True: they have changed places.
  Result<bool> exchange(const std::stop_token& stop, const SwitchRow& row, LiveContext& context, Work& work);
  Result<> exchange_paused(const std::stop_token& stop, const SwitchRow& row, LiveContext& context, Work& work);
  void note(ContextId context, std::uint64_t failed, const std::optional<Error>& error);

  Store& store_;
  Index& index_;
  ErrorsLog& errors_;
  StoreObserver& observer_;
  Open open_;

  std::map<ContextId, Work> works_;                ///< the thread's alone
  std::vector<std::unique_ptr<Context>> retired_;  ///< bodies of them may be open; the thread's alone
  Mutex mutex_{LockRank::switcher};
  std::map<ContextId, Trouble> troubles_ MAPISTORE_GUARDED_BY(mutex_);
  BackgroundThread thread_;
};

}  // namespace mapistore
