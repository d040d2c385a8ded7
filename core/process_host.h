#pragma once

#include <mapistore/host.h>

namespace mapistore {

class Secrets;

/// The host of backends in a real process: its log, its secrets, its state directory and its clock.
class MAPISTORE_API ProcessHost final : public Host {
 public:
  explicit ProcessHost(Secrets& secrets) : secrets_(secrets) {}

  void log(LogLevel level, std::string_view object, std::string_view text) noexcept override;
  Result<std::string> secret(const ContextUri& uri) override;
  void refuse_secret(const ContextUri& uri) override;

  /// Errc::invalid_argument unless `backend` is made of lower-case letters, digits, '-' and '_'.
  Result<std::filesystem::path> state_directory(std::string_view backend) override;
  Time now() const noexcept override;

 private:
  Secrets& secrets_;
};

}  // namespace mapistore
