#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <mapistore/message.h>
#include <mapistore/restriction.h>

namespace mapistore {

/// Numbers are fixed for ever; adding an ability changes no vtable, so it is a minor step of the ABI.
enum class AbilityId : std::uint32_t {
  moving = 1,
  watching = 2,
  trashing = 3,
  quota = 4,
  durability = 5,
  reading = 6,
  searching = 7,
  describing = 8,
  part_reading = 9,
};

/// Moves and copies messages inside one medium.
class MAPISTORE_API Moving {
 public:
  static constexpr AbilityId id = AbilityId::moving;
  virtual ~Moving();

  /// Moves `message` from `from` into `to` (which may be the same folder), called `name` where the medium keeps
  /// names. State, received time and bytes stay. With `replaces`, in place of that message of `to`, atomically.
  /// Errc::exists without it if the name is taken.
  virtual Result<Entry> move(const Call& call, const FolderPath& from, const MessageRef& message, const FolderPath& to,
                             std::string_view name, const MessageRef* replaces) = 0;

  /// The same, leaving the source untouched.
  virtual Result<Entry> copy(const Call& call, const FolderPath& from, const MessageRef& message, const FolderPath& to,
                             std::string_view name) = 0;
};

/// Takes what a watcher sees. Called on the watching thread only.
class MAPISTORE_API WatchSink {
 public:
  virtual ~WatchSink();
  virtual void message_changed(const FolderPath& folder, const Key& key) = 0;
  virtual void folder_changed(const FolderPath& folder) = 0;  ///< children came, went or moved: list again
  virtual void everything_changed() = 0;                      ///< events were lost: list the whole tree again
};

/// Notices changes made by others (and, harmlessly, by ourselves).
class MAPISTORE_API Watching {
 public:
  static constexpr AbilityId id = AbilityId::watching;
  virtual ~Watching();

  /// Begins to watch the whole tree; what changes afterwards will be reported by `watch`. Once per context.
  virtual Result<> start(const Call& call) = 0;

  /// Reports until `call.stop` is requested, sleeping without wake-ups in between. Errc::cancelled then.
  virtual Result<> watch(const Call& call, WatchSink& sink) = 0;
};

/// A folder of the medium that takes what was deleted and can give it back. Implies Moving.
class MAPISTORE_API Trashing {
 public:
  static constexpr AbilityId id = AbilityId::trashing;
  virtual ~Trashing();

  /// The trash; created by the backend when first needed. It need not appear in any listing.
  virtual FolderPath trash() const = 0;
};

/// Room in the medium, in bytes and objects; zero total: not limited.
struct Usage {
  std::uint64_t bytes_total = 0, bytes_free = 0, objects_total = 0, objects_free = 0;
};

class MAPISTORE_API Quota {
 public:
  static constexpr AbilityId id = AbilityId::quota;
  virtual ~Quota();
  virtual Result<Usage> usage(const Call& call) = 0;
};

/// A medium that answers before what it saved would survive a power cut, and can make up for it. What a server of its
/// own keeps safe has no need of this.
class MAPISTORE_API Durability {
 public:
  static constexpr AbilityId id = AbilityId::durability;
  virtual ~Durability();
  /// Returns once all that was saved so far survives a power cut.
  virtual Result<> make_durable(const Call& call) = 0;
};

/// Takes the bodies that Reading streams, one after the other. Called on the reading thread only; may block, which is
/// how it slows the stream down. An error returned must end the reading.
class MAPISTORE_API BodySink {
 public:
  virtual ~BodySink();

  /// The body of `messages[index]` follows: `size` bytes exactly, whose validator is `change` (as Body::change).
  virtual Result<> begin(std::size_t index, const ChangeKey& change, std::uint64_t size) = 0;
  /// Its next bytes, in pieces of any length.
  virtual Result<> data(std::span<const std::byte> bytes) = 0;
  /// That was all of it; or the rest cannot be had, and what was given is worth nothing.
  virtual Result<> end(bool complete) = 0;
};

/// Reads many messages at the cost of few round trips: what Profile::remote media are read ahead with.
class MAPISTORE_API Reading {
 public:
  static constexpr AbilityId id = AbilityId::reading;
  virtual ~Reading();

