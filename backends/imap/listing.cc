// What has changed in a folder: the ladder from one look at all mailboxes down to comparing everything.

#include <algorithm>
#include <deque>

#include <mapistore/summarize.h>

#include "backends/imap/context.h"
#include "backends/imap/fetched.h"

namespace mapistore::imap {
namespace {

/// Messages asked for in one command of a whole listing: few, since the newest are looked at first, and since whoever
/// takes many in at once keeps the connection, and so the server, waiting.
constexpr Uid chunk_messages = 256;
/// Beside the one that is being taken in: so that the server always has something to answer.
constexpr std::size_t chunks_in_flight = 16;
/// Messages named one by one in a command.
constexpr std::size_t largest_set = 500;
/// UIDs that were given and taken back between two listings: if there are more, everything is listed.
constexpr std::uint64_t most_passed_over = 10'000;
/// How old what the server said of all mailboxes may be while a listing walks through them.
constexpr std::chrono::seconds one_look{2};
/// How often flags are compared on servers that do not count changes.
constexpr std::chrono::minutes between_comparisons{5};

/// The UIDs that the server has given since a mailbox was listed, but for those of what is new in it. A message that we
/// have saved there and another has removed at once is in no listing, and entered all the same by who saved it.
UidSet passed_over(const ListingCursor& before, const Selection& now, const UidSet& newcomers) {
  const Uid next = now.uid_next.value_or(newcomers.empty() ? 0 : newcomers.ranges().back().last);
  return next > before.uid_next ? UidSet::range(before.uid_next, next - 1).without(newcomers) : UidSet{};
}

std::uint64_t count_below(const UidSet& set, Uid limit) {
  std::uint64_t count = 0;
  for (const UidSet::Range& range : set.ranges()) {
    if (range.first >= limit) break;
    count += std::uint64_t{std::min(range.last, limit - 1)} - range.first + 1;
  }
  return count;
}

std::vector<UidSet> in_parts(const UidSet& set, std::size_t most) {
  std::vector<UidSet> parts;
  std::size_t count = most;
  for (const Uid uid : set.uids()) {
    if (count == most) {
      parts.emplace_back();
      count = 0;
    }
    parts.back().add(uid);
    ++count;
  }
  return parts;
}

Command fetching(const Need& need, const UidSet& uids, const std::string& items, Receiver& receiver) {
  Command command;
  command.text = CommandText{"UID FETCH " + uids.text() + ' ' + items};
  command.need = need;
  command.uids = uids;
  command.receiver = &receiver;
  return command;
}

Command selecting(Need need) {
  Command command;
  need.fresh = !need.resync;
  command.need = std::move(need);
  return command;
}

Command searching_all(const Session& session, const Need& need, Receiver& receiver) {
  Command command;
  command.text = CommandText{session.capabilities().has("ESEARCH") ? "UID SEARCH RETURN (ALL) ALL" : "UID SEARCH ALL"};
  command.need = need;
  command.receiver = &receiver;
  return command;
}

bool went_back(const Selection& now, const ListingCursor& before) {
  // Another mailbox of that name, or one from a backup.
  return now.uid_validity != before.uid_validity || now.uid_next.value_or(before.uid_next) < before.uid_next ||
         now.highest_modseq.value_or(0) < before.modseq;
}

}  // namespace

/// What a resynchronising SELECT, or a FETCH of changes and a SEARCH, tell.
struct ImapContext::ChangesReceiver final : Fetched {
  UidSet vanished, found;

