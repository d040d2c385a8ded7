#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <mapistore/object.h>

#include "backends/imap/uid_set.h"

namespace mapistore::imap {

/// What a server says beside a condition, in brackets: `[APPENDUID 38505 3955]`. Unknown codes are kept as they are.
struct ResponseCode {
  std::string name;       ///< in upper case; empty: there was none
  std::string arguments;  ///< what follows the name and a space, unread

  explicit operator bool() const noexcept { return !name.empty(); }
  bool is(std::string_view other) const noexcept { return name == other; }

  /// Of UIDVALIDITY, UIDNEXT, HIGHESTMODSEQ, UNSEEN, APPENDLIMIT, ...
  std::optional<std::uint64_t> number() const;
  /// Of PERMANENTFLAGS, BADCHARSET and CAPABILITY: the words.
  std::vector<std::string> words() const;
  /// Of MAILBOXID: the id without parentheses; empty if it is none by RFC 8474.
  std::string object_id() const;
  /// Of MODIFIED.
  UidSet uids() const;

  /// Of APPENDUID, in the order of the messages appended.
  struct Appended {
    std::uint32_t uid_validity = 0;
    std::vector<Uid> uids;
  };
  std::optional<Appended> appended() const;

  /// Of COPYUID: `from[i]` became `to[i]`. Nothing if the counts differ.
  struct Copied {
    std::uint32_t uid_validity = 0;
    std::vector<Uid> from, to;
  };
  std::optional<Copied> copied() const;
};

enum class Condition : std::uint8_t { ok, no, bad, bye, preauth };

/// `* OK [CODE] text`, and the same behind a tag.
struct ConditionReply {
  std::string tag;  ///< empty: untagged
  Condition condition = Condition::ok;
  ResponseCode code;
  std::string text;
};

/// `+ text`: the server waits for more of a command.
struct ContinuationReply {
  std::string text;
};

/// A BODY[...] or BINARY[...] of a FETCH reply.
struct BodyItem {
  bool binary = false;                  ///< decoded by the server
  std::string section;                  ///< between the brackets, in upper case: "", "HEADER", "2.1"
  std::optional<std::uint64_t> origin;  ///< of a partial one, `<0>`
  bool is_nil = false;                  ///< the server has no such thing, or no longer: not the same as empty
  std::uint64_t size = 0;
  std::optional<std::string> bytes;  ///< if kept; see Receiver::body

  bool operator==(const BodyItem&) const = default;
};

/// One FETCH reply; members that the server did not send are unset.
struct FetchReply {
  std::uint32_t sequence = 0;                     ///< never to be sent
  Uid uid = 0;                                    ///< 0: the server did not say
  std::optional<std::vector<std::string>> flags;  ///< as written, so `\seen` may be one
  std::optional<std::uint64_t> size;              ///< RFC822.SIZE, which some servers get wrong
  std::optional<Time> internal_date;
  std::optional<std::uint64_t> modseq;
  std::string email_id;  ///< EMAILID or X-GUID: the same for copies
  std::string thread_id;
  std::optional<std::uint64_t> gmail_id;  ///< X-GM-MSGID
  std::optional<std::vector<std::string>> gmail_labels;
  std::optional<Time> save_date;
  std::vector<BodyItem> bodies;
  std::vector<std::pair<std::string, std::uint64_t>> binary_sizes;  ///< by section
  std::optional<std::vector<std::uint64_t>> leaf_octets;            ///< of BODYSTRUCTURE; see body_structure.h

  bool operator==(const FetchReply&) const = default;
};

/// `* LIST (attributes) "separator" name (extended)`.
struct ListReply {
  std::vector<std::string> attributes;  ///< as written; compare without case
  std::optional<char> separator;        ///< unset: no hierarchy
  std::string name;                     ///< raw
  std::vector<std::string> child_info;  ///< of CHILDINFO
  std::string old_name;                 ///< raw; of OLDNAME

  bool has(std::string_view attribute) const noexcept;
};

struct StatusReply {
  std::string name;  ///< raw
  std::optional<std::uint64_t> messages, uid_next, uid_validity, unseen, deleted, highest_modseq, size, append_limit;
  std::string mailbox_id;  ///< MAILBOXID, or X-GUID; empty too where the server sent what can be none
};

/// SEARCH and ESEARCH.
struct SearchReply {
  std::string tag;  ///< of ESEARCH: the command it answers
  bool by_uid = false;
  UidSet found;  ///< of SEARCH, and ALL of ESEARCH
  std::optional<std::uint64_t> least, greatest, count, modseq;
};

struct VanishedReply {
  bool earlier = false;  ///< answers a QRESYNC SELECT or FETCH; else it happens now
  UidSet uids;
};

struct ExistsReply {
  std::uint32_t count = 0;
};

struct ExpungeReply {
  std::uint32_t sequence = 0;
};

struct FlagsReply {
  std::vector<std::string> flags;
};

struct CapabilityReply {
  std::vector<std::string> words;
};

struct EnabledReply {
  std::vector<std::string> words;
};

struct NamespaceReply {
  struct Prefix {
    std::string name;  ///< raw
    std::optional<char> separator;
  };
  std::vector<Prefix> personal, others, shared;
};

struct QuotaReply {
  struct Resource {
    std::string name;  ///< in upper case: STORAGE (in KiB), MESSAGE
    std::uint64_t usage = 0, limit = 0;
  };
  std::string root;
  std::vector<Resource> resources;
};

struct QuotaRootReply {
  std::string mailbox;  ///< raw
  std::vector<std::string> roots;
};

struct IdReply {
  std::vector<std::pair<std::string, std::string>> fields;  ///< names in lower case
};

struct MetadataReply {
  std::string mailbox;  ///< raw; empty: of the server
  std::vector<std::pair<std::string, std::optional<std::string>>> entries;
};

struct RightsReply {
  std::string mailbox;  ///< raw
  std::string rights;
};

/// What this client does not know, or could not read: framed, and else left alone.
struct UnknownReply {
  std::string keyword;  ///< in upper case
};

using Reply =
    std::variant<UnknownReply, ConditionReply, ContinuationReply, FetchReply, ListReply, StatusReply, SearchReply,
                 VanishedReply, ExistsReply, ExpungeReply, FlagsReply, CapabilityReply, EnabledReply, NamespaceReply,
                 QuotaReply, QuotaRootReply, IdReply, MetadataReply, RightsReply>;

/// What a literal at the end of an unfinished reply is: the body of a FETCH, with all that stood before it in the
/// reply.
struct PendingBody {
  FetchReply message;
  BodyItem item;
  std::size_t at = 0;  ///< where in the text the literal begins
};

/// Nothing if it is any other literal. `left_out`: where in `text` literals stood whose bytes are not there, ascending.
/// `before`: what this has told at the literal before in the same reply, so that nothing is read twice.
std::optional<PendingBody> parse_pending_body(std::string_view text, std::span<const std::size_t> left_out,
                                              std::optional<PendingBody> before = {});

/// Reads one framed reply (see reply_reader.h); never fails: what it cannot read is an UnknownReply, an item it does
/// not know is skipped. `left_out` and `before` are those of parse_pending_body.
Reply parse_reply(std::string_view text, std::span<const std::size_t> left_out, std::optional<PendingBody> before = {});

}  // namespace mapistore::imap
