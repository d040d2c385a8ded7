#pragma once

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "tests/mount/posix.h"
#include "tests/support/dav_server.h"
#include "tests/support/temp_mount.h"

namespace mapistore::mount_tests {

using DavKind = testing::DavServer::Kind;

/// An event that all servers take: Cyrus wants an end.
inline std::string meeting(std::string_view summary) {
  std::string text = event(summary);
  return text.insert(text.find("SUMMARY:"), "DTEND:20260901T090000Z\r\n");
}

/// A new calendar and a new address book on the server of the parameter's kind, mounted as C and A of one store, and
/// another client of the same account.
class Dav : public ::testing::TestWithParam<DavKind> {
 protected:
  Dav() { ::setenv("MAPISTORE_DAV_PASSWORD", server_.password().c_str(), 1); }

  /// `more`: further folders of the profile.
  void mount(const std::string& options = {}, const std::string& more = {}) {
    const std::string path = (sandbox_ / "dav.toml").native();
    testing::write_file(path, folder("C", "caldav", calendar_) + folder("A", "carddav", book_) + more);
    mount_.emplace(sandbox_, path, options);
  }
  Path at(std::string_view name) const { return *mount_ / name; }
  Names names(std::string_view folder) const { return testing::names_in(at(folder)); }
  /// Runs `script` in the mount, which must succeed; what it printed.
  std::string sh(const std::string& script) const {
    const auto outcome = testing::run("cd " + testing::shell_word(mount_->path()) + "; set -e; " + script);
    EXPECT_EQ(outcome.code, 0) << script << '\n' << outcome.output << mount_->errors();
    return outcome.output;
  }
  /// The bytes of all objects in a collection as the server has them, sorted.
  std::vector<std::string> stored(const std::string& collection) const {
    std::vector<std::string> bodies;
    for (const std::string& path : other_.list(collection)) bodies.push_back(other_.get(path).body);
    std::ranges::sort(bodies);
    return bodies;
  }
  /// The bytes of all files in a folder of the mount, sorted.
  std::vector<std::string> shown(std::string_view folder) const {
    std::vector<std::string> bodies;
    for (const std::string& name : names(folder)) {
      bodies.push_back(testing::read_file(at(folder) / name).value_or("unreadable"));
      EXPECT_EQ(static_cast<std::size_t>(testing::stat_of(at(folder) / name).st_size), bodies.back().size()) << name;
    }
    std::ranges::sort(bodies);
    return bodies;
  }

  testing::DavServer& server_ = testing::DavServer::shared(GetParam());
  const std::string user_ = server_.make_user();
  const testing::RawHttp other_ = server_.client(user_);
  const std::string calendar_ = server_.make_collection(user_, false), book_ = server_.make_collection(user_, true);
  Sandbox sandbox_;
  std::optional<testing::TempMount> mount_;

 private:
  std::string folder(const std::string& name, const std::string& scheme, const std::string& path) const {
    return "[folders." + name + "]\nuri = \"" + scheme + "://" + server_.authority(user_) + path +
           "\"\npoll = \"0.2\"\npassword_env = \"MAPISTORE_DAV_PASSWORD\"\n";
  }
};

inline std::string dav_name(const ::testing::TestParamInfo<DavKind>& kind) {
  return std::string(testing::DavServer::name(kind.param));
}

#define MAPISTORE_EVERY_DAV_SERVER(suite)                                                                          \
  INSTANTIATE_TEST_SUITE_P(Servers, suite,                                                                         \
                           ::testing::Values(DavKind::radicale, DavKind::xandikos, DavKind::sogo, DavKind::cyrus), \
                           dav_name)

}  // namespace mapistore::mount_tests
