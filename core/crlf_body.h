#pragma once

#include <memory>

#include <mapistore/context.h>
#include <mapistore/message.h>

namespace mapistore {

/// What a medium of this profile makes of `original`, which outlives it: with Profile::crlf_lines, the same bytes with
/// a CR before every LF that lacks one. Null: the original itself. Reads all of it once.
MAPISTORE_API Result<std::unique_ptr<Body>> as_kept_by(const Call& call, const Profile& profile, Body& original);

}  // namespace mapistore
