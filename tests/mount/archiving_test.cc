// Messages that grow old move to another top folder by themselves.
#include <gtest/gtest.h>

#include <sys/stat.h>

#include "tests/mount/move_fixture.h"

namespace mapistore::mount_tests::archiving_test {
namespace {

using testing::eventually;
using testing::names_in;
using testing::read_file;
using testing::run;
using testing::set_xattr;
using testing::shell_word;
using testing::TempMount;
using testing::write_file;
using testing::xattr;
using Names = std::vector<std::string>;
using namespace std::chrono_literals;

class Archiving : public MoveBase {
 protected:
  /// Of From, which may keep messages for `days`, and To, an archive.
  std::string keeping(int days) {
    const std::string path = profile({"maildir", "archive"});
    std::string text = read_file(path).value();
    text.insert(text.find("[folders.To]"), "archive_to = \"To\"\narchive_after = " + std::to_string(days) + "\n");
    EXPECT_EQ(write_file(sandbox_ / "keeping.toml", text), 0);
    return (sandbox_ / "keeping.toml").native();
  }
  /// A mail that was received so many days ago.
  static void put(const std::filesystem::path& path, int days) {
    EXPECT_EQ(write_file(path, mail(path.filename().native())), 0);
    EXPECT_EQ(run("touch -d '" + std::to_string(days) + " days ago' " + shell_word(path)).code, 0);
  }
};

TEST_F(Archiving, MovesWhatIsOldAndKeepsItsPathAndAllElse) {
  {
    const TempMount mount{sandbox_, keeping(36'500)};
    put(mount / "From/old.eml", 400);
    put(mount / "From/new.eml", 300);
    ASSERT_EQ(::mkdir((mount / "From/Projects").c_str(), 0700), 0);
    ASSERT_EQ(::mkdir((mount / "From/Projects/2024").c_str(), 0700), 0);
    put(mount / "From/Projects/2024/deep.eml", 500);
    put(mount / "From/Projects/recent.eml", 10);
    put(mount / "From/trashed.eml", 600);
    ASSERT_EQ(std::filesystem::remove(mount / "From/trashed.eml"), true);
    ASSERT_EQ(set_xattr(mount / "From/Projects/2024/deep.eml", "user.mapi.flags", "read flagged"), 0);
    ASSERT_EQ(set_xattr(mount / "From/Projects/2024/deep.eml", "user.mapi.categories", "Red"), 0);
    put(mount / "To/old.eml", 700);
  }
  TempMount mount{sandbox_, keeping(365)};
  EXPECT_TRUE(eventually([&] { return names_in(mount / "To").size() == 3; }, 20s)) << mount.errors();
  EXPECT_TRUE(eventually([&] { return in_medium("from") == 2; }, 20s)) << in_medium("from");
  EXPECT_EQ(names_in(mount / ".mapistorefs/trash/From"), Names{"trashed.eml"});
  EXPECT_EQ(names_in(mount / "From").front(), "Projects");
  EXPECT_FALSE(testing::is_there(mount / "From/old.eml"));
  EXPECT_EQ(read_file(mount / "From/new.eml"), mail("new.eml"));
  EXPECT_EQ(names_in(mount / "From/Projects"), (Names{"2024", "recent.eml"}));
  EXPECT_EQ(names_in(mount / "From/Projects/2024"), Names{});
  const auto deep = mount / "To/Projects/2024/deep.eml";
  EXPECT_EQ(read_file(deep), mail("deep.eml"));
  EXPECT_EQ(xattr(deep, "user.mapi.flags"), "read flagged");
  EXPECT_EQ(xattr(deep, "user.mapi.categories"), "Red");
  EXPECT_EQ(run("find " + shell_word(deep) + " -mtime +498 -mtime -502 | wc -l").output, "1\n");
  EXPECT_EQ(names_in(mount / "To").size(), 3u) << "a name that is taken costs nobody his message";
  EXPECT_EQ(mount.errors(), "");
}

TEST_F(Archiving, GoesOnWhereAKilledDaemonEnded) {
  constexpr int count = 150;
  {
    const TempMount mount{sandbox_, keeping(36'500)};
    for (int i = 0; i < count; ++i) put(mount / ("From/m" + std::to_string(i) + ".eml"), 100);
  }
  TempMount mount{sandbox_, keeping(30)};
  for (const std::size_t moved : {10u, 60u}) {
    EXPECT_TRUE(eventually([&] { return names_in(mount / "To").size() >= moved; }, 20s));
    mount.kill9();
    ASSERT_EQ(mount.start().code, 0);
    ASSERT_TRUE(mount.wait_ready());
  }
  EXPECT_TRUE(eventually([&] { return names_in(mount / "To").size() == count; }, 60s)) << names_in(mount / "To").size();
  EXPECT_EQ(names_in(mount / "From"), Names{});
  for (int i = 0; i < count; ++i) {
    const std::string name = "m" + std::to_string(i) + ".eml";
    EXPECT_EQ(read_file(mount / "To" / name), mail(name));
  }
  EXPECT_TRUE(eventually([&] { return in_medium("from") == 0 && in_medium("to") == count; }, 60s));
}

TEST_F(Archiving, AReadOnlyMountMovesNothing) {
  {
    const TempMount mount{sandbox_, keeping(36'500)};
    put(mount / "From/old.eml", 400);
  }
  const TempMount mount{sandbox_, keeping(30), "ro"};
  EXPECT_FALSE(eventually([&] { return !names_in(mount / "To").empty(); }, 500ms));
  EXPECT_EQ(names_in(mount / "From"), Names{"old.eml"});
}

}  // namespace
}  // namespace mapistore::mount_tests::archiving_test
