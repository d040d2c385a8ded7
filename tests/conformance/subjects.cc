// The backends of this tree.
#include "tests/conformance/suite.h"

#include "backends/archive/backend.h"
#include "backends/file/backend.h"
#include "backends/imap/backend.h"
#include "backends/maildir/backend.h"
#include "backends/memory/backend.h"
#include "backends/sql/backend.h"
#include "tests/support/database_server.h"
#include "tests/support/mail_server.h"

namespace mapistore::conformance {

namespace fs = std::filesystem;

namespace {

/// A mailbox with nothing in it, of an account of its own.
Medium mailbox_of(testing::MailServer& server) {
  const std::string user = server.make_user();
  EXPECT_TRUE(server.login(user).command("CREATE Box").ok());
  return {
      .uri = "imap://" + server.authority(user) + "/Box", .options = {{"poll", "1"}}, .password = server.password()};
}

}  // namespace

const std::vector<Subject>& subjects() {
  static const std::vector<Subject> all{
      {.name = "memory",
       .make_backend = memory::make_backend,
       .make_medium = [](const fs::path&) -> Medium { return {"memory://conformance"}; },
       .any_folder_name = true,
       .delta = true},
      {.name = "file",
       .make_backend = file::make_backend,
       .make_medium = [](const fs::path& directory) -> Medium { return {"file://" + directory.string()}; }},
      {.name = "maildir",
       .make_backend = maildir::make_backend,
       .make_medium = [](const fs::path& directory) -> Medium {
         for (const char* name : {"cur", "new", "tmp"}) fs::create_directory(directory / name);
         return {"maildir://" + directory.string()};
       }},
      {.name = "archive",
       .make_backend = archive::make_backend,
       .make_medium = [](const fs::path& directory) -> Medium {
         return {"archive://" + (directory / "archive.mza").string()};
       },
       .any_folder_name = true,
       .delta = true},
      {.name = "archive_encrypted",
       .make_backend = archive::make_backend,
       .make_medium = [](const fs::path& directory) -> Medium {
         return {.uri = "archive://" + (directory / "archive.mza").string(),
                 .options = {{"encryption", "passphrase"}},
                 .password = "correct horse battery staple"};
       },
       .any_folder_name = true,
       .delta = true},
      {.name = "imap_dovecot",
       .make_backend = imap::make_backend,
       .make_medium = [](const fs::path&) { return mailbox_of(testing::MailServer::shared_dovecot()); },
       .delta = true,
       .lines_only = true,
       .same_identity = true},
      {.name = "imap_cyrus",
       .make_backend = imap::make_backend,
       .make_medium = [](const fs::path&) { return mailbox_of(testing::MailServer::shared_cyrus()); },
       .delta = true,
       .lines_only = true,
       .same_identity = true},
      {.name = "sql_sqlite",
       .make_backend = sql::make_backend,
       .make_medium = [](const fs::path& directory) -> Medium {
         return {.uri = "sqlite://" + (directory / "store.sqlite").native(), .options = {{"poll", "0.1"}}};
       },
       .delta = true},
      {.name = "sql_mariadb",
       .make_backend = sql::make_backend,
       .make_medium = [](const fs::path&) -> Medium {
         auto& server = testing::DatabaseServer::shared();
         return {.uri = server.new_store(), .options = {{"poll", "0.1"}}, .password = server.password()};
       },
       .delta = true},
  };
  return all;
}

}  // namespace mapistore::conformance
