#include "core/index.h"

#include <gtest/gtest.h>

#include "tests/unit/core/index_fixture.h"

namespace mapistore::testing::index_side_test {
namespace {

TEST(IndexSide, PropertiesGoWithTheirMessage) {
  OneIndex one;
  const SideProperties side = {{"", "PidTagX", "1"}, {"", "removed", std::nullopt}, {"recipients", "", "[]"}};
  const Fmid fmid = one.apply(one.row.root, entry("k", "a")).fmid;
  {
    auto writer = one.write();
    ASSERT_TRUE(writer->set_side_properties(fmid, side));
    ASSERT_TRUE(writer->commit());
  }
  EXPECT_EQ(one.index->side_properties(fmid).value(), side);
  {
    auto writer = one.write();
    ASSERT_TRUE(writer->move(fmid, one.row.root, "elsewhere.eml", Key{"k2"}));
    ASSERT_TRUE(writer->commit());
  }
  EXPECT_EQ(one.index->side_properties(fmid).value(), side) << "moved";
  {
    auto writer = one.write();
    ASSERT_TRUE(writer->erase(fmid));
    ASSERT_TRUE(writer->erase_gone_before(Time::max()));
    ASSERT_TRUE(writer->commit());
  }
  EXPECT_EQ(one.index->side_properties(fmid).value(), SideProperties{}) << "deleted with it";
}

TEST(IndexSide, OfOldBytesIsNotPutOverNewOnes) {
  OneIndex one;
  Entry bytes = entry("k", "a");
  const Fmid fmid = one.apply(one.row.root, bytes).fmid;
  {
    auto writer = one.write();
    ASSERT_TRUE(writer->set_side_properties(
        fmid, {{"", "PidTagX", "1"}, {"", "removed", std::nullopt}, {"recipients", "", "[]"}}));
    ASSERT_TRUE(writer->commit());
  }
  bytes.state_change = {"flags"};
  bytes.state.read = true;
  one.apply(one.row.root, bytes);
  EXPECT_EQ(one.index->side_properties(fmid)->size(), 3u) << "the bytes are the same";
  bytes.change = {"2"};
  one.apply(one.row.root, bytes);
  EXPECT_EQ(one.index->side_properties(fmid).value(), (SideProperties{{"", "PidTagX", "1"}}));
}

}  // namespace
}  // namespace mapistore::testing::index_side_test
