// The shapes that cross between the core and modules built earlier.
#include <gtest/gtest.h>

#include <mapistore/ability.h>
#include <mapistore/plugin.h>

namespace mapistore::abi_test {
namespace {

/// A type whose size differs here has changed: raise module_abi_major, and write the new sizes down.
TEST(Abi, ShapesAreThoseOfItsNumber) {
  static_assert(module_abi_major == 4 && sizeof(void*) == 8, "the sizes below are those of ABI 4 on 64 bits");
  EXPECT_EQ(sizeof(State), 32u);
  EXPECT_EQ(sizeof(Summary), 192u);
  EXPECT_EQ(sizeof(SideProperty), 104u);
  EXPECT_EQ(sizeof(Entry), 432u);
  EXPECT_EQ(sizeof(FolderEntry), 120u);
  EXPECT_EQ(sizeof(MessageRef), 104u);
  EXPECT_EQ(sizeof(Draft), 312u);
  EXPECT_EQ(sizeof(StateChange), 88u);
  EXPECT_EQ(sizeof(Profile), 40u);
  EXPECT_EQ(sizeof(Listing), 40u);
  EXPECT_EQ(sizeof(Usage), 32u);
  EXPECT_EQ(sizeof(Call), 16u);
  EXPECT_EQ(sizeof(Error), 104u);
  EXPECT_EQ(sizeof(ContextUri), 64u);
  EXPECT_EQ(sizeof(ContextOptions), 48u);
  EXPECT_EQ(sizeof(ModuleLabel), 128u);
  EXPECT_EQ(sizeof(BackendModule), 40u);
}

}  // namespace
}  // namespace mapistore::abi_test
