// Calendars and address books of real servers as directories.
#include "tests/mount/dav_fixture.h"

#include "tests/support/corpus_files.h"

namespace mapistore::mount_tests {
namespace {

using testing::contents;
using testing::corpus;
using testing::eventually;
using testing::files_below;
using testing::names_in;
using testing::read_file;
using testing::run;
using testing::shell_word;
using testing::write_file;

class DavMount : public Dav {
 protected:
  /// Copies each of `files` into `folder`. Those that the server takes are shown as it has them; of those that it does
  /// not take, nothing is there, and why is told. Answers how many were taken.
  std::size_t copy_all(const std::vector<Path>& files, std::string_view folder, const std::string& collection) {
    std::size_t taken = 0;
    for (const Path& file : files) {
      const auto copied = run("cp " + shell_word(file) + " " + shell_word(at(folder)));
      taken += copied.code == 0 ? 1 : 0;
      if (copied.code != 0) {
        EXPECT_NE(mount_->errors().find(file.filename().native()), std::string::npos) << file << copied.output;
      }
    }
    EXPECT_EQ(names(folder).size(), taken);
    EXPECT_EQ(stored(collection).size(), taken);
    EXPECT_EQ(shown(folder), stored(collection)) << "the server's bytes are shown";
    return taken;
  }
};
MAPISTORE_EVERY_DAV_SERVER(DavMount);

TEST_P(DavMount, FilesOfOthersGoInAndAreShownAsTheServerHasThem) {
  mount();
  const auto calendars = files_below(corpus() / "ics", ".ics"), cards = files_below(corpus() / "vcf", ".vcf");
  const std::size_t events = copy_all(calendars, "C", calendar_);
  const std::size_t people = copy_all(cards, "A", book_);
  RecordProperty("events", static_cast<int>(events));
  std::printf("%zu of %zu calendars, %zu of %zu cards\n%s\n", events, calendars.size(), people, cards.size(), mount_->errors().c_str());
  const auto before = shown("C"), cards_before = shown("A");
  ASSERT_TRUE(mount_->remount());
  EXPECT_EQ(shown("C"), before) << "after a remount";
  EXPECT_EQ(shown("A"), cards_before) << "after a remount";
}

}  // namespace
}  // namespace mapistore::mount_tests
