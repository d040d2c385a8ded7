#include "fuse/attributes.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace mapistore::fs::attributes_test {
namespace {

TEST(Attributes, AreAMessagesOwn) {
  const Attributes attributes{{}};
  Node node;
  node.size = 1025;
  node.modified = Time{std::chrono::seconds{10} + std::chrono::nanoseconds{5}};
  node.changed = Time{std::chrono::seconds{20}};
  const struct stat out = attributes.of(node, {4711}, true);
  EXPECT_EQ(out.st_ino, 4711u);
  EXPECT_EQ(out.st_mode, mode_t{S_IFREG | 0600});
  EXPECT_EQ(out.st_nlink, 1u);
  EXPECT_EQ(out.st_size, 1025);
  EXPECT_EQ(out.st_blocks, 3);
  EXPECT_EQ(out.st_uid, ::getuid());
  EXPECT_EQ(out.st_mtim.tv_sec, 10);
  EXPECT_EQ(out.st_mtim.tv_nsec, 5);
  EXPECT_EQ(out.st_atim.tv_sec, 10);
  EXPECT_EQ(out.st_ctim.tv_sec, 20);
}

TEST(Attributes, OfFoldersCountTheirSubfolders) {
  const Attributes attributes{{}};
  Node node;
  node.kind = NodeKind::folder;
  node.subfolders = 3;
  const struct stat out = attributes.of(node, {1}, true);
  EXPECT_EQ(out.st_mode, mode_t{S_IFDIR | 0700});
  EXPECT_EQ(out.st_nlink, 5u);
}

TEST(Attributes, FollowTheOptionsAndTheUser) {
  MountOptions options;
  options.umask = 022;
  options.uid = 12;
  options.gid = 34;
  const Attributes attributes{options};
  Node node;
  EXPECT_EQ(attributes.of(node, {1}, true).st_mode, mode_t{S_IFREG | 0644});
  EXPECT_EQ(attributes.of(node, {1}, false).st_mode, mode_t{S_IFREG | 0444}) << "read-only";
  EXPECT_EQ(attributes.of(node, {1}, true).st_uid, 12u);
  node.mode = 04751;
  node.uid = 56;
  EXPECT_EQ(attributes.of(node, {1}, true).st_mode, mode_t{S_IFREG | 04751});
  EXPECT_EQ(attributes.of(node, {1}, true).st_uid, 56u);
  EXPECT_EQ(attributes.of(node, {1}, true).st_gid, 34u);
}

TEST(Attributes, TimesBefore1970AreWhole) {
  for (const std::int64_t count :
       {std::int64_t{-1}, std::int64_t{-1'000'000'000}, std::int64_t{-1'500'000'000}, std::int64_t{0}}) {
    const timespec spec = to_timespec(Time{std::chrono::nanoseconds{count}});
    EXPECT_GE(spec.tv_nsec, 0);
    EXPECT_LT(spec.tv_nsec, 1'000'000'000);
    EXPECT_EQ(to_time(spec).time_since_epoch().count(), count);
  }
}

}  // namespace
}  // namespace mapistore::fs::attributes_test
