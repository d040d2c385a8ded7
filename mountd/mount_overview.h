#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "core/json.h"
#include "mountd/control_client.h"
#include "mountd/job.h"

namespace mapistore::mountd {

/// Does `work` as a Job does, and waits for its end.
Result<Job::End> run_job(const std::function<int()>& work, std::chrono::milliseconds limit);

/// What there is to tell of all mounts of this user, for root of all users: those that mountds at `sockets` keep, as
/// KeptMount::report() has it and with "kept": true, then those that nobody keeps, with "advice" where they do not
/// answer. Only mounts called `wanted`, or mounted there, unless it is empty. None of them can make this hang.
Json mount_overview(const std::vector<std::filesystem::path>& sockets, const std::string& wanted);

}  // namespace mapistore::mountd
