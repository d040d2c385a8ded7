// Directories that change while several read them. The kernel keeps one listing of a directory for all, and a reader
// that has begun without it may go on with it: no reader may miss by that what is there, or see what went before he
// began.
#include <dirent.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>

#include "tests/mount/posix.h"

namespace mapistore::mount_tests::posix_listing_test {
namespace {

/// An open directory, read piece by piece.
class DirectoryReader {
 public:
  explicit DirectoryReader(const Path& path) : directory_{path, O_RDONLY | O_DIRECTORY} {}

  /// The next names, as many as fit into `size` bytes; none at the end.
  Names next(std::size_t size = 4096) {
    std::vector<char> buffer(size);
    const long count = ::syscall(SYS_getdents64, directory_.get(), buffer.data(), buffer.size());
    EXPECT_GE(count, 0) << std::generic_category().message(errno);
    Names names;
    for (long at = 0; at < count;) {
      const auto* item = reinterpret_cast<const dirent64*>(buffer.data() + at);
      if (const std::string name = item->d_name; name != "." && name != "..") names.push_back(name);
      at += item->d_reclen;
    }
    return names;
  }
  /// All that is left, in order.
  Names rest() {
    Names all;
    for (Names more = next(); !more.empty(); more = next()) all.insert(all.end(), more.begin(), more.end());
    std::ranges::sort(all);
    return all;
  }

 private:
  Handle directory_;
};

struct Medium {
  const char* scheme;
  const char* options;
};

class Listing : public ::testing::TestWithParam<Medium> {
 protected:
  static bool is_read_only() { return std::string_view{GetParam().options} == "ro"; }
  static std::string name_of(int number) { return std::to_string(1000 + number) + std::string(60, 'n') + ".eml"; }

  Listing() {
    sandbox_.make_directory("medium/d");
    std::string uri = "file://" + (sandbox_ / "medium").native();
    if (GetParam().scheme == std::string_view{"memory"}) uri = "memory://listing";
    mount_.emplace(sandbox_, std::move(uri), GetParam().options);
  }
  /// Puts `count` messages into d.
  void fill(int count) {
    const Path directory = is_read_only() ? sandbox_ / "medium/d" : *mount_ / "d";
    static_cast<void>(make_directory(directory));
    for (int i = 0; i < count; ++i) ASSERT_EQ(testing::write_file(directory / name_of(i), mail("x")), 0);
    ASSERT_TRUE(testing::eventually([&] { return names().size() == static_cast<std::size_t>(count); }));
  }
  /// Removes a message of d: from behind if the mount is read-only.
  void remove(const std::string& name) {
    const Path directory = is_read_only() ? sandbox_ / "medium/d" : *mount_ / "d";
    ASSERT_EQ(remove_name(directory / name), 0);
    ASSERT_TRUE(testing::eventually([&] { return !testing::is_there(*mount_ / "d" / name); }));
  }
  Names names() const { return testing::names_in(*mount_ / "d"); }
  DirectoryReader reader() const { return DirectoryReader{*mount_ / "d"}; }

  Sandbox sandbox_;
  std::optional<testing::TempMount> mount_;
};
INSTANTIATE_TEST_SUITE_P(Media, Listing,
                         ::testing::Values(Medium{"file", ""}, Medium{"file", "ro"}, Medium{"memory", ""}),
                         [](const auto& medium) {
                           return std::string{medium.param.scheme} + (*medium.param.options != '\0' ? "_ro" : "");
                         });

TEST_P(Listing, GoesOnWhereItWas) {
  fill(300);
  DirectoryReader first = reader();
  Names seen = first.next();
  ASSERT_GT(seen.size(), 10u);
  ASSERT_LT(seen.size(), 200u);
  // The place from where it goes on is no place in what the next ones read, and what these leave in the kernel.
  remove(seen.back());
  ASSERT_EQ(names().size(), 299u);
  ASSERT_EQ(names().size(), 299u);
  const Names more = first.rest();
  EXPECT_EQ(seen.size() + more.size(), 300u);
}

TEST_P(Listing, GoesOnFromWhatTheKernelKept) {
  fill(300);
  ASSERT_EQ(names().size(), 300u);
  ASSERT_EQ(names().size(), 300u);
  DirectoryReader first = reader();
  const Names seen = first.next();
  remove(seen.back());
  ASSERT_EQ(names().size(), 299u);
  ASSERT_EQ(names().size(), 299u);
  EXPECT_EQ(seen.size() + first.rest().size(), 300u);
}

TEST_P(Listing, ShowsNothingThatWentBefore) {
  fill(5);
  remove(name_of(0));
  DirectoryReader early = reader();
  ASSERT_EQ(early.next().size(), 4u);
  remove(name_of(4));
  DirectoryReader late = reader();
  Names seen = late.next();
  // The end of an older listing, which makes it the one that the kernel has for all.
  EXPECT_EQ(early.next(), Names{});
  std::ranges::copy(late.rest(), std::back_inserter(seen));
  std::ranges::sort(seen);
  EXPECT_EQ(seen, (Names{name_of(1), name_of(2), name_of(3)}));
}

}  // namespace
}  // namespace mapistore::mount_tests::posix_listing_test
