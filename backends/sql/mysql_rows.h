#pragma once

#include <mysql.h>

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "backends/sql/connection.h"

namespace mapistore::sql {

/// Binds `values` to a prepared statement and runs it. Zero, or it failed.
int run_statement(MYSQL_STMT* statement, Values values);

/// The rows of a statement that ran, as the server sends them.
class MysqlRows final : public Rows {
 public:
  /// `failure` makes an error of what the statement says. Both outlive this.
  MysqlRows(MYSQL_STMT* statement, std::function<Error(MYSQL_STMT*)> failure);
  ~MysqlRows() override;
  MysqlRows(const MysqlRows&) = delete;
  MysqlRows& operator=(const MysqlRows&) = delete;

  Result<bool> next() override;
  bool null(int column) const noexcept override { return at(column).is_null != 0; }
  std::int64_t integer(int column) const noexcept override;
  std::string_view bytes(int column) const noexcept override;

 private:
  struct Column {
    bool is_number = false;
    long long number = 0;
    std::string text;
    unsigned long length = 0;
    my_bool is_null = 0;
  };
  const Column& at(int column) const noexcept { return columns_[static_cast<std::size_t>(column)]; }
  bool bind();
  /// Reads again what was longer than its room. False: it failed.
  bool read_long_ones();

  MYSQL_STMT* statement_;
  std::function<Error(MYSQL_STMT*)> failure_;
  std::vector<Column> columns_;
  std::vector<MYSQL_BIND> binds_;
  bool is_bound_ = false;
};

}  // namespace mapistore::sql
