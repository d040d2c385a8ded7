#include "calendar_test.h"

namespace mapistore::conversion::calendar_dates_test {
namespace {

std::string weekly(std::string_view lines) {
  std::string event(berlin);
  event.append(
      "BEGIN:VEVENT\nUID:s\nDTSTAMP:20240101T000000Z\nDTSTART;TZID=Europe/Berlin:20240304T090000\n"
      "DTEND;TZID=Europe/Berlin:20240304T100000\nRRULE:FREQ=WEEKLY;COUNT=5\n");
  return calendar(event.append(lines).append("END:VEVENT\n"));
}

/// "20240306T150000/60", each changed or added instance with its minutes.
std::vector<std::string> instances(const MessageObject& message) {
  std::vector<std::string> told;
  for (const RecurrenceException& exception : recurrence(message).exceptions)
    told.push_back(calendar_text({wall_time(exception.start), false, false}) + "/" +
                   std::to_string(exception.end - exception.start));
  return told;
}

using Strings = std::vector<std::string>;

TEST(CalendarDates, StandBesideTheRule) {
  const std::string text = weekly("RDATE;TZID=Europe/Berlin:20240306T090000,20240307T150000\nRDATE:20240308T080000Z\n");
  const auto [message, losses] = read_text(text);
  EXPECT_EQ(instances(message), (Strings{"20240306T090000/60", "20240307T150000/60", "20240308T090000/60"}));
  const AppointmentRecurrence series = recurrence(message);
  EXPECT_EQ(series.pattern.modified.size(), 3u);
  EXPECT_EQ(series.pattern.deleted, series.pattern.modified);  // there are never more modified than deleted ones
  EXPECT_EQ(series.pattern.count, 5u);
  EXPECT_TRUE(message.attachments.empty());
  EXPECT_TRUE(losses.losses().empty()) << losses.text();
  const std::string again = rendered(message);
  EXPECT_TRUE(has(again, "RDATE;TZID=Europe/Berlin:20240306T090000,20240307T150000,20240308T090000\r\n")) << again;
  EXPECT_FALSE(has(again, "EXDATE"));
  EXPECT_FALSE(has(again, "RECURRENCE-ID"));
  EXPECT_TRUE(message_of(again) == message);
}

TEST(CalendarDates, ArePeriodsWithAStartAndAnEndOrADuration) {
  const std::string text = weekly(
      "RDATE;VALUE=PERIOD;TZID=Europe/Berlin:20240306T090000/PT30M,20240307T150000/20240307T170000\n"
      "RDATE;VALUE=PERIOD:20240308T080000Z/PT1H\n");
  const auto [message, losses] = read_text(text);
  EXPECT_EQ(instances(message), (Strings{"20240306T090000/30", "20240307T150000/120", "20240308T090000/60"}));
  EXPECT_TRUE(losses.losses().empty()) << losses.text();
  const std::string again = rendered(message);
  EXPECT_TRUE(has(again, "RDATE;TZID=Europe/Berlin:20240308T090000\r\n")) << again;
  EXPECT_TRUE(has(again, "RDATE;VALUE=PERIOD;TZID=Europe/Berlin:20240306T090000/PT30M,20240307T150000\r\n /PT2H\r\n"))
      << again;
  EXPECT_TRUE(message_of(again) == message) << again;
}

TEST(CalendarDates, OfWholeDays) {
  const std::string text = event(
      "DTSTAMP:20240101T000000Z\nDTSTART;VALUE=DATE:20240304\nDTEND;VALUE=DATE:20240305\nRRULE:FREQ=WEEKLY;COUNT=3\n"
      "RDATE;VALUE=DATE:20240306,20240309\n");
  const MessageObject message = message_of(text);
  EXPECT_EQ(instances(message), (Strings{"20240306T000000/1440", "20240309T000000/1440"}));
  EXPECT_TRUE(has(rendered(message), "RDATE;VALUE=DATE:20240306,20240309\r\n")) << rendered(message);
  EXPECT_TRUE(message_of(rendered(message)) == message);
}

TEST(CalendarDates, ADayOfATimedSeriesHasItsTime) {
  EXPECT_EQ(instances(message_of(weekly("RDATE;VALUE=DATE:20240306\n"))), (Strings{"20240306T090000/60"}));
}

TEST(CalendarDates, ThatTheRuleGivesAnywayAreNoMore) {
  const auto [message, losses] =
      read_text(weekly("RDATE;TZID=Europe/Berlin:20240304T090000,20240311T090000\nRDATE:20240318T080000Z\n"));
  EXPECT_TRUE(instances(message).empty());
  EXPECT_TRUE(losses.losses().empty()) << losses.text();
}

TEST(CalendarDates, ASecondOneOfADayIsLost) {
  for (const char* line :
       {"RDATE;TZID=Europe/Berlin:20240311T150000\n", "RDATE;TZID=Europe/Berlin:20240306T090000,20240306T150000\n",
        "RDATE;VALUE=PERIOD;TZID=Europe/Berlin:20240311T090000/PT3H\n"}) {
    EXPECT_EQ(read_text(weekly(line)).losses.text(), "dropped\tRDATE\ta pattern tells one instance a day\n") << line;
  }
}

TEST(CalendarDates, WithoutSenseAreLost) {
  for (const char* value : {"tomorrow", "20240306T090000/", "20240306T090000/yesterday", "20240306T090000/-PT1H"}) {
    const auto [message, losses] = read_text(weekly(std::string("RDATE;VALUE=PERIOD:") + value + "\n"));
    EXPECT_EQ(losses.text(), "dropped\tRDATE\tis no time\n") << value;
    EXPECT_TRUE(instances(message).empty()) << value;
  }
}

TEST(CalendarDates, AreTakenBackByExdate) {
  const auto [message, losses] = read_text(
      weekly("RDATE;TZID=Europe/Berlin:20240306T090000\nEXDATE;TZID=Europe/Berlin:20240306T090000,20240311T090000\n"));
  EXPECT_TRUE(instances(message).empty());
  EXPECT_EQ(recurrence(message).pattern.deleted.size(), 1u);
  EXPECT_TRUE(losses.losses().empty()) << losses.text();
}

TEST(CalendarDates, MayBeOverridden) {
  const std::string text = replaced(
      weekly("RDATE;TZID=Europe/Berlin:20240306T090000,20240307T090000\n"), "END:VCALENDAR",
      "BEGIN:VEVENT\r\nUID:s\r\nDTSTAMP:20240101T000000Z\r\nRECURRENCE-ID;TZID=Europe/Berlin:20240306T090000\r\n"
      "DTSTART;TZID=Europe/Berlin:20240306T110000\r\nDTEND;TZID=Europe/Berlin:20240306T120000\r\n"
      "SUMMARY:Later\r\nEND:VEVENT\r\nEND:VCALENDAR");
  const auto [message, losses] = read_text(text);
  EXPECT_EQ(instances(message), (Strings{"20240306T110000/60", "20240307T090000/60"}));
  ASSERT_EQ(message.attachments.size(), 1u);
  EXPECT_TRUE(losses.losses().empty()) << losses.text();
  const std::string again = rendered(message);
  EXPECT_TRUE(has(again, "RDATE;TZID=Europe/Berlin:20240306T090000,20240307T090000\r\n")) << again;
  EXPECT_TRUE(message_of(again) == message) << again;
}

TEST(CalendarDates, KeepTheirBytesUnlessTheSeriesChanges) {
  const std::string text = weekly("RDATE:20240308T080000Z\nX-A:1\nRDATE;TZID=Europe/Berlin:20240306T090000\n");
  MessageObject wanted = message_of(text);
  wanted.properties.set(tag::subject, std::string("S"));
  EXPECT_EQ(edited(text, wanted), replaced(text, "END:VEVENT", "SUMMARY:S\r\nEND:VEVENT"));
  AppointmentRecurrence series = recurrence(wanted);
  series.exceptions.erase(series.exceptions.begin());
  series.pattern.modified.erase(series.pattern.modified.begin());
  series.pattern.deleted.erase(series.pattern.deleted.begin());
  wanted.properties.set(PropertyName(lid::appointment_recur), encode_recurrence(series));
  EXPECT_TRUE(message_of(edited(text, wanted)) == wanted) << edited(text, wanted);
}

TEST(CalendarDates, ThatEndBeforeTheyStartHaveNoLength) {
  MessageObject message = message_of(weekly("RDATE;TZID=Europe/Berlin:20240306T090000\n"));
  AppointmentRecurrence series = recurrence(message);
  series.exceptions.at(0).end = series.exceptions.at(0).start - 1;
  message.properties.set(PropertyName(lid::appointment_recur), encode_recurrence(series));
  EXPECT_TRUE(has(rendered(message), "RDATE;VALUE=PERIOD;TZID=Europe/Berlin:20240306T090000/PT0S\r\n"))
      << rendered(message);
}

std::string dated(std::string_view lines) { return replaced(weekly(lines), "RRULE:FREQ=WEEKLY;COUNT=5\r\n", ""); }

TEST(CalendarDates, WithoutARuleAreASeriesOfTheStart) {
  const std::string text =
      dated("RDATE;TZID=Europe/Berlin:20240306T090000,20240201T150000\nRDATE;VALUE=PERIOD:20240708T070000Z/PT2H\n");
  const auto [message, losses] = read_text(text);
  EXPECT_EQ(instances(message), (Strings{"20240201T150000/60", "20240306T090000/60", "20240708T090000/120"}));
  EXPECT_EQ(recurrence(message).pattern.count, 1u);
  EXPECT_TRUE(value<bool>(message.properties, PropertyName(lid::recurring)));
  EXPECT_TRUE(message.properties.contains(PropertyName(lid::appointment_time_zone_definition_recur)));
  EXPECT_TRUE(losses.losses().empty()) << losses.text();
  const std::string again = rendered(message);
  EXPECT_TRUE(has(again, "RRULE:FREQ=DAILY;COUNT=1\r\n")) << again;
  EXPECT_TRUE(message_of(again) == message) << again;
  MessageObject wanted = message;
  wanted.properties.set(tag::subject, std::string("S"));
  EXPECT_EQ(edited(text, wanted), replaced(text, "END:VEVENT", "SUMMARY:S\r\nEND:VEVENT"));
}

TEST(CalendarDates, WithoutARuleGetOneWhenTheSeriesChanges) {
  const std::string text = dated("X-A:1\nRDATE:20240306T080000Z,20240307T080000Z\n");
  MessageObject wanted = message_of(text);
  const PropertyName id = lid::appointment_recur;
  AppointmentRecurrence series = recurrence(wanted);
  series.exceptions.pop_back();
  series.pattern.modified.pop_back();
  series.pattern.deleted.pop_back();
  wanted.properties.set(id, encode_recurrence(series));
  const std::string shorter = edited(text, wanted);
  EXPECT_FALSE(has(shorter, "FREQ=DAILY")) << shorter;
  EXPECT_TRUE(message_of(shorter) == wanted) << shorter;
  wanted = message_of(weekly("X-A:1\nRDATE:20240306T080000Z\n"));
  const std::string longer = edited(text, wanted);
  EXPECT_TRUE(has(longer, "X-A:1\r\n") && has(longer, "RRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=5\r\n")) << longer;
  EXPECT_TRUE(message_of(longer) == wanted) << longer;
}

TEST(CalendarDates, WithoutARuleAreTakenBackAndOverridden) {
  const std::string text = replaced(
      dated("RDATE:20240306T080000Z,20240307T080000Z\nEXDATE:20240304T080000Z,20240307T080000Z\n"), "END:VCALENDAR",
      "BEGIN:VEVENT\r\nUID:s\r\nDTSTAMP:20240101T000000Z\r\nRECURRENCE-ID:20240306T080000Z\r\n"
      "DTSTART:20240306T100000Z\r\nDTEND:20240306T110000Z\r\nEND:VEVENT\r\nEND:VCALENDAR");
  const auto [message, losses] = read_text(text);
  EXPECT_EQ(instances(message), (Strings{"20240306T110000/60"}));
  EXPECT_EQ(recurrence(message).pattern.deleted.size(), 2u);  // the start, and the day of the override
  EXPECT_TRUE(losses.losses().empty()) << losses.text();
  EXPECT_TRUE(message_of(rendered(message)) == message) << rendered(message);
}

TEST(CalendarDates, OfTheStartAloneAreNoSeries) {
  const auto [message, losses] = read_text(dated("RDATE;TZID=Europe/Berlin:20240304T090000\n"));
  EXPECT_FALSE(message.properties.contains(PropertyName(lid::appointment_recur)));
  EXPECT_FALSE(message.properties.contains(PropertyName(lid::recurring)));
  EXPECT_TRUE(losses.losses().empty()) << losses.text();
}

TEST(CalendarDates, HaveNoPatternInATask) {
  const auto task = read_text(
      calendar("BEGIN:VTODO\nUID:t\nDTSTART:20240304T090000Z\nRRULE:FREQ=DAILY\nRDATE:20240306T100000Z\nEND:VTODO\n"),
      MessageKind::task);
  EXPECT_TRUE(loses(task.losses, "RDATE"));
}

}  // namespace
}  // namespace mapistore::conversion::calendar_dates_test
