#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include <mapistore/backend.h>

namespace mapistore {

/// The options of a top folder, as what they are meant to be. One that is not is Errc::invalid_configuration, which
/// names it and what it could be. `options` outlive it.
class MAPISTORE_API OptionReader {
 public:
  explicit OptionReader(const ContextOptions& options) : options_{options} {}

  bool has(std::string_view key) const { return options_.contains(key); }
  /// Empty: not given.
  std::string text(std::string_view key) const;
  /// true, yes, on; false, no, off.
  Result<bool> flag(std::string_view key, bool otherwise) const;
  /// From 1 to `most`.
  Result<unsigned> number(std::string_view key, unsigned otherwise, unsigned most) const;
  /// Seconds from 0.05 to a day, which may have a fraction.
  Result<std::chrono::milliseconds> duration(std::string_view key, std::chrono::milliseconds otherwise) const;

 private:
  const ContextOptions& options_;
};

}  // namespace mapistore
