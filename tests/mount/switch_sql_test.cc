// mapistorectl switch: tasks and mail into MariaDB and out again.
#include "tests/mount/sql_fixture.h"
#include "tests/mount/switch_fixture.h"

namespace mapistore::mount_tests::switch_sql_test {
namespace {

using testing::eventually;
using testing::TempMount;
using namespace std::chrono_literals;

TEST_F(SwitchTest, IntoMariaDbAndOutAgainUnderAWriter) {
  SqlMedium database{sandbox_, "mariadb"};
  const std::string password = password_file(SqlMedium::server().password());
  write_profile(make_medium(sandbox_, "maildir", "old"));
  TempMount mount{sandbox_, profile()};
  ASSERT_EQ(::mkdir((mount / "Mail/Sub").c_str(), 0700), 0);
  Writer writer{mount / "Mail"};
  ASSERT_TRUE(eventually([&] { return writer.count() > 50; }, 20s));
  const auto in = control("switch Mail '" + database.uri() + "' --set poll=0.2 --set password_file=" + password);
  ASSERT_EQ(in.code, 0) << in.output << mount.errors();
  const std::size_t then = writer.count();
  ASSERT_TRUE(eventually([&] { return writer.count() > then + 50; }, 20s));
  ASSERT_EQ(control("switch Mail --finish").code, 0);
  EXPECT_NE(database.sql("SELECT count(*) FROM mail"), "0\n") << "its tables have the messages";
  const auto out = control("switch Mail " + make_medium(sandbox_, "archive", "new"));
  ASSERT_EQ(out.code, 0) << out.output << mount.errors();
  const auto wanted = writer.finish();
  EXPECT_EQ(writer.failures(), "");
  const auto now = shown(mount / "Mail");
  for (const auto& [path, bytes] : wanted) EXPECT_TRUE(now.contains(path) && now.at(path).bytes == bytes) << path;
  for (const auto& [path, is] : now)
    EXPECT_TRUE(path == "Sub" || path.starts_with("Trash") || wanted.contains(path)) << "nobody made " << path;
}

}  // namespace
}  // namespace mapistore::mount_tests::switch_sql_test
