// Calendars and address books of real servers as directories.
#include <array>

#include "tests/mount/dav_fixture.h"

#include "tests/support/corpus_files.h"

namespace mapistore::mount_tests::dav_mount_test {
namespace {

using testing::contents;
using testing::corpus;
using testing::eventually;
using testing::files_below;
using testing::read_file;
using testing::run;
using testing::shell_word;
using testing::write_file;
using namespace std::chrono_literals;

class DavMount : public Dav {
 protected:
  /// What another client is told of a collection's colour and description.
  std::string properties(const std::string& collection) const {
    return other_
        .send("PROPFIND", collection,
              "<propfind xmlns=\"DAV:\" xmlns:I=\"http://apple.com/ns/ical/\" xmlns:B=\"http://inf-it.com/ns/ab/\" "
              "xmlns:C=\"urn:ietf:params:xml:ns:caldav\" xmlns:A=\"urn:ietf:params:xml:ns:carddav\"><prop>"
              "<I:calendar-color/><B:addressbook-color/><C:calendar-description/><A:addressbook-description/></prop>"
              "</propfind>",
              {"Depth: 0", "Content-Type: application/xml"})
        .body;
  }
  /// Servers answer GET and multiget in two ways at times: SOGo 5.8 leaves control characters out of the latter, and
  /// Cyrus 3.6 splits lists of categories in the former.
  static std::vector<std::string> comparable(std::vector<std::string> bodies) {
    for (std::string& body : bodies) {
      std::erase_if(body, [](char c) { return static_cast<unsigned char>(c) < ' ' && c != '\n'; });
      for (std::size_t at = 0; (at = body.find("\nCATEGORIES:", at + 1)) != std::string::npos;)
        if (body.rfind("\nCATEGORIES:", at - 1) == body.rfind('\n', at - 1)) body.replace(at, 12, ",");
    }
    std::ranges::sort(bodies);
    return bodies;
  }
  /// Names the first of many that differs.
  static void expect_same(const std::vector<std::string>& some, const std::vector<std::string>& others,
                          std::string_view what) {
    ASSERT_EQ(some.size(), others.size()) << what;
    const auto [one, other] = std::ranges::mismatch(some, others);
    if (one != some.end()) ADD_FAILURE() << what << ":\n" << *one << "\nis not\n" << *other;
  }
  /// Copies each of `files` into `folder`. Those that the server takes are shown as it has them; of those that it does
  /// not take, nothing is there, and why is told. Answers how many were taken.
  std::size_t copy_all(const std::vector<Path>& files, std::string_view folder, const std::string& collection) {
    std::size_t taken = 0;
    for (const Path& file : files) {
      const auto copied = run("cp " + shell_word(file) + " " + shell_word(at(folder)));
      taken += copied.code == 0 ? 1 : 0;
      if (copied.code != 0) {
        EXPECT_TRUE(mount_->errors().contains(file.filename().native())) << file << copied.output;
      }
    }
    EXPECT_EQ(names(folder).size(), taken);
    EXPECT_EQ(stored(collection).size(), taken);
    expect_same(comparable(shown(folder)), comparable(stored(collection)), "the server's bytes are shown");
    return taken;
  }
};
MAPISTORE_EVERY_DAV_SERVER(DavMount);

TEST_P(DavMount, FilesOfOthersGoInAndAreShownAsTheServerHasThem) {
  mount();
  const auto calendars = files_below(corpus() / "ics", ".ics"), cards = files_below(corpus() / "vcf", ".vcf");
  const std::size_t events = copy_all(calendars, "C", calendar_);
  const std::size_t people = copy_all(cards, "A", book_);
  // About two in three are no single event or card, or fragments that no server takes.
  EXPECT_GE(events, calendars.size() / 4);
  EXPECT_GE(people, cards.size() / 3);
  const auto before = shown("C"), cards_before = shown("A");
  ASSERT_TRUE(mount_->remount());
  expect_same(shown("C"), before, "after a remount");
  expect_same(shown("A"), cards_before, "after a remount");
}

TEST_P(DavMount, ManyGoInAndOutAgain) {
  mount();
  const Path in = sandbox_.make_directory("in");
  for (int i = 0; i < 40; ++i) {
    ASSERT_EQ(write_file(in / (std::to_string(i) + ".ics"), meeting("Event " + std::to_string(i))), 0);
    ASSERT_EQ(write_file(in / (std::to_string(i) + ".vcf"), contact("Person " + std::to_string(i))), 0);
  }
  sh("cp " + in.native() + "/*.ics C; cp " + in.native() + "/*.vcf A");
  expect_same(shown("C"), stored(calendar_), "just saved");
  ASSERT_TRUE(mount_->remount());
  const std::string out = shell_word(sandbox_.make_directory("out"));
  sh("cp -r C A " + out + "; diff -r C " + out + "/C; diff -r A " + out + "/A");
  EXPECT_EQ(names("C").size(), 40u);
  EXPECT_EQ(sh("cat C/* | grep -c '^SUMMARY:Event'"), "40\n");
  EXPECT_EQ(sh("cat A/* | grep -c '^FN:Person'"), "40\n");
  EXPECT_EQ(mount_->errors(), "");
}

TEST_P(DavMount, WhatAnotherClientDoesAppears) {
  mount();
  const std::string path = calendar_ + "another.ics";
  ASSERT_EQ(other_.put(path, meeting("Lunch")).status, 201);
  ASSERT_TRUE(eventually([&] { return names("C").size() == 1; }, 10s));
  const Path file = at("C") / names("C").front();
  EXPECT_TRUE(read_file(file).value_or("").contains("SUMMARY:Lunch"));
  const auto inode = testing::stat_of(file).st_ino;

  std::string later = meeting("Lunch");
  later.replace(later.find("SUMMARY:Lunch"), 13, "SUMMARY:Dinner");
  ASSERT_LT(other_.put(path, later).status, 300);
  EXPECT_TRUE(eventually([&] { return read_file(file).value_or("").contains("SUMMARY:Dinner"); }, 10s));
  EXPECT_EQ(testing::stat_of(file).st_ino, inode);

  ASSERT_LT(other_.remove(path).status, 300);
  EXPECT_TRUE(eventually([&] { return names("C").empty(); }, 10s));
  EXPECT_EQ(mount_->errors(), "");
}

TEST_P(DavMount, AnEditThatAnotherWasFasterWithLosesNeither) {
  mount();
  ASSERT_EQ(write_file(at("C") / "meeting.ics", meeting("Meeting")), 0);
  const std::vector<std::string> paths = other_.list(calendar_);
  ASSERT_EQ(paths.size(), 1u);
  std::string mine = read_file(at("C") / "meeting.ics").value_or(""), theirs = mine;
  mine.replace(mine.find("SUMMARY:Meeting"), 15, "SUMMARY:Mine");
  theirs.replace(theirs.find("SUMMARY:Meeting"), 15, "SUMMARY:Theirs");
  {
    const Handle edited{at("C") / "meeting.ics", O_WRONLY | O_TRUNC};
    ASSERT_EQ(edited.write(mine), 0);
    ASSERT_LT(other_.put(paths.front(), theirs).status, 300);
  }
  EXPECT_TRUE(other_.get(paths.front()).body.contains("SUMMARY:Theirs"));
  EXPECT_TRUE(mount_->errors().contains("meeting.ics")) << "and ours is kept, and named there";
  EXPECT_TRUE(
      eventually([&] { return read_file(at("C") / "meeting.ics").value_or("").contains("SUMMARY:Theirs"); }, 10s));
}

TEST_P(DavMount, EditsMovesAndRemovalsReachTheServer) {
  mount();
  ASSERT_EQ(write_file(at("C") / "a.ics", meeting("Alpha")), 0);
  sh("sed -i s/SUMMARY:Alpha/SUMMARY:Beta/ C/a.ics; mv C/a.ics C/renamed.ics");
  ASSERT_EQ(stored(calendar_).size(), 1u);
  EXPECT_TRUE(stored(calendar_).front().contains("SUMMARY:Beta"));
  EXPECT_EQ(names("C"), Names{"renamed.ics"});
  sh("rm C/renamed.ics");
  EXPECT_TRUE(stored(calendar_).empty());
  EXPECT_EQ(mount_->errors(), "");
}

TEST_P(DavMount, ColourAndDescriptionAreAttributesOfTheFolder) {
  mount();
  EXPECT_TRUE(testing::xattr(at("C"), "user.mapi.components").value_or("").starts_with("VEVENT"));
  EXPECT_EQ(testing::xattr(at("A"), "user.mapi.components"), "VCARD");
  EXPECT_EQ(testing::xattr(at("C"), "user.mapi.read-only"), "0");
  EXPECT_EQ(testing::set_xattr(at("C"), "user.mapi.components", "VTODO"), EPERM);
  EXPECT_EQ(testing::set_xattr(at("C"), "user.mapi.color", "orange"), EINVAL);
  EXPECT_EQ(testing::set_xattr(at("C"), "user.mapi.taste", "sweet"), EOPNOTSUPP);
  EXPECT_EQ(testing::xattr(at("C"), "user.mapi.taste"), std::nullopt);
  EXPECT_EQ(testing::remove_xattr(at("C"), "user.mapi.taste"), ENODATA);
  struct Kept {
    DavKind by;
    std::string_view what;
  };
  // Xandikos takes no description of a calendar, and SOGo nothing but a calendar's colour.
  constexpr std::array refused{Kept{DavKind::xandikos, "C comment"}, Kept{DavKind::sogo, "C comment"},
                               Kept{DavKind::sogo, "A color"}, Kept{DavKind::sogo, "A comment"}};
  for (const auto& [folder, collection] : {std::pair{"C", calendar_}, std::pair{"A", book_}})
    for (const auto& [name, value] : {std::pair{"color", "#ff8800"}, std::pair{"comment", "Oranges & \u00e4pples"}}) {
      const std::string what = std::string(folder) + " " + name, attribute = std::string("user.mapi.") + name;
      const auto before = testing::xattr(at(folder), attribute);
      const int set = testing::set_xattr(at(folder), attribute, value);
      const bool is_refused =
          std::ranges::any_of(refused, [&](const Kept& one) { return one.by == GetParam() && one.what == what; });
      EXPECT_EQ(set, is_refused ? EOPNOTSUPP : 0) << what;
      const auto after = testing::xattr(at(folder), attribute);
      if (is_refused) {
        EXPECT_EQ(after, before) << what;
        continue;
      }
      EXPECT_EQ(after, value) << what;
      const std::string told = properties(collection);
      EXPECT_TRUE(told.contains("#ff8800") || told.contains("#FF8800") || told.contains("Oranges &")) << told;
      if (GetParam() != DavKind::sogo) {
        EXPECT_EQ(testing::remove_xattr(at(folder), attribute), 0) << what;
        EXPECT_EQ(testing::xattr(at(folder), attribute), std::nullopt) << what;
      }
    }
}

}  // namespace
}  // namespace mapistore::mount_tests::dav_mount_test
