#pragma once

#include <map>
#include <vector>

#include <mapistore/context.h>

namespace mapistore {

/// What one folder of a medium shows, asked of the medium itself.
struct MediumContents {
  std::map<Key, ChangeKey> messages;  ///< and the validators of their bytes
  std::vector<FolderEntry> folders;
};

/// Lists `folder` from the beginning, reading no message. Errors as of Context::changes.
MAPISTORE_API Result<MediumContents> contents_of(const Call& call, Context& medium, const FolderPath& folder);

/// The folders alone.
MAPISTORE_API Result<std::vector<FolderEntry>> folders_in(const Call& call, Context& medium, const FolderPath& folder);

}  // namespace mapistore
