// The calendars of others. MAPISTORE_CORPUS names their folder; without one nothing is checked.

#include <libical/ical.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "calendar_test.h"
#include "core/codec/ascii.h"
#include "core/codec/utf8.h"

namespace mapistore::conversion::calendar_corpus_test {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> corpus_files() {
  const char* named = std::getenv("MAPISTORE_CORPUS");
  const fs::path corpus = named ? fs::path(named) : fs::path(MAPISTORE_SOURCE_DIR) / "../shared/corpus";
  std::vector<fs::path> files;
  if (!fs::exists(corpus / "ics")) return files;
  for (const auto& entry : fs::recursive_directory_iterator(corpus / "ics")) {
    if (entry.path().extension() == ".ics") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

std::string contents(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

constexpr std::array kinds{MessageKind::appointment, MessageKind::task, MessageKind::journal};

bool has_component(MessageKind kind, const std::string& bytes) {
  return !loses(read_text(bytes, kind).losses, kind == MessageKind::appointment ? "VEVENT"
                                               : kind == MessageKind::task      ? "VTODO"
                                                                                : "VJOURNAL") ||
         message_of(bytes, kind).properties.size() > 1;
}

/// How many bytes at the front and at the back are the same.
std::size_t common_bytes(std::string_view a, std::string_view b) {
  const auto front = std::ranges::mismatch(a, b);
  const auto head = static_cast<std::size_t>(front.in1 - a.begin());
  std::size_t tail = 0;
  while (tail < std::min(a.size(), b.size()) - head && a[a.size() - 1 - tail] == b[b.size() - 1 - tail]) ++tail;
  return head + tail;
}

TEST(CalendarCorpus, AnEditOfTheSubjectChangesItsLineAlone) {
  for (const fs::path& file : corpus_files()) {
    const std::string bytes = contents(file);
    for (const MessageKind kind : kinds) {
      const MessageObject current = message_of(bytes, kind);
      if (!has_component(kind, bytes)) continue;
      EXPECT_EQ(edited(bytes, current, kind), bytes) << file;
      MessageObject wanted = current;
      wanted.properties.set(tag::subject, std::string("another, subject"));
      const std::string changed = edited(bytes, wanted, kind);
      const MessageObject again = message_of(changed, kind);
      // What exceptions have in common with their series is told by this structure, and follows from both.
      const PropertyName series = lid::appointment_recur;
      if (const Property* derived = again.properties.find(series)) wanted.properties.set(series, derived->value);
      EXPECT_TRUE(again == wanted) << file;
      const std::size_t before = bytes.find("SUMMARY");
      if (before == std::string::npos || !current.properties.contains(tag::subject)) continue;
      const auto* subject = current.properties.get<std::string>(tag::subject);
      ASSERT_NE(subject, nullptr);
      EXPECT_LE(bytes.size() - common_bytes(bytes, changed), 2 * subject->size() + 100) << file;
    }
  }
}

TEST(CalendarCorpus, WhatIsRenderedReadsBack) {
  for (const fs::path& file : corpus_files()) {
    const std::string bytes = contents(file);
    for (const MessageKind kind : kinds) {
      if (!has_component(kind, bytes)) continue;
      const MessageObject first = message_of(rendered(message_of(bytes, kind), kind), kind);
      EXPECT_EQ(message_of(rendered(first, kind), kind), first) << file;
      EXPECT_EQ(rendered(first, kind), rendered(first, kind)) << file;
    }
  }
}

struct Freed {
  void operator()(icalcomponent* component) const { icalcomponent_free(component); }
};

TEST(CalendarCorpus, AgreesWithLibical) {
  std::size_t compared = 0;
  for (const fs::path& file : corpus_files()) {
    const std::string bytes = contents(file);
    const std::unique_ptr<icalcomponent, Freed> root(icalparser_parse_string(bytes.c_str()));
    if (!root) continue;
    icalcomponent* theirs = icalcomponent_get_first_component(root.get(), ICAL_VEVENT_COMPONENT);
    if (theirs == nullptr || icalcomponent_count_components(root.get(), ICAL_VEVENT_COMPONENT) != 1) continue;
    if (icalcomponent_count_errors(root.get()) != 0) continue;
    const auto [ours, losses] = read_text(bytes);
    const icaltimetype start = icalcomponent_get_dtstart(theirs);
    // Zones that the file does not describe are looked up by libical in what is installed.
    if (!icaltime_is_null_time(start) && !icaltime_is_date(start) && !loses(losses, "DTSTART")) {
      const time_t moment = icaltime_as_timet_with_zone(start, icaltime_get_timezone(start));
      const auto* value = ours.properties.get<SystemTime>(PropertyName(lid::appointment_start_whole));
      ASSERT_NE(value, nullptr) << file;
      EXPECT_EQ(to_utc_time(*value)->time_since_epoch().count(), moment) << file;
      ++compared;
    }
    icalproperty* summary = icalcomponent_get_first_property(theirs, ICAL_SUMMARY_PROPERTY);
    const auto* subject = ours.properties.get<std::string>(tag::subject);
    if (summary != nullptr && subject != nullptr && codec::is_valid_utf8(bytes)) {
      EXPECT_EQ(codec::trim(*subject), codec::trim(icalproperty_get_summary(summary))) << file;
      ++compared;
    }
  }
  if (!corpus_files().empty()) {
    EXPECT_GT(compared, 50u);
  }
}

}  // namespace
}  // namespace mapistore::conversion::calendar_corpus_test
