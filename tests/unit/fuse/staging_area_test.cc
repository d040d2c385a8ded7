#include "fuse/staging_area.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuse/search_folders.h"
#include "fuse/staged_body.h"
#include "fuse/unsaved_files.h"
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

TEST(UnsavedFiles, GoWhenAMediumHasTheSameBytesUnderTheirName) {
  const Scratch scratch;
  const auto area = StagingArea::open(scratch.path()).value();
  UnsavedFiles unsaved{area.unsaved()};
  const auto staged = [&](std::string_view text) {
    auto fd = area.nameless_files()->take().value();
    EXPECT_EQ(::write(fd.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
    return fd;
  };
  const auto save = [&](std::string_view name, std::string_view text) {
    const auto fd = staged(text);
    StagedBody body = StagedBody::of(fd.get()).value();
    unsaved.saved(Call{}, name, body);
  };
  save("a", "nothing is kept yet");
  const std::string long_name(250, 'n');
  for (const auto& [number, name] : {std::pair{2000, "a"}, {2001, "a"}, {2002, "b-a"}, {2003, long_name.c_str()}})
    ASSERT_TRUE(area.keep_unsaved(staged("text").get(), Fmid{static_cast<std::uint64_t>(number)}, name));
  EXPECT_EQ(UnsavedFiles::total(area.unsaved()).files, 4u);
  EXPECT_EQ(UnsavedFiles::total(area.unsaved()).bytes, 16u);
  const NodeId first = unsaved.find("2000-a")->id;
  EXPECT_TRUE(UnsavedFiles::owns(first));
  EXPECT_FALSE(SearchFolders::owns(first));
  EXPECT_FALSE(UnsavedFiles::owns(SearchFolders::link(Fmid{2000})));
  EXPECT_EQ(unsaved.list().size(), 4u);
  EXPECT_EQ(unsaved.file(first)->size, 4u);

  save("a", "texT");
  save("a", "text ");
  save("2000", "text");
  EXPECT_EQ(unsaved.list().size(), 4u) << "other bytes, or another name";
  save("a", "text");
  EXPECT_EQ(unsaved.list().size(), 2u);
  EXPECT_EQ(unsaved.find("2000-a")->id, first) << "who copied it may still remove it";
  EXPECT_TRUE(unsaved.remove("2000-a"));
  EXPECT_EQ(code(unsaved.find("2000-a")), Errc::not_found);
  EXPECT_EQ(code(unsaved.remove("2000-a")), Errc::not_found);
  save(long_name, "text");
  save("2002-b-a", "text");
  EXPECT_EQ(unsaved.list().size(), 0u);
  save("a", "text");

  ASSERT_TRUE(area.keep_unsaved(staged("more").get(), Fmid{2004}, "c"));
  EXPECT_EQ(testing_backends::read_file((area.unsaved() / "2004-c").native()), "more");
  EXPECT_TRUE(unsaved.remove("2004-c"));
  EXPECT_EQ(code(unsaved.remove("../lock")), Errc::invalid_argument);
  EXPECT_EQ(UnsavedFiles::total(area.unsaved()).files, 0u);
}

}  // namespace
}  // namespace mapistore::fs::staging_area_test
