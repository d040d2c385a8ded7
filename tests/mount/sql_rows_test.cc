// What a user of SQL writes into the tables shows in a mount that runs, and what a mount writes shows in the views.
#include <gmock/gmock.h>

#include "tests/mount/sql_fixture.h"

namespace mapistore::mount_tests::sql_rows_test {
namespace {

using testing::eventually;
using ::testing::HasSubstr;
using testing::names_in;
using testing::read_file;
using testing::stat_of;
using testing::TempMount;
using testing::write_file;
using namespace std::chrono_literals;

std::string task(std::string_view summary) {
  return "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:test\r\nBEGIN:VTODO\r\nUID:u-1\r\nDTSTAMP:"
         "20260901T080000Z\r\nSUMMARY:" +
         std::string(summary) +
         "\r\nDUE;VALUE=DATE:20260910\r\nSTATUS:IN-PROCESS\r\nPERCENT-COMPLETE:30\r\nORGANIZER:mailto:anna@example."
         "org\r\n"
         "X-KEEP:as it is\r\nEND:VTODO\r\nEND:VCALENDAR\r\n";
}

class SqlRows : public ::testing::TestWithParam<const char*> {
 protected:
  Path at(std::string_view name) const { return mount_ / ("S/" + std::string(name)); }
  Names names() const { return names_in(mount_ / "S"); }
  /// The one file there, once it has come.
  Path only() const {
    EXPECT_TRUE(eventually([&] { return names().size() == 1; }, 5s)) << names().size() << mount_.errors();
    return at(names().empty() ? "none" : names().front());
  }
  static bool has(const Path& file, std::string_view words) {
    const auto text = read_file(file);
    return text && text->find(words) != std::string::npos;
  }

