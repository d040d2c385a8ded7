#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <mapistore/host.h>
#include <mapistore/sqlite.h>

#include "backends/archive/vault.h"

/// The archive as a file: made, judged and opened.
namespace mapistore::archive {

struct Creation {
  std::optional<std::string> passphrase;  ///< seals the archive
  std::int64_t dictionary_after = 2000;   ///< messages until the first dictionary is trained
  Time now{};
};

/// Makes an empty archive, whole or not at all. Errc::exists: something of this name is there.
Result<> create_file(const std::filesystem::path& file, const Creation& creation);

/// What a look at the first bytes tells, without SQLite, which might write. Errc::invalid_content: no archive;
/// Errc::incompatible: of a newer version; Errc::corrupted: it ends too early. Requires that this process has no other
/// descriptor of the file: closing ours would drop the locks of that one.
Result<> judge_file(const std::filesystem::path& file);

/// How this process may open `file`. Errc::read_only: its log cannot be taken in where it lies.
Result<sqlite::Access> access_to(const std::filesystem::path& file);

/// A connection as this backend wants it.
Result<std::unique_ptr<sqlite::Database>> connect(const std::filesystem::path& file, sqlite::Access access);

/// The record of the key; nothing for an archive that is not encrypted.
Result<std::optional<KeyRecord>> read_key_record(sqlite::Database& database);

}  // namespace mapistore::archive
