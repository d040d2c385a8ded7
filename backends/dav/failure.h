#pragma once

#include <string_view>

#include <mapistore/result.h>

#include "backends/dav/http_client.h"
#include "backends/dav/multistatus.h"

namespace mapistore::dav {

/// What the refusal `status` of a request about `object` means; `precondition` as DavError has it, or empty.
Error refusal(int status, std::string_view precondition, std::string_view object);

/// The same of a whole answer.
Error refusal(const Response& response, std::string_view object);

/// Whether an answer to a request that changes something is a success: 2xx, and with 207 no refusal inside.
Result<> check_done(const Response& response, const Url& url, std::string_view object);

}  // namespace mapistore::dav
