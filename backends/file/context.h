#pragma once

#include <mutex>
#include <set>

#include <mapistore/ability.h>
#include <mapistore/context.h>
#include <mapistore/host.h>
#include <mapistore/posix.h>
#include <mapistore/state_file.h>
#include <mapistore/tree_watcher.h>

namespace mapistore::file {

/// A directory tree: directories are folders, regular files are messages, both keyed by their own names.
///
/// State lives in `.mapistore/NAME.json` beside the message, deleted messages in `.mapistore-trash` at the root. Names
/// that begin with a dot are not ours to show; links, FIFOs, sockets and devices are passed over and logged once.
/// An edit in place by another program changes a body that is open; that is the one thing we cannot prevent.
class FileContext final : public Context,
                          public Moving,
                          public Watching,
                          public Trashing,
                          public Quota,
                          public Durability {
 public:
  FileContext(Host& host, posix::Directory root);

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
  class Lister;

  void* query(AbilityId id) noexcept override;

  Result<posix::Directory> open_folder(const FolderPath& folder) const;
  /// The same for what is to be written into: creates the trash; Errc::read_only.
  Result<posix::Directory> open_target(const FolderPath& folder) const;
  Result<> check_writable() const;
  void log_once(const std::string& path, std::string_view why);

  Result<Entry> message_entry(const posix::Directory& directory, const StateFiles& states, const std::string& name,
                              const posix::FileFacts& facts);
  Result<Entry> inspect_in(const posix::Directory& directory, const std::string& name);

  /// Gives `file` its name, in place of `replaces` if that is still what the caller saw.
  Result<> publish(posix::NewFile& file, const posix::Directory& directory, const std::string& name,
                   const MessageRef* replaces);
  Result<> check_unchanged(const posix::Directory& directory, const MessageRef& message) const;
  std::string free_name(const posix::Directory& directory, std::string_view wanted) const;

  Host& host_;
  const posix::Directory root_;
  Profile profile_;
  std::mutex commit_;        ///< rank: leaf; between a look at what is replaced and the replacing
  std::mutex logged_mutex_;  ///< rank: leaf
  std::set<std::string> logged_;
  std::unique_ptr<posix::TreeWatcher> watcher_;  ///< the watching thread's alone
};

/// The directory of the state files, in every folder.
inline constexpr std::string_view state_directory = ".mapistore";
/// The folder of what was deleted, in the root.
inline constexpr std::string_view trash_name = ".mapistore-trash";

/// A name that another program would show: no leading dot.
inline bool is_hidden(std::string_view name) { return name.starts_with('.'); }

}  // namespace mapistore::file
