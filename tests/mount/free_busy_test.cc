// When the events of a calendar occupy their owner, as an attribute of its folder.
#include <set>

#include "tests/mount/dav_fixture.h"

namespace mapistore::mount_tests::free_busy_test {
namespace {

using testing::eventually;
using testing::write_file;
using testing::xattr;
using namespace std::chrono_literals;

constexpr const char* november = "user.mapi.freebusy.20261101-20261201";

std::string event_of(std::string_view uid, std::string_view lines) {
  return "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//tests//EN\r\nBEGIN:VEVENT\r\nUID:" + std::string(uid) +
         "\r\nDTSTAMP:20260817T093102Z\r\n" + std::string(lines) + "\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
}

/// The periods of a VFREEBUSY, with their types; of those without one, BUSY. Periods by a length are no part of these
/// tests.
std::set<std::string> periods_of(const std::string& text) {
  std::set<std::string> periods;
  for (std::size_t at = text.find("\nFREEBUSY"); at != std::string::npos; at = text.find("\nFREEBUSY", at + 1)) {
    std::string line = text.substr(at + 1, text.find('\r', at) - at - 1);
    const std::string type = line.contains("BUSY-TENTATIVE") ? "tentative " : "busy ";
    for (line = line.substr(line.rfind(':') + 1); !line.empty();) {
      const std::size_t comma = std::min(line.find(','), line.size());
      periods.insert(type + line.substr(0, comma));
      line.erase(0, comma + 1);
    }
  }
  return periods;
}

using FreeBusy = Dav;
MAPISTORE_EVERY_DAV_SERVER(FreeBusy);

TEST_P(FreeBusy, IsWhatTheEventsOfACalendarSay) {
  mount();
  const auto put = [&](const std::string& uid, std::string_view lines) {
    ASSERT_LT(other_.put(calendar_ + uid + ".ics", event_of(uid, lines)).status, 300) << uid;
  };
  put("single", "DTSTART:20261103T080000Z\r\nDTEND:20261103T093000Z\r\nSUMMARY:Single");
  put("series",
      "DTSTART:20260105T120000Z\r\nDTEND:20260105T130000Z\r\nRRULE:FREQ=WEEKLY;BYDAY=MO\r\n"
      "EXDATE:20261109T120000Z\r\nSUMMARY:Series");
  put("free", "DTSTART:20261104T080000Z\r\nDTEND:20261104T093000Z\r\nTRANSP:TRANSPARENT\r\nSUMMARY:Free");
  put("perhaps", "DTSTART:20261105T080000Z\r\nDTEND:20261105T093000Z\r\nSTATUS:TENTATIVE\r\nSUMMARY:Perhaps");
  ASSERT_TRUE(eventually([&] { return names("C").size() == 4; }, 20s));
  const std::set<std::string> expected{
      "busy 20261102T120000Z/20261102T130000Z",      "busy 20261103T080000Z/20261103T093000Z",
      "tentative 20261105T080000Z/20261105T093000Z", "busy 20261116T120000Z/20261116T130000Z",
      "busy 20261123T120000Z/20261123T130000Z",      "busy 20261130T120000Z/20261130T130000Z"};
  const std::string text = xattr(at("C"), november).value_or("none");
  EXPECT_EQ(periods_of(text), expected) << text << mount_->errors();
  EXPECT_TRUE(text.contains("DTSTART:20261101T000000Z\r\nDTEND:20261201T000000Z\r\n"));

  const auto asked = other_.send(
      "REPORT", calendar_,
      "<C:free-busy-query xmlns:C=\"urn:ietf:params:xml:ns:caldav\"><C:time-range start=\"20261101T000000Z\" "
      "end=\"20261201T000000Z\"/></C:free-busy-query>",
      {"Depth: 1", "Content-Type: application/xml"});
  // Of these servers Cyrus alone answers as RFC 4791 7.10 wants it; Xandikos leaves out what recurs.
  if (GetParam() == DavKind::cyrus) {
    EXPECT_EQ(asked.status, 200);
    EXPECT_EQ(periods_of(asked.body), expected) << asked.body;
  }
  testing::run("rm " + testing::shell_word(at("C")) + "/*");
  EXPECT_TRUE(periods_of(xattr(at("C"), november).value_or("FREEBUSY")).empty());
}

TEST_P(FreeBusy, TheTimeAskedAboutIsBounded) {
  mount();
  EXPECT_TRUE(xattr(at("C"), "user.mapi.freebusy").value_or("").contains("BEGIN:VFREEBUSY"));
  for (const std::string wrong :
       {"20261201-20261101", "20260101-20271231", "20261301-20261401", "2026-2027", "", "x-y"})
    EXPECT_EQ(xattr(at("C"), "user.mapi.freebusy." + wrong), std::nullopt) << wrong;
  EXPECT_EQ(testing::set_xattr(at("C"), "user.mapi.freebusy", "x"), EPERM);
}

}  // namespace
}  // namespace mapistore::mount_tests::free_busy_test
