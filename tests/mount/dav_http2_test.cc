// Calendars and address books over HTTP/2 under TLS: a real front before a real server.
#include <algorithm>
#include <cstdlib>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "tests/mount/dav_fixture.h"
#include "tests/support/http2_server.h"

namespace mapistore::mount_tests::dav_http2_test {
namespace {

using testing::Http2Server;
using testing::names_in;
using testing::read_file;
using testing::run;
using testing::shell_word;
using testing::TempMount;
using testing::write_file;
using namespace std::chrono_literals;

class DavHttp2 : public ::testing::Test {
 protected:
  DavHttp2() {
    ::setenv("MAPISTORE_DAV_PASSWORD", server_.password().c_str(), 1);
    EXPECT_EQ(other_.make_calendar(calendar_).status, 201);
    EXPECT_EQ(other_.make_address_book(book_).status, 201);
  }
  /// A profile with the calendar C and the address book A, whose certificate is held to that file and that host.
  Path profile(const Path& authorities, const std::string& authority) const {
    std::string text;
    for (const auto& [name, scheme, path] : {std::tuple{"C", "caldavs", calendar_}, std::tuple{"A", "carddavs", book_}})
      text += std::string("[folders.") + name + "]\nuri = \"" + scheme + "://" + authority + path +
              "\"\npoll = \"0.2\"\npassword_env = \"MAPISTORE_DAV_PASSWORD\"\n" +
              (authorities.empty() ? "" : "tls_ca = \"" + authorities.native() + "\"\n");
    EXPECT_EQ(write_file(sandbox_ / "dav.toml", text), 0);
    return sandbox_ / "dav.toml";
  }
  /// What came since the server's own first look at itself, which is no HTTP/2.
  std::vector<Http2Server::Seen> ours() const {
    auto all = server_.seen();
    all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(before_));
    return all;
  }
  /// That nothing can be had through the mount, and why is told.
  void expect_refused(const Path& authorities, const std::string& authority, std::string_view why) {
    const TempMount mount{sandbox_, profile(authorities, authority), {}, "refused", false};
    EXPECT_TRUE(testing::eventually([&] { return mount.context_is("C", "down"); }, 20s)) << mount.status();
    EXPECT_TRUE(mount.status().contains(why)) << mount.status();
    EXPECT_EQ(write_file(mount / "C/new.ics", meeting("Meeting")), EACCES);
    EXPECT_EQ(names_in(mount / "C"), Names{});
    EXPECT_EQ(other_.list(calendar_).size(), 0u);
  }

  Http2Server server_;
  const std::string calendar_ = "/" + server_.user() + "/cal/", book_ = "/" + server_.user() + "/book/";
  const testing::RawHttp other_ = server_.client();
  const std::size_t before_ = server_.seen().size();
  Sandbox sandbox_;
};

TEST_F(DavHttp2, ListingSavingEditingAndRemovingGoByItOverFewConnections) {
  constexpr int count = 30;
  for (int i = 0; i < count; ++i)
    ASSERT_EQ(
        other_.put(calendar_ + "theirs" + std::to_string(i) + ".ics", meeting("Theirs " + std::to_string(i))).status,
        201);
  TempMount mount{sandbox_, profile(server_.ca_file(), server_.authority())};
  ASSERT_EQ(names_in(mount / "C").size(), std::size_t{count});
  EXPECT_EQ(run("cd " + shell_word(mount / "C") + " && cat * | grep -c '^SUMMARY:Theirs'").output, "30\n");

  for (int i = 0; i < count; ++i)
    ASSERT_EQ(write_file(mount / ("A/p" + std::to_string(i) + ".vcf"), contact("Person " + std::to_string(i))), 0)
        << mount.errors();
  EXPECT_EQ(other_.list(book_).size(), std::size_t{count});
  ASSERT_EQ(write_file(mount / "C/ours.ics", meeting("Ours")), 0) << mount.errors();
  ASSERT_EQ(run("sed -i s/SUMMARY:Ours/SUMMARY:Edited/ " + shell_word(mount / "C/ours.ics")).code, 0);
  EXPECT_TRUE(read_file(mount / "C/ours.ics").value_or("").contains("SUMMARY:Edited"));
  const auto has = [&](std::string_view text) {
    return std::ranges::count_if(other_.list(calendar_),
                                 [&](const std::string& path) { return other_.get(path).body.contains(text); });
  };
  EXPECT_EQ(has("SUMMARY:Edited"), 1);
  EXPECT_EQ(has("SUMMARY:Ours"), 0);
  ASSERT_EQ(run("rm " + shell_word(mount / "C/ours.ics") + " " + shell_word(mount / "A/p0.vcf")).code, 0);
  EXPECT_EQ(other_.list(calendar_).size(), std::size_t{count});
  EXPECT_EQ(other_.list(book_).size(), std::size_t{count - 1});
  ASSERT_EQ(other_.remove(calendar_ + "theirs0.ics").status, 200);
  EXPECT_TRUE(testing::eventually([&] { return names_in(mount / "C").size() == count - 1; }, 10s));
  EXPECT_EQ(mount.errors(), "");
  ASSERT_EQ(mount.unmount().code, 0);

  std::set<std::uint16_t> connections;
  std::map<std::string, int> methods;
  for (const Http2Server::Seen& one : ours()) {
    EXPECT_EQ(one.protocol, "h2") << one.method << " " << one.path;
    connections.insert(one.client_port);
    ++methods[one.method];
  }
  EXPECT_GE(methods["PUT"], count + 2);
  EXPECT_GE(methods["REPORT"], count);
  EXPECT_EQ(methods["DELETE"], 2);
  // Two for each of two folders, and one each for who looks for changes.
  EXPECT_LE(connections.size(), 6u);
}

TEST_F(DavHttp2, AWrongCertificateIsRefused) {
  const Path others = sandbox_ / "others.pem";
  ASSERT_EQ(run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=other "
                "-keyout /dev/null -out " +
                shell_word(others))
                .code,
            0);
  expect_refused(others, server_.authority(), "certificate");
  expect_refused({}, server_.authority(), "tls_ca");
  // The same server under a name that its certificate is not for.
  std::string by_number = server_.authority();
  by_number.replace(by_number.find("localhost"), 9, "127.0.0.1");
  expect_refused(server_.ca_file(), by_number, "certificate");
  EXPECT_TRUE(ours().empty()) << "not even a request is made, which would have a password in it";
}

}  // namespace
}  // namespace mapistore::mount_tests::dav_http2_test
