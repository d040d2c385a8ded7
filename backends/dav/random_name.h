#pragma once

#include <string>

namespace mapistore::dav {

/// 32 characters out of 0-9 and a-f that nobody has had before: names that every server keeps as they are.
std::string random_name();

}  // namespace mapistore::dav
