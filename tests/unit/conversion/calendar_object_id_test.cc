#include "core/conversion/calendar_object_id.h"

#include <gtest/gtest.h>

namespace mapistore::conversion::calendar_object_id_test {
namespace {

using namespace std::chrono;

TEST(GlobalObjectId, HoldsForeignUids) {
  const Binary id = global_object_id("a@b", std::nullopt);
  ASSERT_EQ(id.size(), 40u + 12 + 3 + 1);
  EXPECT_EQ(id[0], std::byte{4});
  EXPECT_EQ(id[36], std::byte{16});
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(id.data()) + 40, 8), "vCal-Uid");
  EXPECT_EQ(id[48], std::byte{1});
  EXPECT_EQ(id.back(), std::byte{0});
  EXPECT_EQ(uid_of(id), "a@b");
}

TEST(GlobalObjectId, HoldsTheDateOfAnInstanceBigEndian) {
  const Binary id = global_object_id("a", InstanceDate{year{2024} / 3 / 5});
  EXPECT_EQ(id[16], std::byte{0x07});
  EXPECT_EQ(id[17], std::byte{0xE8});
  EXPECT_EQ(id[18], std::byte{3});
  EXPECT_EQ(id[19], std::byte{5});
  EXPECT_EQ(uid_of(id), "a");
}

TEST(GlobalObjectId, ReadsItsOwnHexadecimalForm) {
  const std::string uid =
      "040000008200E00074C5B7101A82E008000000009AE1D6B0F8C1C701000000000000000010000000B7D4F7A5C0B24C4F9A3D1E0F1122334"
      "4";
  const Binary id = global_object_id(uid, InstanceDate{year{2024} / 3 / 5});
  EXPECT_EQ(id.size(), uid.size() / 2);
  EXPECT_EQ(uid_of(id), uid);
  EXPECT_EQ(id[17], std::byte{0xE8});
}

TEST(GlobalObjectId, TakesHexadecimalDigitsThatAreNoneForForeign) {
  const std::string uid(80, 'A');
  EXPECT_EQ(uid_of(global_object_id(uid, std::nullopt)), uid);
}

TEST(GlobalObjectId, HasNoUidOfOtherBytes) {
  EXPECT_EQ(uid_of({}), "");
  EXPECT_EQ(uid_of(Binary(60, std::byte{1})), "");
}

}  // namespace
}  // namespace mapistore::conversion::calendar_object_id_test
