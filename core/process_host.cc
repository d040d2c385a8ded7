#include "core/process_host.h"

#include "core/directories.h"
#include "core/log.h"
#include "core/secrets.h"

namespace mapistore {

void ProcessHost::log(LogLevel level, std::string_view object, std::string_view text) noexcept {
  log::line(level, object, text);
}

Result<std::string> ProcessHost::secret(const ContextUri& uri) { return secrets_.get(uri); }

void ProcessHost::refuse_secret(const ContextUri& uri) { secrets_.forget(uri); }

Result<std::filesystem::path> ProcessHost::state_directory(std::string_view backend) {
  if (backend.empty() || backend.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_") != std::string_view::npos)
    return fail(Errc::invalid_argument, backend, "not the name of a backend");
  const std::filesystem::path state = MAPISTORE_TRY(directories::state_home());
  MAPISTORE_CHECK(directories::make_private_directory(state));
  return directories::make_private_directory(state / "backends" / backend);
}

Time ProcessHost::now() const noexcept { return std::chrono::system_clock::now(); }

}  // namespace mapistore
