#include "backends/imap/mailbox_memory.h"

#include <algorithm>

namespace mapistore::imap {

void MailboxMemory::selected(std::string_view raw, std::uint32_t uid_validity, Uid next) {
  const std::lock_guard lock{mutex_};
  Known& known = known_[std::string(raw)];
  if (known.uid_validity != uid_validity) known = {.uid_validity = uid_validity};
  known.next = std::max(known.next, next);
}

std::optional<std::uint32_t> MailboxMemory::uid_validity(std::string_view raw) const {
  const std::lock_guard lock{mutex_};
  const auto found = known_.find(raw);
  return found != known_.end() ? std::optional{found->second.uid_validity} : std::nullopt;
}

Uid MailboxMemory::next_uid(std::string_view raw) const {
  const std::lock_guard lock{mutex_};
  const auto found = known_.find(raw);
  return found != known_.end() ? found->second.next : 0;
}

void MailboxMemory::note_id(std::string_view raw, std::uint32_t uid_validity, std::string id) {
  const std::lock_guard lock{mutex_};
  Known& known = known_[std::string(raw)];
  if (known.uid_validity != uid_validity) known = {.uid_validity = uid_validity};
  known.id = std::move(id);
}

std::string MailboxMemory::id(std::string_view raw, std::uint32_t uid_validity) const {
  const std::lock_guard lock{mutex_};
  const auto found = known_.find(raw);
  return found != known_.end() && found->second.uid_validity == uid_validity ? found->second.id : std::string{};
}

void MailboxMemory::compared(std::string_view raw) {
  const std::lock_guard lock{mutex_};
  known_[std::string(raw)].compared = Clock::now();
}

MailboxMemory::Clock::time_point MailboxMemory::compared_at(std::string_view raw) const {
  const std::lock_guard lock{mutex_};
  const auto found = known_.find(raw);
  return found != known_.end() ? found->second.compared : Clock::time_point{};
}

void MailboxMemory::forget(std::string_view raw) {
  const std::lock_guard lock{mutex_};
  if (const auto found = known_.find(raw); found != known_.end()) known_.erase(found);
}

}  // namespace mapistore::imap
