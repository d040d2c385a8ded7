// Same bytes everywhere: no locale and no time zone of the process shows in a conversion.

#include <gtest/gtest.h>

#include <unistd.h>

#include <array>
#include <clocale>
#include <cstdio>
#include <ctime>
#include <locale>

#include "core/conversion/convert.h"
#include "core/conversion/ocpf.h"
#include "core/properties/known_properties.h"
#include "core/properties/property_file.h"
#include "tests/support/corpus_files.h"
#include "tests/unit/conversion/tnef_builder.h"

namespace mapistore::same_bytes_test {
namespace {

struct Sample {
  MessageKind kind;
  std::string name;
  std::string bytes;
};

std::string with_crlf(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '\n' ? std::string("\r\n") : std::string(1, c);
  return out;
}

std::string calendar(std::string_view component) {
  return with_crlf(std::string("BEGIN:VCALENDAR\nVERSION:2.0\n").append(component).append("END:VCALENDAR\n"));
}

/// One of each kind, with all that locales and zones are apt to change: dates, fractions, large numbers, case.
std::vector<Sample> samples() {
  std::vector<Sample> all = {
      {MessageKind::mail, "a.eml",
       with_crlf(
           "From: \xC4\xB0lker <I@example.org>\nTo: ISTANBUL@example.org\nDate: Tue, 5 Mar 2024 23:30:00 -0800\n"
           "Received: from x; Wed, 6 Mar 2024 08:30:01 +0100\nSubject: 1.5 I\nExpires: Sun, 31 Mar 2024 02:30:00 "
           "+0100\nX-TITLE: I\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n"
           "Content-Type: text/plain; charset=ISO-8859-1\n\nGr\xFC\xDF"
           "e\n--b\nContent-Type: application/x; name=I.PDF\n"
           "Content-Disposition: attachment; creation-date=\"Tue, 5 Mar 2024 23:30:00 GMT\"\n\n1234567,89\n--b--\n")},
      {MessageKind::appointment, "a.ics",
       calendar(
           "BEGIN:VEVENT\nUID:I\nDTSTART:20240331T010000\nDTEND:20240331T033000\nRRULE:FREQ=WEEKLY;UNTIL=20240601\n"
           "EXDATE:20240407T010000\nRDATE:20240402T120000\nGEO:48.137;11.575\nSUMMARY:1.5\nBEGIN:VALARM\n"
           "ACTION:DISPLAY\nTRIGGER:-PT90M\nEND:VALARM\nEND:VEVENT\n")},
      {MessageKind::appointment, "day.ics",
       calendar("BEGIN:VEVENT\nUID:d\nDTSTART;VALUE=DATE:20240331\nSUMMARY:day\nEND:VEVENT\n")},
      {MessageKind::task, "a.ics",
       calendar("BEGIN:VTODO\nUID:t\nDUE;VALUE=DATE:20240331\nPERCENT-COMPLETE:33\nCOMPLETED:20240331T013000Z\n"
                "SUMMARY:I\nEND:VTODO\n")},
      {MessageKind::journal, "a.ics",
       calendar(
           "BEGIN:VJOURNAL\nUID:j\nDTSTART:20240331T023000Z\nX-MAPISTORE-LOG-END:20240331T040000Z\nEND:VJOURNAL\n")},
      {MessageKind::contact, "a.vcf",
       with_crlf("BEGIN:VCARD\nVERSION:3.0\nFN:I\nN:I;\xC4\xB1;;;\nBDAY:1970-01-01\nANNIVERSARY:20000229\n"
                 "TEL;TYPE=CELL:1.234,5\nEMAIL;TYPE=INTERNET:I@EXAMPLE.ORG\nEND:VCARD\n")},
      {MessageKind::note, "a.txt", "I 1.5\n31.03.2024\n"},
      {MessageKind::document, "I.PDF", "1.5"}};
  const std::string bag = conversion::list_of(
      {conversion::tag_of(0x0005, 0x6004) + conversion::number(std::uint64_t{0x3ff8000000000000}),
       conversion::tag_of(0x0040, 0x0039) + conversion::number(std::uint64_t{133'541'358'000'000'000})});
  all.push_back({MessageKind::mail, "tnef.eml",
                 "Subject: t\r\nContent-Type: application/ms-tnef\r\n\r\n" +
                     conversion::tnef(conversion::of_message(0x00069003, bag))});
  for (const auto& [folder, extension, kind] :
       {std::tuple("eml", ".eml", MessageKind::mail), std::tuple("ics", ".ics", MessageKind::appointment),
        std::tuple("vcf", ".vcf", MessageKind::contact)})
    for (const auto& file : testing::files_below(testing::corpus() / folder, extension))
      all.push_back({kind, file.filename(), testing::contents(file)});
  return all;
}

class Held final : public TextSink {
 public:
  Result<> write(std::string_view piece) override {
    text_ += piece;
    return {};
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::string shown(const MessageObject& message) {
  Held text;
  PropertyFile file;
  file.message = message;
  const auto written = write_property_file(file, text);
  return written ? text.text() : written.error().to_string();
}

std::string shown(const Result<WrittenMessage>& written) {
  if (!written) return written.error().to_string();
  return written->bytes.content->text(100'000'000).value_or("(too large)") + written->losses.text();
}

/// All that the conversions make of the sample: properties, losses, new bytes, changed bytes.
std::string all_of(const Sample& sample) {
  const SharedBytes bytes = SharedBytes::of(sample.bytes);
  const auto [message, losses] = read_message(sample.kind, sample.name, bytes);
  MessageObject wanted = message;
  const SystemTime time{133'550'000'000'000'000};
  wanted.properties.set(sample.kind == MessageKind::mail      ? PropertyId(tag::client_submit_time)
                        : sample.kind == MessageKind::contact ? PropertyId(tag::birthday)
                        : sample.kind == MessageKind::task    ? PropertyId(PropertyName(lid::task_date_completed))
                                                              : PropertyId(PropertyName(lid::appointment_end_whole)),
                        time);
  wanted.properties.set(tag::body, std::string("I 1.5\n"));
  return shown(message) + losses.text() + shown(render_message(sample.kind, message)) +
         shown(render_message(sample.kind, wanted)) +
         shown(edit_message(sample.kind, sample.name, bytes, message, wanted, {.break_signatures = true}));
}

std::string ocpf_shown() {
  const auto file = conversion::read_ocpf(
      "TYPE \"IPM.Appointment\"\nPROPERTY { PR_SUBJECT = \"1.5\"; 0x6ac20005 = 0.25 };\n"
      "NPROPERTY { OOM:Start:PSETID_Appointment = T2008-03-06 22:00:00 };\n");
  return file ? shown(file->message) : file.error().to_string();
}

class SameBytes : public ::testing::Test {
 protected:
  /// A locale with decimal commas, made here because no machine must have one.
  void SetUp() override {
    folder_ = std::filesystem::path(::testing::TempDir()) / ("mapistore-locale-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
    for (const char* name : {"de_DE", "tr_TR"}) {
      const std::string command = std::string("localedef -i ") + name + " -f UTF-8 '" +
                                  (folder_ / (std::string(name) + ".UTF-8")).native() + "' 2>&1";
      ASSERT_EQ(std::system(command.c_str()), 0) << command << ": is the package locales installed?";
    }
    ::setenv("LOCPATH", folder_.c_str(), 1);
  }

  void TearDown() override {
    set("UTC0", "C");
    ::unsetenv("TZ");
    ::tzset();
    ::unsetenv("LOCPATH");
    std::filesystem::remove_all(folder_);
  }

  static void set(const char* zone, const char* locale) {
    ::setenv("TZ", zone, 1);
    ::tzset();
    std::locale::global(std::locale(locale));
    ASSERT_NE(std::setlocale(LC_ALL, locale), nullptr) << locale;
  }

 private:
  std::filesystem::path folder_;
};

/// What C makes of 1.5 and of a midnight in UTC.
std::string here() {
  std::array<char, 64> text{};
  const std::time_t midnight = 1'709'596'800;
  std::tm local{};
  ::localtime_r(&midnight, &local);
  std::snprintf(text.data(), text.size(), "%.1f %02d:%02d", 1.5, local.tm_hour, local.tm_min);
  return text.data();
}

TEST_F(SameBytes, UnderEveryLocaleAndZone) {
  const std::vector<Sample> all = samples();
  set("UTC0", "C");
  EXPECT_EQ(here(), "1.5 00:00");
  std::vector<std::string> expected;
  for (const Sample& sample : all) expected.push_back(all_of(sample));
  const std::string script = ocpf_shown();
  // The clocks of Kathmandu and New York, as rules: no zone data need be installed.
  for (const auto& [zone, locale, proof] : {std::tuple("<+0545>-5:45", "de_DE.UTF-8", "1,5 05:45"),
                                            std::tuple("EST5EDT,M3.2.0,M11.1.0", "tr_TR.UTF-8", "1,5 19:00")}) {
    set(zone, locale);
    ASSERT_EQ(here(), proof);
    for (std::size_t i = 0; i < all.size(); ++i)
      EXPECT_TRUE(all_of(all[i]) == expected[i]) << all[i].name << " under " << locale << ", " << zone << ":\n"
                                                 << all_of(all[i]) << "\nrather than\n"
                                                 << expected[i];
    EXPECT_EQ(ocpf_shown(), script);
  }
}

}  // namespace
}  // namespace mapistore::same_bytes_test
