// Events and contacts that move between servers and this machine.
#include <thread>

#include "tests/mount/dav_fixture.h"
#include "tests/mount/move_fixture.h"

namespace mapistore::mount_tests::dav_move_test {
namespace {

using testing::eventually;
using testing::is_there;
using testing::names_in;
using testing::read_file;
using testing::stat_of;
using testing::write_file;
using namespace std::chrono_literals;

/// F is a directory of this machine beside the calendar and the address book, and S a database file.
class DavMove : public Dav {
 protected:
  void SetUp() override {
    mount({}, "[folders.F]\nuri = \"file://" + files_.native() + "\"\n[folders.S]\nuri = \"sqlite://" +
                  store_.native() + "\"\n");
  }
  /// How many messages the media have, whatever is shown.
  std::size_t on_media() const {
    const auto rows = testing::run("sqlite3 -readonly -cmd '.timeout 10000' " + testing::shell_word(store_) +
                                   " 'SELECT COUNT(*) FROM mst_message WHERE folder_id <> 2'");
    const auto is_message = [](const std::string& name) { return name.starts_with("k"); };
    const auto files = names_in(files_);
    return stored(book_).size() + stored(calendar_).size() + std::stoul(rows.output) +
           static_cast<std::size_t>(std::ranges::count_if(files, is_message));
  }
  /// Moves a message from one top folder to the other, over and over, killed at each of some steps.
  void move_with_kills(const std::string& from, const std::string& to) {
    for (const int step : {1, 2, 3, 5, 8, 13, 21}) {
      const bool is_card = from == "A" || to == "A";
      const std::string name = "k" + std::to_string(step) + (is_card ? ".vcf" : ".ics");
      const std::string title = "Number " + from + std::to_string(step);
      ASSERT_EQ(write_file(at(from) / name, is_card ? contact(title) : meeting(title)), 0) << mount_->errors();
      const bool killed = killed_at(sandbox_, *mount_, step, [&] { move(at(from) / name, at(to) / name); });
      if (killed) {
        ASSERT_EQ(mount_->start().code, 0);
        ASSERT_TRUE(mount_->wait_ready());
      }
      const auto shown_at = [&](const std::string& folder) { return is_there(at(folder) / name); };
      EXPECT_TRUE(eventually([&] { return shown_at(from) != shown_at(to); }, 20s)) << step;
      EXPECT_TRUE(eventually([&] { return on_media() == 1; }, 20s))
          << from << " to " << to << ", step " << step << ": " << on_media() << mount_->status();
      const Path where = at(shown_at(to) ? to : from) / name;
      EXPECT_TRUE(read_file(where).value_or("").contains(":" + title)) << step;
      EXPECT_TRUE(killed || shown_at(to)) << step;
      ASSERT_EQ(::unlink(where.c_str()), 0) << step;
      testing::run("rm -rf " + testing::shell_word(*mount_ / ".mapistorefs/trash") + "/*/*");
      if (!killed) return;
    }
  }
  const Path files_ = sandbox_.make_directory("files"), store_ = sandbox_ / "store.sqlite";
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

TEST_P(DavMove, AContactMovesToTheServerAndBack) {
  for (const std::string local : {"F", "S"}) {
    ASSERT_EQ(write_file(at(local) / "a.vcf", contact("Mira " + local)), 0);
    const auto inode = stat_of(at(local) / "a.vcf").st_ino;
    ASSERT_EQ(move(at(local) / "a.vcf", at("A") / "b.vcf"), 0) << mount_->errors();
    EXPECT_EQ(stat_of(at("A") / "b.vcf").st_ino, inode);
    ASSERT_EQ(stored(book_).size(), 1u);
    const std::string there = stored(book_).front();
    EXPECT_TRUE(there.contains("FN:Mira " + local));
    EXPECT_EQ(read_file(at("A") / "b.vcf"), there);
    ASSERT_EQ(move(at("A") / "b.vcf", at(local) / "c.vcf"), 0) << mount_->errors();
    EXPECT_TRUE(eventually([&] { return stored(book_).empty(); }, 5s)) << mount_->status();
    EXPECT_EQ(read_file(at(local) / "c.vcf"), there) << "the server's bytes, each of them";
    EXPECT_EQ(stat_of(at(local) / "c.vcf").st_ino, inode);
  }
  EXPECT_EQ(mount_->errors(), "");
}

TEST_P(DavMove, AContactWhoseMoveIsKilledIsThereOnce) {
  for (const std::string local : {"F", "S"}) {
    move_with_kills(local, "A");
    move_with_kills("A", local);
  }
}

TEST_P(DavMove, AnEventWhoseMoveIsKilledIsThereOnce) {
  move_with_kills("F", "C");
  move_with_kills("C", "S");
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
}  // namespace mapistore::mount_tests::dav_move_test
