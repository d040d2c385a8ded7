#pragma once

namespace mapistore::archive {

/// Makes the tables of an empty database.
extern const char* const schema;

/// What the row `readme` of the table `meta` says to whoever finds the file in fifty years.
extern const char* const readme;

}  // namespace mapistore::archive
