#pragma once

#include <mapistore/doubt.h>

#include "core/background_thread.h"
#include "core/index_writer.h"
#include "core/shared_body.h"
#include "core/store.h"

namespace mapistore {

/// A message's bytes for reading more than once: those of a distant medium are held here meanwhile, in `directory` if
/// they are many.
Result<std::unique_ptr<Body>> open_for_copy(const Call& call, const Store::Place& place, const MessageRef& ref,
                                            const std::filesystem::path& directory);
/// What is wrong with the medium, not with one object.
MAPISTORE_API bool concerns_all(Errc code) noexcept;
/// Runs `look` until it has found what a save that nobody saw the end of left in a medium: at once, and in a `remote`
/// one, which may still be storing what it got before its connection ended, again after 1 and 3 seconds.
MAPISTORE_API Result<bool> look_for_saved(const Call& call, bool remote, const std::function<Result<bool>()>& look);
/// The SHA-256 of a body's bytes in hexadecimal digits.
MAPISTORE_API Result<std::string> checksum_of(const Call& call, Body& body);
/// Whether two bodies have the same bytes.
MAPISTORE_API Result<bool> is_same(const Call& call, Body& one, Body& other);
/// Whether `medium` has, as `saved` in `folder`, what it was given as `body`. `stored`: what it gave back as
/// Draft::stored.
Result<bool> has_kept(const Call& call, Context& medium, const FolderPath& folder, const Entry& saved,
                      std::unique_ptr<Body> stored, Body& body);
/// What a message is known by in a medium that was given `body`, whose summary is `sent`: SHA-256 of its bytes, or,
/// where the medium may make others of them, of what it cannot do without.
Result<std::string> fingerprint_of(const Call& call, const Profile& medium, Body& body, const Summary& sent);
/// Whether `there`, which `medium` shows in `folder`, is what it was given. What cannot be opened in a medium that
/// answers is not it.
Result<bool> is_copy(const Call& call, Context& medium, const FolderPath& folder, const Entry& there,
                     std::string_view fingerprint);

/// Moves messages from one medium to another, or to a name of another kind in the same one.
///
/// A move is noted in the index's journal, saved in its target, read back and compared, and then entered in the index
/// in one transaction: the message is at its new place under its FMID, and what is left in the source is noted as
/// nobody's. A thread removes that once the target has its copy for good. A kill at any point leaves exactly one
/// visible copy: what the target has before that transaction, and the source after it, is passed over by listings.
/// Thread-safe. Format of the journal: docs/formats/index.md.
class Copier {
 public:
  using Place = Store::Place;

  Copier(Store& store, Index& index, ErrorsLog& errors) : store_{store}, index_{index}, errors_{errors} {}
  Copier(const Copier&) = delete;
  Copier& operator=(const Copier&) = delete;

  /// Begins to take up what an earlier process left.
  void start() {
    thread_.start("copier", [this](const std::stop_token& stop) { run(stop); });
  }
  /// Removes what is to be removed as far as the media answer, and ends. False if stuck in a medium at `deadline`.
  bool stop(std::chrono::steady_clock::time_point deadline) { return thread_.stop(deadline); }

  /// Moves `message`, which the caller has claimed, to `target`/`name`; a message `replaced` that is there gives way.
  /// On failure the source is as it was. Errc::corrupted: the target did not give back what it was given.
  Result<> move(const Call& call, const StoredMessage& message, Fmid target, std::string_view name,
                const std::optional<Node>& replaced);
  /// Notes that the medium of `folder` may have `draft`, the next version of `message`, although it did not say so. By
  /// who has claimed the message.
  void doubt(const StoredMessage& message, const Place& into, Fmid folder, const Draft& draft);
  /// Finds out how an earlier edit of a message ended, which the caller has claimed.
  Result<> settle_earlier_edit(const Call& call, Fmid message);
  /// Has the thread look at what is to be done.
  void wake() { thread_.wake(); }
  /// Removes now what moved messages have left in `folder`, so that it is as empty in its medium as it looks.
  Result<> clear(const Call& call, Fmid folder);

 private:
  /// A move under way.
  struct Move {
    const StoredMessage& message;
    Fmid home;            ///< the folder that it leaves
    Place from, into;
    Transfer transfer;
    Draft draft;
    std::optional<StoredMessage> replaced;
  };

  /// Saves the draft beside what it will replace, and has it compared.
  Result<Entry> save(const Call& call, const Move& move, FolderTraffic::Change& arriving,
                     std::unique_ptr<Body>& stored);
  /// Puts the saved message in the place of the one that it replaces, where the medium names by name.
  Result<Entry> take_place(const Call& call, const Move& move, const Entry& saved);
  Result<> compare(const Call& call, const Place& place, const Entry& saved, std::unique_ptr<Body> stored,
                   Body& original) const;
  Result<> enter(const Move& move, Entry entry);
  /// Removes the folder that an ended process had begun to make for a move, if nobody has put anything there.
  Result<> settle_beginning(const Call& call, Fmid parent, const std::string& name);
  /// Leaves nothing of a failed move. `saved`: what the target has of it, as far as that is known.
  void give_up(const Move& move, const std::optional<Entry>& saved, const Error& error);

  // copier_recovery.cc: the thread
  void run(const std::stop_token& stop);
  /// What is left to do is done, as far as the media answer.
  bool work_off(const Call& call);
  /// The transfer of a message of which nobody knows how it ended.
  Result<std::optional<Transfer>> orphaned(Fmid message);
  Result<> claim_and_settle(const Call& call, const Transfer& transfer);
  /// Finds out how a transfer ended whose message the caller has claimed, and ends it.
  Result<> settle(const Call& call, const Transfer& transfer);
  /// Finds out what a failed edit, or a move to a name of another kind, has left in its folder.
  Result<> settle_edit(const Call& call, const Transfer& edit, const Place& into);
  /// Whether a message has gone from its medium, and nobody of this store has removed it.
  Result<bool> has_given_way(const Call& call, Fmid message);
  /// Takes an orphaned transfer out of the journal. `left`: what is to be removed of it.
  Result<> end(const Call& call, const Transfer& transfer, LiveContext* into, const std::optional<Removal>& left);
  /// What the target shows of an orphaned transfer.
  Result<std::optional<Entry>> find_saved(const Call& call, const Place& into, const Transfer& transfer,
                                          std::string_view fingerprint);
  Result<> remove(const Call& call, std::span<const Removal> removals, bool& all);

  Store& store_;
  Index& index_;
  ErrorsLog& errors_;

  std::string last_failure_;  ///< the thread's alone: one trouble is told once
  BackgroundThread thread_;
};

}  // namespace mapistore
