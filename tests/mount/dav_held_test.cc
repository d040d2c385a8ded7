// A calendar whose server answers too late: what `close` said, what is shown and what the server has agree in the end.
#include <cstdlib>
#include <optional>

#include <gtest/gtest.h>

#include "tests/dav/forwarder.h"
#include "tests/dav/holder.h"
#include "tests/mount/dav_fixture.h"

namespace mapistore::mount_tests::dav_held_test {
namespace {

using dav_tests::Forwarder;
using dav_tests::Holder;
using testing::eventually;
using testing::names_in;
using testing::read_file;
using testing::ScriptedHttp;
using testing::write_file;
using What = Holder::What;
using namespace std::chrono_literals;

/// One calendar, C, behind a front that holds back what it is told to. Nobody looks for changes for an hour.
class DavHeld : public ::testing::TestWithParam<DavKind> {
 protected:
  DavHeld() {
    ::setenv("MAPISTORE_DAV_PASSWORD", server_.password().c_str(), 1);
    EXPECT_LT(other_.put(calendar_ + "one.ics", meeting("First")).status, 300);
    const Path profile = sandbox_ / "dav.toml";
    EXPECT_EQ(write_file(profile, "[folders.C]\nuri = \"caldav://" + front_.authority(user_) + calendar_ +
                                      "\"\nserver = \"" + std::string(testing::DavServer::name(GetParam())) +
                                      "\"\npoll = 3600\nrefresh = \"1 h\"\n"
                                      "password_env = \"MAPISTORE_DAV_PASSWORD\"\n"),
              0);
    mount_.emplace(sandbox_, profile, "deadline=4");
    folder_ = *mount_ / "C";
    file_ = folder_ / names_in(folder_).front();
  }
  ~DavHeld() override { holder_.let_go(); }
  int edit(const std::string& summary) const {
    std::string text = read_file(file_).value_or("");
    const std::size_t begin = text.find("SUMMARY:") + 8;
    return write_file(file_, text.replace(begin, text.find('\r', begin) - begin, summary));
  }
  bool shows(std::string_view text) const { return read_file(file_).value_or("").contains(text); }
  /// That there is one object, and the mount shows it under its old name and number as the server has it.
  void expect_edited(ino_t inode) const {
    EXPECT_EQ(names_in(folder_), Names{file_.filename().native()});
    EXPECT_EQ(testing::stat_of(file_).st_ino, inode);
    const auto paths = other_.list(calendar_);
    ASSERT_EQ(paths.size(), 1u);
    EXPECT_TRUE(other_.get(paths.front()).body.contains("SUMMARY:Second"));
    EXPECT_TRUE(shows("SUMMARY:Second")) << read_file(file_).value_or("unreadable");
  }

  testing::DavServer& server_ = testing::DavServer::shared(GetParam());
  const std::string user_ = server_.make_user();
  const testing::RawHttp other_ = server_.client(user_);
  const std::string calendar_ = server_.make_collection(user_, false);
  Holder holder_{other_};
  const Forwarder front_{other_, [this](const ScriptedHttp::Request& request) { return holder_(request); }};
  Sandbox sandbox_;
  std::optional<testing::TempMount> mount_;
  Path folder_, file_;
};
INSTANTIATE_TEST_SUITE_P(Servers, DavHeld, ::testing::Values(DavKind::radicale, DavKind::sogo), dav_name);

TEST_P(DavHeld, AnEditWhoseAnswerIsHeldBackIsSaved) {
  const auto inode = testing::stat_of(file_).st_ino;
  ASSERT_TRUE(shows("SUMMARY:First"));
  holder_.hold(What::answer, "PUT");
  EXPECT_EQ(edit("Second"), 0) << mount_->errors();
  expect_edited(inode);
  holder_.let_go();
  EXPECT_EQ(edit("Third"), 0) << "and so is the next one: " << mount_->errors();
  EXPECT_TRUE(shows("SUMMARY:Third"));
}

TEST_P(DavHeld, AnEditThatNobodyCouldLookAfterIsShownWhenTheServerAnswers) {
  const auto inode = testing::stat_of(file_).st_ino;
  ASSERT_TRUE(shows("SUMMARY:First"));
  holder_.hold(What::everything, "PUT");
  EXPECT_EQ(edit("Second"), ETIMEDOUT);
  EXPECT_TRUE(mount_->errors().contains(file_.filename().native())) << "the bytes are kept, and named there";
  holder_.let_go();
  EXPECT_TRUE(eventually([&] { return shows("SUMMARY:Second"); }, 20s)) << mount_->status();
  expect_edited(inode);
}

TEST_P(DavHeld, ANewFileThatIsStoredTooLateIsThereOnceWhenItIsSavedAgain) {
  holder_.hold(What::request, "PUT");
  EXPECT_EQ(write_file(folder_ / "new.ics", meeting("New")), ETIMEDOUT);
  holder_.let_go();
  ASSERT_TRUE(holder_.is_done());
  EXPECT_TRUE(eventually([&] { return other_.list(calendar_).size() == 1; }, 20s)) << "it is taken away again";
  EXPECT_EQ(names_in(folder_).size(), 1u);
  EXPECT_EQ(write_file(folder_ / "new.ics", meeting("New")), 0) << mount_->errors();
  EXPECT_EQ(other_.list(calendar_).size(), 2u);
  EXPECT_EQ(names_in(folder_).size(), 2u);
}

}  // namespace
}  // namespace mapistore::mount_tests::dav_held_test
