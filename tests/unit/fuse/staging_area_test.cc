#include "fuse/staging_area.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/backends/support.h"
#include "tests/unit/core/index_fixture.h"

namespace mapistore::fs::staging_area_test {
namespace {

using namespace mapistore::testing;

std::size_t count(const std::filesystem::path& directory) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator{directory}, {}));
}

TEST(StagingArea, NamelessFilesGoUnlessNamed) {
  const Scratch scratch;
  const auto area = StagingArea::open(scratch.path()).value();
  struct stat status {};
  ASSERT_EQ(::stat((scratch.path() / "staging").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777u, 0700u);
  {
    const auto fd = area.nameless_files()->take().value();
    ASSERT_EQ(::write(fd.get(), "abc", 3), 3);
  }
  EXPECT_EQ(count(scratch.path() / "staging"), 0u);
  const auto fd = area.nameless_files()->take().value();
  ASSERT_EQ(::write(fd.get(), "abc", 3), 3);
  ASSERT_TRUE(area.give_name(fd.get(), Fmid{2000}));
  EXPECT_TRUE(area.give_name(fd.get(), Fmid{2000})) << "again is no error";
  EXPECT_EQ(testing_backends::read_file((scratch.path() / "staging/2000").native()), "abc");
  EXPECT_TRUE(area.reopen(Fmid{2000}));
  area.remove(Fmid{2000});
  EXPECT_EQ(code(area.reopen(Fmid{2000})), Errc::not_found);
  EXPECT_GT(area.usage().bytes_total, 0u);
}

TEST(StagingArea, KeepsWhatWasRefusedUnderASafeName) {
  const Scratch scratch;
  const auto area = StagingArea::open(scratch.path()).value();
  const auto fd = area.nameless_files()->take().value();
  ASSERT_EQ(::write(fd.get(), "abc", 3), 3);
  const auto kept = area.keep_unsaved(fd.get(), Fmid{2000}, std::string(255, 'n')).value();
  EXPECT_EQ(kept.parent_path(), scratch.path() / "unsaved");
  EXPECT_EQ(testing_backends::read_file(kept.native()), "abc");
  EXPECT_TRUE(area.keep_unsaved(fd.get(), Fmid{2000}, std::string(255, 'n')));
  EXPECT_EQ(count(scratch.path() / "unsaved"), 1u);
  EXPECT_FALSE(area.keep_unsaved(area.nameless_files()->take()->get(), Fmid{2001}, "empty")) << "nothing to keep";
  EXPECT_EQ(count(scratch.path() / "unsaved"), 1u);
}

TEST(StagingArea, RecoversWhatAKilledDaemonWasWriting) {
  OneIndex one;
  const auto area = StagingArea::open(one.directory).value();
  Node local;
  local.fmid = one.index->new_fmid().value();
  local.parent = one.row.root;
  local.context = one.row.id;
  local.kind = NodeKind::local_file;
  local.name = ".scratch";
  ASSERT_TRUE(one.change([&](IndexWriter& writer) { return writer.add_local(local); }));
  const Fmid message = one.apply(one.row.root, entry("k", "s", "edited.eml")).fmid;
  const auto write = [&](Fmid fmid, std::string_view text) {
    const auto fd = area.create(fmid).value();
    ASSERT_EQ(::write(fd.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  };
  write(local.fmid, "stays");
  write(message, "half an edit");
  write(Fmid{999'999}, "of nobody");
  write(Fmid{999'998}, "");
  testing_backends::write_file((one.directory / "staging/README").native(), "not ours");
  const auto kept = area.recover(*one.index);
  EXPECT_EQ(kept.size(), 2u);
  EXPECT_EQ(testing_backends::read_file(
                (one.directory / "unsaved" / (std::to_string(message.value) + "-edited.eml")).native()),
            "half an edit");
  EXPECT_EQ(testing_backends::read_file((one.directory / "unsaved/999999-interrupted").native()), "of nobody");
  EXPECT_TRUE(area.reopen(local.fmid)) << "a local file lives here";
  EXPECT_EQ(count(one.directory / "staging"), 2u) << "the local file and what is not ours";
  EXPECT_TRUE(area.recover(*one.index).empty()) << "once";
}

}  // namespace
}  // namespace mapistore::fs::staging_area_test
