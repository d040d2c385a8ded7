// What others read of the corpus beside what we read.

#include <map>
#include <set>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <mapistore/summarize.h>

#include "core/codec/address.h"
#include "core/codec/ascii.h"
#include "core/codec/names.h"
#include "core/codec/utf8.h"
#include "tests/support/corpus_files.h"

namespace mapistore::corpus_test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::contents;
using testing::corpus;
using testing::files_below;

void expect_legal(const std::string& name, const fs::path& file) {
  EXPECT_LE(name.size(), 200u) << file;
  EXPECT_TRUE(codec::is_valid_utf8(name)) << file;
  EXPECT_TRUE(std::ranges::none_of(name, codec::is_control)) << file;
  EXPECT_EQ(name.find('/'), std::string::npos) << file;
  EXPECT_FALSE(is_scratch_name(name)) << file;
  EXPECT_TRUE(id10_of_name(name)) << file;
}

std::string name_of(const fs::path& file, const std::string& bytes) {
  const Summary summary = summarize(kind_of_name(file.native()), file.filename().native(), bytes);
  return canonical_name(summary, bytes.size(), Time{}, false);
}

/// What the other parser read of a header field, or null. Of a repeated field, the first.
json field(const json& message, std::string_view name) {
  for (const json& header : message["parts"][0]["headers"]) {
    if (header["name"] == name) return header["value"];
  }
  return nullptr;
}

/// Blanks at folds are kept by one and dropped by the other.
std::string without_blanks(std::string text) {
  std::erase_if(text, codec::is_blank);
  return text;
}

std::optional<Time> time_of(const json& date) {
  using namespace std::chrono;
  const json& value = date["DateTime"];
  const auto number = [&](const char* piece) { return value[piece].get<int>(); };
  const auto day = sys_days{year{number("year")} / number("month") / number("day")};
  const auto offset = hours{number("tz_hour")} + minutes{number("tz_minute")};
  return day + hours{number("hour")} + minutes{number("minute")} + seconds{number("second")} +
         (value["tz_before_gmt"] ? offset : -offset);
}

/// Where we differ on purpose, and why.
const std::map<std::string, std::string_view> differences{
    {"legacy/010.eml subject", "bare ISO 8859-1 is read, not replaced"},
    {"legacy/020.eml subject", "bare ISO 8859-1 is read, not replaced"},
    {"legacy/022.eml subject", "bare ISO 8859-1 is read, not replaced"},
    {"legacy/027.eml subject", "bare ISO 8859-1 is read, not replaced"},
    {"legacy/052.eml subject", "bare ISO 8859-1 is read, not replaced"},
    {"rfc/001.eml from", "a lone word is a local user, not a display name"},
    {"rfc/004.eml from", "a lone word is a local user, not a display name"},
};

class Comparison {
 public:
  Comparison(const fs::path& eml, const Summary& summary, const json& message)
      : file_(eml.parent_path().filename() / eml.filename()), summary_(summary), message_(message) {}

  void check() const {
    if (const json subject = field(message_, "subject"); subject.contains("Text")) {
      same("subject", without_blanks(subject["Text"]), without_blanks(summary_.subject));
    }
    if (const json id = field(message_, "message_id"); id.contains("Text")) {
      same("message_id", codec::normalized_message_id(id["Text"].get<std::string>()), summary_.message_id);
    }
    if (const json from = field(message_, "from"); from.contains("Address")) {
      same("from", first_of(from["Address"]), summary_.from);
    }
    if (const json date = field(message_, "date"); date.contains("DateTime")) {
      same("date", time_of(date), summary_.date);
    }
  }

 private:
  static std::string first_of(const json& addresses) {
    const json& list = addresses.contains("List") ? addresses["List"] : addresses["Group"][0]["addresses"];
    const json& address = list[0].value("address", json());
    return address.is_string() ? address.get<std::string>() : std::string{};
  }

  template <class Value>
  void same(const std::string& what, const Value& theirs, const Value& ours) const {
    const std::string place = file_.string() + " " + what;
    if (differences.contains(place)) {
      EXPECT_NE(theirs, ours) << place << " differs no more";
    } else {
      EXPECT_EQ(theirs, ours) << place;
    }
  }

  fs::path file_;
  const Summary& summary_;
  const json& message_;
};

TEST(Corpus, MailReadsAsAnotherParserReadIt) {
  for (const fs::path& file : files_below(corpus() / "eml", ".eml")) {
    const fs::path other = fs::path(file).replace_extension(".json");
    if (!fs::exists(other)) continue;
    const Summary summary = summarize(MessageKind::mail, {}, contents(file));
    const json message = json::parse(contents(other));
    Comparison(file, summary, message).check();
  }
}

TEST(Corpus, EveryFileHasALegalNameThatStays) {
  for (const std::string_view extension : {".eml", ".ics", ".vcf"}) {
    for (const fs::path& file : files_below(corpus() / extension.substr(1), extension)) {
      const std::string bytes = contents(file);
      const std::string name = name_of(file, bytes);
      expect_legal(name, file);
      EXPECT_EQ(name_of(file, bytes), name) << file;
    }
  }
}

TEST(Corpus, LineEndsDoNotChangeTheSummary) {
  for (const fs::path& file : files_below(corpus() / "eml", ".eml")) {
    const std::string bytes = contents(file);
    if (bytes.find('\r') != std::string::npos) continue;
    std::string crlf;
    for (const char c : bytes) crlf += c == '\n' ? "\r\n" : std::string(1, c);
    EXPECT_EQ(summarize(MessageKind::mail, {}, crlf), summarize(MessageKind::mail, {}, bytes)) << file;
  }
}

using testing::RealMail;

TEST_F(RealMail, NeverSharesAName) {
  std::set<std::string> names;
  for (const fs::path& file : mails()) {
    const std::string bytes = contents(file);
    const std::string name = name_of(file, bytes);
    expect_legal(name, file);
    EXPECT_EQ(name_of(file, bytes), name) << file;
    EXPECT_TRUE(names.insert(name).second) << file << " has the name of another: " << name;
  }
}

}  // namespace
}  // namespace mapistore::corpus_test
