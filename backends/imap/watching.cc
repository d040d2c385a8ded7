// What others change: told by NOTIFY or IDLE, or looked for.

#include <algorithm>

#include "backends/imap/context.h"

namespace mapistore::imap {
namespace {

/// Events of one action come close together.
constexpr std::chrono::milliseconds burst{50};
/// After something has changed.
constexpr std::chrono::seconds look_again{1};

}  // namespace

void ImapContext::changed(std::string_view mailbox, const Reply& reply) {
  std::string raw;
  bool tree = false;
  if (const auto* status = std::get_if<StatusReply>(&reply))
    raw = std::string(canonical_mailbox(status->name));
  else if (std::holds_alternative<ListReply>(reply))
    tree = true;
  else
    raw = std::string(mailbox);
  const auto path = rules_.path_of(raw);
  if (!path && !tree) return;
  const std::lock_guard lock{events_mutex_};
  if (tree) {
    tree_changed_ = true;
  } else {
    dirty_.insert(raw);
    to_report_.insert(*path);
  }
  events_arrived_.notify_all();
}

void ImapContext::alert(std::string_view text) { host_.log(LogLevel::warning, account_.host(), text); }

void ImapContext::lost(const Failure& why) {
  host_.log(LogLevel::info, account_.host(), why.to_string());
  const std::lock_guard lock{events_mutex_};
  connection_lost_ = true;
  events_arrived_.notify_all();
}

bool ImapContext::take_dirty(const std::string& mailbox) {
  const std::lock_guard lock{events_mutex_};
  return dirty_.erase(mailbox) != 0;
}

Result<> ImapContext::begin_watching(const Call& call) {
  const Answer begun = account_.run(call, Lane::sync, true, [&](Session& session) -> Answer {
    is_told_ = session.capabilities().has("NOTIFY");
    if (!is_told_) {
      session.idle(std::string(rules_.base.empty() ? std::string_view{"INBOX"} : std::string_view{rules_.base}));
      return Completion{};
    }
    Command command;
    // Without a word about what is selected, nothing is told of it (RFC 5465 5.1).
    command.text = CommandText{
        "NOTIFY SET (selected (MessageNew MessageExpunge FlagChange)) "
        "(personal (MessageNew MessageExpunge FlagChange MailboxName))"};
    Pending asked = session.start(std::move(command));
    // Nobody was told of what came before: the mailboxes are looked at in the same round trip.
    forget_tree();
    static_cast<void>(tree(call, {}));
    Answer answer = asked.wait(call);
    // In what is selected, IDLE is how a server may speak.
    if (answer) session.idle({});
    return answer;
  });
  if (!begun) return std::unexpected(about(begun.error(), account_.host()));
  if (!is_told_) forget_tree();
  return {};
}

Result<> ImapContext::start(const Call& call) {
  if (started_.exchange(true)) return fail(Errc::busy, account_.host(), "is being watched already");
  return begin_watching(call);
}

Result<> ImapContext::watch(const Call& call, WatchSink& sink) {
  if (!started_) return fail(Errc::invalid_argument, account_.host(), "is not being watched yet");
  for (bool looks_again = false;;) {
    std::set<FolderPath> folders;
    bool tree = false, lost = false, heard = false;
    {
      std::unique_lock lock{events_mutex_};
      const auto something = [&] { return !to_report_.empty() || tree_changed_ || connection_lost_; };
      const auto pause = looks_again ? Clock::duration{look_again} : Clock::duration{settings_.poll};
      heard = events_arrived_.wait_for(lock, call.stop, pause, something);
      if (heard && !connection_lost_) events_arrived_.wait_for(lock, call.stop, burst, [] { return false; });
      folders = std::exchange(to_report_, {});
      tree = std::exchange(tree_changed_, false);
      lost = std::exchange(connection_lost_, false);
    }
    MAPISTORE_CHECK(call.check());
    if (lost) {
      if (auto begun = begin_watching(Call::within(std::chrono::seconds{30}, call.stop)); !begun) {
        const std::lock_guard lock{events_mutex_};
        connection_lost_ = true;  // for who watches next
        return begun;
      }
      sink.everything_changed();
      continue;
    }
    if (!heard || tree) look_at_all(call);
    for (const FolderPath& folder : folders) sink.folder_changed(folder);
    // Listing takes the connection that news come by: what came meanwhile NOTIFY may not tell.
    looks_again = is_told_ && !folders.empty();
  }
}

void ImapContext::note_differences(const MailboxTree& before, const MailboxTree& now) {
  const auto is_same = [](const Mailbox& left, const Mailbox& right) {
    if (left.role != right.role || left.status.has_value() != right.status.has_value()) return false;
    return !left.status ||
           (left.status->uid_validity == right.status->uid_validity &&
            left.status->uid_next == right.status->uid_next && left.status->messages == right.status->messages &&
            left.status->unseen == right.status->unseen && left.status->highest_modseq == right.status->highest_modseq);
  };
  const std::lock_guard lock{events_mutex_};
  for (const auto& [path, mailbox] : now.all()) {
    const Mailbox* const old = before.find(path);
    if (old == nullptr && !path.empty()) to_report_.insert(parent_of(path));
    // What the user may do there is told by the listing above it.
    if (old != nullptr && old->rights != mailbox.rights && !path.empty()) to_report_.insert(parent_of(path));
    if (old == nullptr || is_same(*old, mailbox)) continue;
    dirty_.insert(mailbox.raw);
    to_report_.insert(path);
  }
  for (const auto& [path, mailbox] : before.all())
    if (now.find(path) == nullptr && !path.empty()) to_report_.insert(parent_of(path));
  if (!to_report_.empty()) events_arrived_.notify_all();
}

void ImapContext::look_at_all(const Call& call) {
  const auto now = list_mailboxes(Call::within(std::chrono::seconds{30}, call.stop));
  if (!now) return host_.log(LogLevel::warning, account_.host(), now.error().to_string());
  // Where the list tells no counters, or changes of flags are not counted, they are looked for.
  const std::lock_guard lock{events_mutex_};
  for (const auto& [path, mailbox] : (*now)->all())
    if (mailbox.selectable && !(mailbox.status && mailbox.status->highest_modseq)) to_report_.insert(path);
}

}  // namespace mapistore::imap
