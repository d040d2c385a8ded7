#pragma once

#include <memory>

#include <mapistore/backend.h>
#include <mapistore/host.h>

namespace mapistore::imap {

/// `imap://[USER@]HOST[:PORT]/[FOLDER]` and `imaps://`: a mail account, or a mailbox with all below (RFC 3501, RFC
/// 9051).
std::unique_ptr<Backend> make_backend(Host& host);

}  // namespace mapistore::imap
