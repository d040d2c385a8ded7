#include "fuse/open_files.h"

#include <gtest/gtest.h>

namespace mapistore::fs::open_files_test {
namespace {

TEST(OpenFiles, CountHandles) {
  OpenFiles files;
  const OpenFilePtr file = files.open(Fmid{7});
  EXPECT_EQ(files.open(Fmid{7}), file);
  EXPECT_EQ(files.count(), 1u);
  EXPECT_FALSE(files.is_last_released(Fmid{7})) << "the first of two is simply taken back";
  EXPECT_EQ(files.find(Fmid{7}), file);
  EXPECT_TRUE(files.is_last_released(Fmid{7}));
  EXPECT_EQ(files.find(Fmid{7}), file) << "the last one stays until it is released";
  files.release(Fmid{7});
  EXPECT_EQ(files.find(Fmid{7}), nullptr);
  files.release(Fmid{7});  // one too many does no harm
  EXPECT_EQ(files.count(), 0u);
}

TEST(OpenFiles, GiveBackAHandleWhoseAnswerWasNotSent) {
  OpenFiles files;
  files.open(Fmid{7});
  {
    OpenFiles::Handle handle{files, Fmid{7}};
    OpenFiles::Handle moved{std::move(handle)};
  }
  EXPECT_EQ(files.find(Fmid{7}), nullptr);
  files.open(Fmid{8});
  OpenFiles::Handle{files, Fmid{8}}.keep();
  EXPECT_NE(files.find(Fmid{8}), nullptr);
}

TEST(OpenFiles, KnowTheNamesOfWhatIsNotInTheIndexYet) {
  OpenFiles files;
  const OpenFilePtr file = files.open(Fmid{7}), other = files.open(Fmid{8});
  EXPECT_TRUE(files.add_pending(Fmid{1}, "a", file));
  EXPECT_FALSE(files.add_pending(Fmid{1}, "a", other)) << "a name is taken once";
  EXPECT_TRUE(files.add_pending(Fmid{2}, "a", other));
  EXPECT_EQ(files.pending(Fmid{1}, "a"), file);
  EXPECT_TRUE(files.has_pending(Fmid{1}));
  EXPECT_FALSE(files.has_pending(Fmid{3}));
  files.remove_pending(Fmid{1}, "a");
  EXPECT_EQ(files.pending(Fmid{1}, "a"), nullptr);
  EXPECT_FALSE(files.has_pending(Fmid{1}));
}

TEST(OpenFiles, KeepTheRecentForMountsWithoutOpen) {
  OpenFiles files;
  const OpenFilePtr first = files.recent(Fmid{1}, false);
  EXPECT_EQ(files.recent(Fmid{1}, false), first);
  EXPECT_NE(files.recent(Fmid{1}, true), first);
  for (std::uint64_t i = 2; i < 200; ++i) files.recent(Fmid{i}, false);
  EXPECT_EQ(first.use_count(), 1) << "bounded";
}

TEST(OpenFiles, GiveOneTurnAtATimeForAName) {
  OpenFiles files;
  const auto soon = [] { return Call::within(std::chrono::milliseconds{20}); };
  auto turn = std::make_optional(files.take_turn(soon(), Fmid{1}, "a"));
  ASSERT_TRUE(*turn);
  EXPECT_TRUE(files.take_turn(soon(), Fmid{1}, "b"));
  EXPECT_TRUE(files.take_turn(soon(), Fmid{2}, "a"));
  const auto second = files.take_turn(soon(), Fmid{1}, "a");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::timed_out);
  turn.reset();
  EXPECT_TRUE(files.take_turn(soon(), Fmid{1}, "a"));
}

TEST(OpenFiles, KeepTheLastThatAreGone) {
  OpenFiles files;
  EXPECT_FALSE(files.is_gone(Fmid{7}));
  const OpenFilePtr gone = files.open(Fmid{7});
  files.set_gone(gone);
  files.release(Fmid{7});
  EXPECT_TRUE(files.is_gone(Fmid{7}));
  EXPECT_EQ(files.open(Fmid{7}), gone) << "with its bytes";
  files.release(Fmid{7});
  for (std::uint64_t i = 100; i < 300; ++i) files.set_gone(std::make_shared<OpenFile>(Fmid{i}));
  EXPECT_FALSE(files.is_gone(Fmid{7})) << "bounded";
}

TEST(OpenFiles, CountWhatIsUnsaved) {
  OpenFiles files;
  files.open(Fmid{7})->dirty = true;
  files.open(Fmid{8});
  EXPECT_EQ(files.unsaved(), 1u);
}

}  // namespace
}  // namespace mapistore::fs::open_files_test
