#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <mapistore/result.h>

#include "mountd/user.h"

namespace mapistore::mountd {

/// A mount that is to be there, as its table in mounts.toml describes it.
struct WantedMount {
  std::string name;
  std::string source;                                   ///< a URI without a password, or a profile
  std::filesystem::path directory;                      ///< absolute, normal
  std::string options;                                  ///< what follows -o; may be empty
  User user;                                            ///< whose it is, and as whom its daemon runs
  std::map<std::string, std::string> environment = {};  ///< the daemon's, beside what mountd gives it

  /// Whether a daemon started for the one serves the other as well.
  bool is_same(const WantedMount& other) const {
    return source == other.source && directory == other.directory && options == other.options &&
           user.id == other.user.id && environment == other.environment;
  }
};

/// How mounts are kept.
struct Keeping {
  std::chrono::seconds probe{60};          ///< how often each mount is asked whether it answers
  std::chrono::seconds answer_within{20};  ///< what takes longer counts as hung
  std::chrono::seconds start_within{60};   ///< from its start until it first answers
  std::chrono::seconds stop_within{10};    ///< how long a stop waits for those who use a mount
  std::chrono::seconds restart_after{1};   ///< after the first crash; twice as long after each further one
  std::chrono::seconds restart_at_most{300};
  std::uint16_t metrics_port = 0;  ///< on loopback; 0: no HTTP
};

struct MountsFile {
  Keeping keeping;
  std::vector<WantedMount> mounts;  ///< as ordered in the file
};

/// Reads mounts.toml; one that is not there wants no mounts. `self`: who runs this mountd; only root's may mount for
/// others. Errc::invalid_configuration says FILE:LINE:COLUMN; Errc::not_permitted: others could have written the file.
Result<MountsFile> read_mounts_file(const std::filesystem::path& file, const User& self);

/// The same from its text; `file` is for errors.
Result<MountsFile> parse_mounts_file(std::string_view text, const std::filesystem::path& file, const User& self);

}  // namespace mapistore::mountd
