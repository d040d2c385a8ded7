#pragma once

#include <filesystem>

#include <mapistore/result.h>

/// The mbox format, in its variant mboxrd (RFC 4155, and mbox(5) for the quoting), where lines that begin with any
/// number of '>' and "From " have one '>' more in the file. It keeps all but one thing: whether the last line of a
/// message has an end; each has one afterwards.
namespace mapistore::ctl::mbox {

/// Writes each message of `file` as `directory`/NUMBER.eml, with the time that its separator tells. Answers how many.
/// Errc::invalid_content: it is no mbox file.
Result<std::uint64_t> split(const std::filesystem::path& file, const std::filesystem::path& directory);

/// Writes all .eml files of `directory`, and below, to `file`, in the order of their times. Answers how many.
/// Errc::exists: never over another file.
Result<std::uint64_t> join(const std::filesystem::path& directory, const std::filesystem::path& file);

}  // namespace mapistore::ctl::mbox
