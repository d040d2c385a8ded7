#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "tests/support/private_server.h"

namespace mapistore::testing {

/// A real MariaDB server of the test's own.
class DatabaseServer : public PrivateServer {
 public:
  /// `configuration`: lines for its [mariadbd], put last.
  explicit DatabaseServer(std::string_view configuration = {}) : PrivateServer{"mariadb", configuration} {}
  /// One for the whole program, started when first asked for. Tests that share it keep to databases of their own.
  static DatabaseServer& shared();

  std::string user() const { return setting("user"); }
  std::filesystem::path socket() const { return setting("socket"); }
  /// Makes an empty database, and answers its name.
  std::string make_database();
  /// `mysql://USER@HOST:PORT/DATABASE`.
  std::string uri(std::string_view database) const;
  /// The URI of a store that is not there yet, in a database that it shares with others: quicker to make.
  std::string new_store();
  /// Runs statements as the server's administrator; answers the rows, a tab between columns.
  std::string sql(std::string_view statements) const;
  /// The same within a database.
  std::string sql(std::string_view database, std::string_view statements) const;

 private:
  int databases_ = 0, stores_ = 0;
  std::string shared_database_;
};

}  // namespace mapistore::testing
