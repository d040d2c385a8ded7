#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <mapistore/object.h>
#include <mapistore/restriction.h>

namespace mapistore {

/// What a user looks for, and where.
struct SearchExpression {
  Restriction restriction;
  std::vector<std::string> top_folders;  ///< one of these; empty: anywhere
};

/// Reads what a user writes (docs/search.md): words that must all be there, `field:value`, `OR`, `-` for not,
/// parentheses, quotes. `now` is what times are counted back from. Errc::invalid_argument names what is not understood.
MAPISTORE_API Result<SearchExpression> read_search_expression(std::string_view text, Time now);

}  // namespace mapistore
