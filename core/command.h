#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <mapistore/result.h>

namespace mapistore {

/// Runs `arguments` (the program is looked up in PATH) and answers the first line that it writes, without its end.
///
/// Its standard input is empty. Errors name `object` and quote its standard error, never its output, which is also
/// registered with the log as a secret. Errc::not_found: no such program; Errc::no_data: ended in failure and said
/// nothing, or succeeded without output; Errc::io: ended in failure; Errc::timed_out: still running after `limit`, and
/// ended by us with all it started.
Result<std::string> secret_from_command(const std::string& object, const std::vector<std::string>& arguments,
                                        std::chrono::milliseconds limit);

}  // namespace mapistore
