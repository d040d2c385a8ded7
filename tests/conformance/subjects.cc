// The backends of this tree.
#include "tests/conformance/suite.h"

#include "backends/archive/backend.h"
#include "backends/dav/backend.h"
#include "backends/file/backend.h"
#include "backends/imap/backend.h"
#include "backends/maildir/backend.h"
#include "backends/memory/backend.h"
#include "backends/sql/backend.h"
#include "tests/support/database_server.h"
#include "tests/support/dav_server.h"
#include "tests/support/mail_server.h"

namespace mapistore::conformance {

namespace fs = std::filesystem;

namespace {

using enum AbilityId;
const std::set<AbilityId> of_memory{moving, watching, trashing, quota, reading, describing};
const std::set<AbilityId> of_files{moving, watching, trashing, quota, durability};
const std::set<AbilityId> of_archives{moving, watching, trashing, quota, reading};
const std::set<AbilityId> of_imap{moving, watching, trashing, quota, reading, searching, part_reading};
const std::set<AbilityId> of_sqlite{moving, watching, trashing, quota, durability, reading, searching};
const std::set<AbilityId> of_database_servers{moving, watching, trashing, quota, reading, searching};
const std::set<AbilityId> of_dav{watching, reading, describing};

/// A mailbox with nothing in it, of an account of its own.
Medium mailbox_of(testing::MailServer& server) {
  const std::string user = server.make_user();
  EXPECT_TRUE(server.login(user).command("CREATE Box").ok());
  return {
      .uri = "imap://" + server.authority(user) + "/Box", .options = {{"poll", "1"}}, .password = server.password()};
}

using DavKind = testing::DavServer::Kind;

/// A collection with nothing in it, of an account of its own.
template <DavKind kind, bool of_cards>
Medium collection_of(const fs::path&) {
  auto& server = testing::DavServer::shared(kind);
  const std::string user = server.make_user();
  return {
      .uri = (of_cards ? "carddav://" : "caldav://") + server.authority(user) + server.make_collection(user, of_cards),
      .options = {{"poll", "0.2"}},
      .password = server.password()};
}

/// The home of an account without any collection; those that a server makes unasked are taken away.
template <DavKind kind>
Medium calendars_of(const fs::path&) {
  auto& server = testing::DavServer::shared(kind);
  const std::string user = server.make_user(), home = server.home(user, false);
  for (const std::string& path : server.client(user).list(home)) server.client(user).remove(path);
  return {
      .uri = "caldav://" + server.authority(user) + home, .options = {{"poll", "0.2"}}, .password = server.password()};
}

template <DavKind kind>
Subject calendar_subject() {
  return {.name = "dav_" + std::string(testing::DavServer::name(kind)) + "_calendar",
          .make_backend = dav::make_backend,
          .make_medium = collection_of<kind, false>,
          .delta = true,
          .folders = false,
          .abilities = of_dav,
          .repeats = kind == DavKind::sogo,
          .rounds = 2,
          .sample = sample_event,
          .extension = ".ics"};
}

template <DavKind kind>
Subject book_subject() {
  return {.name = "dav_" + std::string(testing::DavServer::name(kind)) + "_book",
          .make_backend = dav::make_backend,
          .make_medium = collection_of<kind, true>,
          .delta = true,
          .folders = false,
          .abilities = of_dav,
          .repeats = kind == DavKind::sogo,
          .rounds = 2,
          .sample = sample_card,
          .extension = ".vcf"};
}

template <DavKind kind>
Subject home_subject() {
  return {.name = "dav_" + std::string(testing::DavServer::name(kind)) + "_home",
          .make_backend = dav::make_backend,
          .make_medium = calendars_of<kind>,
          .any_folder_name = true,
          .messages = false,
          .nested = false,
          .abilities = of_dav,
          .trims_folder_names = kind == DavKind::xandikos,
          .sample = sample_event,
          .extension = ".ics"};
}

}  // namespace

const std::vector<Subject>& subjects() {
  static const std::vector<Subject> all{
      {.name = "memory",
       .make_backend = memory::make_backend,
       .make_medium = [](const fs::path&) -> Medium { return {"memory://conformance"}; },
       .any_folder_name = true,
       .delta = true,
       .abilities = of_memory},
      {.name = "file",
       .make_backend = file::make_backend,
       .make_medium = [](const fs::path& directory) -> Medium { return {"file://" + directory.string()}; },
       .abilities = of_files},
      {.name = "maildir",
       .make_backend = maildir::make_backend,
       .make_medium = [](const fs::path& directory) -> Medium {
         for (const char* name : {"cur", "new", "tmp"}) fs::create_directory(directory / name);
         return {"maildir://" + directory.string()};
       },
       .abilities = of_files},
      {.name = "archive",
       .make_backend = archive::make_backend,
       .make_medium = [](const fs::path& directory) -> Medium {
         return {"archive://" + (directory / "archive.mza").string()};
       },
       .any_folder_name = true,
       .delta = true,
       .abilities = of_archives},
      {.name = "archive_encrypted",
       .make_backend = archive::make_backend,
       .make_medium = [](const fs::path& directory) -> Medium {
         return {.uri = "archive://" + (directory / "archive.mza").string(),
                 .options = {{"encryption", "passphrase"}},
                 .password = "correct horse battery staple"};
       },
       .any_folder_name = true,
       .delta = true,
       .abilities = of_archives},
      {.name = "imap_dovecot",
       .make_backend = imap::make_backend,
       .make_medium = [](const fs::path&) { return mailbox_of(testing::MailServer::shared_dovecot()); },
       .delta = true,
       .lines_only = true,
       .same_identity = true,
       .abilities = of_imap},
      {.name = "imap_cyrus",
       .make_backend = imap::make_backend,
       .make_medium = [](const fs::path&) { return mailbox_of(testing::MailServer::shared_cyrus()); },
       .delta = true,
       .lines_only = true,
       .same_identity = true,
       .abilities = of_imap},
      {.name = "sql_sqlite",
       .make_backend = sql::make_backend,
       .make_medium = [](const fs::path& directory) -> Medium {
         return {.uri = "sqlite://" + (directory / "store.sqlite").native(), .options = {{"poll", "0.1"}}};
       },
       .delta = true,
       .abilities = of_sqlite},
      {.name = "sql_mariadb",
       .make_backend = sql::make_backend,
       .make_medium = [](const fs::path&) -> Medium {
         auto& server = testing::DatabaseServer::shared();
         return {.uri = server.new_store(), .options = {{"poll", "0.1"}}, .password = server.password()};
       },
       .delta = true,
       .abilities = of_database_servers},
      calendar_subject<DavKind::radicale>(),
      calendar_subject<DavKind::xandikos>(),
      calendar_subject<DavKind::sogo>(),
      calendar_subject<DavKind::cyrus>(),
      book_subject<DavKind::radicale>(),
      book_subject<DavKind::xandikos>(),
      book_subject<DavKind::sogo>(),
      book_subject<DavKind::cyrus>(),
      home_subject<DavKind::radicale>(),
      home_subject<DavKind::xandikos>(),
      home_subject<DavKind::sogo>(),
      home_subject<DavKind::cyrus>(),
  };
  return all;
}

}  // namespace mapistore::conformance
