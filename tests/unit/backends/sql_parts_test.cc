// The parts of the SQL backend that need no database.
#include <mapistore/conversion.h>

#include <gmock/gmock.h>

#include <poll.h>
#include <sys/socket.h>

#include <set>
#include <thread>

#include "backends/sql/columns.h"
#include "backends/sql/ids.h"
#include "backends/sql/mysql_error.h"
#include "backends/sql/row.h"
#include "backends/sql/schema.h"
#include "backends/sql/watchdog.h"

namespace mapistore::sql::sql_parts_test {
namespace {

using namespace std::chrono_literals;

TEST(SqlIds, AreUniqueAndGrowWhateverTheClockDoes) {
  Ids ids;
  std::set<std::int64_t> seen;
  const Time now = std::chrono::system_clock::now();
  std::int64_t last = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::int64_t id = ids.next(i % 3 == 0 ? now - 24h : now + std::chrono::milliseconds{i / 100});
    EXPECT_GT(id, last);
    last = id;
    seen.insert(id);
  }
  EXPECT_EQ(seen.size(), 10'000u);
  EXPECT_GT(Ids{}.next(Time{}), trash_folder) << "a clock before 2020 gives no folder that is always there";
}

TEST(SqlIds, TwoProgramsMakeOthers) {
  const Time now = std::chrono::system_clock::now();
  std::set<std::int64_t> seen;
  for (int i = 0; i < 20; ++i) seen.insert(Ids{}.next(now));
  EXPECT_GT(seen.size(), 18u);
}

TEST(SqlText, IsFittedToItsColumn) {
  EXPECT_EQ(fitted("Zürich", 3), "Zür");
  EXPECT_EQ(fitted("a\xff\xc3", 10), "a\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(fitted("\xed\xa0\x80", 10), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd") << "a surrogate";
  EXPECT_EQ(fitted("\xc0\x80\xf0\x80\x80\x80", 1), "\xef\xbf\xbd") << "overlong";
  EXPECT_EQ(fitted("\xf0\x9f\x98\x80", 1), "\xf0\x9f\x98\x80");
}

TEST(SqlCategories, ComeBackAsTheyWere) {
  for (const std::vector<std::string>& categories :
       {std::vector<std::string>{}, {"Blue", "Zürich, Büro", "a/b"}, {"line\nend", "back\\slash", "\\\n", ""}})
    EXPECT_EQ(categories_of(categories_text(categories)), categories);
  EXPECT_EQ(categories_of("by hand"), std::vector<std::string>{"by hand"});
  EXPECT_EQ(categories_of("one\ntwo"), (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(categories_of("\\"), std::vector<std::string>{"\\"});
}

TEST(SqlTimes, NeverOverflow) {
  for (const std::int64_t us : {std::int64_t{0}, std::int64_t{-1}, std::numeric_limits<std::int64_t>::max(),
                                std::numeric_limits<std::int64_t>::min()})
    EXPECT_EQ(to_microseconds(from_microseconds(us)) < 0, us < 0);
  EXPECT_EQ(to_microseconds(Time{-1ns}), -1);
  EXPECT_EQ(from_microseconds(1'788'220'800'000'000), Time{1'788'220'800s});
}

TEST(SqlColumns, SayWhatTheBytesSayAndTheWayBack) {
  const std::string bytes =
      "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:test\r\nBEGIN:VTODO\r\nUID:u-1\r\nDTSTAMP:20260901T080000Z\r\n"
      "SUMMARY:Books\r\nDUE;VALUE=DATE:20260910\r\nSTATUS:IN-PROCESS\r\nPERCENT-COMPLETE:30\r\n"
      "ORGANIZER:mailto:anna@example.org\r\nEND:VTODO\r\nEND:VCALENDAR\r\n";
  const MessageObject message = properties_of(MessageKind::task, "t.ics", bytes);
  const Columns told = columns_of(MessageKind::task, message);
  EXPECT_EQ(told.subject, "Books");
  EXPECT_EQ(told.uid, "u-1");
  EXPECT_EQ(told.due_us, 1'788'998'400'000'000);
  EXPECT_TRUE(told.date_only);
  EXPECT_EQ(told.status, 1);
  EXPECT_EQ(told.percent, 30);
  EXPECT_EQ(told.owner, "anna@example.org");

  MessageObject made;
  apply(MessageKind::task, {}, told, made);
  const auto rendered = bytes_of(MessageKind::task, made);
  ASSERT_TRUE(rendered);
  EXPECT_EQ(columns_of(MessageKind::task, properties_of(MessageKind::task, "t.ics", *rendered)), told) << *rendered;
  EXPECT_EQ(bytes_of(MessageKind::task, made), rendered) << "the same every time";

  MessageObject unchanged = message;
  apply(MessageKind::task, told, told, unchanged);
  EXPECT_EQ(unchanged, message);
}

TEST(SqlColumns, TasksWithTimesEventsContactsAndMailTheWayBack) {
  Columns task;
  task.subject = "Call";
  task.start_us = 1'788'220'800'000'000 + 3'600'000'000;
  task.due_us = 1'788'220'800'000'000 + 7'200'000'000;
  task.completed_us = 1'788'220'800'000'000;
  task.status = 2;
  task.percent = 100;
  task.priority = 2;
  Columns event;
  event.subject = "Talk";
  event.start_us = 1'788'220'800'000'000;
  event.due_us = 1'788'224'400'000'000;
  event.location = "Room 9";
  Columns contact;
  contact.subject = "Anna Muster";
  contact.company = "ACME";
  contact.phone = "+49 1";
  contact.email = "anna@example.org";
  Columns mail;
  mail.subject = "Hello";
  mail.sender = "a@example.org";
  mail.recipient = "b@example.org";
  mail.start_us = 1'788'220'800'000'000;
  for (const auto& [kind, wanted] : {std::pair{MessageKind::task, task}, std::pair{MessageKind::appointment, event},
                                     std::pair{MessageKind::contact, contact}, std::pair{MessageKind::mail, mail}}) {
    MessageObject message;
    apply(kind, {}, wanted, message);
    const auto bytes = bytes_of(kind, message);
    ASSERT_TRUE(bytes);
    Columns told = columns_of(kind, properties_of(kind, "x", *bytes));
    told.uid.reset();  // made for it
    EXPECT_EQ(told, wanted) << *bytes;
  }
}

TEST(SqlColumns, ValuesThatNoMessageHasAreNamed) {
  Columns columns;
  columns.status = 5;
  EXPECT_EQ(check(columns).error().object, "status");
  columns.status = 4;
  columns.percent = -1;
  EXPECT_EQ(check(columns).error().object, "percent");
  columns.percent = 0;
  columns.due_us = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(check(columns).error().object, "due_us");
  columns.due_us = -1;
  EXPECT_TRUE(check(columns));
}

TEST(SqlErrors, AreWhatToDoAboutThem) {
  for (const unsigned number : {1213u, 1205u, 1020u, 1047u, 9007u, 8022u})
    EXPECT_EQ(mysql_failure(number, "x", "db").fault, Fault::conflict) << number;
  for (const unsigned number : {2006u, 2013u, 1927u}) {
    EXPECT_EQ(mysql_failure(number, "x", "db").fault, Fault::lost) << number;
    EXPECT_EQ(mysql_failure(number, "x", "db").error.code, Errc::disconnected) << number;
  }
  EXPECT_EQ(mysql_failure(1045, "x", "db").error.code, Errc::authentication_failed);
  EXPECT_EQ(mysql_failure(1049, "x", "db").error.code, Errc::not_found);
  EXPECT_EQ(mysql_failure(1142, "x", "db").error.code, Errc::access_denied);
  EXPECT_EQ(mysql_failure(1290, "x", "db").error.code, Errc::read_only);
  EXPECT_EQ(mysql_failure(1114, "x", "db").error.code, Errc::no_space);
  EXPECT_EQ(mysql_failure(4711, "what it says", "db").error.what, "what it says (4711)");
}

TEST(SqlWatchdog, EndsWhatWaitsTooLongAndNothingElse) {
  int late[2], calm[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, late), 0);
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, calm), 0);
  Watchdog watchdog;
  const auto slow = watchdog.add(Watchdog::Clock::now() + 60s, calm[0]);
  const auto quick = watchdog.add(Watchdog::Clock::now() + 50ms, late[0]);
  char byte = 0;
  EXPECT_EQ(::recv(late[0], &byte, 1, 0), 0) << "shut down";
  EXPECT_EQ(::recv(calm[0], &byte, 1, MSG_DONTWAIT), -1);
  watchdog.remove(quick);
  watchdog.remove(slow);
  for (const int fd : {late[0], late[1], calm[0], calm[1]}) ::close(fd);
}

TEST(SqlSchema, NeedsNothingThatClustersForbid) {
  std::string all = schema_script(Dialect::mariadb);
  for (const std::string& view : view_scripts(Dialect::mariadb)) all += view;
  for (const char* word :
       {"AUTO_INCREMENT", "TRIGGER", "FOREIGN", "REFERENCES", "MyISAM", "FULLTEXT", "TIMESTAMP NOT", "UTC(", "BYTES("})
    EXPECT_EQ(all.find(word), std::string::npos) << word;
  std::size_t tables = 0, keys = 0;
  for (std::size_t at = 0; (at = all.find("CREATE TABLE", at)) != std::string::npos; ++at) ++tables;
  for (std::size_t at = 0; (at = all.find("PRIMARY KEY", at)) != std::string::npos; ++at) ++keys;
  EXPECT_EQ(tables, 8u);
  EXPECT_EQ(keys, tables);
}

}  // namespace
}  // namespace mapistore::sql::sql_parts_test
