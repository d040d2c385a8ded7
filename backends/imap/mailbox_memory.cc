#include "backends/imap/mailbox_memory.h"

#include <algorithm>

namespace mapistore::imap {

void MailboxMemory::Known::number(std::uint32_t validity) {
  if (uid_validity == validity) return;
  uid_validity = validity;
  next = 0;
  before_first.reset();
  id.clear();
  compared = {};
}

void MailboxMemory::selected(std::string_view raw, std::uint32_t uid_validity, Uid next) {
  const std::lock_guard lock{mutex_};
  Known& known = known_[std::string(raw)];
  known.number(uid_validity);
  known.next = std::max(known.next, next);
}

std::optional<std::uint32_t> MailboxMemory::uid_validity(std::string_view raw) const {
  const std::lock_guard lock{mutex_};
  const auto found = known_.find(raw);
  if (found == known_.end() || found->second.uid_validity == 0) return std::nullopt;
  return found->second.uid_validity;
}

Uid MailboxMemory::next_uid(std::string_view raw) const {
  const std::lock_guard lock{mutex_};
  const auto found = known_.find(raw);
  return found != known_.end() ? found->second.next : 0;
}

MailboxMemory::Passage MailboxMemory::sending(std::string_view raw) {
  const std::lock_guard lock{mutex_};
  Known& known = known_[std::string(raw)];
  const auto number = static_cast<Uid>(++known.last_sending);
  const Uid expected = std::max(known.before_first ? *known.before_first + number : Uid{0}, known.next);
  known.before_first = expected - number;
  return {known.last_sending, expected};
}

void MailboxMemory::sent(std::string_view raw, const Passage& passage, Uid uid) {
  const std::lock_guard lock{mutex_};
  Known& known = known_[std::string(raw)];
  if (passage.number < known.last_sent) return;
  known.last_sent = passage.number;
  known.before_first = uid - static_cast<Uid>(passage.number);
}

void MailboxMemory::note_id(std::string_view raw, std::uint32_t uid_validity, std::string id) {
  const std::lock_guard lock{mutex_};
  Known& known = known_[std::string(raw)];
  known.number(uid_validity);
  known.id = std::move(id);
}

std::string MailboxMemory::id(std::string_view raw, std::uint32_t uid_validity) const {
  const std::lock_guard lock{mutex_};
  const auto found = known_.find(raw);
  return found != known_.end() && found->second.uid_validity == uid_validity ? found->second.id : std::string{};
}

void MailboxMemory::note_append_limit(std::string_view raw, std::uint64_t octets) {
  const std::lock_guard lock{mutex_};
  known_[std::string(raw)].append_limit = octets;
}

std::optional<std::uint64_t> MailboxMemory::append_limit(std::string_view raw) const {
  const std::lock_guard lock{mutex_};
  const auto found = known_.find(raw);
  return found != known_.end() ? found->second.append_limit : std::nullopt;
}

void MailboxMemory::note_rights(std::string_view raw, std::string rights) {
  const std::lock_guard lock{mutex_};
  Known& known = known_[std::string(raw)];
  known.rights = std::move(rights);
  known.rights_until = Clock::now() + std::chrono::minutes{10};
}

std::optional<std::string> MailboxMemory::rights(std::string_view raw) const {
  const std::lock_guard lock{mutex_};
  const auto found = known_.find(raw);
  if (found == known_.end() || Clock::now() >= found->second.rights_until) return std::nullopt;
  return found->second.rights;
}

void MailboxMemory::forget_rights(std::string_view raw) {
  const std::lock_guard lock{mutex_};
  if (const auto found = known_.find(raw); found != known_.end()) found->second.rights_until = {};
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
