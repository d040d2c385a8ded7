// A whole SOGo account, from one URI: calendars, tasks and contacts from SOGo, mail from its mail server.
#include <cstdlib>
#include <optional>

#include <gtest/gtest.h>

#include "tests/mount/corpus.h"
#include "tests/mount/posix.h"
#include "tests/support/dav_server.h"
#include "tests/support/mail_server.h"
#include "tests/support/temp_mount.h"

namespace mapistore::mount_tests::dav_account_test {
namespace {

using testing::DavServer;
using testing::MailServer;
using testing::names_in;
using testing::read_file;
using testing::write_file;
using testing::xattr;

/// A Dovecot that takes the passwords of SOGo's accounts, as the one that a SOGo has its mail on.
class SogoAccount : public ::testing::Test {
 protected:
  SogoAccount() {
    mail_.deliver(user_, "From: anna@example.test\r\nSubject: Offer\r\n\r\nHello\r\n");
    const std::string home = server_.home(user_, false) + "personal/";
    other_.put(home + "meeting.ics",
               object("VEVENT", "DTSTART:20260901T080000Z\r\nDTEND:20260901T090000Z\r\nSUMMARY:Meeting"));
    other_.put(home + "books.ics", object("VTODO", "SUMMARY:Return books"));
    other_.put(server_.home(user_, true) + "personal/ravi.vcf", contact("Ravi"));
  }
  static std::string object(const std::string& component, const std::string& lines) {
    return "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//tests//EN\r\nBEGIN:" + component + "\r\nUID:" + component +
           "@example.test\r\nDTSTAMP:20260817T093102Z\r\n" + lines + "\r\nEND:" + component + "\r\nEND:VCALENDAR\r\n";
  }
  static std::string with_uid(std::string text, const std::string& uid) {
    return text.replace(text.find("UID:"), text.find("@example") - text.find("UID:"), "UID:" + uid);
  }
  std::string mail_uri() const { return "imap://" + mail_.host() + ":" + std::to_string(mail_.port()) + "/"; }
  /// The one file below `folder` of the mount that has `text` in it.
  bool has(const std::string& folder, const std::string& text) const {
    return testing::run("grep -rl -- '" + text + "' " + testing::shell_word(*mount_ / folder)).code == 0;
  }
  void expect_everything() {
    for (const auto& [folder, role] : {std::pair{"Mail", "mail"}, std::pair{"Calendar", "calendar"},
                                       std::pair{"Tasks", "tasks"}, std::pair{"Contacts", "contacts"}})
      EXPECT_EQ(xattr(*mount_ / folder, "user.mapi.role"), role) << folder;
    EXPECT_TRUE(has("Mail", "Subject: Offer")) << mount_->errors();
    EXPECT_TRUE(has("Calendar", "SUMMARY:Meeting")) << mount_->errors();
    EXPECT_FALSE(has("Calendar", "SUMMARY:Return books")) << "tasks have a top folder of their own";
    EXPECT_TRUE(has("Tasks", "SUMMARY:Return books"));
    EXPECT_FALSE(has("Tasks", "SUMMARY:Meeting"));
    EXPECT_TRUE(has("Contacts", "FN:Ravi"));
    EXPECT_EQ(mount_->errors(), "");
  }

