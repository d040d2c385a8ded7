#include "core/mount_table.h"

#include <gtest/gtest.h>

namespace mapistore::mount_table_test {
namespace {

TEST(MountTable, FindsOurMountsAndNoOthers) {
  const auto stores = mounted_stores_in(
      "22 27 0:20 / /sys rw,nosuid shared:7 - sysfs sysfs rw\n"
      "501 27 0:61 / /home/anna/Store rw,nosuid,nodev,relatime shared:9 - fuse.mapistorefs mail "
      "rw,user_id=1000,group_id=1000\n"
      "502 27 0:62 / /mnt/s ro,nosuid - fuse.sshfs anna@host:/ rw,user_id=1000,group_id=1000\n"
      "503 27 0:63 / /mnt/ro ro,nosuid - fuse.mapistorefs file:///srv rw,user_id=0,group_id=0,allow_other\n");
  ASSERT_EQ(stores.size(), 2u);
  EXPECT_EQ(stores[0].id, 501u);
  EXPECT_EQ(stores[0].path, "/home/anna/Store");
  EXPECT_EQ(stores[0].source, "mail");
  EXPECT_EQ(stores[0].user, 1000u);
  EXPECT_FALSE(stores[0].read_only);
  EXPECT_EQ(stores[1].user, 0u);
  EXPECT_TRUE(stores[1].read_only);
}

TEST(MountTable, UnderstandsEscapes) {
  const auto stores =
      mounted_stores_in("1 2 0:1 / /a\\040b\\134c\\012d\\04 rw - fuse.mapistorefs x\\040y rw,user_id=5\n");
  ASSERT_EQ(stores.size(), 1u);
  EXPECT_EQ(stores[0].path, "/a b\\c\nd\\04");
  EXPECT_EQ(stores[0].source, "x y");
}

TEST(MountTable, PassesOverWhatIsNoMount) {
  for (const char* text : {"", "\n", "1", "- fuse.mapistorefs a b", "1 2 3 4 5 - fuse.mapistorefs a b",
                           "x 2 0:1 / /a rw - fuse.mapistorefs a b", "1 2 0:1 / /a rw - fuse.mapistorefs a"})
    EXPECT_TRUE(mounted_stores_in(text).empty()) << text;
}

}  // namespace
}  // namespace mapistore::mount_table_test
