// Many who write to one database, and a server that goes away meanwhile: nothing is lost, nothing is there twice.
#include <atomic>
#include <map>
#include <set>
#include <thread>

#include "tests/mount/sql_fixture.h"
#include "tests/support/memory.h"
#include "tests/support/wire_proxy.h"

namespace mapistore::mount_tests::sql_cluster_test {
namespace {

using testing::DatabaseServer;
using testing::eventually;
using testing::names_in;
using testing::read_file;
using testing::TempMount;
using testing::WireProxy;
using testing::write_file;
using namespace std::chrono_literals;
using Direction = WireProxy::Direction;

class SqlCluster : public ::testing::Test {
 protected:
  std::string count(const std::string& of = "COUNT(*)") const {
    return medium_.sql("SELECT " + of + " FROM mst_message");
  }
  std::string uri_at(std::uint16_t port) const {
    return "mysql://" + SqlMedium::server().user() + "@localhost:" + std::to_string(port) + "/" + medium_.database();
  }

  Sandbox sandbox_;
  SqlMedium medium_{sandbox_, "mariadb"};
};

TEST_F(SqlCluster, TwoMountsWriteAtOnceAndSeeEachOther) {
  constexpr int each = 60;
  const Sandbox other;
  TempMount one{sandbox_, SqlMedium::profile(sandbox_, medium_.uri())};
  TempMount two{other, SqlMedium::profile(other, medium_.uri())};
  std::atomic<int> failures{0};
  {
    std::vector<std::jthread> threads;
    int writer = 0;
    for (const TempMount* mount : {&one, &two})
      for (int thread = 0; thread < 2; ++thread, ++writer)
        threads.emplace_back([&, mount, writer] {
          for (int i = 0; i < each; ++i) {
            const std::string name = std::to_string(writer) + "-" + std::to_string(i) + ".txt";
            if (write_file(*mount / ("S/" + name), name) != 0) ++failures;
            // All of them want this name; one of each mount's has it in the end.
            if (i % 20 == 0) write_file(*mount / "S/same.txt", name);
          }
        });
  }
  EXPECT_EQ(failures, 0) << one.errors() << two.errors();
  EXPECT_EQ(count("COUNT(*), COUNT(DISTINCT name), COUNT(DISTINCT cn)"), "241\t241\t241\n");
  for (const TempMount* mount : {&one, &two}) {
    EXPECT_TRUE(eventually([&] { return names_in(*mount / "S").size() == 4 * each + 1; }, 10s))
        << names_in(*mount / "S").size();
    for (const std::string& name : names_in(*mount / "S"))
      if (name != "same.txt") {
        EXPECT_EQ(read_file(*mount / ("S/" + name)), name);
      }
  }
  ASSERT_EQ(write_file(one / "S/0-0.txt", "changed by one"), 0);
  EXPECT_TRUE(eventually([&] { return read_file(two / "S/0-0.txt") == "changed by one"; }, 5s));
  ASSERT_EQ(remove_name(two / "S/0-1.txt"), 0) << two.errors();
  EXPECT_TRUE(eventually([&] { return !testing::is_there(one / "S/0-1.txt"); }, 5s));
}

TEST_F(SqlCluster, AcknowledgedWritesOutliveAKilledServer) {
  DatabaseServer server;  // its own: others need theirs
  const std::string database = server.make_database();
  ::setenv("MAPISTORE_SQL_PASSWORD", server.password().c_str(), 1);
  TempMount mount{sandbox_, SqlMedium::profile(sandbox_, server.uri(database))};
  std::atomic<bool> ends{false};
  std::set<std::string> acknowledged;
  std::jthread writer{[&] {
    for (int i = 0; !ends; ++i) {
      const std::string name = std::to_string(i) + ".txt";
      if (write_file(mount / ("S/" + name), name) == 0) acknowledged.insert(name);
    }
  }};
  for (int round = 0; round < 3; ++round) {
    std::this_thread::sleep_for(400ms);
    server.kill();
    server.restart();
  }
  std::this_thread::sleep_for(500ms);
  ends = true;
  writer.join();
  ASSERT_GT(acknowledged.size(), 20u) << mount.errors();
  std::map<std::string, int> there;
  std::istringstream rows{server.sql(database, "SELECT name FROM mst_message WHERE folder_id = 1")};
  for (std::string name; std::getline(rows, name);) ++there[name];
  for (const std::string& name : acknowledged) EXPECT_EQ(there[name], 1) << name;
  EXPECT_TRUE(eventually([&] { return names_in(mount / "S").size() == there.size(); }, 20s));
  for (const std::string& name : acknowledged) EXPECT_EQ(read_file(mount / ("S/" + name)), name);
}

TEST_F(SqlCluster, WhatIsSavedWhileTheWireIsCutIsThereOnce) {
  WireProxy proxy{SqlMedium::server().port()};
  TempMount mount{sandbox_, SqlMedium::profile(sandbox_, uri_at(proxy.port()))};
  ASSERT_EQ(write_file(mount / "S/0.txt", "0"), 0) << mount.errors();
  int number = 0;
  // From the COMMIT on, down to the answer: whether it took place is what nobody can see.
  for (const Direction direction : {Direction::up, Direction::down})
    for (std::uint64_t after = 0; after < 24; after += 4) {
      const std::string name = std::to_string(++number) + ".txt";
      proxy.cut_after(direction, after, direction == Direction::up ? "COMMIT" : "");
      EXPECT_EQ(write_file(mount / ("S/" + name), name), 0) << mount.errors();
      EXPECT_EQ(read_file(mount / ("S/" + name)), name);
    }
  EXPECT_GT(proxy.counts().cuts, 6u);
  EXPECT_EQ(count("COUNT(*), COUNT(DISTINCT name)"),
            std::to_string(number + 1) + "\t" + std::to_string(number + 1) + "\n");
  for (int i = 1; i <= 3; ++i) {
    const std::string from = std::to_string(i) + ".txt", to = "moved" + std::to_string(i) + ".txt";
    proxy.cut_after(Direction::up, 3, "COMMIT");
    EXPECT_EQ(move(mount / ("S/" + from), mount / ("S/" + to)), 0) << mount.errors();
    proxy.cut_after(Direction::up, 6, "COMMIT");
    EXPECT_EQ(remove_name(mount / ("S/" + to)), 0) << mount.errors();
  }
  EXPECT_EQ(medium_.sql("SELECT COUNT(*) FROM mst_message WHERE folder_id = 1"), std::to_string(number - 2) + "\n");
}

TEST_F(SqlCluster, ABodyLargerThanAPacketIsStreamed) {
  TempMount mount{sandbox_, SqlMedium::profile(sandbox_, medium_.uri())};
  constexpr int megabytes = 40;  // the server takes packets of 16
  const auto piece = [](int i) { return std::string(1 << 20, static_cast<char>('a' + i % 26)); };
  {
    Handle file{mount / "S/large.bin", O_CREAT | O_WRONLY};
    for (int i = 0; i < megabytes; ++i) ASSERT_EQ(file.write(piece(i)), 0);
    ASSERT_EQ(file.close(), 0) << mount.errors();
  }
  EXPECT_EQ(medium_.sql("SELECT COUNT(*), MAX(LENGTH(data)) FROM mst_chunk"), "160\t262144\n");
  EXPECT_EQ(medium_.sql("SELECT COUNT(*) FROM mst_garbage"), "0\n");
  EXPECT_LT(testing::most_resident(mount.pid()), testing::memory_limit(100 * 1024));
  ASSERT_EQ(move(mount / "S/large.bin", mount / "S/other.bin"), 0) << mount.errors();
  mount.unmount();
  const Sandbox other;
  TempMount again{other, SqlMedium::profile(other, medium_.uri())};
  const auto text = read_file(again / "S/other.bin");
  ASSERT_TRUE(text && text->size() == std::size_t{megabytes} << 20) << again.errors();
  for (int i = 0; i < megabytes; ++i)
    ASSERT_TRUE(std::string_view(*text).substr(std::size_t(i) << 20, 1 << 20) == piece(i)) << i;
  ASSERT_EQ(remove_name(again / "S/other.bin"), 0) << again.errors();
}

TEST_F(SqlCluster, AHungServerCostsItsCallersAlone) {
  DatabaseServer server;
  const std::string database = server.make_database();
  ::setenv("MAPISTORE_SQL_PASSWORD", server.password().c_str(), 1);
  std::filesystem::create_directory(sandbox_ / "files");
  TempMount mount{sandbox_,
                  SqlMedium::profile(sandbox_, server.uri(database),
                                     "password_env = \"MAPISTORE_SQL_PASSWORD\"\n[folders.F]\nuri = \"file://" +
                                         (sandbox_ / "files").native() + "\"\n#"),
                  "deadline=2"};
  ASSERT_EQ(write_file(mount / "S/a.txt", "a"), 0) << mount.errors();
  server.pause();
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_NE(write_file(mount / "S/b.txt", "b"), 0);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 8s);
  EXPECT_EQ(write_file(mount / "F/c.txt", "c"), 0) << mount.errors();
  server.resume();
  EXPECT_TRUE(eventually([&] { return write_file(mount / "S/d.txt", "d") == 0; }, 20s)) << mount.errors();
  EXPECT_EQ(read_file(mount / "S/a.txt"), "a");
}

}  // namespace
}  // namespace mapistore::mount_tests::sql_cluster_test
