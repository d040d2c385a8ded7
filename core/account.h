#pragma once

#include <vector>

#include "core/profile.h"

namespace mapistore {

/// Whether `uri` names an account whose parts are several top folders, not one: `sogo://user@host/`.
MAPISTORE_API bool is_account(const ContextUri& uri);

/// The top folders that an account becomes, each with its role. Calendar, Tasks and Contacts are SOGo's, and Mail is
/// its mail server's: all have the account's credential and the options that are for them. The account's own options,
/// or the URI's query: `mail`, where mail is if not at imaps:// on the same host; `notes` and `journal`, the URIs of
/// contexts for what SOGo has no place for, without a credential; `prefix`, what the names begin with.
/// Errc::invalid_configuration.
MAPISTORE_API Result<std::vector<TopFolder>> top_folders_of(const TopFolder& account);

}  // namespace mapistore
