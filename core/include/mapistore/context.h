#pragma once

#include <memory>
#include <string_view>

#include <mapistore/ability.h>
#include <mapistore/message.h>

namespace mapistore {

/// What a backend declares about itself; the conformance suite holds it to every field.
struct Profile {
  bool read_only = false;
  bool names_on_medium = false;      ///< file names live in the medium, so Moving also renames inside a folder
  bool keeps_state = true;           ///< read, flagged, answered, importance, categories survive in the medium
  bool keeps_properties = false;     ///< what the bytes cannot tell survives in the medium too
  bool keeps_received = true;        ///< `received` can be set
  bool rewrites_bytes = false;       ///< the medium may change what was saved
  bool remote = false;               ///< reading costs a round trip: the core keeps bodies in its cache on disk
  bool crlf_lines = false;           ///< what is saved gets a CR before every LF that lacks one, and is else kept
  std::vector<MessageKind> kinds;    ///< what can be saved; empty: everything
  std::chrono::nanoseconds time_precision{1};  ///< of `received`
};

/// Takes what a listing finds. Called on the listing thread only; an error returned must end the listing.
class MAPISTORE_API ChangeSink {
 public:
  virtual ~ChangeSink();

  /// Whether the core already holds `key` with these validators. If so the backend need not read the message, and
  /// must not report it: it counts as reported.
  virtual bool known(const Key& key, const ChangeKey& change, const ChangeKey& state_change) = 0;
  virtual Result<> message(Entry entry) = 0;
  virtual Result<> folder(FolderEntry entry) = 0;
  virtual Result<> removed(const Key& key) = 0;
};

/// What a listing achieved.
struct Listing {
  Cursor next;            ///< where the next listing of this folder may begin; empty: always from the beginning
  bool complete = true;   ///< everything in the folder was reported: what was not is gone
};

/// One open root folder and everything below it: the seam between the core and a medium.
///
/// Thread-safe: any method may run beside any other. A method blocks until `call.deadline` or a stop request at
/// most, and then answers Errc::timed_out or Errc::cancelled. What the medium cannot do answers Errc::unsupported.
/// A failed method changed nothing that a reader of the medium can see. Strings in errors name the object and
/// never hold a secret. Methods report failures by Result and throw nothing.
class MAPISTORE_API Context {
 public:
  virtual ~Context();

  /// What this context can hold and do. Constant; owned by the context.
  virtual const Profile& profile() const noexcept = 0;

  /// Reports the direct children of `folder`, messages and folders, that changed since `since`; all of them if it
  /// is empty or too old to be of use. Errc::not_found: the folder is gone.
  virtual Result<Listing> changes(const Call& call, const FolderPath& folder, const Cursor& since,
                                  ChangeSink& sink) = 0;

  /// One message as it is now. Errc::not_found.
  virtual Result<Entry> inspect(const Call& call, const FolderPath& folder, const Key& key) = 0;

  /// Opens a message's bytes for reading. Reading changes nothing in the medium, not even a seen flag.
  virtual Result<std::unique_ptr<Body>> open(const Call& call, const FolderPath& folder, const MessageRef& message) = 0;

  /// Commits `draft` into `folder`; with `replaces`, in place of that message, atomically for readers where the
  /// medium can. On success the medium has it. Errc::exists: `draft.name` is taken and names_on_medium;
  /// Errc::stale: `replaces` is not what it was; Errc::unsupported: not a kind in Profile::kinds.
  virtual Result<Entry> save(const Call& call, const FolderPath& folder, const Draft& draft,
                             const MessageRef* replaces) = 0;

  /// Changes state without touching the bytes. The entry returned tells what the medium now holds.
  virtual Result<Entry> set_state(const Call& call, const FolderPath& folder, const MessageRef& message,
                                  const StateChange& change) = 0;

  /// Removes a message for good. Errc::not_found is for the caller to forgive; Errc::stale: `message.change` is set,
  /// and the bytes are others now.
  virtual Result<> remove(const Call& call, const FolderPath& folder, const MessageRef& message) = 0;

  /// Errc::exists; Errc::name_too_long; Errc::invalid_argument for a name that the medium cannot hold.
  virtual Result<FolderEntry> create_folder(const Call& call, const FolderPath& parent,
                                            std::string_view display_name) = 0;

  /// Renames and moves `folder` with all below it. Errc::exists; Errc::not_permitted for special folders;
  /// Errc::invalid_argument into its own subtree.
  virtual Result<FolderEntry> rename_folder(const Call& call, const FolderPath& folder, const FolderPath& new_parent,
                                            std::string_view new_name) = 0;

  /// Removes an empty folder. Errc::not_empty; Errc::not_permitted for special folders.
  virtual Result<> remove_folder(const Call& call, const FolderPath& folder) = 0;

  /// The optional ability asked for, or null. Owned by the context.
  template <class Ability>
  Ability* ability() noexcept {
    return static_cast<Ability*>(query(Ability::id));
  }

 private:
  /// Returns `static_cast<Ability*>(this)` for each ability offered: the only pointer the cast back may see.
  virtual void* query(AbilityId id) noexcept;
};

}  // namespace mapistore