  void data(Reply& reply) override {
    if (const auto* gone = std::get_if<VanishedReply>(&reply)) vanished.add(gone->uids);
    if (const auto* search = std::get_if<SearchReply>(&reply)) found.add(search->found);
  }
};

/// How the messages of a mailbox are numbered, as the list of all mailboxes told; of one that has any.
struct ImapContext::Numbers {
  std::uint32_t uid_validity;
  Uid uid_next;
};

struct ImapContext::Round {
  const FolderPath& folder;
  ChangeSink& sink;
  std::optional<ListingCursor> before;
  ListingCursor next{};
  std::string raw{};
  std::optional<Numbers> expected{};
  bool complete = true;
  std::optional<Error> refused{};  ///< by the sink
};

Result<Listing> ImapContext::changes(const Call& call, const FolderPath& folder, const Cursor& since,
                                     ChangeSink& sink) {
  MAPISTORE_CHECK(call.check());
  Round round{.folder = folder, .sink = sink, .before = ListingCursor::of(since)};
  const Mailbox* box = nullptr;
  TreePtr known;
  for (const auto age : {std::chrono::milliseconds{one_look}, std::chrono::milliseconds{0}}) {
    known = MAPISTORE_TRY(tree(call, age));
    box = known->find(folder);
    if (box != nullptr) break;
  }
  // A trash that was never needed is an empty one.
  if (box == nullptr && folder == trash()) return Listing{};
  if (box == nullptr) return fail(Errc::not_found, rules_.raw_at(folder), "no such folder");
  round.raw = box->raw;
  round.next.children = known->children(folder);
  // A folder that is missing once is not gone before another look agrees.
  if (round.before && !std::ranges::includes(round.next.children, round.before->children)) {
    known = MAPISTORE_TRY(list_mailboxes(call));
    box = known->find(folder);
    if (box == nullptr) return fail(Errc::not_found, round.raw, "no such folder");
    round.next.children = known->children(folder);
  }
  for (const std::string& child : round.next.children) {
    FolderPath path = folder;
    path.push_back(Key{child});
    MAPISTORE_CHECK(sink.folder(folder_entry(path, *known->find(path))));
  }
  const bool had_messages = round.before && round.before->uid_validity != 0;
  if (box->selectable) {
    MAPISTORE_CHECK(report_messages(call, round, *box));
  } else if (had_messages) {
    round.before.reset();
  }
  if (round.before) {
    round.complete = false;
    for (const std::string& child : round.before->children)
      if (!std::ranges::binary_search(round.next.children, child)) MAPISTORE_CHECK(sink.removed(Key{child}));
  }
  return Listing{.next = round.next.to_cursor(), .complete = round.complete};
}

Result<> ImapContext::report_messages(const Call& call, Round& round, const Mailbox& box) {
  const auto& status = box.status;
  const auto& before = round.before;
  const bool is_dirty = take_dirty(round.raw);
  if (before && status && !is_dirty && status->uid_validity == before->uid_validity &&
      status->uid_next == before->uid_next && status->messages == before->known.size() &&
      (status->highest_modseq.value_or(0) != 0 ? status->highest_modseq == before->modseq
                                               : Clock::now() < memory_.compared_at(round.raw) + between_comparisons)) {
    auto children = std::move(round.next.children);
    round.next = *before;
    round.next.children = std::move(children);
    return {};
  }
  if (status && status->messages.value_or(0) > 0 && status->uid_validity && status->uid_next)
    round.expected = Numbers{static_cast<std::uint32_t>(*status->uid_validity), static_cast<Uid>(*status->uid_next)};
  const Answer listed = account_.run(call, Lane::sync, true, [&](Session& session) -> Answer {
    auto children = std::move(round.next.children);
    round.next = {};
    round.next.children = std::move(children);
    if (!round.before || round.before->uid_validity == 0) return list_everything(call, session, round);
    if (round.before->modseq != 0 && session.has_qresync()) return list_since(call, session, round);
    if (round.before->modseq != 0 && session.has_condstore()) return list_counted(call, session, round);
    return compare_all(call, session, round);
  });
  if (round.refused) return std::unexpected(std::move(*round.refused));
  if (!listed) {
    // What is not listed is to be listed.
    const std::lock_guard lock{events_mutex_};
    dirty_.insert(round.raw);
    return std::unexpected(about(listed.error(), round.raw));
  }
  return {};
}

Answer ImapContext::list_everything(const Call& call, Session& session, Round& round) {
  round.before.reset();
  auto walked =
      walk(call, session, round, entry_items(session), [&](FetchReply& message) { return report(round, message); });
  if (!walked) return walked;
  auto there = recount(call, session, round.raw, *walked->selection, round.next.known);
  if (!there) return std::unexpected(std::move(there).error());
  if (!*there) return walked;
  return report_uids(call, session, round, (*there)->without(round.next.known), std::move(walked));
}

Answer ImapContext::compare_all(const Call& call, Session& session, Round& round) {
  round.before.reset();
  UidSet unknown;
  auto walked = walk(call, session, round, '(' + validator_items(session) + ')', [&](FetchReply& message) -> Result<> {
    const Key key = key_of({round.next.uid_validity, message.uid});
    if (!round.sink.known(key, change_of(round.next.uid_validity, message),
                          ChangeKey{flags_text(flags_of_reply(message))}))
      unknown.add(message.uid);
    else
      round.next.known.add(message.uid);
    return {};
  });
  if (!walked) return walked;
  memory_.compared(round.raw);
  return report_uids(call, session, round, unknown, std::move(walked));
}

/// UIDs of a mailbox from the last to the first, asked for in chunks.
class ImapContext::Walk {
 public:
  Walk(Session& session, Need need, std::string items)
      : session_{session}, need_{std::move(need)}, items_{std::move(items)} {}

