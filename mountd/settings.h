#pragma once

#include <map>
#include <string>
#include <vector>

#include <mapistore/result.h>

namespace mapistore::ctl {

/// What `--set KEY=VALUE` options say. Errc::invalid_argument names one that is of another form.
Result<std::map<std::string, std::string>> settings_of(const std::vector<std::string>& options);

}  // namespace mapistore::ctl