  Sandbox sandbox_;
  SqlMedium medium_{sandbox_, GetParam()};
  TempMount mount_{sandbox_, SqlMedium::profile(sandbox_, medium_.uri())};
};
INSTANTIATE_TEST_SUITE_P(Media, SqlRows, ::testing::Values("sqlite", "mariadb"),
                         [](const auto& kind) { return std::string(kind.param); });

TEST_P(SqlRows, ATaskInsertedByHandIsAFile) {
  medium_.insert("4711", "class, subject, due_us, date_only, status, percent, owner, note",
                 "'IPM.Task', 'Buy milk, \xc3\xa4', 1788220800000000, 1, 1, 50, 'anna@example.org', 'two litres'");
  const Path file = only();
  const std::string text = read_file(file).value_or("");
  EXPECT_THAT(file.filename().native(), ::testing::StartsWith("20260901_Buy_milk"));
  EXPECT_THAT(text, HasSubstr("BEGIN:VTODO\r\n"));
  EXPECT_THAT(text, HasSubstr("SUMMARY:Buy milk\\, \xc3\xa4\r\n"));
  EXPECT_THAT(text, HasSubstr("DUE;VALUE=DATE:20260901\r\n"));
  EXPECT_THAT(text, HasSubstr("STATUS:IN-PROCESS\r\n"));
  EXPECT_THAT(text, HasSubstr("PERCENT-COMPLETE:50\r\n"));
  EXPECT_THAT(text, HasSubstr("ORGANIZER:mailto:anna@example.org\r\n"));
  EXPECT_THAT(text, HasSubstr("DESCRIPTION:two litres\r\n"));
  EXPECT_EQ(stat_of(file).st_size, static_cast<off_t>(text.size()));
  const std::string uid = text.substr(text.find("UID:"), text.find('\r', text.find("UID:")) - text.find("UID:"));

  // It was read, so the kernel holds its pages; they must go.
  medium_.update("status = 2, percent = 100, subject = 'Bought milk'", "message_id = 4711");
  EXPECT_TRUE(eventually([&] { return has(file, "STATUS:COMPLETED"); }, 5s)) << read_file(file).value_or("gone");
  const std::string changed = read_file(file).value_or("");
  EXPECT_THAT(changed, HasSubstr("SUMMARY:Bought milk\r\n"));
  EXPECT_THAT(changed, HasSubstr(uid + "\r\n")) << "it is another task for every program";
  EXPECT_EQ(stat_of(file).st_size, static_cast<off_t>(changed.size()));

  medium_.remove("4711");
  EXPECT_TRUE(eventually([&] { return names().empty(); }, 5s));
}

TEST_P(SqlRows, OtherKindsTooAndAFileCanTakeTheirPlace) {
  medium_.insert("1", "class, subject, start_us, due_us, location",
                 "'IPM.Appointment', 'Talk', 1788220800000000, 1788224400000000, 'Room 9'");
  medium_.insert("2", "class, subject, email, phone", "'IPM.Contact', 'Anna Muster', 'anna@example.org', '+49 1'");
  medium_.insert("3", "class, subject, sender, recipient, note",
                 "'IPM.Note', 'Hello', 'a@example.org', 'b@example.org', 'Text'");
  medium_.insert("4", "class, subject, note, name", "'IPM.StickyNote', 'Note', 'Words', 'note.txt'");
  ASSERT_TRUE(eventually([&] { return names().size() == 4; }, 5s)) << names().size();
  std::string all;
  for (const std::string& name : names()) {
    const std::string text = read_file(at(name)).value_or("");
    EXPECT_EQ(stat_of(at(name)).st_size, static_cast<off_t>(text.size())) << name;
    all += text;
  }
  for (const char* line : {"SUMMARY:Talk", "DTSTART:20260901T000000Z", "DTEND:20260901T010000Z", "LOCATION:Room 9",
                           "FN:Anna Muster", "anna@example.org", "Subject: Hello", "To: b@example.org", "Words"})
    EXPECT_THAT(all, HasSubstr(line));
  ASSERT_EQ(write_file(at("note.txt"), "Other words\n"), 0) << mount_.errors();
  EXPECT_EQ(read_file(at("note.txt")), "Other words\n");
  EXPECT_EQ(medium_.sql("SELECT columns_lead, size FROM mst_message WHERE message_id = 4"), "0\t12\n");
}

TEST_P(SqlRows, WhatAFileTellsIsInTheViewsAndAChangeThereLeavesAllElse) {
  ASSERT_EQ(write_file(at("t.ics"), task("Return books")), 0) << mount_.errors();
  ASSERT_EQ(write_file(at("m.eml"), mail("A mail")), 0);
  EXPECT_EQ(medium_.sql("SELECT name, subject, status, percent, owner, due FROM tasks"),
            std::string("t.ics\tReturn books\tin progress\t30\tanna@example.org\t2026-09-10 00:00:00") +
                (GetParam() == std::string_view{"mariadb"} ? ".000000\n" : "\n"));
  EXPECT_EQ(medium_.sql("SELECT name, subject, sender, recipient FROM mail"),
            "m.eml\tA mail\tanna@example.org\tben@example.org\n");
  EXPECT_EQ(read_file(at("t.ics")), task("Return books"));
  medium_.update("percent = 60", "name = 't.ics'");
  std::string expected = task("Return books");
  expected.replace(expected.find("COMPLETE:30"), 11, "COMPLETE:60");
  EXPECT_TRUE(eventually([&] { return read_file(at("t.ics")) == expected; }, 5s))
      << read_file(at("t.ics")).value_or("gone");
  EXPECT_EQ(stat_of(at("t.ics")).st_size, static_cast<off_t>(expected.size()));
  ASSERT_EQ(testing::set_xattr(at("t.ics"), "user.mapi.flags", "flagged"), 0) << mount_.errors();
  ASSERT_EQ(move(at("t.ics"), at("u.ics")), 0) << mount_.errors();
  EXPECT_EQ(read_file(at("u.ics")), expected);
  EXPECT_EQ(names(), (Names{"m.eml", "u.ics"}));
}

TEST_P(SqlRows, InvalidRowsHideNoOthers) {
  medium_.insert("1", "class, subject, status", "'IPM.Task', 'status', 99");
  medium_.insert("2", "class, subject", "'IPM.Nonsense', 'class'");
  medium_.insert("3", "class, subject, due_us", "'IPM.Task', 'due', 9223372036854775807");
  medium_.insert("4", "class, subject, generation, size, columns_lead", "'IPM.Note', 'no chunks', 12345, 10, 0");
  medium_.insert("5", "class, subject, name", "'IPM.StickyNote', 'name', '../../escape.txt'");
  medium_.insert("6", "class, subject, percent", "'IPM.Task', 'good', 10");
  medium_.sql(
      "UPDATE mst_folder SET cn = cn + 1 WHERE store_id = 1 AND folder_id = 1; INSERT INTO mst_folder (store_id, "
      "folder_id, parent_id, name, parent_cn) SELECT 1, 77, 1, '../up', cn FROM mst_folder WHERE store_id = 1 AND "
      "folder_id = 1");
  ASSERT_TRUE(eventually([&] { return names().size() == 3; }, 5s)) << names().size();
  std::string all;
  for (const std::string& name : names()) all += name + ' ';
  EXPECT_THAT(all, HasSubstr("good"));
  EXPECT_THAT(all, HasSubstr("no_chunks"));
  for (const std::string& name : names())
    if (name.find("no_chunks") != std::string::npos) {
      EXPECT_EQ(read_file(at(name)), std::nullopt) << "bytes that are not there";
    }
  ASSERT_EQ(write_file(at("a.txt"), "new"), 0) << mount_.errors();
  ASSERT_TRUE(mount_.remount());
  EXPECT_EQ(names().size(), 4u);
}

TEST_P(SqlRows, AFolderIsListedAnewWhenAsked) {
  ASSERT_EQ(write_file(at("a.txt"), "a"), 0);
  ASSERT_EQ(write_file(at("b.txt"), "b"), 0);
  // Rows that went without a tombstone.
  medium_.sql(
      "DELETE FROM mst_message WHERE store_id = 1 AND folder_id = 1 AND name = 'a.txt'; "
      "UPDATE mst_folder SET purged_cn = cn + 1, cn = cn + 1 WHERE store_id = 1 AND folder_id = 1");
  EXPECT_TRUE(eventually([&] { return names() == Names{"b.txt"}; }, 5s));
}

}  // namespace
}  // namespace mapistore::mount_tests::sql_rows_test
