#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <mapistore/call.h>
#include <mapistore/object.h>

namespace mapistore {

/// What a message is; stands for the message-class family (MS-OXCMSG 2.2.1.3) and picks the file extension.
/// The numbers are stored in the index: append only.
enum class MessageKind : std::uint8_t {
  mail = 0,         ///< IPM.Note and all that is MIME: .eml
  appointment = 1,  ///< IPM.Appointment: .ics VEVENT
  task = 2,         ///< IPM.Task: .ics VTODO
  journal = 3,      ///< IPM.Activity: .ics VJOURNAL
  contact = 4,      ///< IPM.Contact, IPM.DistList: .vcf
  note = 5,         ///< IPM.StickyNote: .txt
  document = 6,     ///< IPM.Document: any other file, with its own name (MS-OXODOC)
};

/// The message class of a kind, e.g. "IPM.Appointment". Static storage.
MAPISTORE_API std::string_view message_class(MessageKind kind) noexcept;

/// What can change about a message without its bytes changing.
struct State {
  bool read = false;
  bool flagged = false;
  bool answered = false;
  bool forwarded = false;
  bool draft = false;
  std::uint8_t importance = 1;  ///< PidTagImportance: 0 low, 1 normal, 2 high
  std::vector<std::string> categories;  ///< PidNameKeywords, in the medium's order

  friend bool operator==(const State&, const State&) = default;
};

/// What a name and a listing need of a message; read from its first bytes (see summarize.h).
struct Summary {
  MessageKind kind = MessageKind::mail;
  std::string message_id;         ///< normalised: no brackets or blanks; events and contacts: UID
  std::string recurrence_id;      ///< events only
  std::optional<Time> date;       ///< mail: Date; events: start; tasks: due
  bool date_only = false;         ///< all-day event, or a due date without a time
  std::string from;               ///< addr-spec of the first author
  std::string to;                 ///< addr-spec of the first recipient
  std::string subject;            ///< decoded, UTF-8; events: SUMMARY; contacts: see summarize.h; documents: own name

  friend bool operator==(const Summary&, const Summary&) = default;
};

/// What a user set of a message that its bytes do not tell; `key` and `value` in the text form of a property file
/// (docs/formats/property_file.md), opaque to a medium.
struct SideProperty {
  std::string part;                  ///< empty: the message itself; or a list of its objects, such as "recipients"
  std::string key;
  std::optional<std::string> value;  ///< none: what the bytes tell is not to be there

  friend auto operator<=>(const SideProperty&, const SideProperty&) = default;
};
/// Those of one message, sorted, at most one of each part and key.
using SideProperties = std::vector<SideProperty>;

/// How far the size of an entry may be believed. The numbers are stored in the index: append only.
enum class SizeTrust : std::uint8_t { exact, hint, unknown };

/// One message as a backend lists it.
struct Entry {
  Key key;
  ChangeKey change;        ///< validator of the bytes
  ChangeKey state_change;  ///< validator of everything else
  std::string identity;    ///< the medium's id that survives a move by others (inode, OBJECTID); empty: none
  std::string name;        ///< the file name it has in the medium itself; empty: the core names it
  std::uint64_t size = 0;
  SizeTrust size_trust = SizeTrust::exact;
  /// Of what was saved in the place of another version: that one may be there still, as nobody said what became of it,
  /// and is the caller's to remove.
  bool leaves_replaced = false;
  Time received{};         ///< PidTagMessageDeliveryTime; becomes st_mtime
  State state;
  Summary summary;
  SideProperties properties;  ///< with Profile::keeps_properties; part of what `state_change` validates
};

/// One folder as a backend lists it.
struct FolderEntry {
  Key key;
  std::string display_name;  ///< any UTF-8
  std::string identity;      ///< as in Entry
  Role role = Role::none;
  bool special = false;      ///< the medium forbids renaming and removing it
  Time modified{};
  bool read_only = false;  ///< the medium lets this user put nothing into it and take nothing out: shown by its mode
};

/// What names a listed message to its backend. The validators are hints of what the caller has seen.
struct MessageRef {
  Key key;
  ChangeKey change;
  ChangeKey state_change;
  std::uint64_t size = 0;  ///< as it was listed; 0: not said
};

/// The bytes of one message, immutable while open: a later save or removal of the message does not reach them.
///
/// Thread-safe. read_at blocks until `call.deadline` at most.
class MAPISTORE_API Body {
 public:
  virtual ~Body();

  /// Validator of exactly these bytes; may be newer than the caller's MessageRef.
  virtual const ChangeKey& change() const noexcept = 0;
  virtual std::uint64_t size() const noexcept = 0;

  /// Fills `out` from `offset`, short only at the end. Returns the count of bytes read.
  virtual Result<std::size_t> read_at(const Call& call, std::uint64_t offset, std::span<std::byte> out) = 0;

  /// An open local file that holds just these bytes, or -1. Owned by the Body.
  virtual int descriptor() const noexcept { return -1; }
};

/// A message to be saved. Borrowed by the backend until `save` returns.
///
/// `name` and `summary` say what the user and the bytes say; a medium that keeps file names keeps `name`.
struct Draft {
  Body* body = nullptr;            ///< the raw bytes, never null
  std::string name;                ///< the file name the user gave
  Summary summary;
  State state;
  std::optional<Time> received;    ///< unset: now
  SideProperties properties;       ///< to be kept with Profile::keeps_properties, else the core keeps them
  /// Not null: who saves reads back what the medium has. A medium to which that costs a round trip of its own may put
  /// it here, as it has just read it; what stays null is opened.
  std::unique_ptr<Body>* stored = nullptr;
};

/// A change of state: unset members stay as they are.
struct StateChange {
  std::optional<State> state;
  std::optional<Time> received;
  std::optional<SideProperties>
      properties{};  ///< all of them, in place of those it had; only with Profile::keeps_properties
};

}  // namespace mapistore
