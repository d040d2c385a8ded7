#include "mountd/settings.h"

namespace mapistore::ctl {

Result<std::map<std::string, std::string>> settings_of(const std::vector<std::string>& options) {
  std::map<std::string, std::string> settings;
  for (const std::string& option : options) {
    const std::size_t equals = option.find('=');
    if (equals == std::string::npos || equals == 0)
      return fail(Errc::invalid_argument, "--set " + option, "is not KEY=VALUE");
    settings[option.substr(0, equals)] = option.substr(equals + 1);
  }
  return settings;
}

}  // namespace mapistore::ctl
