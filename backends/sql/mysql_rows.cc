#include "backends/sql/mysql_rows.h"

#include <algorithm>
#include <charconv>
#include <memory>

namespace mapistore::sql {
namespace {

constexpr std::size_t first_room = 128;

bool is_integer(enum_field_types type) {
  switch (type) {
    case MYSQL_TYPE_TINY:
    case MYSQL_TYPE_SHORT:
    case MYSQL_TYPE_LONG:
    case MYSQL_TYPE_INT24:
    case MYSQL_TYPE_LONGLONG:
    case MYSQL_TYPE_NULL: return true;
    default: return false;
  }
}

void bind_bytes(MYSQL_BIND& bind, std::string_view bytes) {
  bind.buffer_type = MYSQL_TYPE_BLOB;
  bind.buffer = const_cast<char*>(bytes.data());  // NOLINT(cppcoreguidelines-pro-type-const-cast): it is only read
  bind.buffer_length = bytes.size();
}

}  // namespace

int run_statement(MYSQL_STMT* statement, Values values) {
  std::vector<MYSQL_BIND> binds(values.size());
  std::vector<long long> numbers(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto& held = values[i].held();
    if (const auto* number = std::get_if<std::int64_t>(&held)) {
      numbers[i] = *number;
      binds[i].buffer_type = MYSQL_TYPE_LONGLONG;
      binds[i].buffer = &numbers[i];
    } else if (const auto* bytes = std::get_if<std::string_view>(&held)) {
      bind_bytes(binds[i], *bytes);
    } else if (const auto* text = std::get_if<Text>(&held)) {
      bind_bytes(binds[i], text->utf8);
    } else {
      binds[i].buffer_type = MYSQL_TYPE_NULL;
    }
  }
  if (!binds.empty() && mysql_stmt_bind_param(statement, binds.data()) != 0) return 1;
  return mysql_stmt_execute(statement);
}

MysqlRows::MysqlRows(MYSQL_STMT* statement, std::function<Error(MYSQL_STMT*)> failure)
    : statement_{statement}, failure_{std::move(failure)} {
  const std::unique_ptr<MYSQL_RES, decltype(&mysql_free_result)> fields{mysql_stmt_result_metadata(statement),
                                                                        &mysql_free_result};
  const unsigned count = fields ? mysql_num_fields(fields.get()) : 0;
  columns_.resize(count);
  binds_.resize(count);
  for (unsigned i = 0; i < count; ++i) {
    columns_[i].is_number = is_integer(mysql_fetch_field_direct(fields.get(), i)->type);
    if (!columns_[i].is_number) columns_[i].text.resize(first_room);
  }
}

MysqlRows::~MysqlRows() { mysql_stmt_free_result(statement_); }

bool MysqlRows::bind() {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    Column& column = columns_[i];
    MYSQL_BIND& bind = binds_[i];
    bind.is_null = &column.is_null;
    bind.length = &column.length;
    if (column.is_number) {
      bind.buffer_type = MYSQL_TYPE_LONGLONG;
      bind.buffer = &column.number;
    } else {
      bind.buffer_type = MYSQL_TYPE_BLOB;
      bind.buffer = column.text.data();
      bind.buffer_length = column.text.size();
    }
  }
  return is_bound_ = mysql_stmt_bind_result(statement_, binds_.data()) == 0;
}

bool MysqlRows::read_long_ones() {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    Column& column = columns_[i];
    if (column.is_number || column.is_null != 0 || column.length <= column.text.size()) continue;
    column.text.resize(column.length);
    is_bound_ = false;  // the next row is to find the new place
    MYSQL_BIND bind = binds_[i];
    bind.buffer = column.text.data();
    bind.buffer_length = column.text.size();
    if (mysql_stmt_fetch_column(statement_, &bind, static_cast<unsigned>(i), 0) != 0) return false;
  }
  return true;
}

Result<bool> MysqlRows::next() {
  if (!is_bound_ && !bind()) return std::unexpected(failure_(statement_));
  switch (mysql_stmt_fetch(statement_)) {
    case 0: return true;
    case MYSQL_NO_DATA: return false;
    case MYSQL_DATA_TRUNCATED:
      if (read_long_ones()) return true;
      break;
    default: break;
  }
  return std::unexpected(failure_(statement_));
}

std::int64_t MysqlRows::integer(int column) const noexcept {
  const Column& value = at(column);
  if (value.is_null != 0) return 0;
  if (value.is_number) return value.number;
  const std::string_view text = bytes(column);  // such as a sum, which is a decimal
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::string_view MysqlRows::bytes(int column) const noexcept {
  const Column& value = at(column);
  if (value.is_null != 0 || value.is_number) return {};
  return std::string_view(value.text).substr(0, value.length);
}

}  // namespace mapistore::sql
