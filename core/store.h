#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include <mapistore/backend.h>

#include "core/errors_log.h"
#include "core/index_writer.h"
#include "core/live_context.h"
#include "core/message_claims.h"
#include "core/store_observer.h"

namespace mapistore {

class Archivist;
class Copier;
class FolderMover;
class ReadAhead;
class RemoteBodies;
class Switcher;
class TrashKeeper;

/// What a name and a listing need of the bytes that are to be called `name`. Errc::invalid_content.
MAPISTORE_API Result<Summary> summary_of(const Call& call, Body& body, std::string_view name);

/// A user's store: its contexts behind one index, in terms of FMIDs.
///
/// Thread-safe after the last `add`. Methods that take a Call may wait for a medium until its deadline and belong on
/// the context's workers; the others answer from the index.
class MAPISTORE_API Store {
 public:
  struct Policy {
    bool read_only = false;
    bool purge = false;  ///< removing is for good, not into the trash
    bool wait_for_moves = false;  ///< a folder has moved to another medium when all its messages have
    std::filesystem::path cache_directory = {};  ///< for the bodies of remote media
    std::uint64_t cache_size = 0;                ///< in bytes; zero: none are kept
    /// Finds the medium that a section of a profile describes, for Switcher; unset: contexts keep theirs.
    std::function<Result<LiveContext::Source>(const std::string& section)> open_section = {};
  };

  Store(Index& index, ErrorsLog& errors, StoreObserver& observer, Policy policy);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  /// Adds a top folder; before any other thread uses the store. Of one that has been switched to another medium, that
  /// one, whatever the settings and `backend` say.
  Result<> add(LiveContext::Settings settings, Backend& backend);
  void start();
  /// False if something is stuck in a medium at `deadline`: then the process must end without destroying the store.
  bool stop(std::chrono::steady_clock::time_point deadline);

  Index& index() noexcept { return index_; }
  ErrorsLog& errors() noexcept { return errors_; }
  Switcher& switcher() noexcept { return *switcher_; }
  const std::vector<std::unique_ptr<LiveContext>>& contexts() const noexcept { return contexts_; }
  /// The context that an object belongs to. Errc::not_found: it is not part of this mount.
  Result<LiveContext*> context(ContextId id) const;
  bool writable(const LiveContext& context) const noexcept;
  /// Whether the medium of `context` takes messages of `kind`. Waits for the context to open.
  Result<bool> holds(const Call& call, ContextId context, MessageKind kind) const;

  /// The bytes of a message. Those of a remote medium come from the cache if they are there, in the version that the
  /// index knows.
  Result<std::unique_ptr<Body>> open(const Call& call, Fmid message);

  /// Whether the body of a message of a remote medium is in the cache or on its way there.
  bool holds_body(const StoredMessage& message);
  /// What the medium of a large message, of which nothing is in the cache or on its way there, tells of how it is made
  /// up (PartReading). None: it is better opened.
  Result<std::optional<PartReading::Outline>> outline(const Call& call, const StoredMessage& message);
  /// Fills `out` with what such a message has from `offset` on. Errc::stale: it has changed since it was looked up.
  Result<> read_range(const Call& call, const StoredMessage& message, std::uint64_t offset, std::span<std::byte> out);

  /// Whether any medium is remote: then whoever opens a file for reading has to be told to `reading`.
  bool reads_remotely() const noexcept { return remote_; }
  /// How bodies of remote media were had so far: RemoteBodies::Counts as of now.
  struct CacheCounts {
    std::uint64_t hits = 0, misses = 0, fetched_bytes = 0;
  };
  CacheCounts cache_counts() const noexcept;
  bool is_remote(ContextId context) const;
  /// Whether what was saved there may have other bytes now.
  bool rewrites_bytes(ContextId context) const;
  /// `message` is being opened for reading; what will be read next is brought ahead. Waits for nobody.
  void reading(const Node& message);

