#pragma once

#include <string>

#include "backends/sql/connection.h"

namespace mapistore::sql {

/// What a failure of the client library or the server is to us.
struct MysqlFailure {
  Error error;
  Fault fault = Fault::none;
};

/// `number` and `text` as mysql_errno and mysql_error tell them, about `object`.
MysqlFailure mysql_failure(unsigned number, std::string_view text, std::string_view object);

}  // namespace mapistore::sql