  /// From the greatest UID down to 1; `next` is about where they end.
  void begin(std::uint32_t uid_validity, Uid next) {
    chunks_.clear();
    need_.uid_validity = uid_validity;
    left_ = next;
    size_ = chunk_messages;
    is_first_ = true;
    ask();
  }

  bool is_over() const noexcept { return chunks_.empty(); }

  /// The next messages. What comes after them is on its way meanwhile.
  Answer next(const Call& call, Fetched& into) {
    Chunk chunk = std::move(chunks_.front());
    chunks_.pop_front();
    Answer answer = chunk.pending.wait(call);
    into = std::move(*chunk.fetched);
    // Where many UIDs are gone, more of them are asked for at once.
    const std::uint64_t found = std::max<std::uint64_t>(into.messages.size(), chunk_messages / 16);
    size_ = static_cast<Uid>(std::clamp<std::uint64_t>(std::uint64_t{chunk.size} * chunk_messages / found,
                                                       chunk_messages, UidSet::last_uid / 2));
    if (answer) ask();
    return answer;
  }

 private:
  struct Chunk {
    Uid size;
    std::unique_ptr<Fetched> fetched;
    Pending pending;  ///< ends before what it brings into
  };

  void ask() {
    while (chunks_.size() < chunks_in_flight && (left_ > 1 || is_first_)) {
      const Uid low = left_ > size_ ? left_ - size_ : 1;
      const UidSet uids = UidSet::range(low, is_first_ ? UidSet::last_uid : left_ - 1);
      auto fetched = std::make_unique<Fetched>();
      Pending pending = session_.start(fetching(need_, uids, items_, *fetched));
      chunks_.push_back({size_, std::move(fetched), std::move(pending)});
      left_ = low;
      is_first_ = false;
    }
  }

