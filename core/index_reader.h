#pragma once

#include "core/index.h"

namespace mapistore {

/// A connection leased for one reading.
class Index::Reader {
 public:
  static Result<Reader> lease(Index& index) { return Reader{index, MAPISTORE_TRY(index.lease())}; }
  ~Reader() {
    if (database_) index_.give_back(std::move(database_));
  }
  Reader(Reader&&) = default;
  Reader& operator=(Reader&&) = delete;

  sqlite::Query query(const char* sql) { return database_->query(sql); }

 private:
  Reader(Index& index, std::unique_ptr<sqlite::Database> database) : index_{index}, database_{std::move(database)} {}

  Index& index_;
  std::unique_ptr<sqlite::Database> database_;
};

}  // namespace mapistore
