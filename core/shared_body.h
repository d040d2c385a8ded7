#pragma once

#include <functional>

#include <mapistore/message.h>
#include <mapistore/property.h>
#include <mapistore/posix.h>

#include "core/codec/shared_bytes.h"

namespace mapistore {

/// Makes an empty file for reading and writing that is gone with its descriptor.
using MakeFile = std::function<Result<posix::UniqueFd>()>;

/// The bytes of `body` for as long as anyone refers to them: held in memory if few, else in a file of our own that is
/// mapped, so that neither their size costs memory nor a foreign hand can take them away. Blocks on the medium.
MAPISTORE_API Result<SharedBytes> share_body(const Call& call, Body& body, const MakeFile& make_file);

/// The bytes of a file that nobody else writes or shortens.
MAPISTORE_API Result<SharedBytes> share_file(int fd);

/// Writes `content` into an empty file.
MAPISTORE_API Result<> write_content(const Content& content, int fd);

/// `content` in a file of its own, as a medium takes it.
MAPISTORE_API Result<std::unique_ptr<Body>> body_of(const Content& content, const MakeFile& make_file);

}  // namespace mapistore