  Session& session_;
  Need need_;
  const std::string items_;
  std::deque<Chunk> chunks_;
  Uid left_ = 0, size_ = chunk_messages;
  bool is_first_ = true;
};

Answer ImapContext::walk(const Call& call, Session& session, Round& round, const std::string& items,
                         const std::function<Result<>(FetchReply&)>& take) {
  Pending selecting_it = session.start(selecting({.mailbox = round.raw}));
  Walk walk{session, {.mailbox = round.raw}, items};
  // The newest come with the answer to the SELECT, if the mailbox is what the list of all said.
  const std::optional<Numbers> expected = round.expected;
  if (expected) walk.begin(expected->uid_validity, expected->uid_next);
  Answer selected = selecting_it.wait(call);
  if (!selected) return selected;
  const Selection& found = *selected->selection;
  round.next.uid_validity = found.uid_validity;
  round.next.modseq = found.highest_modseq.value_or(0);
  const Uid next = found.uid_next.value_or(0);
  if (!expected ? found.exists > 0 : expected->uid_validity != found.uid_validity) walk.begin(found.uid_validity, next);
  Uid greatest = next > 0 ? next - 1 : 0;
  for (Fetched fetched; !walk.is_over();) {
    if (auto answered = walk.next(call, fetched); !answered) return answered;
    for (auto& [uid, message] : fetched.messages) {
      greatest = std::max(greatest, uid);
      if (auto taken = take(message); !taken) return refused(round, taken.error());
    }
  }
  round.next.uid_next = greatest + 1;
  memory_.selected(round.raw, found.uid_validity, greatest + 1);
  return selected;
}

Answer ImapContext::list_since(const Call& call, Session& session, Round& round) {
  const ListingCursor& before = *round.before;
  ChangesReceiver changed;
  Fetched arrived;
  Command selection =
      selecting({.mailbox = round.raw,
                 .resync = Need::Resync{.uid_validity = before.uid_validity, .modseq = before.modseq, .known = {}}});
  selection.receiver = &changed;
  Pending resync = session.start(std::move(selection));
  const Need need{.mailbox = round.raw, .uid_validity = before.uid_validity};
  Pending arriving =
      session.start(fetching(need, UidSet::range(before.uid_next, UidSet::last_uid), entry_items(session), arrived));
  Answer selected = resync.wait(call);
  if (!selected) return selected;
  const Answer fetched = arriving.wait(call);
  if (went_back(*selected->selection, before)) return list_everything(call, session, round);
  if (!fetched) return fetched;
  return report_changes(call, session, round, std::move(selected), changed, arrived,
                        before.known.without(changed.vanished));
}

Answer ImapContext::list_counted(const Call& call, Session& session, Round& round) {
  const ListingCursor& before = *round.before;
  ChangesReceiver changed;
  Fetched arrived;
  Pending selection = session.start(selecting({.mailbox = round.raw}));
  const Need need{.mailbox = round.raw, .uid_validity = before.uid_validity};
  Pending changes = session.start(
      fetching(need, UidSet::all(), "(UID FLAGS) (CHANGEDSINCE " + std::to_string(before.modseq) + ")", changed));
  Pending search = session.start(searching_all(session, need, changed));
  Pending arriving =
      session.start(fetching(need, UidSet::range(before.uid_next, UidSet::last_uid), entry_items(session), arrived));
  Answer selected = selection.wait(call);
  if (!selected) return selected;
  for (Pending* one : {&changes, &search, &arriving})
    if (const Answer answered = one->wait(call); !answered) {
      if (went_back(*selected->selection, before)) return list_everything(call, session, round);
      return answered;
    }
  if (went_back(*selected->selection, before)) return list_everything(call, session, round);
  return report_changes(call, session, round, std::move(selected), changed, arrived,
                        before.known.without(before.known.without(changed.found)));
}

/// What became of the messages of a mailbox since it was listed.
struct ImapContext::Differences {
  UidSet gone, newcomers{}, to_fetch{};
};

std::expected<std::optional<UidSet>, Failure> ImapContext::recount(const Call& call, Session& session,
                                                                   const std::string& raw, const Selection& now,
                                                                   const UidSet& counted) {
  const Uid next = now.uid_next.value_or(counted.empty() ? 1 : counted.ranges().back().last + 1);
  if (count_below(counted, next) == now.exists) return std::nullopt;
  ChangesReceiver there;
  const Need need{.mailbox = raw, .uid_validity = now.uid_validity};
  if (auto searched = session.run(call, searching_all(session, need, there)); !searched)
    return std::unexpected(std::move(searched).error());
  return std::move(there.found);
}

std::expected<ImapContext::Differences, Failure> ImapContext::differences(const Call& call, Session& session,
                                                                          Round& round, const Selection& now,
                                                                          const ChangesReceiver& changed,
                                                                          UidSet newcomers, UidSet still_there) {
  const ListingCursor& before = *round.before;
  Differences found{.gone = before.known.without(still_there), .newcomers = std::move(newcomers)};
  for (const auto& [uid, message] : changed.messages)
    if (still_there.contains(uid)) found.to_fetch.add(uid);
  UidSet expected = still_there;
  expected.add(found.newcomers);
  auto there = recount(call, session, round.raw, now, expected);
  if (!there) return std::unexpected(std::move(there).error());
  if (*there) {
    const UidSet lost = still_there.without(**there);
    still_there = still_there.without(lost);
    found.gone.add(lost);
    found.to_fetch.add((*there)->without(expected));
  }
  const UidSet passed = passed_over(before, now, found.newcomers);
  found.gone.add(*there ? passed.without(**there) : passed);
  round.next.known = std::move(still_there);
  return found;
}

Result<> ImapContext::report_gone_and_new(Round& round, const Selection& now, const Differences& found,
                                          const Fetched& arrived) const {
  // First what is gone, so that what it has become elsewhere is known by it.
  for (const Uid uid : found.gone.uids()) MAPISTORE_CHECK(round.sink.removed(key_of({now.uid_validity, uid})));
  for (const auto& [uid, message] : arrived.messages)
    if (found.newcomers.contains(uid)) MAPISTORE_CHECK(report(round, message));
  return {};
}

Answer ImapContext::report_changes(const Call& call, Session& session, Round& round, Answer selected,
                                   const ChangesReceiver& changed, const Fetched& arrived, UidSet still_there) {
  const Selection& now = *selected->selection;
  round.next.uid_validity = now.uid_validity;
  round.next.modseq = now.highest_modseq.value_or(0);
  UidSet newcomers;
  for (const auto& [uid, message] : arrived.messages)
    if (uid >= round.before->uid_next) newcomers.add(uid);
  if (passed_over(*round.before, now, newcomers).size() > most_passed_over)
    return list_everything(call, session, round);
  const auto found = differences(call, session, round, now, changed, std::move(newcomers), std::move(still_there));
  if (!found) return std::unexpected(found.error());
  if (auto told = report_gone_and_new(round, now, *found, arrived); !told) return refused(round, told.error());
  round.next.uid_next = std::max(round.before->uid_next, now.uid_next.value_or(0));
  if (!found->newcomers.empty())
    round.next.uid_next = std::max(round.next.uid_next, found->newcomers.ranges().back().last + 1);
  memory_.selected(round.raw, now.uid_validity, round.next.uid_next);
  return report_uids(call, session, round, found->to_fetch, std::move(selected));
}

Answer ImapContext::report_uids(const Call& call, Session& session, Round& round, const UidSet& uids, Answer selected) {
  const Need need{.mailbox = round.raw, .uid_validity = round.next.uid_validity};
  for (const UidSet& part : in_parts(uids, largest_set)) {
    Fetched fetched;
    if (auto answered = session.run(call, fetching(need, part, entry_items(session), fetched)); !answered)
      return answered;
    for (auto& [uid, message] : fetched.messages)
      if (auto told = report(round, message); !told) return refused(round, told.error());
    // What was not answered for is gone, and found to be so next time.
  }
  return selected;
}

Answer ImapContext::refused(Round& round, const Error& error) {
  round.refused = error;
  return std::unexpected(Failure{error, FailureKind::refused});
}

Result<> ImapContext::report(Round& round, const FetchReply& message) const {
  // A reply that only tells flags is nobody's answer.
  if (!message.internal_date || !message.size) return {};
  round.next.known.add(message.uid);
  Entry entry = entry_of(round.next.uid_validity, message);
  if (round.sink.known(entry.key, entry.change, entry.state_change)) return {};
  return round.sink.message(std::move(entry));
}

}  // namespace mapistore::imap