  /// Opens those of the messages after `after` in its folder's listing that are `wanted`, until `take` answers false.
  /// Those whose medium has newer bytes than the index knows are left out. Of a remote medium only those that are in
  /// the cache, up to the first that is not.
  Result<> read_following(const Call& call, Fmid after, const std::function<bool(const Node&)>& wanted,
                          const std::function<bool(const Node&, const Body&)>& take);

  /// What to save and as what.
  struct Save {
    Fmid fmid;                      ///< of the new message, or of the one whose bytes are new
    Fmid parent;
    std::string name;
    Body* body = nullptr;
    std::optional<Time> received;
    Node like;                      ///< lends mode and owner
    std::optional<State> state;     ///< unset: as it is
    std::optional<SideProperties> side;  ///< unset: what still fits the new bytes
    std::optional<Fmid> copy_of;    ///< a message of the same bytes and state, which a medium may be able to copy
    /// New bytes of the message that `fmid` was when it was opened: what another program has put under its name since
    /// is not replaced, Errc::stale.
    bool edits = false;
  };
  /// Commits a new message, or new bytes of one, or one that takes the place of what is at parent/name. On success the
  /// medium has it and the index shows it. Errc::invalid_content, Errc::read_only, Errc::stale, and what the medium
  /// answers; then nothing changed.
  Result<> save(const Call& call, const Save& what);

  /// Has `message`, of which a medium has told, be the local file `local` from now on, under the file's FMID and
  /// `name`. Errc::stale: it has changed since.
  Result<> take_for(const Call& call, const Node& local, const StoredMessage& message, std::string_view name);

  /// What else is written in the index, in one transaction with what was done in a medium.
  using Rows = std::function<Result<>(IndexWriter&)>;

  /// Deletes a message: into the trash, or for good when it lies there or the policy says so. With `in_place` nobody
  /// sees its name missing.
  Result<> remove(const Call& call, const Node& message, const Rows& in_place = {});
  /// Removes for good what is in the trash of `context` and has not changed since before `limit`, and tells how many
  /// that were. Being put there is a change, so nothing is removed sooner; so are flags, set later.
  Result<std::size_t> purge_trash(const Call& call, LiveContext& context, Time limit);
  /// Takes a message out of its medium for good; the caller has its bytes. `in_place` as in remove().
  Result<> purge(const Call& call, const Node& message, const Rows& in_place = {});

  /// Moves and renames, inside one context or from one to another; the FMID stays. What is at the new place gives way.
  /// Under the name of another kind it is saved as that: Errc::invalid_content if it cannot be.
  Result<> move_message(const Call& call, const Node& message, Fmid parent, std::string_view name,
                        const std::optional<Node>& target);
  /// Moves a folder to where nothing is. In another context it is there at once, and its messages follow (FolderMover):
  /// by then, if the policy says so; that wait has no deadline.
  Result<> move_folder(const Call& call, const Node& folder, Fmid parent, std::string_view name);
  /// Waits until nothing in or from `folder` is on its way between media, and its medium has it for good.
  Result<> settle_folder(const Call& call, Fmid folder);
  /// Has a message survive a power cut, as fsync(2) asks for; a server has seen to that before it answered.
  Result<> make_durable(const Call& call, const Node& message);
  Result<> make_folder(const Call& call, Fmid parent, std::string_view name, std::uint32_t mode);
  /// Errc::not_empty; Errc::not_permitted for special folders.
  Result<> remove_folder(const Call& call, const Node& folder);

  /// `side`, if not null, becomes what the side store has, in one transaction with the change.
  Result<> change_state(const Call& call, Fmid message, const StateChange& change,
                        const SideProperties* side = nullptr);
  Result<> set_attributes(Fmid fmid, const IndexWriter::Attributes& attributes);
  Result<Usage> usage(const Call& call, ContextId context) const;
  /// Where an object shows, from the top folder down, or from the folder `below`, which is not named itself.
  Result<std::string> path_of(Fmid object, Fmid below = {}) const;
  /// What its medium tells of a folder; nothing where that cannot describe folders.
  Result<Describing::Details> details(const Call& call, Fmid folder);
  /// See Describing::set_detail. Errc::unsupported too where the medium cannot describe folders.
  Result<> set_detail(const Call& call, Fmid folder, std::string_view name, std::optional<std::string_view> value);

