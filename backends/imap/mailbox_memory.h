#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "backends/imap/uid_set.h"

namespace mapistore::imap {

/// What has been learnt of mailboxes while they were worked in. Hints, which save questions. Thread-safe.
class MailboxMemory {
 public:
  using Clock = std::chrono::steady_clock;

  /// The UIDVALIDITY of the last selection; a greater next UID under the same one.
  void selected(std::string_view raw, std::uint32_t uid_validity, Uid next);
  std::optional<std::uint32_t> uid_validity(std::string_view raw) const;
  /// The lowest UID that a message may have that comes from now on; 0: not known.
  Uid next_uid(std::string_view raw) const;

  /// A message on its way, by the order in which they are sent.
  struct Passage {
    std::uint64_t number = 0;
    Uid expected = 0;  ///< the UID that it gets, unless others bring something meanwhile
  };
  Passage sending(std::string_view raw);
  /// Which one it got.
  void sent(std::string_view raw, const Passage& passage, Uid uid);

  /// The server's id of the mailbox while it has that UIDVALIDITY; empty: not known.
  void note_id(std::string_view raw, std::uint32_t uid_validity, std::string id);
  std::string id(std::string_view raw, std::uint32_t uid_validity) const;

  /// Octets of the largest message that the server takes there; none: not asked yet.
  void note_append_limit(std::string_view raw, std::uint64_t octets);
  std::optional<std::uint64_t> append_limit(std::string_view raw) const;

  /// What the user may do there, for ten minutes; none: to be asked.
  void note_rights(std::string_view raw, std::string rights);
  std::optional<std::string> rights(std::string_view raw) const;
  void forget_rights(std::string_view raw);

  void compared(std::string_view raw);
  /// When all flags of it were compared.
  Clock::time_point compared_at(std::string_view raw) const;

  /// It has another name, or is gone.
  void forget(std::string_view raw);

 private:
  struct Known {
    /// Forgets what was known of it under another UIDVALIDITY.
    void number(std::uint32_t validity);

    std::uint32_t uid_validity = 0;  ///< 0: not known
    Uid next = 0;
    std::uint64_t last_sending = 0, last_sent = 0;  ///< numbers of passages
    std::optional<Uid> before_first{};              ///< a UID less the number of its passage, modulo 2^32
    std::string id{};
    Clock::time_point compared{};
    std::optional<std::uint64_t> append_limit{};
    std::string rights{};
    Clock::time_point rights_until{};
  };

  mutable std::mutex mutex_;  ///< rank: leaf
  std::map<std::string, Known, std::less<>> known_;
};

}  // namespace mapistore::imap
