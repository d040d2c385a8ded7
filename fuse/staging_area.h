#pragma once

#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

#include <mapistore/ability.h>
#include <mapistore/posix.h>

#include "core/index.h"

namespace mapistore::fs {

/// Files without a name that can be written again: ext4 takes its time to hand out a number that was in use a moment
/// ago, so a file that is made and dropped for each message would soon cost more than all the rest. Thread-safe.
class NamelessFiles {
 public:
  explicit NamelessFiles(std::filesystem::path directory) : directory_{std::move(directory)} {}

  /// An empty file that is gone with its descriptor unless it is given a name.
  Result<posix::UniqueFd> take();
  /// Of a file that still has no name.
  void give_back(posix::UniqueFd fd);

 private:
  const std::filesystem::path directory_;
  Mutex mutex_{LockRank::staging_pool};
  std::vector<posix::UniqueFd> free_ MAPISTORE_GUARDED_BY(mutex_);
};

/// The directory that holds bytes on their way into a medium, and files that stay on this machine; one file per FMID,
/// named by it. Beside it, `unsaved/` keeps what a medium refused. Thread-safe, as its files are.
class StagingArea {
 public:
  /// Uses `directory`/staging and `directory`/unsaved, made if missing.
  static Result<StagingArea> open(const std::filesystem::path& directory);

  const std::shared_ptr<NamelessFiles>& nameless_files() const noexcept { return nameless_; }
  /// Room on the disk that it is on.
  Usage usage() const noexcept;
  /// Gives it its FMID's name, unless it has that.
  Result<> give_name(int fd, Fmid fmid) const;
  Result<posix::UniqueFd> create(Fmid fmid) const;
  Result<posix::UniqueFd> reopen(Fmid fmid) const;
  void remove(Fmid fmid) const noexcept;
  /// Returns once a file that has a name here, and the name, survive a power cut.
  Result<> make_durable(int fd) const;

  /// Where what a medium refused is kept.
  const std::filesystem::path& unsaved() const noexcept { return unsaved_; }
  /// So much of a message's name as the name of what is kept of it ends with.
  static std::string_view kept_name(std::string_view name) noexcept { return name.substr(0, longest_kept_name); }
  /// Gives staged bytes a name in `unsaved/`, after `name`, and answers that path.
  Result<std::filesystem::path> keep_unsaved(int fd, Fmid fmid, std::string_view name) const;
  /// What was being written when a daemon was killed: moved to `unsaved/`. Only while no other process uses the store.
  std::vector<std::filesystem::path> recover(Index& index) const;

 private:
  static constexpr std::size_t longest_kept_name = 200;

  explicit StagingArea(const std::filesystem::path& directory)
      : staging_{directory / "staging"},
        unsaved_{directory / "unsaved"},
        nameless_{std::make_shared<NamelessFiles>(staging_)} {}
  std::filesystem::path path_of(Fmid fmid) const { return staging_ / std::to_string(fmid.value); }

  std::filesystem::path staging_;
  std::filesystem::path unsaved_;
  std::shared_ptr<NamelessFiles> nameless_;
};

}  // namespace mapistore::fs
