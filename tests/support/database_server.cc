#include "tests/support/database_server.h"

#include <unistd.h>

#include "tests/support/temp_mount.h"

namespace mapistore::testing {

DatabaseServer& DatabaseServer::shared() {
  static DatabaseServer server;
  return server;
}

std::string DatabaseServer::make_database() {
  std::string name = "test" + std::to_string(++databases_);
  sql("CREATE DATABASE " + name);
  return name;
}

std::string DatabaseServer::uri(std::string_view database) const {
  return "mysql://" + user() + "@" + host() + ":" + setting("port") + "/" + std::string(database);
}

std::string DatabaseServer::new_store() {
  if (shared_database_.empty()) shared_database_ = make_database();
  return uri(shared_database_) + "/store" + std::to_string(++stores_);
}

std::string DatabaseServer::sql(std::string_view statements) const {
  return run_script("sql", shell_word(std::string(statements)));
}

std::string DatabaseServer::sql(std::string_view database, std::string_view statements) const {
  return sql("USE " + std::string(database) + "; " + std::string(statements));
}

}  // namespace mapistore::testing
