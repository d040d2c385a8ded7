#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mapistore/result.h>

namespace mapistore {

struct HttpAnswer {
  long status = 0;
  std::string body;  ///< 64 KiB at most
};

/// Name and value of what a form holds, neither of them encoded.
using FormFields = std::vector<std::pair<std::string_view, std::string_view>>;

/// As application/x-www-form-urlencoded, which a URL's query may hold as well.
std::string encode_form(const FormFields& fields);

/// Errc::invalid_configuration unless `url` is https://, or http:// of this machine, and holds no password.
MAPISTORE_API Result<> check_form_url(const std::string& url);

/// POSTs `fields` to `url`, and follows no redirection. The server must prove its name by the system's certificates, or
/// those of the file `authorities`. Blocks for `limit` at most. Errc::unreachable, connection_refused, timed_out,
/// invalid_configuration (the certificate), io. No error holds a field or anything of the answer.
Result<HttpAnswer> post_form(const std::string& url, const FormFields& fields, const std::filesystem::path& authorities,
                             std::chrono::milliseconds limit);

}  // namespace mapistore
