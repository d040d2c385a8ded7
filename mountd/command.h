#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/process_host.h"
#include "core/profile.h"
#include "core/registry.h"
#include "core/secrets.h"
#include "mountd/output.h"
#include "mountd/verb.h"

namespace mapistore::ctl {

/// What opening a medium for a verb may take.
inline constexpr std::chrono::seconds time_to_open{30};

/// What every verb may use. Lives as long as the process.
class Environment {
 public:
  Environment(Output& told, std::vector<std::filesystem::path> backend_directories)
      : output{told}, backend_directories_{std::move(backend_directories)} {}

  Output& output;
  bool dry_run = false;
  std::string profile;  ///< --profile; empty: not given

  Secrets& secrets() noexcept { return secrets_; }
  Host& host() noexcept { return host_; }
  /// The profile of --profile; Errc::invalid_argument without one.
  Result<StoreProfile> named_profile() const;
  /// The backends, loaded when first asked for.
  Result<Registry*> backends();

 private:
  std::vector<std::filesystem::path> backend_directories_;
  Secrets secrets_;
  ProcessHost host_{secrets_};
  Registry registry_;
  bool loaded_ = false;
};

/// Describes verbs of `program`.
using Describe = void (*)(Verb& program);

/// Runs `mapistorectl` with `arguments`, the program's name first. Returns its exit code.
int run(std::span<char* const> arguments, std::string_view version);

}  // namespace mapistore::ctl