  DavServer& server_ = DavServer::shared(DavServer::Kind::sogo);
  MailServer mail_ =
      MailServer::dovecot("passdb {\n  driver = static\n  args = password=" + server_.password() + "\n}");
  const std::string user_ = server_.make_user();
  const testing::RawHttp other_ = server_.client(user_);
  Sandbox sandbox_;
  std::optional<testing::TempMount> mount_;
};

TEST_F(SogoAccount, OneUriIsMailCalendarTasksAndContacts) {
  ::setenv("MAPISTORE_PASSWORD", server_.password().c_str(), 1);
  mount_.emplace(sandbox_, "sogo://" + server_.authority(user_) + "/?mail=" + mail_uri());
  EXPECT_EQ(names_in(mount_->path()), (std::vector<std::string>{"Calendar", "Contacts", "Mail", "Tasks"}));
  expect_everything();
  ASSERT_TRUE(mount_->remount());
  expect_everything();
}

TEST_F(SogoAccount, AProfileAddsWhatSogoHasNoPlaceFor) {
  const Path notes = sandbox_.make_directory("notes"), journal = sandbox_.make_directory("journal"),
             contacts = sandbox_.make_directory("contacts"), profile = sandbox_ / "account.toml";
  ::setenv("MAPISTORE_ACCOUNT_PASSWORD", server_.password().c_str(), 1);
  ASSERT_EQ(
      write_file(profile, "[accounts.Work]\nuri = \"sogo://" + server_.authority(user_) +
                              "/\"\npassword_env = \"MAPISTORE_ACCOUNT_PASSWORD\"\nmail = \"" + mail_uri() +
                              "\"\nnotes = \"file://" + notes.native() + "\"\njournal = \"file://" + journal.native() +
                              "\"\n[folders.Local]\nuri = \"file://" + contacts.native() + "\"\n"),
      0);
  mount_.emplace(sandbox_, profile.native());
  EXPECT_EQ(names_in(mount_->path()),
            (std::vector<std::string>{"Calendar", "Contacts", "Journal", "Local", "Mail", "Notes", "Tasks"}));
  expect_everything();
  EXPECT_EQ(xattr(*mount_ / "Notes", "user.mapi.role"), "notes");
  EXPECT_EQ(xattr(*mount_ / "Journal", "user.mapi.role"), "journal");
  EXPECT_EQ(write_file(*mount_ / "Notes" / "list.txt", "milk\n"), 0);
  EXPECT_EQ(write_file(*mount_ / "Journal" / "day.ics", object("VJOURNAL", "SUMMARY:A day")), 0);
  EXPECT_EQ(read_file(notes / "list.txt"), "milk\n");
  EXPECT_TRUE(read_file(journal / "day.ics").value_or("").contains("SUMMARY:A day"));
}

TEST_F(SogoAccount, EachPartIsWrittenToItsServer) {
  ::setenv("MAPISTORE_PASSWORD", server_.password().c_str(), 1);
  mount_.emplace(sandbox_, "sogo://" + server_.authority(user_) + "/?mail=" + mail_uri());
  const auto first_in = [&](const std::string& folder) {
    return *mount_ / folder / names_in(*mount_ / folder).front();
  };
  const std::string event_text =
      object("VEVENT", "DTSTART:20261001T080000Z\r\nDTEND:20261001T090000Z\r\nSUMMARY:Added");
  ASSERT_EQ(write_file(first_in("Calendar") / "added.ics", with_uid(event_text, "added")), 0) << mount_->errors();
  ASSERT_EQ(write_file(first_in("Tasks") / "todo.ics", with_uid(object("VTODO", "SUMMARY:Call"), "todo")), 0)
      << mount_->errors();
  EXPECT_EQ(write_file(first_in("Tasks") / "event.ics", with_uid(event_text, "wrong")), EOPNOTSUPP)
      << "an event is no task";
  ASSERT_EQ(write_file(first_in("Contacts") / "mira.vcf", contact("Mira")), 0) << mount_->errors();
  ASSERT_EQ(write_file(*mount_ / "Mail" / "INBOX" / "new.eml", "From: a@example.test\r\nSubject: New\r\n\r\nText\r\n"),
            0)
      << mount_->errors();
  EXPECT_EQ(other_.list(server_.home(user_, false) + "personal/").size(), 4u);
  EXPECT_EQ(other_.list(server_.home(user_, true) + "personal/").size(), 2u);
  auto other_mail = testing::RawImap{mail_.port()};
  other_mail.ask("LOGIN " + user_ + " " + server_.password());
  EXPECT_TRUE(other_mail.ask("SELECT INBOX").contains("* 2 EXISTS"));
}

TEST_F(SogoAccount, APartIsSwitchedToAnotherMediumAndBack) {
  const Path profile = sandbox_ / "account.toml", password = sandbox_ / "password";
  const std::string account = "# mine\n[accounts.Work]\nuri = \"sogo://" + server_.authority(user_) +
                              "/\"\npassword_file = \"" + password.native() + "\"\nmail = \"" + mail_uri() + "\"\n";
  ASSERT_EQ(write_file(profile, account), 0);
  ASSERT_EQ(write_file(password, server_.password()), 0);
  std::filesystem::permissions(password, std::filesystem::perms{0600});
  const auto control = [&](const std::string& words) {
    return testing::run(sandbox_.control_program() + " -p " + testing::shell_word(profile) + " " + words,
                        std::chrono::seconds{90});
  };
  mount_.emplace(sandbox_, profile);
  expect_everything();
  const std::string medium = make_medium(sandbox_, "sqlite", "tasks");
  const auto tasks = [&] { return *mount_ / "Tasks" / names_in(*mount_ / "Tasks").front(); };
  const Path books = tasks() / names_in(tasks()).front();
  const auto inode = testing::stat_of(books).st_ino;

  const auto switched = control("switch Tasks " + medium);
  ASSERT_EQ(switched.code, 0) << switched.output << mount_->errors();
  EXPECT_EQ(read_file(profile), account + "\n[folders.Tasks]\nuri = \"" + medium + "\"\nrole = \"tasks\"\n");
  EXPECT_EQ(testing::stat_of(books).st_ino, inode);
  expect_everything();
  ASSERT_EQ(write_file(tasks() / "call.ics", with_uid(object("VTODO", "SUMMARY:Call"), "call")), 0) << mount_->errors();
  ASSERT_TRUE(mount_->remount());
  expect_everything();
  EXPECT_TRUE(has("Tasks", "SUMMARY:Call"));

  const auto returned = control("switch Tasks --rollback");
  ASSERT_EQ(returned.code, 0) << returned.output << mount_->errors();
  EXPECT_TRUE(read_file(profile).value_or("").contains("\nuri = \"sogo://" + server_.authority(user_) + "/tasks\"\n"));
  EXPECT_EQ(other_.list(server_.home(user_, false) + "personal/").size(), 3u);
  ASSERT_TRUE(mount_->remount());
  expect_everything();
  EXPECT_TRUE(has("Tasks", "SUMMARY:Call"));
  EXPECT_EQ(testing::stat_of(books).st_ino, inode);
}

}  // namespace
}  // namespace mapistore::mount_tests::dav_account_test
