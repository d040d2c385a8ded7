// Calendars that the server lets one read only.
#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

#include "tests/mount/dav_fixture.h"

namespace mapistore::mount_tests::dav_rights_test {
namespace {

using testing::eventually;
using testing::names_in;
using testing::read_file;
using testing::remove_xattr;
using testing::set_xattr;
using testing::TempMount;
using testing::write_file;
using testing::xattr;
using namespace std::chrono_literals;

/// A Radicale whose rules a test writes.
class RuledRadicale : public testing::PrivateServer {
 public:
  RuledRadicale() : PrivateServer{"radicale", std::string(own)} {}
  std::string user() const { return setting("user"); }
  std::string authority() const { return user() + "@" + host() + ":" + std::to_string(port()); }
  testing::RawHttp client() const { return {port(), user(), password()}; }
  /// Lets the account read the collection of this name and not change it; an empty one: change all that is its own.
  void lock(const std::string& name) const {
    const Path rules = setting("rights"), next = rules.native() + ".next";
    const std::string rule = "[locked]\nuser: .+\ncollection: {user}/" + name + "\npermissions: r\n";
    ASSERT_EQ(write_file(next, (name.empty() ? "" : rule) + std::string(own)), 0);
    std::filesystem::permissions(next, std::filesystem::perms{0644});
    std::filesystem::rename(next, rules);
  }

 private:
  static constexpr std::string_view own =
      "[root]\nuser: .+\ncollection:\npermissions: R\n[home]\nuser: .+\ncollection: {user}\npermissions: RW\n"
      "[own]\nuser: .+\ncollection: {user}/[^/]+\npermissions: rw\n";
};

class DavRights : public ::testing::Test {
 protected:
  DavRights() {
    ::setenv("MAPISTORE_DAV_PASSWORD", server_.password().c_str(), 1);
    for (const auto& [collection, name] : {std::pair{open_, "open"}, std::pair{locked_, "locked"}}) {
      const auto made =
          other_.send("MKCALENDAR", collection,
                      std::string("<C:mkcalendar xmlns=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\" "
                                  "xmlns:I=\"http://apple.com/ns/ical/\">"
                                  "<set><prop><displayname>") +
                          name +
                          "</displayname><I:calendar-color>#112233</I:calendar-color>"
                          "<C:calendar-description>Theirs</C:calendar-description></prop></set>"
                          "</C:mkcalendar>",
                      {"Content-Type: application/xml"});
      EXPECT_EQ(made.status, 201) << made.body;
      EXPECT_EQ(other_.put(collection + "theirs.ics", meeting("Theirs")).status, 201);
    }
  }
  /// The folder A with all calendars of the account, or only the one at `path`.
  void mount(const std::string& path = "/") {
    const Path profile = sandbox_ / "dav.toml";
    ASSERT_EQ(write_file(profile, "[folders.A]\nuri = \"caldav://" + server_.authority() + path +
                                      "\"\npoll = \"0.2\"\npassword_env = \"MAPISTORE_DAV_PASSWORD\"\n"),
              0);
    mount_.emplace(sandbox_, profile);
  }
  /// All that the server has: each object with its bytes, and what it says of the calendars themselves.
  std::vector<std::string> stored() const {
    std::vector<std::string> all;
    for (const std::string& collection : {open_, locked_}) {
      for (const std::string& path : other_.list(collection)) all.push_back(path + "\n" + other_.get(path).body);
      all.push_back(other_
                        .send("PROPFIND", collection,
                              "<propfind xmlns=\"DAV:\" xmlns:I=\"http://apple.com/ns/ical/\" "
                              "xmlns:C=\"urn:ietf:params:xml:ns:caldav\"><prop><displayname/><I:calendar-color/>"
                              "<C:calendar-description/></prop></propfind>",
                              {"Depth: 0", "Content-Type: application/xml"})
                        .body);
    }
    return all;
  }
  /// That each change of `folder`, which has one file, ends with `error` and changes nothing on the server.
  void expect_locked(const Path& folder, int error) {
    const auto before = stored();
    ASSERT_EQ(names_in(folder).size(), 1u) << folder;
    const Path file = folder / names_in(folder).front();
    const std::string bytes = read_file(file).value_or("");
    for (const auto& [name, value] :
         {std::pair{"user.mapi.color", "#112233"}, std::pair{"user.mapi.comment", "Theirs"}}) {
      EXPECT_EQ(set_xattr(folder, name, "#ff8800"), error) << name;
      EXPECT_EQ(remove_xattr(folder, name), error) << name;
      EXPECT_EQ(xattr(folder, name), value) << name;
    }
    EXPECT_EQ(write_file(folder / "new.ics", meeting("New")), error);
    EXPECT_EQ(write_file(file, meeting("Edited")), error);
    EXPECT_NE(::unlink(file.c_str()), 0);
    EXPECT_EQ(errno, error);
    EXPECT_EQ(names_in(folder), Names{file.filename().native()});
    EXPECT_EQ(read_file(file), bytes);
    EXPECT_EQ(stored(), before);
  }

  const RuledRadicale server_;
  const testing::RawHttp other_ = server_.client();
  const std::string open_ = "/" + server_.user() + "/open/", locked_ = "/" + server_.user() + "/locked/";
  Sandbox sandbox_;
  std::optional<TempMount> mount_;
};

TEST_F(DavRights, ACalendarOfAnAccountThatMayOnlyBeReadIsLeftAsItIs) {
  server_.lock("locked");
  mount();
  const Path locked = *mount_ / "A/locked", open = *mount_ / "A/open";
  EXPECT_EQ(testing::stat_of(locked).st_mode & 0777, 0500u);
  EXPECT_EQ(xattr(locked, "user.mapi.read-only"), "1");
  expect_locked(locked, EACCES);
  EXPECT_TRUE(mount_->errors().contains("you may not write here")) << mount_->errors();
  // The one beside it is nobody's business.
  EXPECT_EQ(xattr(open, "user.mapi.read-only"), "0");
  EXPECT_EQ(set_xattr(open, "user.mapi.color", "#ff8800"), 0);
  EXPECT_EQ(write_file(open / "new.ics", meeting("New")), 0);
  EXPECT_EQ(other_.list(open_).size(), 2u);
}

TEST_F(DavRights, ACalendarMountedByItselfIsAReadOnlyFileSystem) {
  server_.lock("locked");
  mount(locked_);
  expect_locked(*mount_ / "A", EROFS);
}

TEST_F(DavRights, TheyMayChangeWhileItIsMounted) {
  mount();
  const Path folder = *mount_ / "A/locked";
  ASSERT_EQ(set_xattr(folder, "user.mapi.comment", "Ours"), 0);
  ASSERT_EQ(set_xattr(folder, "user.mapi.comment", "Theirs"), 0);
  server_.lock("locked");
  expect_locked(folder, EACCES);
  EXPECT_TRUE(eventually([&] { return (testing::stat_of(folder).st_mode & 0777) == 0500; }, 10s));
  server_.lock({});
  EXPECT_TRUE(eventually([&] { return (testing::stat_of(folder).st_mode & 0200) != 0; }, 10s));
  EXPECT_EQ(write_file(folder / "new.ics", meeting("New")), 0) << mount_->errors();
  EXPECT_EQ(other_.list(locked_).size(), 2u);
}

}  // namespace
}  // namespace mapistore::mount_tests::dav_rights_test
