#include "fuse/message_xattrs.h"

#include <gtest/gtest.h>

namespace mapistore::fs::message_xattrs_test {
namespace {

TEST(MessageXattrs, ShowAndSetEveryPartOfTheState) {
  State state;
  EXPECT_EQ(state_xattr(state, "user.mapi.read"), "0");
  EXPECT_EQ(state_xattr(state, "user.mapi.importance"), "normal");
  EXPECT_EQ(state_xattr(state, "user.mapi.other"), std::nullopt);
  EXPECT_TRUE(set_state_xattr(state, "user.mapi.read", "1\n"));
  EXPECT_TRUE(set_state_xattr(state, "user.mapi.importance", "high"));
  EXPECT_TRUE(set_state_xattr(state, "user.mapi.categories", "red\n\nlight blue\n"));
  EXPECT_TRUE(state.read);
  EXPECT_EQ(state.importance, 2);
  EXPECT_EQ(state.categories, (std::vector<std::string>{"red", "light blue"}));
  EXPECT_EQ(state_xattr(state, "user.mapi.categories"), "red\nlight blue");
  EXPECT_TRUE(set_state_xattr(state, "user.mapi.flags", "flagged, draft answered forwarded"));
  EXPECT_FALSE(state.read) << "flags are all flags";
  EXPECT_TRUE(state.flagged && state.draft && state.answered && state.forwarded);
  for (const char* name : {"user.mapi.read", "user.mapi.flags", "user.mapi.importance", "user.mapi.categories"}) {
    State copy;
    EXPECT_TRUE(set_state_xattr(copy, name, *state_xattr(state, name))) << "what is shown can be set";
    EXPECT_EQ(state_xattr(copy, name), state_xattr(state, name));
    EXPECT_TRUE(is_state_xattr(name) && is_mapi_xattr(name));
    reset_state_xattr(state, name);
  }
  EXPECT_EQ(state, State{});
  EXPECT_TRUE(listed_state_xattrs(state).empty());
}

TEST(MessageXattrs, RefuseNonsenseAndLeaveTheState) {
  State state;
  state.flagged = true;
  const State before = state;
  for (const auto& [name, value] :
       std::vector<std::pair<std::string, std::string>>{{"user.mapi.read", "yes"},
                                                        {"user.mapi.read", ""},
                                                        {"user.mapi.flags", "flagged shiny"},
                                                        {"user.mapi.importance", "huge"}}) {
    const auto set = set_state_xattr(state, name, value);
    ASSERT_FALSE(set) << name;
    EXPECT_EQ(set.error().code, Errc::invalid_argument);
    EXPECT_EQ(state, before);
  }
}

}  // namespace
}  // namespace mapistore::fs::message_xattrs_test
