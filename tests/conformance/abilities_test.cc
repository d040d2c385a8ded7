#include "tests/conformance/suite.h"

namespace mapistore::conformance {
namespace {

class Abilities : public Suite {
 protected:
  Moving& moving() { return *context_->ability<Moving>(); }
  State marked() const {
    State state;
    state.read = state.flagged = true;
    state.categories = {"Blue"};
    return state;
  }
  const Time then_ = Time{std::chrono::sys_days{std::chrono::year{2001} / 2 / 3}};
};
MAPISTORE_EVERY_BACKEND(Abilities);

TEST_P(Abilities, AMoveKeepsBytesStateAndTime) {
  const FolderPath target = must_create("Target");
  const auto saved = save("mail.eml", sample_mail("mail"), {}, nullptr, marked(), then_);
  ASSERT_TRUE(ok(saved));
  const auto moved = moving().move(soon(), {}, ref(*saved), target, "moved.eml", nullptr);
  ASSERT_TRUE(ok(moved));
  EXPECT_EQ(moved->state, marked());
  EXPECT_EQ(moved->received, then_);
  EXPECT_EQ(moved->identity, saved->identity);
  EXPECT_EQ(moved->name, context_->profile().names_on_medium ? "moved.eml" : "");
  EXPECT_EQ(bytes_of(*moved, target), sample_mail("mail"));
  EXPECT_TRUE(list().messages.empty());
  EXPECT_EQ(list(target).messages.size(), 1u);
}

TEST_P(Abilities, AMoveInsideAFolderRenamesWhereNamesAreKept) {
  const auto saved = save("old.eml", sample_mail("mail"), {}, nullptr, marked(), then_);
  ASSERT_TRUE(ok(saved));
  const auto moved = moving().move(soon(), {}, ref(*saved), {}, "new.eml", nullptr);
  ASSERT_TRUE(ok(moved));
  EXPECT_EQ(moved->name, context_->profile().names_on_medium ? "new.eml" : "");
  EXPECT_EQ(moved->state, marked());
  EXPECT_TRUE(ok(moving().move(soon(), {}, ref(*moved), {}, "new.eml", nullptr))) << "to where it is";
  EXPECT_EQ(list().messages.size(), 1u);
}

TEST_P(Abilities, AMoveOverAMessageReplacesIt) {
  const FolderPath target = must_create("Target");
  const Entry source = must_save("same.eml", sample_mail("winner"));
  const auto loser = save("same.eml", sample_mail("loser"), target, nullptr, marked());
  ASSERT_TRUE(ok(loser));
  if (context_->profile().names_on_medium) {
    EXPECT_EQ(code(moving().move(soon(), {}, ref(source), target, "same.eml", nullptr)), Errc::exists);
  }
  MessageRef stale = ref(*loser);
  stale.change.bytes += "x";
  EXPECT_EQ(code(moving().move(soon(), {}, ref(source), target, "same.eml", &stale)), Errc::stale);
  EXPECT_EQ(list().messages.size(), 1u);
  const MessageRef replaced = ref(*loser);
  const auto moved = moving().move(soon(), {}, ref(source), target, "same.eml", &replaced);
  ASSERT_TRUE(ok(moved));
  EXPECT_EQ(moved->state, State{}) << "the state of the replaced message must go with it";
  EXPECT_EQ(bytes_of(*moved, target), sample_mail("winner"));
  EXPECT_EQ(list(target).messages.size(), 1u);
  EXPECT_TRUE(list().messages.empty());
}

TEST_P(Abilities, ACopyLeavesTheSourceAlone) {
  const FolderPath target = must_create("Target");
  const auto saved = save("mail.eml", sample_mail("mail"), {}, nullptr, marked(), then_);
  ASSERT_TRUE(ok(saved));
  const auto copy = moving().copy(soon(), {}, ref(*saved), target, "copy.eml");
  ASSERT_TRUE(ok(copy));
  EXPECT_EQ(copy->state, marked());
  EXPECT_EQ(copy->received, then_);
  EXPECT_NE(copy->identity, saved->identity);
  EXPECT_EQ(bytes_of(*copy, target), sample_mail("mail"));
  ASSERT_TRUE(ok(context_->remove(soon(), target, ref(*copy))));
  const Entry left = list().messages.at(saved->key);
  EXPECT_EQ(left.state, marked());
  EXPECT_EQ(left.change, saved->change);
  EXPECT_EQ(bytes_of(left), sample_mail("mail"));
}

TEST_P(Abilities, AMissingMessageCannotMove) {
  const Entry saved = must_save("gone.eml", sample_mail("gone"));
  ASSERT_TRUE(ok(context_->remove(soon(), {}, ref(saved))));
  const FolderPath target = must_create("Target");
  EXPECT_EQ(code(moving().move(soon(), {}, ref(saved), target, "gone.eml", nullptr)), Errc::not_found);
  EXPECT_EQ(code(moving().copy(soon(), {}, ref(saved), target, "gone.eml")), Errc::not_found);
  EXPECT_TRUE(list(target).messages.empty());
}

TEST_P(Abilities, TheTrashTakesAndGivesBack) {
  const FolderPath trash = context_->ability<Trashing>()->trash();
  EXPECT_TRUE(list(trash).messages.empty()) << "a trash that does not exist yet is an empty one";
  for (int round = 0; round < 3; ++round) {
    const auto saved = save("same.eml", sample_mail("same"), {}, nullptr, marked(), then_);
    ASSERT_TRUE(ok(saved));
    ASSERT_TRUE(ok(moving().move(soon(), {}, ref(*saved), trash, "same.eml", nullptr)));
  }
  const Listed deleted = list(trash);
  ASSERT_EQ(deleted.messages.size(), 3u) << "equal names do not collide in the trash";
  EXPECT_TRUE(list().messages.empty());
  const Entry& entry = deleted.messages.begin()->second;
  EXPECT_EQ(entry.state, marked());
  const auto restored = moving().move(soon(), trash, ref(entry), {}, "same.eml", nullptr);
  ASSERT_TRUE(ok(restored));
  EXPECT_EQ(restored->state, marked());
  EXPECT_EQ(bytes_of(*restored), sample_mail("same"));
}

TEST_P(Abilities, QuotaIsPlausible) {
  const auto usage = context_->ability<Quota>()->usage(soon());
  ASSERT_TRUE(ok(usage));
  EXPECT_LE(usage->bytes_free, usage->bytes_total);
  EXPECT_LE(usage->objects_free, usage->objects_total);
}

}  // namespace
}  // namespace mapistore::conformance
