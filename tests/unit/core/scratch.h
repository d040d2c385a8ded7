#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <mapistore/host.h>

namespace mapistore::testing {

/// A directory of one test's own, 0755 whatever the umask, removed at the end.
class Scratch {
 public:
  Scratch();
  Scratch(const Scratch&) = delete;
  ~Scratch();

  const std::filesystem::path& path() const noexcept { return path_; }

  /// Writes `path()/name`, with exactly `mode`.
  std::filesystem::path write(std::string_view name, std::string_view content, mode_t mode = 0644) const;

 private:
  std::filesystem::path path_;
};

/// An environment variable for the length of a test; none: unset.
class Variable {
 public:
  Variable(const char* name, std::optional<std::string> value);
  Variable(const Variable&) = delete;
  ~Variable();

 private:
  const char* name_;
  std::optional<std::string> before_;
};

/// What `action` makes the process write to standard error.
std::string standard_error_of(const std::function<void()>& action);

/// A host that collects its log and stops its clock.
class CollectingHost : public Host {
 public:
  void log(LogLevel, std::string_view object, std::string_view text) noexcept override;
  Result<std::string> secret(const ContextUri&) override { return fail(Errc::not_found); }
  Result<std::filesystem::path> state_directory(std::string_view) override { return fail(Errc::unsupported); }
  Time now() const noexcept override { return time; }

  std::string lines;
  Time time{};
};

}  // namespace mapistore::testing
