#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>

#include "tests/support/database_server.h"
#include "tests/support/temp_mount.h"

namespace mapistore::testing::database_server_test {
namespace {

TEST(DatabaseServer, KeepsWhatItHasOverAKillAndLeavesNothingBehind) {
  std::optional<DatabaseServer> server{std::in_place};
  const std::filesystem::path directory = server->socket().parent_path().parent_path();
  const std::string database = server->make_database();
  server->sql(database, "CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1), (2)");
  server->kill();
  EXPECT_THROW(server->sql("SELECT 1"), std::runtime_error);
  server->restart();
  EXPECT_EQ(server->sql(database, "SELECT id FROM t ORDER BY id"), "1\n2\n");
  EXPECT_EQ(server->sql("SELECT @@max_allowed_packet"), "16777216\n");
  EXPECT_GT(processes_of(directory), 0);
  server.reset();
  EXPECT_FALSE(is_there(directory));
  EXPECT_EQ(processes_of(directory), 0);
}

TEST(DatabaseServer, TakesConfigurationOfTheTests) {
  const DatabaseServer server{"max_allowed_packet=1M"};
  EXPECT_EQ(server.sql("SELECT @@max_allowed_packet"), "1048576\n");
}

}  // namespace
}  // namespace mapistore::testing::database_server_test
