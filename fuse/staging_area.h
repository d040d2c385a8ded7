#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include <mapistore/ability.h>
#include <mapistore/posix.h>

#include "core/index.h"

namespace mapistore::fs {

/// The directory that holds bytes on their way into a medium, and files that stay on this machine; one file per FMID,
/// named by it. Beside it, `unsaved/` keeps what a medium refused. Thread-safe, as its files are.
class StagingArea {
 public:
  /// Uses `directory`/staging and `directory`/unsaved, made if missing.
  static Result<StagingArea> open(const std::filesystem::path& directory);

  /// A file that is gone with its descriptor unless it is given a name.
  Result<posix::UniqueFd> create_nameless() const;
  /// Room on the disk that it is on.
  Usage usage() const noexcept;
  /// Gives it its FMID's name, unless it has that.
  Result<> give_name(int fd, Fmid fmid) const;
  Result<posix::UniqueFd> create(Fmid fmid) const;
  Result<posix::UniqueFd> reopen(Fmid fmid) const;
  void remove(Fmid fmid) const noexcept;

  /// Gives staged bytes a name in `unsaved/`, after `name`, and answers that path.
  Result<std::filesystem::path> keep_unsaved(int fd, Fmid fmid, std::string_view name) const;
  /// What was being written when a daemon was killed: moved to `unsaved/`. Only while no other process uses the store.
  std::vector<std::filesystem::path> recover(Index& index) const;

 private:
  explicit StagingArea(const std::filesystem::path& directory)
      : staging_{directory / "staging"}, unsaved_{directory / "unsaved"} {}
  std::filesystem::path path_of(Fmid fmid) const { return staging_ / std::to_string(fmid.value); }

  std::filesystem::path staging_;
  std::filesystem::path unsaved_;
};

}  // namespace mapistore::fs
