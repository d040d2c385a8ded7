// mapistorectl switch: a calendar from a directory to real servers, and on into a database.
#include "tests/mount/dav_fixture.h"
#include "tests/mount/switch_fixture.h"

namespace mapistore::mount_tests::switch_dav_test {
namespace {

using testing::eventually;
using testing::read_file;
using testing::TempMount;
using testing::write_file;
using namespace std::chrono_literals;

class DavSwitch : public SwitchTest, public ::testing::WithParamInterface<DavKind> {};
INSTANTIATE_TEST_SUITE_P(Servers, DavSwitch, ::testing::Values(DavKind::radicale, DavKind::sogo, DavKind::cyrus),
                         dav_name);

TEST_P(DavSwitch, FromADirectoryAndOnIntoADatabase) {
  auto& server = testing::DavServer::shared(GetParam());
  const std::string user = server.make_user(), calendar = server.make_collection(user, false);
  const std::string password = password_file(server.password());
  write_profile(make_medium(sandbox_, "file", "old"));
  TempMount mount{sandbox_, profile()};
  for (int i = 0; i < 20; ++i)
    ASSERT_EQ(write_file(mount / ("Mail/e" + std::to_string(i) + ".ics"), meeting("Review " + std::to_string(i))), 0);
  ASSERT_EQ(testing::set_xattr(mount / "Mail/e1.ics", "user.mapi.0x6abf0003", "-7"), 0);
  const auto before = shown(mount / "Mail");

  const auto switched = control("switch Mail 'caldav://" + server.authority(user) + calendar +
                                "' --set poll=0.2 --set password_file=" + password);
  ASSERT_EQ(switched.code, 0) << switched.output << mount.errors();
  EXPECT_EQ(server.client(user).list(calendar).size(), 20u);
  const auto there = shown(mount / "Mail");
  EXPECT_EQ(there.size(), 20u);
  for (const auto& [path, was] : before) {
    ASSERT_TRUE(there.contains(path)) << path;
    EXPECT_EQ(there.at(path).inode, was.inode) << path;
    // A server keeps events in a form of its own: what is shown is what it has.
    EXPECT_NE(there.at(path).bytes.find("SUMMARY:Review " + path.substr(1, path.find('.') - 1)), std::string::npos)
        << path;
    EXPECT_EQ(static_cast<std::size_t>(testing::stat_of(mount / ("Mail/" + path)).st_size), there.at(path).bytes.size())
        << path;
  }
  EXPECT_EQ(testing::xattr(mount / "Mail/e1.ics", "user.mapi.0x6abf0003"), "-7")
      << "what no calendar holds stays beside it";
  ASSERT_EQ(write_file(mount / "Mail/new.ics", meeting("New")), 0);
  EXPECT_TRUE(eventually([&] { return server.client(user).list(calendar).size() == 21; }, 10s));
  ASSERT_EQ(control("switch Mail --finish").code, 0);

  const auto on = control("switch Mail " + make_medium(sandbox_, "sqlite", "new"));
  ASSERT_EQ(on.code, 0) << on.output << mount.errors();
  const auto now = shown(mount / "Mail");
  EXPECT_EQ(now.size(), 21u);
  for (const auto& [path, was] : there) EXPECT_TRUE(now.contains(path) && now.at(path) == was) << path;
  EXPECT_EQ(server.client(user).list(calendar).size(), 21u) << "the server is left as it was";
}

TEST_P(DavSwitch, WhatACutOffSwitchHadStoredIsNotStoredAgain) {
  auto& server = testing::DavServer::shared(GetParam());
  const std::string user = server.make_user(), calendar = server.make_collection(user, false);
  const std::string password = password_file(server.password()), uri = "caldav://" + server.authority(user) + calendar;
  const std::string bytes = meeting("Review");
  {
    // As the first half of a switch leaves it: the server has the event, in its own form, and nobody has noted that.
    const auto other = sandbox_ / "other.toml";
    ASSERT_EQ(write_file(other, "[folders.Calendar]\nuri = \"" + uri + "\"\npassword_file = \"" + password + "\"\n"),
              0);
    TempMount mount{sandbox_, other, {}, "other"};
    ASSERT_EQ(write_file(mount / "Calendar/e.ics", bytes), 0) << mount.errors();
  }
  ASSERT_EQ(server.client(user).list(calendar).size(), 1u);
  write_profile(make_medium(sandbox_, "file", "old"));
  TempMount mount{sandbox_, profile()};
  ASSERT_EQ(write_file(mount / "Mail/e.ics", bytes), 0);
  const auto switched = control("switch Mail '" + uri + "' --set poll=0.2 --set password_file=" + password);
  ASSERT_EQ(switched.code, 0) << switched.output << mount.errors();
  EXPECT_EQ(shown(mount / "Mail").size(), 1u);
  EXPECT_EQ(server.client(user).list(calendar).size(), 1u);
}

}  // namespace
}  // namespace mapistore::mount_tests::switch_dav_test
