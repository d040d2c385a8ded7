#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>

#include <mapistore/ability.h>
#include <mapistore/context.h>
#include <mapistore/host.h>

#include "backends/imap/account.h"
#include "backends/imap/listing_cursor.h"
#include "backends/imap/fetched.h"
#include "backends/imap/mailbox_memory.h"
#include "backends/imap/mailbox_tree.h"
#include "backends/imap/message_flags.h"
#include "backends/imap/message_key.h"
#include "backends/imap/outgoing_message.h"

namespace mapistore::imap {

/// A mail account, or one mailbox of it with all below.
///
/// A folder's key is its raw name at one level of the hierarchy, a message's its UIDVALIDITY and UID. Messages never
/// change: their change key is the server's content id, or else the key.
class ImapContext final : public Context,
                          public Moving,
                          public Reading,
                          public Watching,
                          public Trashing,
                          public Quota,
                          public Searching,
                          public PartReading,
                          private SessionObserver {
 public:
  struct Settings {
    Account::Settings account;
    std::string base;  ///< shown path of the root mailbox, `/` between its levels; empty: the whole account
    std::chrono::seconds poll{60};  ///< between looks at all folders where the server does not tell of changes
  };

  /// Connects and looks what mailboxes there are. Errc::not_found: not the base.
  static Result<std::unique_ptr<ImapContext>> open(const Call& call, Host& host, Settings settings);
  ~ImapContext() override;

  const Profile& profile() const noexcept override { return profile_; }
  Result<Listing> changes(const Call& call, const FolderPath& folder, const Cursor& since, ChangeSink& sink) override;
  Result<Entry> inspect(const Call& call, const FolderPath& folder, const Key& key) override;
  Result<std::unique_ptr<Body>> open(const Call& call, const FolderPath& folder, const MessageRef& message) override;
  Result<Entry> save(const Call& call, const FolderPath& folder, const Draft& draft,
                     const MessageRef* replaces) override;
  Result<Entry> set_state(const Call& call, const FolderPath& folder, const MessageRef& message,
                          const StateChange& change) override;
  Result<> remove(const Call& call, const FolderPath& folder, const MessageRef& message) override;
  Result<FolderEntry> create_folder(const Call& call, const FolderPath& parent, std::string_view display_name) override;
  Result<FolderEntry> rename_folder(const Call& call, const FolderPath& folder, const FolderPath& new_parent,
                                    std::string_view new_name) override;
  Result<> remove_folder(const Call& call, const FolderPath& folder) override;

  Result<Entry> move(const Call& call, const FolderPath& from, const MessageRef& message, const FolderPath& to,
                     std::string_view name, const MessageRef* replaces) override;
  Result<Entry> copy(const Call& call, const FolderPath& from, const MessageRef& message, const FolderPath& to,
                     std::string_view name) override;
  Result<> read_many(const Call& call, const FolderPath& folder, std::span<const MessageRef> messages,
                     BodySink& sink) override;
  Result<Outline> outline(const Call& call, const FolderPath& folder, const MessageRef& message) override;
  Result<> read_range(const Call& call, const FolderPath& folder, const MessageRef& message, std::uint64_t offset,
                      std::span<std::byte> out) override;
  Result<Found> search(const Call& call, const FolderPath& folder, const Restriction& restriction) override;
  Result<> start(const Call& call) override;
  Result<> watch(const Call& call, WatchSink& sink) override;
  FolderPath trash() const override;
  Result<Usage> usage(const Call& call) override;

 private:
  using Clock = std::chrono::steady_clock;
  using TreePtr = std::shared_ptr<const MailboxTree>;
  /// Bytes of a message that is fetched whole: a round trip costs more than they do.
  static constexpr std::uint64_t small_body = 256 * 1024;

  ImapContext(Host& host, Settings settings);
  void* query(AbilityId id) noexcept override;

  // context.cc: the account and its mailboxes
  Result<> connect(const Call& call);
  /// The mailboxes as they were at most `age` ago.
  Result<TreePtr> tree(const Call& call, std::chrono::milliseconds age);
  Result<TreePtr> list_mailboxes(const Call& call);
  struct ListReceiver;
  Answer ask_list(const Call& call, Session& session, ListReceiver& said);
  /// What was told is the tree from now on; `asked`: how it was then.
  TreePtr take_list(const ListReceiver& said, Clock::time_point asked);
  void ask_ids(const Call& call, Session& session, const std::vector<ListReply>& listed,
               std::vector<StatusReply>& statuses);
  /// Has the next look at the mailboxes be a fresh one.
  void forget_tree();
  /// The mailbox at `folder`; looked for anew if it is not known. Errc::not_found; also for what holds no messages,
  /// unless `any`.
  Result<Mailbox> mailbox(const Call& call, const FolderPath& folder, bool any = false);
  /// Errc::access_denied if the server has told that the user lacks one of `rights` there, letters of RFC 4314.
  Result<> check_rights(const Call& call, const FolderPath& folder, std::string_view rights);
  /// What the user may do in each, where the list does not tell.
  void ask_rights(const Call& call, Session& session, const std::vector<ListReply>& listed,
                  std::vector<RightsReply>& rights);
  FolderEntry folder_entry(const FolderPath& path, const Mailbox& mailbox) const;
  /// For the user: what was refused is `object`, not the server, unless it is the user or the connection that it
  /// refused.
  static Error about(const Failure& failure, std::string_view object);

  // entries.cc
  /// The FETCH items that tell whether a message is as it was, without parentheses; and all items of an entry, with
  /// them and around `more`, which begins with a blank.
  std::string validator_items(const Session& session) const;
  std::string entry_items(const Session& session, std::string_view more = {}) const;
  static ChangeKey change_of(std::uint32_t uid_validity, const FetchReply& message);
  Flags flags_of_reply(const FetchReply& message) const;
  Marking marking() const { return account_.provider().labels ? Marking::labels : Marking::keywords; }
  Entry entry_of(std::uint32_t uid_validity, const FetchReply& message) const;
  /// Errc::not_found: the folder is not there, or its messages have other UIDs now.
  Result<Target> target(const Call& call, const FolderPath& folder, const Key& key);
  Result<FetchReply> fetch_message(const Call& call, const Target& at, Lane lane, std::string_view more);
  Result<Entry> fetch_entry(const Call& call, const Target& at, Lane lane);
  /// Of what the server has just stored: asks until there is an answer, as it must not be told to have failed.
  Result<FetchReply> fetch_done(const Call& call, const Target& at, std::string_view more);
  /// A connection need not show yet what others have brought: what is missing is asked for once more after it has been
  /// told the news.
  static Answer with_news(const Call& call, Session& session, const std::string& mailbox,
                          const std::function<Answer()>& ask, const std::function<bool()>& is_complete);

  // listing.cc
  struct Numbers;
  struct Round;
  struct ChangesReceiver;
  class Walk;
  Result<> report_messages(const Call& call, Round& round, const Mailbox& mailbox);
  Answer list_everything(const Call& call, Session& session, Round& round);
  /// By QRESYNC; by CONDSTORE alone; by neither.
  Answer list_since(const Call& call, Session& session, Round& round);
  Answer list_counted(const Call& call, Session& session, Round& round);
  Answer compare_all(const Call& call, Session& session, Round& round);
  /// Fetches `items` of all messages, the newest first, at bounded memory. Answers what the mailbox was selected with.
  Answer walk(const Call& call, Session& session, Round& round, const std::string& items,
              const std::function<Result<>(FetchReply&)>& take);
  struct Differences;
  /// All that is there, if what was counted is not as many as the mailbox held when it was selected.
  static std::expected<std::optional<UidSet>, Failure> recount(const Call& call, Session& session,
                                                               const std::string& raw, const Selection& now,
                                                               const UidSet& counted);
  /// From what the server told and from counting; `round.next.known` is then what is still there.
  static std::expected<Differences, Failure> differences(const Call& call, Session& session, Round& round,
                                                         const Selection& now, const ChangesReceiver& changed,
                                                         UidSet newcomers, UidSet still_there);
  Result<> report_gone_and_new(Round& round, const Selection& now, const Differences& found,
                               const Fetched& arrived) const;
  Answer report_changes(const Call& call, Session& session, Round& round, Answer selected,
                        const ChangesReceiver& changed, const Fetched& arrived, UidSet still_there);
  Answer report_uids(const Call& call, Session& session, Round& round, const UidSet& uids, Answer selected);
  Result<> report(Round& round, const FetchReply& message) const;
  static Answer refused(Round& round, const Error& error);

  // reading.cc
  struct Beginning;
  /// A message's bytes that are here, if `bytes`, of which at most `small_body` were asked for, are all of them.
  std::unique_ptr<Body> small_body_of(const ChangeKey& change, std::string bytes);
  /// The validators, size and first `size` bytes of a message, and `more` items of it, for somebody who waits.
  Result<Beginning> fetch_beginning(const Call& call, const FolderPath& folder, const MessageRef& message,
                                    std::uint64_t size, std::string_view more);

  // streaming.cc
  class Arrivals;
  class BodyStream;
  Result<std::map<Uid, std::uint64_t>> sizes_of(const Call& call, const Need& need, const UidSet& uids);

  // messages.cc
  /// What is to be replaced. Errc::stale: it is not what it was.
  Result<Target> replaced(const Call& call, const FolderPath& folder, const MessageRef& message);
  /// Takes `old` away, whose place `successor` has taken; or that one, if another took its place first (Errc::stale),
  /// or the server refuses. False: nobody said what became of `old`.
  Result<bool> give_way(const Call& call, const Target& old, const Target& successor);
  Result<> expunge(const Call& call, const Target& at);
  /// Gives what was just saved the labels of `state`; takes it back if the server refuses them.
  Result<Entry> with_labels_of(const Call& call, const FolderPath& folder, const State& state, Entry saved);

  // appending.cc
  struct Appending;
  Result<Entry> append(const Call& call, const std::string& mailbox, const Draft& draft, OutgoingMessage& message);
  Answer send(const Call& call, Session& session, Appending& one);
  Answer send_among_many(const Call& call, Session& session, Appending& one, Command appending, Command looking);
  /// The UID that it got; none if it is not there.
  Result<std::optional<Uid>> uid_given(const Call& call, Appending& one, const Answer& appended);
  /// Its entry; taken back, and Errc::corrupted, if the server stored something else.
  Result<Entry> check_stored(const Call& call, const Appending& one, Uid uid);
  /// Errc::too_large, before anything of it is sent.
  Answer check_size(const Call& call, Session& session, const std::string& mailbox, std::string_view name,
                    std::uint64_t size);
  /// The lowest UID that the next message of a mailbox may get.
  std::expected<Uid, Failure> next_uid(const Call& call, Session& session, const std::string& mailbox);
  /// Whether a message that was sent is there, among those from `from` on.
  Result<std::optional<Uid>> find_appended(const Call& call, const std::string& mailbox, Uid from,
                                           const OutgoingMessage& message, std::uint32_t& uid_validity);

  // moving.cc
  Result<Entry> transfer(const Call& call, const FolderPath& from, const MessageRef& message, const FolderPath& to,
                         bool is_move);
  /// The message of that content which came last into a mailbox, from UID `from` on; asks until there is an answer.
  Result<std::optional<MessageId>> find_placed(const Call& call, const std::string& mailbox, Uid from,
                                               const ChangeKey& content);
  Result<std::optional<MessageId>> find_copied(const Call& call, const Target& source, const std::string& mailbox,
                                               Uid from);
  /// mailbox(), for what is about to come into it: the trash is made when it is first needed.
  Result<Mailbox> mailbox_to_fill(const Call& call, const FolderPath& folder);

  // folders.cc
  Result<std::string> new_key(const Call& call, const FolderPath& parent, std::string_view name);

  // watching.cc
  void changed(std::string_view mailbox, const Reply& reply) override;
  void signed_in() override { account_.prepare(Lane::foreground); }  // who mounts will open and save
  void alert(std::string_view text) override;
  void lost(const Failure& why) override;
  Result<> begin_watching(const Call& call);
  bool take_dirty(const std::string& mailbox);
  /// Looks at all mailboxes.
  void look_at_all(const Call& call);
  /// Has those listed again that are not as they were.
  void note_differences(const MailboxTree& before, const MailboxTree& now);

  Host& host_;
  const Settings settings_;
  Profile profile_;
  MailboxRules rules_;
  std::atomic<bool> has_status_ = false;  ///< LIST-STATUS
  std::atomic<bool> is_told_ = false;     ///< NOTIFY
  std::atomic<bool> started_ = false;
  std::atomic<unsigned> appending_ = 0;  ///< messages

  mutable std::mutex tree_mutex_;  ///< rank: leaf
  TreePtr tree_;
  Clock::time_point tree_time_{};
  std::timed_mutex listing_mutex_;  ///< held while the server is asked; before tree_mutex_

  std::timed_mutex numbering_mutex_;  ///< held while the server is asked for a next UID
  std::mutex sending_mutex_;  ///< held while a message is queued, so that they are sent in the order of their passages
  MailboxMemory memory_;

  std::mutex events_mutex_;  ///< rank: leaf
  std::condition_variable_any events_arrived_;
  std::set<std::string, std::less<>> dirty_;      ///< mailboxes that have changed since they were last listed
  std::set<FolderPath> to_report_;                ///< folders to be listed again
  bool tree_changed_ = false, connection_lost_ = false;

  Account account_;  // its threads end before what they call
};

}  // namespace mapistore::imap
