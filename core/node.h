#pragma once

#include <optional>
#include <string>
#include <vector>

#include <mapistore/message.h>
#include <mapistore/property.h>

namespace mapistore {

/// The index's number of a context in this store.
struct ContextId {
  std::uint32_t value = 0;

  friend constexpr auto operator<=>(ContextId, ContextId) noexcept = default;
};

/// What an object of the index is. The numbers are stored.
enum class NodeKind : std::uint8_t {
  folder = 0,
  message = 1,
  local_file = 2,    ///< kept on this machine only: scratch, and files without bytes yet
  local_folder = 3,  ///< a scratch directory
  leaving_folder = 4,  ///< what a folder that was moved to another medium leaves behind: shown to nobody
};

/// What stat and a listing need of one object.
struct Node {
  Fmid fmid;
  Fmid parent;
  ContextId context;
  NodeKind kind = NodeKind::message;
  MessageKind message_kind = MessageKind::mail;
  std::string name;
  std::uint64_t size = 0;
  SizeTrust size_trust = SizeTrust::exact;  ///< anything else: not measured yet, by having the bytes
  Time modified{};  ///< messages: the received time
  Time changed{};   ///< last change of anything
  std::optional<std::uint32_t> mode, uid, gid;  ///< as set by a user
  std::uint32_t subfolders = 0;

  bool is_folder() const noexcept { return kind == NodeKind::folder || kind == NodeKind::local_folder; }
  bool is_local() const noexcept { return kind == NodeKind::local_file || kind == NodeKind::local_folder; }
};

/// A message with what its medium needs to find it.
struct StoredMessage {
  Node node;
  MessageRef ref;
  State state;
};

/// A folder with what only folders have.
struct StoredFolder {
  Node node;
  std::string display_name;
  Role role = Role::none;
  bool special = false;
  bool listed = false;  ///< its children have been listed once
  Cursor cursor;
};

/// What of a folder stays the same while only its messages change. The place is where it lies: its context's root or
/// trash, and the keys from there down.
struct FolderFacts {
  Fmid fmid;
  Fmid parent;
  ContextId context;
  NodeKind kind = NodeKind::folder;
  bool listed = false;
  bool special = false;
  Fmid top;
  FolderPath keys;
};

/// A context's rows in the index.
struct ContextRow {
  ContextId id;
  Fmid root;
  Fmid trash;
  bool remote = false;  ///< as its medium was when it was last open
};

/// A move of a message between media that has begun.
struct Transfer {
  Fmid fmid;
  Fmid source;                  ///< the folder it leaves
  Fmid target;                  ///< the folder it goes to
  std::string name;             ///< its name there
  std::optional<Key> replaced;  ///< the key of the message that it takes the place of, where the medium names by name
  std::uint64_t size = 0;
  std::string id10;
  std::string fingerprint;  ///< see fingerprint_of; empty: noted by an older version

  /// A new version of the message beside the old one, rather than a copy elsewhere.
  bool is_edit() const noexcept { return source == target && !replaced && !fingerprint.empty(); }
};

/// A folder that was moved to another medium, and may show messages that still lie where it was: those of another
/// context than its own.
struct FolderMove {
  Fmid folder;
  Fmid origin;  ///< the place that it left
};

/// A message of a medium that no object stands for, and that is to be removed.
struct Removal {
  Fmid folder;
  MessageRef ref;
  ContextId after;  ///< whose medium has what replaces it, and must have it for good before
};

}  // namespace mapistore
