#include "calendar_test.h"

namespace mapistore::conversion::calendar_task_test {
namespace {

std::string task(std::string_view lines) {
  return calendar("BEGIN:VTODO\nUID:t1\nDTSTAMP:20240101T000000Z\n" + std::string(lines) + "END:VTODO\n");
}

MessageObject read_task(const std::string& text) { return message_of(text, MessageKind::task); }

TEST(CalendarTask, TellsItsDays) {
  const MessageObject message =
      read_task(task("DTSTART;VALUE=DATE:20240304\nDUE:20240305T120000Z\nCOMPLETED:20240306T000000Z\nSTATUS:COMPLETED\n"
                     "PERCENT-COMPLETE:50\nRRULE:FREQ=DAILY;COUNT=3\n"));
  EXPECT_EQ(utc(message, lid::task_start_date), "20240304T000000Z");
  EXPECT_EQ(utc(message, lid::task_due_date), "20240305T000000Z");
  EXPECT_EQ(utc(message, lid::common_end), "20240305T120000Z");
  EXPECT_EQ(utc(message, lid::task_date_completed), "20240306T000000Z");
  EXPECT_EQ(value<double>(message.properties, PropertyName(lid::percent_complete)), 0.5);
  EXPECT_TRUE(value<bool>(message.properties, PropertyName(lid::task_complete)));
  EXPECT_TRUE(value<bool>(message.properties, PropertyName(lid::task_f_recurring)));
  EXPECT_TRUE(read_task(rendered(message, MessageKind::task)) == message);
}

TEST(CalendarTask, KeepsEveryStatus) {
  MessageObject message = read_task(task("SUMMARY:S\nSTATUS:NEEDS-ACTION\n"));
  for (std::int32_t status = 0; status <= 4; ++status) {
    message.properties.set(PropertyName(lid::task_status), status);
    message.properties.set(PropertyName(lid::task_complete), status == 2);
    EXPECT_TRUE(read_task(rendered(message, MessageKind::task)) == message) << status;
  }
}

TEST(CalendarTask, EditsItsStatus) {
  const std::string text = task("X-A:1\nSTATUS:IN-PROCESS\n");
  MessageObject wanted = read_task(text);
  wanted.properties.set(PropertyName(lid::task_status), std::int32_t{2});
  EXPECT_EQ(edited(text, wanted, MessageKind::task), replaced(text, "IN-PROCESS", "COMPLETED"));
}

TEST(CalendarJournal, ReadsBack) {
  const MessageObject message =
      message_of(calendar("BEGIN:VJOURNAL\nUID:j\nDTSTAMP:20240101T000000Z\nDTSTART:20240304T100000Z\nSUMMARY:S\n"
                          "X-MAPISTORE-LOG-TYPE:Phone call\nX-MAPISTORE-LOG-END:20240304T103000Z\nSTATUS:CANCELLED\n"
                          "END:VJOURNAL\n"),
                 MessageKind::journal);
  EXPECT_EQ(utc(message, lid::log_start), "20240304T100000Z");
  EXPECT_EQ(value<std::int32_t>(message.properties, PropertyName(lid::log_duration)), 30);
  EXPECT_EQ(value<std::string>(message.properties, PropertyName(lid::log_type)), "Phone call");
  EXPECT_TRUE(message_of(rendered(message, MessageKind::journal), MessageKind::journal) == message);
}

}  // namespace
}  // namespace mapistore::conversion::calendar_task_test
