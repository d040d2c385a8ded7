#pragma once

#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "tests/mount/posix.h"
#include "tests/support/database_server.h"
#include "tests/support/temp_mount.h"

namespace mapistore::mount_tests {

/// An empty database of its own, and a plain client of it.
class SqlMedium {
 public:
  /// `kind`: sqlite or mariadb.
  SqlMedium(const Sandbox& sandbox, std::string_view kind)
      : file_{sandbox / "store.sqlite"}, is_file_{kind == "sqlite"} {
    if (is_file_) return;
    database_ = server().make_database();
    ::setenv("MAPISTORE_SQL_PASSWORD", server().password().c_str(), 1);
  }

  static testing::DatabaseServer& server() { return testing::DatabaseServer::shared(); }
  std::string uri() const { return is_file_ ? "sqlite://" + file_.native() : server().uri(database_); }
  const std::string& database() const { return database_; }

  /// Writes a profile whose one folder, S, is this medium at `uri`, and that looks for changes often.
  static std::string profile(const Sandbox& sandbox, const std::string& uri, const std::string& more = {}) {
    const std::string path = (sandbox / "sql.toml").native();
    std::string text = "[folders.S]\nuri = \"" + uri + "\"\npoll = \"0.1\"\n" + more;
    if (uri.starts_with("mysql")) text += "password_env = \"MAPISTORE_SQL_PASSWORD\"\n";
    testing::write_file(path, text);
    return path;
  }

  /// Runs statements in it, as a user would with the program that comes with it. Answers the rows.
  std::string sql(const std::string& statements) const {
    if (!is_file_) return server().sql(database_, statements);
    const auto outcome = testing::run("sqlite3 -tabs -cmd '.timeout 10000' " + testing::shell_word(file_) + " " +
                                      testing::shell_word(statements));
    EXPECT_EQ(outcome.code, 0) << statements << '\n' << outcome.output;
    return outcome.output;
  }
  /// Inserts a row by hand into the root folder as docs/formats/sql_store.md tells: `columns` and their `values`.
  void insert(const std::string& id, const std::string& columns, const std::string& values) const {
    sql(begin() +
        "; UPDATE mst_folder SET cn = cn + 1 WHERE store_id = 1 AND folder_id = 1; "
        "INSERT INTO mst_message (store_id, folder_id, message_id, cn, " +
        columns + ") SELECT 1, 1, " + id + ", cn, " + values +
        " FROM mst_folder WHERE store_id = 1 AND folder_id = 1; COMMIT");
  }
  /// Changes rows by hand.
  void update(const std::string& changes, const std::string& which) const {
    sql(begin() + "; UPDATE mst_folder SET cn = cn + 1 WHERE store_id = 1 AND folder_id = 1; UPDATE mst_message SET " +
        changes +
        ", columns_lead = 1, cn = (SELECT cn FROM mst_folder WHERE store_id = 1 AND folder_id = 1) "
        "WHERE store_id = 1 AND folder_id = 1 AND " +
        which + "; COMMIT");
  }
  /// Removes a row by hand.
  void remove(const std::string& id) const {
    sql(begin() +
        "; UPDATE mst_folder SET cn = cn + 1 WHERE store_id = 1 AND folder_id = 1; "
        "INSERT INTO mst_tomb (store_id, folder_id, object_id, cn) SELECT 1, 1, " +
        id +
        ", cn FROM mst_folder "
        "WHERE store_id = 1 AND folder_id = 1; DELETE FROM mst_message WHERE store_id = 1 AND folder_id = 1 AND "
        "message_id = " +
        id + "; COMMIT");
  }

 private:
  std::string begin() const { return is_file_ ? "BEGIN IMMEDIATE" : "START TRANSACTION"; }

  std::filesystem::path file_;
  bool is_file_;
  std::string database_;
};

}  // namespace mapistore::mount_tests
