// Events and contacts that move between servers and this machine.
#include <thread>

#include "tests/mount/dav_fixture.h"

namespace mapistore::mount_tests {
namespace {

using testing::eventually;
using testing::is_there;
using testing::names_in;
using testing::read_file;
using testing::stat_of;
using testing::write_file;
using namespace std::chrono_literals;

/// F is a directory of this machine beside the calendar and the address book.
class DavMove : public Dav {
 protected:
  void SetUp() override { mount({}, "[folders.F]\nuri = \"file://" + files_.native() + "\"\n"); }
  const Path files_ = sandbox_.make_directory("files");
};
MAPISTORE_EVERY_DAV_SERVER(DavMove);

TEST_P(DavMove, AMessageMovesToTheServerAndBack) {
  ASSERT_EQ(write_file(at("F") / "a.ics", meeting("Moving")), 0);
  const auto inode = stat_of(at("F") / "a.ics").st_ino;
  ASSERT_EQ(move(at("F") / "a.ics", at("C") / "b.ics"), 0) << mount_->errors();
  EXPECT_EQ(stat_of(at("C") / "b.ics").st_ino, inode);
  EXPECT_TRUE(eventually([&] { return !is_there(files_ / "a.ics"); }, 5s));
  ASSERT_EQ(stored(calendar_).size(), 1u);
  const std::string there = stored(calendar_).front();
  EXPECT_TRUE(there.contains("SUMMARY:Moving"));
  EXPECT_EQ(read_file(at("C") / "b.ics"), there);

  ASSERT_EQ(move(at("C") / "b.ics", at("F") / "c.ics"), 0) << mount_->errors();
  EXPECT_TRUE(eventually([&] { return stored(calendar_).empty(); }, 5s)) << mount_->status();
  EXPECT_EQ(read_file(files_ / "c.ics"), there) << "the server's bytes, each of them";
  EXPECT_EQ(stat_of(at("F") / "c.ics").st_ino, inode);
  EXPECT_EQ(mount_->errors(), "");
}

TEST_P(DavMove, WhatTheServerRefusesStaysWhereItWas) {
  const std::string two = meeting("One") + meeting("Two");
  ASSERT_EQ(write_file(at("F") / "two.ics", two), 0);
  EXPECT_NE(move(at("F") / "two.ics", at("C") / "two.ics"), 0);
  EXPECT_EQ(read_file(files_ / "two.ics"), two);
  EXPECT_EQ(names("F"), Names{"two.ics"});
  EXPECT_TRUE(names("C").empty());
  ASSERT_EQ(write_file(at("F") / "card.vcf", contact("Card")), 0);
  EXPECT_NE(move(at("F") / "card.vcf", at("C") / "card.vcf"), 0) << "a calendar takes no cards";
  EXPECT_EQ(read_file(files_ / "card.vcf"), contact("Card"));
  EXPECT_EQ(move(at("F") / "card.vcf", at("A") / "card.vcf"), 0) << mount_->errors();
  EXPECT_EQ(stored(book_).size(), 1u);
}

TEST_P(DavMove, AKilledMoveLeavesOneCopy) {
  for (int round = 0; round < 3; ++round) {
    const std::string name = "k" + std::to_string(round) + ".ics";
    ASSERT_EQ(write_file(at("F") / name, meeting("Killed " + std::to_string(round))), 0);
    std::jthread mover{[&] { move(at("F") / name, at("C") / name); }};
    std::this_thread::sleep_for(std::chrono::milliseconds{2 + round * 7});
    mount_->kill9();
    mover.join();
    ASSERT_TRUE(mount_->remount());
    const auto copies = [&] {
      return (is_there(at("F") / name) ? 1 : 0) + (is_there(at("C") / name) ? 1 : 0);
    };
    EXPECT_TRUE(eventually([&] { return copies() == 1; }, 10s)) << copies();
    const std::size_t on_disk = is_there(files_ / name) ? 1 : 0;
    EXPECT_TRUE(eventually([&] { return stored(calendar_).size() + on_disk + names_in(at("C")).size() >= 1; }, 5s));
    const Path where = is_there(at("F") / name) ? at("F") / name : at("C") / name;
    EXPECT_TRUE(read_file(where).value_or("").contains("SUMMARY:Killed"));
    testing::run("rm -f " + testing::shell_word(where));
  }
}

}  // namespace
}  // namespace mapistore::mount_tests
