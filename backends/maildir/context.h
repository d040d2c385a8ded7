#pragma once

#include <optional>
#include <map>
#include <mutex>

#include <mapistore/ability.h>
#include <mapistore/context.h>
#include <mapistore/host.h>
#include <mapistore/posix.h>
#include <mapistore/tree_watcher.h>

#include "backends/maildir/mail_folder.h"

namespace mapistore::maildir {

/// A Maildir and its Maildir++ folders.
///
/// A message's key is its file's base name. Flags hold most of its state; importance and categories live in
/// `mapistore/BASE.json` in its folder. Listing never moves a message from new/ to cur/.
class MaildirContext final : public Context,
                             public Moving,
                             public Watching,
                             public Trashing,
                             public Quota,
                             public Durability {
 public:
  MaildirContext(Host& host, posix::Directory root);

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
  Result<> start(const Call& call) override;
  Result<> watch(const Call& call, WatchSink& sink) override;
  FolderPath trash() const override;
  Result<Usage> usage(const Call& call) override;
  Result<> make_durable(const Call& call) override;

 private:
  void* query(AbilityId id) noexcept override;

  /// Errc::not_found also for a folder that exists only as the parent of others.
  Result<MailFolder> open_folder(const FolderPath& folder) const;
  /// The same for what is to be written into: creates the trash and folders of the said kind; Errc::read_only.
  Result<MailFolder> open_target(const FolderPath& folder) const;
  Result<> check_writable() const;
  /// The directories `.A.B` that are there, sorted, as folders.
  Result<std::vector<FolderPath>> list_folders(const Call& call) const;
  FolderEntry folder_entry(const FolderPath& folder) const;
  Result<> report_folders(const Call& call, const FolderPath& parent, ChangeSink& sink) const;
  Result<> report_message(const Call& call, const MailFolder& folder, const StateFiles& states, const Place& place,
                          ChangeSink& sink) const;

  Result<Entry> message_entry(const MailFolder& folder, const StateFiles& states, const Place& place,
                              const posix::FileFacts& facts) const;
  Result<Entry> entry_at(const MailFolder& folder, const Place& place) const;
  /// Makes `file` a new message with this state and these properties.
  Result<Place> deliver(posix::NewFile& file, const MailFolder& folder, const State& state,
                        const SideProperties& properties) const;
  Result<> check_unchanged(const Call& call, const MailFolder& folder, const MessageRef& message) const;
  Result<> remove_from(const Call& call, const MailFolder& folder, const MessageRef& message) const;

  Host& host_;
  const posix::Directory root_;
  Profile profile_;
  std::mutex commit_;  ///< rank: leaf; between finding a message's file and renaming or removing it
  /// Notes where the messages of these events are now, for `inspect` to answer from without looking through folders.
  void note_burst(const std::vector<posix::TreeEvent>& events);

  using MessageAddress = std::pair<FolderPath, Key>;
  std::mutex burst_mutex_;  ///< rank: leaf
  struct Noted {
    std::optional<Place> place;  ///< none: nowhere that its events tell
    std::string flags;           ///< that its last name had
  };
  std::map<MessageAddress, Noted> burst_;
  std::unique_ptr<posix::TreeWatcher> watcher_;  ///< the watching thread's alone
};

}  // namespace mapistore::maildir
