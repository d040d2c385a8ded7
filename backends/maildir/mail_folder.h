#pragma once

#include <optional>

#include <mapistore/posix.h>
#include <mapistore/state_file.h>

#include "backends/maildir/file_name.h"

namespace mapistore::maildir {

/// The directory of the state files, in every folder; without a dot, or Dovecot took it for a folder.
inline constexpr std::string_view state_directory = "mapistore";

/// Where a message's file is at the moment; any program may rename it at any time.
struct Place {
  bool is_new = false;  ///< in new/, so never seen by any program; else in cur/
  FileName name;

  std::string_view subdirectory() const { return is_new ? "new" : "cur"; }
};

/// The three directories of one Maildir folder, open.
class MailFolder {
 public:
  /// Errc::not_found: `directory` has no cur/, new/ and tmp/.
  static Result<MailFolder> open(const posix::Directory& directory);
  /// Makes an empty folder `name` in `root`, with the mark of Maildir++. Errc::exists.
  static Result<> create(const posix::Directory& root, std::string_view name);

  const posix::Directory& directory() const { return directory_; }
  const posix::Directory& of(const Place& place) const { return place.is_new ? fresh_ : current_; }
  const posix::Directory& arriving() const { return arriving_; }

  /// All messages; one that is renamed meanwhile is still found, and once. `call` as everywhere.
  Result<std::vector<Place>> list(const Call& call) const;
  /// The message of this base: where `state_change` says, or wherever it went. Errc::not_found.
  Result<Place> find(const Call& call, const std::string& base, const ChangeKey& state_change) const;
  /// The same without looking through the folder: where `state_change` says, or where most messages are.
  std::optional<Place> find_at_once(const std::string& base, const ChangeKey& state_change) const;
  /// In cur/, whatever of the standard flags it has; of others those in `flags`.
  std::optional<Place> find_with_any_flags(const std::string& base, std::string_view flags) const;
  Result<StateFiles> states() const { return StateFiles::open(directory_, state_directory); }

 private:
  MailFolder(posix::Directory directory, posix::Directory current, posix::Directory fresh, posix::Directory arriving)
      : directory_{std::move(directory)},
        current_{std::move(current)},
        fresh_{std::move(fresh)},
        arriving_{std::move(arriving)} {}

  posix::Directory directory_, current_, fresh_, arriving_;
};

/// The validator of all but the bytes; begins with the place, for `find` to look there first.
ChangeKey state_change_of(const Place& place, Time received, const ChangeKey& state_file);

}  // namespace mapistore::maildir
