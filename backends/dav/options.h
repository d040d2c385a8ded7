#pragma once

#include <chrono>

#include <mapistore/backend.h>

namespace mapistore::dav {

/// The options of a profile, as what they are meant to be. Errc::invalid_configuration.
class Options {
 public:
  explicit Options(const ContextOptions& options) : options_{options} {}

  bool has(std::string_view key) const { return options_.contains(key); }
  /// Empty: not given.
  std::string text(std::string_view key) const;
  Result<bool> flag(std::string_view key, bool otherwise) const;
  Result<unsigned> number(std::string_view key, unsigned otherwise) const;
  /// Seconds, which may have a fraction.
  Result<std::chrono::milliseconds> duration(std::string_view key, std::chrono::milliseconds otherwise) const;

 private:
  const ContextOptions& options_;
};

}  // namespace mapistore::dav
