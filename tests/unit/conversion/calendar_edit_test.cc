#include <malloc.h>

#include "calendar_test.h"

#include "core/codec/transfer.h"

namespace mapistore::conversion::calendar_edit_test {
namespace {

const std::string& zoned() {
  static const std::string text = calendar(
      berlin +
      "X-KEPT;a=b: odd \nBEGIN:VEVENT\nUID:e1\nDTSTART;TZID=Europe/Berlin:20240304T090000\nDURATION:PT1H\n"
      "SUMMARY;LANGUAGE=de:Alt\nX-FOO:unknown\nRRULE:FREQ=WEEKLY;COUNT=5\nEXDATE;TZID=Europe/Berlin:20240311T090000\n"
      "ATTENDEE;RSVP=FALSE;CN=Joe:mailto:joe@x.example\nATTENDEE;CN=Eve:mailto:eve@x.example\n"
      "BEGIN:VALARM\nACTION:AUDIO\nX-BAR:1\nTRIGGER:-PT15M\nEND:VALARM\nEND:VEVENT\n");
  return text;
}

TEST(CalendarEdit, ChangesNothingForTheSame) { EXPECT_EQ(edited(zoned(), message_of(zoned())), zoned()); }

TEST(CalendarEdit, KeepsTheParametersOfAText) {
  MessageObject wanted = message_of(zoned());
  wanted.properties.set(tag::subject, std::string("Neu; ok"));
  EXPECT_EQ(edited(zoned(), wanted), replaced(zoned(), "SUMMARY;LANGUAGE=de:Alt", "SUMMARY;LANGUAGE=de:Neu\\; ok"));
}

TEST(CalendarEdit, KeepsWhatLibraryParsersDropOrRewrite) {
  const std::string text = event(
      "DTSTART:20240304T090000Z\nLOCATION:\nGEO:north of here\nX-A;X-B=c:a\\,b\\;c\nSUMMARY:Old\n"
      "RRULE:INTERVAL=2;FREQ=WEEKLY;WKST=MO;BYDAY=MO\nX-LONG:one\n  two\nno line at all\nSTATUS:confirmed\n");
  MessageObject wanted = message_of(text);
  wanted.properties.set(tag::subject, std::string("New"));
  EXPECT_EQ(edited(text, wanted), replaced(text, "SUMMARY:Old", "SUMMARY:New"));
}

TEST(CalendarEdit, MovesAStartOnItsOwnClockAndKeepsTheDuration) {
  const std::string text = event("DTSTART:20240304T090000\nDURATION:PT1H\n");
  MessageObject wanted = message_of(text);
  wanted.properties.set(PropertyName(lid::appointment_start_whole), *to_system_time(as_utc(wall_time(222456600))));
  wanted.properties.set(PropertyName(lid::appointment_end_whole), *to_system_time(as_utc(wall_time(222456660))));
  const std::string start = calendar_text({wall_time(222456600), false, false});
  EXPECT_EQ(edited(text, wanted), replaced(text, "20240304T090000", start));
}

TEST(CalendarEdit, HoldsNoLargeAttachmentToChangeALine) {
  const std::string data(6'000'000, 'A');
  const std::string text =
      event("DTSTART:20240304T090000Z\nSUMMARY:Old\nATTACH;VALUE=BINARY;ENCODING=BASE64:" + data + "\n");
  const SharedBytes bytes = SharedBytes::of(text);
  const MessageObject current = read_calendar(MessageKind::appointment, bytes).message;
  MessageObject wanted = current;
  wanted.properties.set(tag::subject, std::string("New"));
  const std::size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
  const auto written = edit_calendar(MessageKind::appointment, bytes, current, wanted);
  ASSERT_TRUE(written);
  EXPECT_LT(mallinfo2().uordblks + mallinfo2().hblkhd, before + 100'000);
  EXPECT_EQ(written->losses.text(), "");
  EXPECT_EQ(written->bytes.content->text(10'000'000), replaced(text, "SUMMARY:Old", "SUMMARY:New"));
}

TEST(CalendarEdit, AddsAndRemovesLines) {
  MessageObject wanted = message_of(zoned());
  wanted.properties.set(PropertyName(lid::location), std::string("Raum"));
  const std::string with = edited(zoned(), wanted);
  EXPECT_EQ(with, replaced(zoned(), "BEGIN:VALARM", "LOCATION:Raum\r\nBEGIN:VALARM"));
  EXPECT_EQ(edited(with, message_of(zoned())), zoned());
}

TEST(CalendarEdit, KeepsTheLinesOfAttendeesThatStay) {
  MessageObject wanted = message_of(zoned());
  wanted.recipients.pop_back();
  EXPECT_EQ(edited(zoned(), wanted), replaced(zoned(), "ATTENDEE;CN=Eve:mailto:eve@x.example\r\n", ""));
}

TEST(CalendarEdit, ChangesTheTriggerAlone) {
  MessageObject wanted = message_of(zoned());
  wanted.properties.set(PropertyName(lid::reminder_delta), std::int32_t{30});
  EXPECT_EQ(edited(zoned(), wanted), replaced(zoned(), "TRIGGER:-PT15M", "TRIGGER:-PT30M"));
  wanted.properties.set(PropertyName(lid::reminder_set), false);
  EXPECT_FALSE(has(edited(zoned(), wanted), "VALARM"));
}

/// A megabyte of zeros that counts how often somebody begins to read it.
class Counted : public Content {
 public:
  Result<std::uint64_t> size() const override { return bytes_.size(); }
  std::unique_ptr<ContentReader> reader() const override {
    ++readers;
    return held_content(bytes_).content->reader();
  }
  mutable int readers = 0;

 private:
  std::string bytes_ = std::string(1 << 20, '\0');
};

TEST(CalendarEdit, ReadsLargeAttachmentsOnlyToCompareThem) {
  const auto counted = std::make_shared<Counted>();
  const std::string text = event("DTSTART:20240304T090000Z\nSUMMARY:S\nATTACH;ENCODING=BASE64;VALUE=BINARY:" +
                                 codec::base64_of(std::string(1 << 20, '\0')) + "\n");
  MessageObject current = message_of(text);
  current.attachments.at(0).properties.set(tag::attach_data_binary, LargeValue{counted});
  MessageObject wanted = current;
  wanted.properties.set(tag::subject, std::string("T"));
  const auto written = edit_calendar(MessageKind::appointment, SharedBytes::of(text), current, wanted);
  EXPECT_TRUE(bytes_of(written) == replaced(text, "SUMMARY:S", "SUMMARY:T"));
  EXPECT_EQ(counted->readers, 1);  // with what the changed file says
  EXPECT_TRUE(written->losses.losses().empty()) << written->losses.text();
  wanted.attachments[0].properties.set(tag::attach_data_binary, held_content(std::string(1 << 20, '\1')));
  const MessageObject again = message_of(edited(text, wanted));
  EXPECT_TRUE(again.attachments.at(0) == wanted.attachments[0]);
}

TEST(CalendarEdit, RefusesAnEndBeforeTheStart) {
  MessageObject wanted = message_of(zoned());
  wanted.properties.set(PropertyName(lid::appointment_end_whole), SystemTime{1});
  EXPECT_EQ(edit_calendar(MessageKind::appointment, SharedBytes::of(zoned()), message_of(zoned()), wanted).error().code,
            Errc::invalid_content);
}

TEST(CalendarEdit, EditsAndRemovesAnOverriddenInstance) {
  const std::string text = calendar(
      "BEGIN:VEVENT\nUID:s\nDTSTART:20240304T090000Z\nDTEND:20240304T093000Z\nSUMMARY:Daily\nRRULE:FREQ=DAILY\n"
      "END:VEVENT\nBEGIN:VEVENT\nUID:s\nRECURRENCE-ID:20240306T090000Z\nDTSTART:20240306T110000Z\n"
      "DTEND:20240306T113000Z\nX-A:1\nSUMMARY:Later\nEND:VEVENT\n");
  MessageObject wanted = message_of(text);
  MessageObject exception = *wanted.attachments.at(0).embedded;
  exception.properties.set(tag::subject, std::string("Latest"));
  wanted.attachments[0].embedded = std::make_shared<const MessageObject>(exception);
  EXPECT_EQ(edited(text, wanted), replaced(text, "SUMMARY:Later", "SUMMARY:Latest"));
}

}  // namespace
}  // namespace mapistore::conversion::calendar_edit_test