  /// Hands the bodies of `messages`, all in `folder`, to `sink`: each once, in any order, as fast as the medium
  /// streams, holding no more of them in memory than a bounded piece. Changes nothing in the medium, not even a seen
  /// flag. A message that is gone is left out. Errc::not_found: the folder is gone.
  virtual Result<> read_many(const Call& call, const FolderPath& folder, std::span<const MessageRef> messages,
                             BodySink& sink) = 0;
};

/// Finds messages without reading them all.
class MAPISTORE_API Searching {
 public:
  static constexpr AbilityId id = AbilityId::searching;
  virtual ~Searching();

  struct Found {
    std::vector<Key> keys;
    bool decided = true;  ///< false: a part of the restriction was left out, so some of `keys` may not satisfy it
  };
  /// The messages directly in `folder` that satisfy `restriction`, in any order. What words a text is taken to hold is
  /// the medium's to say. None that satisfies it is missing: what the medium cannot tell is left out of the condition.
  /// Errc::unsupported: it can tell nothing of it. Errc::not_found: the folder is gone.
  virtual Result<Found> search(const Call& call, const FolderPath& folder, const Restriction& restriction) = 0;
};

/// What a medium tells of a folder beside its name and what is in it: texts, each under a name of a-z, 0-9 and '-'.
/// Those that mean the same in every medium: "color", "#rrggbb" or "#rrggbbaa"; "comment", a text for people;
/// "components", what iCalendar and vCard call the objects that it takes, with a blank between; "read-only", "0" or
/// "1".
class MAPISTORE_API Describing {
 public:
  static constexpr AbilityId id = AbilityId::describing;
  virtual ~Describing();

  using Details = std::map<std::string, std::string, std::less<>>;
  /// All that `folder` has as the medium has it now; what has no value is left out. Errc::not_found: it is gone.
  virtual Result<Details> details(const Call& call, const FolderPath& folder) = 0;

  /// Sets one of them, or without `value` takes it away. On success the medium has it, in its own spelling.
  /// Errc::not_permitted: it follows from other things; Errc::unsupported: the medium keeps none of this name, or must
  /// have one; Errc::invalid_argument: it cannot have this value.
  virtual Result<> set_detail(const Call& call, const FolderPath& folder, std::string_view name,
                              std::optional<std::string_view> value) = 0;
};

/// Tells how a large mail is made up, and reads pieces of it, so that one attachment can be had without the others.
class MAPISTORE_API PartReading {
 public:
  static constexpr AbilityId id = AbilityId::part_reading;
  virtual ~PartReading();

  struct Outline {
    ChangeKey change;        ///< of the bytes that all of this is about
    std::uint64_t size = 0;  ///< of the whole message
    /// The octets of the body of each part that has no parts, encoded as it stands, in the order in which they stand;
    /// those of a message in the message are among them. The core looks whether they are right.
    std::vector<std::uint64_t> leaves;
    std::string beginning;  ///< the message's first 64 KiB or so; never empty
  };
  /// In one round trip. Changes nothing in the medium. Errc::not_found; Errc::unsupported: nothing is told of this one.
  virtual Result<Outline> outline(const Call& call, const FolderPath& folder, const MessageRef& message) = 0;

  /// Fills `out` with the bytes from `offset` on, as fast as the medium streams. Errc::not_found; Errc::stale: they are
  /// not those of `message.change`; Errc::corrupted: there are fewer.
  virtual Result<> read_range(const Call& call, const FolderPath& folder, const MessageRef& message,
                              std::uint64_t offset, std::span<std::byte> out) = 0;
};

}  // namespace mapistore
