#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/live_context.h"
#include "core/registry.h"
#include "core/secrets.h"

namespace mapistore {

/// A store that is to be opened, as a URI or a profile describes it.
struct StoreSource {
  std::string name;   ///< of the store's directories of state and cache
  std::string shown;  ///< the URI without its password, or the profile as it was named
  std::vector<LiveContext::Settings> contexts = {};
  bool single = false;  ///< one URI of one context, which is the root
  std::uint64_t cache_size = 0;

  /// What a profile does not say, and a URI cannot.
  struct Defaults {
    std::chrono::seconds refresh{60};
    std::chrono::seconds deadline{30};
    std::optional<std::chrono::days> trash_keep{};
  };

  /// Reads `source`: a URI if "://" stands in it, else a profile as load_profile() finds it. Passwords, and where they
  /// are to be had, go to `secrets`; that of a URI may also stand in MAPISTORE_PASSWORD, which is removed from the
  /// environment, and given to the first URI that lacks one, or to all parts of an account (see top_folders_of). Errors
  /// as of ContextUri::parse, load_profile, check_options and Registry::backend_for. Call before other threads run.
  MAPISTORE_API static Result<StoreSource> read(std::string_view source, const Defaults& defaults, Secrets& secrets,
                                                const Registry& registry);
  /// The medium that a profile's text with one top folder describes. Errors and secrets as above, but for passwords in
  /// a URI: what is kept and sent around may have none, Errc::invalid_argument.
  MAPISTORE_API static Result<LiveContext::Source> read_section(std::string_view section, Secrets& secrets,
                                                                const Registry& registry);
};

}  // namespace mapistore
