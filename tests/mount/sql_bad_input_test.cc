// What users get wrong about databases, and databases that are not well: a clear line, the right error, nothing
// changed.
#include <sys/mount.h>
#include <sysexits.h>

#include <gmock/gmock.h>

#include "tests/mount/sql_fixture.h"

namespace mapistore::mount_tests::sql_bad_input_test {
namespace {

using ::testing::AllOf;
using testing::DatabaseServer;
using ::testing::HasSubstr;
using testing::names_in;
using testing::read_file;
using testing::run;
using testing::shell_word;
using testing::TempMount;
using testing::write_file;

class SqlBadInput : public ::testing::Test {
 protected:
  /// What the program says when it is to mount `source`, and its exit code.
  testing::Outcome mount(const std::string& source) {
    sandbox_.make_directory("mnt");
    return run(sandbox_.program() + " " + shell_word(source) + " " + shell_word(sandbox_ / "mnt"));
  }
  std::string tables_of(const std::string& file) {
    return run("sqlite3 " + shell_word(sandbox_ / file) + " .dump | sha256sum; sha256sum < " +
               shell_word(sandbox_ / file))
        .output;
  }

  Sandbox sandbox_;
};

TEST_F(SqlBadInput, WhatIsNoStoreOfOursStaysAsItIs) {
  write_file(sandbox_ / "text.sqlite", std::string(5000, 'x'));
  ASSERT_EQ(run("sqlite3 " + shell_word(sandbox_ / "other.sqlite") +
                " 'CREATE TABLE photos (id); INSERT INTO photos VALUES (1)'")
                .code,
            0);
  const std::string before = tables_of("other.sqlite");
  const auto text = mount("sqlite://" + (sandbox_ / "text.sqlite").native());
  EXPECT_NE(text.code, 0);
  EXPECT_THAT(text.output, AllOf(HasSubstr("text.sqlite"), HasSubstr("is no SQLite database")));
  EXPECT_EQ(read_file(sandbox_ / "text.sqlite"), std::string(5000, 'x'));
  const auto other = mount("sqlite://" + (sandbox_ / "other.sqlite").native());
  EXPECT_NE(other.code, 0);
  EXPECT_THAT(other.output, HasSubstr("is the database of another program"));
  EXPECT_EQ(tables_of("other.sqlite"), before);
  const auto nowhere = mount("sqlite:///no/such/directory/store.sqlite");
  EXPECT_EQ(nowhere.code, EX_NOINPUT) << nowhere.output;
  EXPECT_THAT(nowhere.output, AllOf(HasSubstr("/no/such/directory"), HasSubstr("mkdir")));
  EXPECT_THAT(mount("sqlite://store.sqlite").output, HasSubstr("sqlite:///absolute/file"));
}

TEST_F(SqlBadInput, ANewerVersionIsRefusedUntouched) {
  const SqlMedium medium{sandbox_, "sqlite"};
  {
    TempMount made{sandbox_, medium.uri()};
  }
  medium.sql("UPDATE mst_meta SET value = '99'");
  const std::string before = tables_of("store.sqlite");
  const auto outcome = mount(medium.uri());
  EXPECT_NE(outcome.code, 0);
  EXPECT_THAT(outcome.output, AllOf(HasSubstr("version 99"), HasSubstr("newer mapistorefs")));
  EXPECT_EQ(tables_of("store.sqlite"), before);
}

TEST_F(SqlBadInput, AFullDiskLeavesWhatWasThere) {
  const auto directory = sandbox_.make_directory("small");
  ASSERT_EQ(::mount("tmpfs", directory.c_str(), "tmpfs", 0, "size=2m,mode=755"), 0);
  TempMount mount{sandbox_, "sqlite://" + (directory / "store.sqlite").native()};
  ASSERT_EQ(write_file(mount / "a.txt", "a"), 0) << mount.errors();
  EXPECT_EQ(write_file(mount / "large.bin", std::string(3'000'000, 'x')), ENOSPC) << mount.errors();
  EXPECT_EQ(names_in(mount.path()), Names{"a.txt"});
  EXPECT_EQ(read_file(mount / "a.txt"), "a");
  EXPECT_EQ(write_file(mount / "b.txt", "b"), 0) << mount.errors();
  ASSERT_TRUE(mount.remount());
  EXPECT_EQ(names_in(mount.path()), (Names{"a.txt", "b.txt"}));
}

TEST_F(SqlBadInput, AStoreOnAReadOnlyMediumCanBeRead) {
  const auto directory = sandbox_.make_directory("small");
  ASSERT_EQ(::mount("tmpfs", directory.c_str(), "tmpfs", 0, "size=4m,mode=755"), 0);
  const std::string encoded = "sqlite://" + (directory / "a%20%25%3F%23.sqlite").native();
  {
    TempMount mount{sandbox_, encoded};
    ASSERT_EQ(write_file(mount / "a.txt", "a"), 0) << mount.errors();
  }
  ASSERT_EQ(::mount(nullptr, directory.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr), 0);
  TempMount mount{sandbox_, encoded};
  EXPECT_EQ(read_file(mount / "a.txt"), "a") << mount.errors();
  EXPECT_EQ(write_file(mount / "b.txt", "b"), EROFS);
  EXPECT_EQ(write_file(mount / "a.txt", "b"), EROFS);
  EXPECT_EQ(names_in(mount.path()), Names{"a.txt"});
}

TEST_F(SqlBadInput, AFullStoreSaysSo) {
  const SqlMedium medium{sandbox_, "sqlite"};
  {
    TempMount made{sandbox_, medium.uri()};
  }
  medium.sql("UPDATE mst_store SET quota_bytes = 1000");
  TempMount mount{sandbox_, medium.uri()};
  ASSERT_EQ(write_file(mount / "a.txt", std::string(600, 'a')), 0);
  EXPECT_EQ(write_file(mount / "b.txt", std::string(600, 'b')), EDQUOT);
  EXPECT_THAT(mount.errors(), HasSubstr("quota_bytes"));
  EXPECT_EQ(write_file(mount / "a.txt", std::string(900, 'a')), 0) << "in place of the old one there is room";
  EXPECT_EQ(names_in(mount.path()), Names{"a.txt"});
}

TEST_F(SqlBadInput, ServersThatRefuse) {
  DatabaseServer& server = DatabaseServer::shared();
  const std::string database = server.make_database();
  const std::string secret = "not-the-password-4711";
  ::setenv("MAPISTORE_SQL_PASSWORD", secret.c_str(), 1);
  const auto refused = mount(SqlMedium::profile(sandbox_, server.uri(database)));
  const auto line_of = [&](const std::string& uri, const std::string& more = {}) {
    TempMount mount{sandbox_, SqlMedium::profile(sandbox_, uri, more), "deadline=3", "mnt", false};
    EXPECT_TRUE(testing::eventually([&] { return !mount.errors().empty(); }, std::chrono::seconds{10}))
        << mount.status();
    return mount.errors();
  };
  if (refused.code == 0) run("fusermount3 -u " + shell_word(sandbox_ / "mnt"));
  const std::string wrong = line_of(server.uri(database));
  EXPECT_THAT(wrong, AllOf(HasSubstr("Access denied"), HasSubstr("check the user name and the password")));
  EXPECT_THAT(wrong + refused.output, ::testing::Not(HasSubstr(secret)));
  ::setenv("MAPISTORE_SQL_PASSWORD", server.password().c_str(), 1);
  EXPECT_THAT(line_of(server.uri("nowhere")), AllOf(HasSubstr("nowhere"), HasSubstr("CREATE DATABASE")));
  EXPECT_THAT(line_of("mysql://" + server.user() + "@localhost:1/x"),
              AllOf(HasSubstr("localhost:1"), HasSubstr("tried again")));
  const std::string by_address =
      "mysql://" + server.user() + "@127.0.0.1:" + std::to_string(server.port()) + "/" + database;
  EXPECT_THAT(line_of(by_address, "tls_ca = \"" + server.ca_file().native() + "\"\n"), HasSubstr("tls_ca"))
      << "the certificate is not for this name";
  server.sql("CREATE USER IF NOT EXISTS 'reader'@'%' IDENTIFIED BY '" + server.password() + "'; GRANT SELECT ON " +
             database + ".* TO 'reader'@'%'");
  std::string reader = server.uri(database);
  reader.replace(reader.find(server.user()), server.user().size(), "reader");
  EXPECT_THAT(line_of(reader), AllOf(HasSubstr("denied"), HasSubstr("GRANT")));
}

TEST_F(SqlBadInput, TlsAndSocketsAndReadersWork) {
  DatabaseServer& server = DatabaseServer::shared();
  const std::string database = server.make_database();
  ::setenv("MAPISTORE_SQL_PASSWORD", server.password().c_str(), 1);
  for (const std::string& more :
       {"tls_ca = \"" + server.ca_file().native() + "\"\n", "socket = \"" + server.socket().native() + "\"\n"}) {
    TempMount mount{sandbox_, SqlMedium::profile(sandbox_, server.uri(database), more)};
    EXPECT_EQ(write_file(mount / "S/a.txt", more), 0) << mount.errors();
    EXPECT_EQ(read_file(mount / "S/a.txt"), more);
  }
  server.sql("CREATE USER IF NOT EXISTS 'reader'@'%' IDENTIFIED BY '" + server.password() + "'; GRANT SELECT ON " +
             database + ".* TO 'reader'@'%'");
  std::string reader = server.uri(database);
  reader.replace(reader.find(server.user()), server.user().size(), "reader");
  TempMount mount{sandbox_, SqlMedium::profile(sandbox_, reader)};
  EXPECT_EQ(names_in(mount / "S"), Names{"a.txt"});
  EXPECT_EQ(write_file(mount / "S/b.txt", "b"), EACCES) << mount.errors();
  EXPECT_EQ(names_in(mount / "S"), Names{"a.txt"});
}

}  // namespace
}  // namespace mapistore::mount_tests::sql_bad_input_test