  /// See LiveContext::use; of the context that `folder` belongs to.
  Result<UseGate::Use> use(const Call& call, ContextId context) const;
  Result<UseGate::Use> use_of(const Call& call, Fmid folder);
  /// Where a folder lies in its medium. True while its context is in use.
  struct Place {
    LiveContext* context;
    Context* medium;
    FolderPath path;
  };
  Result<Place> place(const Call& call, Fmid folder);
  Result<Place> place_for_writing(const Call& call, Fmid folder);
  Result<MessageClaims::Claim> claim(const Call& call, Fmid message) { return claims_.claim(call, message); }
  /// A message of a folder that was moved before it is moved now.
  Result<> bring_home(const Call& call, Fmid message);
  /// Tells the observer that `node` is at `parent`/`name` now, which nobody asked for.
  void tell_moved(const Node& node, Fmid parent, std::string_view name);
  /// That the bytes of a message are others now.
  void tell_changed(Fmid message) { observer_.bytes_changed(message); }
  /// The same of something new at `parent`/`name`.
  void tell_made(Fmid parent, std::string_view name);

 private:
  void go_on_moving();
  /// For good, by who has claimed it.
  Result<> take_out(const Call& call, const StoredMessage& message, const Rows& in_place = {});
  /// The message that a save takes the place of, as the index has it now.
  Result<std::optional<StoredMessage>> replaced_by(const Save& what);
  /// Has the medium itself copy what a new message is a copy of. None: it cannot.
  Result<std::optional<Entry>> copy_in_medium(const Call& call, const Place& into, const Save& what);
  /// Where a message is to be asked for, while its context is in use. Errc::stale: it is no longer what it was.
  Result<Place> place_unchanged(const Call& call, const StoredMessage& message);
  Result<std::unique_ptr<Body>> open_where_it_was(const Call& call, const StoredMessage& message);
  Result<std::unique_ptr<Body>> ask_medium(const Call& call, const StoredMessage& message, Fmid home);
  Result<> make_durable_at(const Call& call, const Place& at);
  /// Enters in the index what a medium has done. If the index cannot take it in, `undo` takes it back there.
  Result<> enter(const Place& at, const Rows& rows, const std::function<Result<>(const Call&)>& undo);
  Result<> save_draft(const Call& call, const Place& into, const Save& what, Draft draft);
  Result<> move_once(const Call& call, const Node& node, Fmid parent, std::string_view name,
                     const std::optional<Node>& target);
  struct Destination {
    Fmid folder;
    std::string_view name;
    const std::optional<Node>& target;  ///< gives way
    bool beside;                        ///< under another name if this one is taken by then
    const Rows& in_place;               ///< of what moves
  };
  Result<> move_in_medium(const Call& call, const Place& from, const StoredMessage& message, const Destination& to);

  Index& index_;
  ErrorsLog& errors_;
  StoreObserver& observer_;
  Policy policy_;
  std::vector<std::unique_ptr<LiveContext>> contexts_;
  MessageClaims claims_;
  std::unique_ptr<Copier> copier_;
  std::unique_ptr<FolderMover> mover_;
  std::unique_ptr<TrashKeeper> trash_keeper_;
  std::unique_ptr<Archivist> archivist_;
  std::unique_ptr<Switcher> switcher_;
  std::unique_ptr<RemoteBodies> bodies_;
  std::unique_ptr<ReadAhead> read_ahead_;
  std::atomic<bool> remote_ = false;
};

}  // namespace mapistore
