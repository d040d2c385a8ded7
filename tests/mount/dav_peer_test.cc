// vdirsyncer and the mount in one calendar at once.
#include "tests/mount/dav_fixture.h"

namespace mapistore::mount_tests::dav_peer_test {
namespace {

using testing::eventually;
using testing::names_in;
using testing::read_file;
using testing::run;
using testing::shell_word;
using testing::write_file;
using namespace std::chrono_literals;

class DavPeer : public Dav {
 protected:
  void SetUp() override {
    const std::string near = sandbox_.make_directory("near").native();
    write_file(config_, "[general]\nstatus_path = \"" + (sandbox_ / "status/").native() +
                            "\"\n[pair p]\na = \"near\"\nb = \"far\"\ncollections = null\n[storage near]\n"
                            "type = \"filesystem\"\npath = \"" +
                            near +
                            "/\"\nfileext = \".ics\"\n[storage far]\n"
                            "type = \"caldav\"\nurl = \"http://127.0.0.1:" +
                            std::to_string(server_.http_port()) + calendar_ + "\"\nusername = \"" + user_ +
                            "\"\npassword = \"" + server_.password() + "\"\n");
    vdirsyncer("discover");
    mount();
  }
  void vdirsyncer(const std::string& command) const {
    const auto outcome = run("yes | vdirsyncer -c " + shell_word(config_) + " " + command);
    EXPECT_EQ(outcome.code, 0) << outcome.output;
  }
  const Path near_ = sandbox_ / "near", config_ = sandbox_ / "vdirsyncer.conf";
};
INSTANTIATE_TEST_SUITE_P(Servers, DavPeer, ::testing::Values(DavKind::radicale, DavKind::cyrus), dav_name);

TEST_P(DavPeer, EachSeesWhatTheOtherDoes) {
  for (int i = 0; i < 5; ++i)
    ASSERT_EQ(write_file(at("C") / ("ours" + std::to_string(i) + ".ics"), meeting("Ours " + std::to_string(i))), 0);
  ASSERT_EQ(write_file(near_ / "theirs.ics", meeting("Theirs")), 0);
  vdirsyncer("sync");
  EXPECT_EQ(names_in(near_).size(), 6u);
  EXPECT_TRUE(eventually([&] { return names("C").size() == 6; }, 10s)) << names("C").size();
  for (const std::string& bytes : shown("C"))
    EXPECT_TRUE(bytes.contains("SUMMARY:Ours") || bytes.contains("SUMMARY:Theirs")) << bytes;

  EXPECT_EQ(run("rm " + shell_word(at("C") / "ours0.ics")).code, 0);
  EXPECT_EQ(run("sed -i s/SUMMARY:Theirs/SUMMARY:Edited/ " + shell_word(near_ / "theirs.ics")).code, 0);
  vdirsyncer("sync");
  EXPECT_TRUE(eventually([&] { return run("grep -q SUMMARY:Edited " + shell_word(at("C")) + "/*").code == 0; }, 10s));
  EXPECT_EQ(names_in(near_).size(), 5u);
  EXPECT_EQ(names("C").size(), 5u);
  EXPECT_EQ(mount_->errors(), "");
}

}  // namespace
}  // namespace mapistore::mount_tests::dav_peer_test
