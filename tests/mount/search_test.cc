// `.mapistorefs/search/EXPRESSION`: links to the messages that a search finds.
#include <unistd.h>

#include <chrono>

#include <gtest/gtest.h>

#include "tests/mount/corpus.h"

namespace mapistore::mount_tests::search_test {
namespace {

using testing::eventually;
using testing::is_there;
using testing::names_in;
using testing::read_file;
using testing::run;
using testing::shell_word;
using testing::stat_of;
using testing::TempMount;
using testing::write_file;
using namespace std::chrono_literals;
using Names = std::vector<std::string>;
using Path = std::filesystem::path;

Names found(const TempMount& mount, const std::string& expression) {
  return names_in(mount.path() / ".mapistorefs/search" / expression);
}

class Search : public ::testing::TestWithParam<const char*> {
 protected:
  void put(const std::string& name, const std::string& text) {
    ASSERT_EQ(write_file(mount_ / name, mail(Path(name).stem().native(), text)), 0) << mount_.errors();
  }
  Sandbox sandbox_;
  std::string uri_ = GetParam() == std::string_view{"memory"} ? "memory://search" : make_medium(sandbox_, GetParam());
  TempMount mount_{sandbox_, uri_};
};
INSTANTIATE_TEST_SUITE_P(Media, Search, ::testing::Values("file", "maildir", "memory", "sqlite", "archive"),
                         [](const auto& medium) { return std::string(medium.param); });

TEST_P(Search, LinksLeadToTheMessages) {
  ASSERT_EQ(::mkdir((mount_ / "Sub").c_str(), 0755), 0);
  put("fence.eml", "The garden needs one.\n");
  put("Sub/gate.eml", "Beside the fence, in the garden.\n");
  put("roof.eml", "Leaks.\n");
  EXPECT_EQ(found(mount_, "garden"), (Names{"fence.eml", "gate.eml"}));
  EXPECT_EQ(found(mount_, "GARDEN -gate"), Names{"fence.eml"});
  EXPECT_EQ(found(mount_, "subject:roof OR subject:gate"), (Names{"gate.eml", "roof.eml"}));
  EXPECT_EQ(found(mount_, "nowhere"), Names{});

  const Path link = mount_.path() / ".mapistorefs/search/garden/gate.eml";
  EXPECT_EQ(std::filesystem::read_symlink(link), "../../../Sub/gate.eml");
  EXPECT_EQ(read_file(link), read_file(mount_ / "Sub/gate.eml"));
  struct stat target{};
  ASSERT_EQ(::stat(link.c_str(), &target), 0);
  EXPECT_EQ(target.st_ino, stat_of(mount_ / "Sub/gate.eml").st_ino);
  EXPECT_TRUE(S_ISLNK(stat_of(link).st_mode));
  const auto grep = run("cd " + shell_word(mount_.path()) + "/.mapistorefs/search/garden && grep -l Beside *");
  EXPECT_EQ(grep.output, "gate.eml\n");

  // What changes shows when the directory is read again; a link follows its message.
  ASSERT_EQ(::rename((mount_ / "Sub/gate.eml").c_str(), (mount_ / "moved.eml").c_str()), 0);
  ASSERT_EQ(::unlink((mount_ / "fence.eml").c_str()), 0);
  put("shed.eml", "In the garden, too.\n");
  EXPECT_EQ(found(mount_, "garden"), (Names{"moved.eml", "shed.eml"}));
  EXPECT_EQ(read_file(mount_.path() / ".mapistorefs/search/garden/moved.eml"), read_file(mount_ / "moved.eml"));
  EXPECT_FALSE(std::filesystem::is_symlink(std::filesystem::symlink_status(link)));
}

TEST_P(Search, FindsByStateWithoutReading) {
  put("a.eml", "x\n");
  put("b.eml", "x\n");
  ASSERT_EQ(testing::set_xattr(mount_ / "a.eml", "user.mapi.read", "1"), 0);
  EXPECT_EQ(found(mount_, "is:read"), Names{"a.eml"});
  EXPECT_EQ(found(mount_, "is:unread"), Names{"b.eml"});
  ASSERT_EQ(testing::set_xattr(mount_ / "b.eml", "user.mapi.read", "1"), 0);
  EXPECT_EQ(found(mount_, "is:unread"), Names{});
  EXPECT_EQ(found(mount_, "is:read since:1d"), (Names{"a.eml", "b.eml"}));
}

TEST_P(Search, NamesThatAreNoSearchSayWhy) {
  EXPECT_EQ(::access((mount_.path() / ".mapistorefs/search/colour:red").c_str(), F_OK), -1);
  EXPECT_EQ(errno, EINVAL);
  EXPECT_NE(mount_.errors().find("colour:red: this field is not known"), std::string::npos) << mount_.errors();
  EXPECT_EQ(::access((mount_.path() / ".mapistorefs/search/in:Nowhere").c_str(), F_OK), -1);
  EXPECT_EQ(errno, EINVAL);

  // Looked up is not searched for; searched for is listed, until it is removed; nothing can be put there.
  EXPECT_TRUE(is_there(mount_.path() / ".mapistorefs/search/probe"));
  EXPECT_EQ(names_in(mount_.path() / ".mapistorefs/search"), Names{});
  put("one.eml", "word\n");
  EXPECT_EQ(found(mount_, "word"), Names{"one.eml"});
  EXPECT_EQ(names_in(mount_.path() / ".mapistorefs/search"), Names{"word"});
  const Path folder = mount_.path() / ".mapistorefs/search/word";
  EXPECT_EQ(write_file(folder / "x.eml", "x"), EPERM);
  EXPECT_EQ(::unlink((folder / "one.eml").c_str()), -1);
  EXPECT_EQ(errno, EPERM);
  EXPECT_TRUE(is_there(mount_ / "one.eml"));
  EXPECT_EQ(::rmdir(folder.c_str()), 0);
  EXPECT_EQ(names_in(mount_.path() / ".mapistorefs/search"), Names{});
}

TEST_P(Search, WorksWhereNothingIsWritten) {
  if (std::string_view{GetParam()} == "memory") GTEST_SKIP() << "what it holds ends with the mount";
  put("one.eml", "word\n");
  const TempMount reading{sandbox_, uri_, "ro", "ro"};
  EXPECT_EQ(found(reading, "word"), Names{"one.eml"});
  put("two.eml", "word\n");
  EXPECT_TRUE(eventually([&] { return found(reading, "word") == Names{"one.eml", "two.eml"}; }, 5s));
}

TEST(SearchOfAStore, SearchesEachTopFolderOrOne) {
  Sandbox sandbox;
  write_file(sandbox / "p.toml", "[folders.Mail]\nuri = \"" + make_medium(sandbox, "maildir", "mail") +
                                     "\"\n[folders.Tasks]\nuri = \"" + make_medium(sandbox, "sqlite", "tasks") +
                                     "\"\n");
  TempMount mount{sandbox, sandbox / "p.toml"};
  ASSERT_EQ(write_file(mount / "Mail/a.eml", mail("Fence", "Paint it.\n")), 0);
  for (int i = 0; i < 3; ++i) {
    const std::string n = std::to_string(i);
    ASSERT_EQ(
        write_file(mount / ("Tasks/" + n + ".ics"),
                   "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VTODO\r\nUID:u" + n + "\r\nSUMMARY:Zäune " +
                       (i == 1 ? "MIT" : "ohne") + " 100%_fence " + n + "\r\nEND:VTODO\r\nEND:VCALENDAR\r\n"),
        0)
        << mount.errors();
  }
  EXPECT_EQ(found(mount, "fence"), (Names{"0.ics", "1.ics", "2.ics", "a.eml"}));
  EXPECT_EQ(found(mount, "fence in:Tasks"), (Names{"0.ics", "1.ics", "2.ics"}));
  EXPECT_EQ(found(mount, "subject:fence in:Mail"), Names{"a.eml"});
  EXPECT_EQ(found(mount, "subject:\"ZÄUNE mit\""), Names{"1.ics"});
  EXPECT_EQ(found(mount, "subject:100%_fence"), (Names{"0.ics", "1.ics", "2.ics"}));
  EXPECT_EQ(found(mount, "subject:100__fence"), Names{});
  EXPECT_EQ(found(mount, "kind:task subject:mit"), Names{"1.ics"});
  EXPECT_EQ(std::filesystem::read_symlink(mount.path() / ".mapistorefs/search/fence/a.eml"), "../../../Mail/a.eml");
  ASSERT_EQ(write_file(mount / "Mail/1.eml", mail("Fence", "1\n")), 0);
  ASSERT_EQ(::mkdir((mount / "Mail/Sub").c_str(), 0755), 0);
  ASSERT_EQ(write_file(mount / "Mail/Sub/1.eml", mail("Fence", "2\n")), 0);
  EXPECT_EQ(found(mount, "subject:fence in:Mail"), (Names{"1.eml", "1~2.eml", "a.eml"}));
}

TEST(SearchOfAStore, AHungMediumKeepsNoneOfTheOthersBack) {
  Sandbox sandbox;
  write_file(sandbox / "p.toml",
             "[folders.Good]\nuri = \"" + make_medium(sandbox, "file", "good") +
                 "\"\n[folders.Other]\nuri = \"memory://faulty?faults=" + (sandbox / "faults").native() + "\"\n");
  TempMount mount{sandbox, sandbox / "p.toml", "deadline=2"};
  ASSERT_EQ(write_file(mount / "Good/a.eml", mail("a", "word\n")), 0);
  ASSERT_EQ(write_file(mount / "Other/b.eml", mail("b", "word\n")), 0);
  write_file(sandbox / "faults", "open * hang 6\n");
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(found(mount, "word"), Names{"a.eml"});
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 8s);
  EXPECT_TRUE(
      eventually([&] { return mount.errors().find("not all of it was searched for word") != std::string::npos; }, 10s))
      << mount.errors();
  write_file(sandbox / "faults", "");
  EXPECT_TRUE(eventually([&] { return found(mount, "word") == Names{"a.eml", "b.eml"}; }, 20s));
}

}  // namespace
}  // namespace mapistore::mount_tests::search_test
