#pragma once

#include <filesystem>

#include "backends/sql/context.h"

namespace mapistore::sql {

/// A store in a file: what was saved is in the log at once, and on the disk when asked for or soon after.
class SqliteContext final : public SqlContext, public Durability {
 public:
  SqliteContext(Host& host, std::shared_ptr<Database> database, Store store, const Settings& settings,
                std::filesystem::path file)
      : SqlContext{host, std::move(database), store, settings}, file_{std::move(file)} {}

  Result<> make_durable(const Call& call) override;
  /// As far as the store is not limited, the room of the file system.
  Result<Usage> usage(const Call& call) override;

 private:
  void* query(AbilityId id) noexcept override;

  std::filesystem::path file_;
};

}  // namespace mapistore::sql
