#pragma once

#include <chrono>

#include <mapistore/backend.h>

namespace mapistore::sql {

/// The options of a profile, as what they are meant to be. Errc::invalid_configuration.
class Options {
 public:
  explicit Options(const ContextOptions& options) : options_{options} {}

  /// Empty: not given.
  std::string text(std::string_view key) const;
  Result<bool> flag(std::string_view key, bool otherwise) const;
  /// Seconds, which may have a fraction.
  Result<std::chrono::milliseconds> duration(std::string_view key, std::chrono::milliseconds otherwise) const;

 private:
  const ContextOptions& options_;
};

}  // namespace mapistore::sql
