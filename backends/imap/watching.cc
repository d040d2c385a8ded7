// What others change: told by NOTIFY or IDLE, or looked for.

#include <algorithm>

#include "backends/imap/context.h"

namespace mapistore::imap {
namespace {

/// Events of one action come close together.
constexpr std::chrono::milliseconds burst{50};
/// A connection that nothing is heard from is asked whether it is there.
constexpr std::chrono::minutes check_connection{9};

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
  if (raw.empty() && !tree) return;
  const std::lock_guard lock{events_mutex_};
  if (tree) {
    tree_changed_ = true;
  } else {
    dirty_.insert(raw);
    to_report_.insert(raw);
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
    command.kind = CommandClass::exclusive;
    Answer answer = session.run(call, std::move(command));
    // In what is selected, IDLE is how a server may speak.
    if (answer) session.idle({});
    return answer;
  });
  if (!begun) return std::unexpected(about(begun.error(), account_.host()));
  forget_tree();  // nobody was told of what came since
  return {};
}

Result<> ImapContext::start(const Call& call) {
  if (started_.exchange(true)) return fail(Errc::busy, account_.host(), "is being watched already");
  return begin_watching(call);
}

Result<> ImapContext::watch(const Call& call, WatchSink& sink) {
  if (!started_) return fail(Errc::invalid_argument, account_.host(), "is not being watched yet");
  for (;;) {
    std::set<std::string, std::less<>> boxes;
    bool tree = false, lost = false, heard = false;
    {
      std::unique_lock lock{events_mutex_};
      const auto something = [&] { return !to_report_.empty() || tree_changed_ || connection_lost_; };
      const auto pause = is_told_ ? Clock::duration{check_connection} : Clock::duration{settings_.poll};
      heard = events_arrived_.wait_for(lock, call.stop, pause, something);
      if (heard && !connection_lost_) events_arrived_.wait_for(lock, call.stop, burst, [] { return false; });
      boxes = std::exchange(to_report_, {});
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
    if (!heard || tree) {
      report_differences(call, sink);
      continue;
    }
    for (const std::string& raw : boxes)
      if (const auto path = rules_.path_of(raw)) sink.folder_changed(*path);
  }
}

void ImapContext::report_differences(const Call& call, WatchSink& sink) {
  TreePtr before;
  {
    const std::lock_guard lock{tree_mutex_};
    before = tree_;
  }
  const auto now = list_mailboxes(Call::within(std::chrono::seconds{30}, call.stop));
  if (!now) {
    host_.log(LogLevel::warning, account_.host(), now.error().to_string());
    return;
  }
  const auto is_same = [](const Mailbox& left, const Mailbox& right) {
    if (left.status.has_value() != right.status.has_value() || left.role != right.role) return false;
    if (!left.status) return true;
    // Where changes of flags are not counted, they are looked for every time.
    if (!left.status->highest_modseq) return false;
    return left.status->uid_validity == right.status->uid_validity && left.status->uid_next == right.status->uid_next &&
           left.status->messages == right.status->messages &&
           left.status->highest_modseq == right.status->highest_modseq;
  };
  std::set<FolderPath> changed;
  for (const auto& [path, mailbox] : (*now)->all()) {
    const Mailbox* const old = before->find(path);
    if (old == nullptr && !path.empty())
      changed.insert(parent_of(path));
    else if (old != nullptr && !is_same(*old, mailbox))
      changed.insert(path);
  }
  for (const auto& [path, mailbox] : before->all())
    if ((*now)->find(path) == nullptr && !path.empty()) changed.insert(parent_of(path));
  for (const FolderPath& path : changed) sink.folder_changed(path);
}

}  // namespace mapistore::imap
