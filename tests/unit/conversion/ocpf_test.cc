#include "core/conversion/ocpf.h"

#include <chrono>
#include <random>

#include <gtest/gtest.h>

#include "core/properties/known_properties.h"

namespace mapistore::conversion::ocpf_test {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view sample = R"(/* A meeting /* with a comment in it */ */
TYPE "IPM.Appointment"
FOLDER "olFolderCalendar"
OLEGUID PSETID_Appointment "00062002-0000-0000-c000-000000000046"
OLEGUID PS_PUBLIC_STRINGS "00020329-0000-0000-C000-000000000046"
SET $subject = "Review of ""x"""
SET $start = T2008-03-06 22:00:00
SET $folder-id = D0x9504000000000001

PROPERTY {
  PR_SUBJECT = $subject
  0x1000001e = "two
lines caf)"
                                    "\xc3\xa9"
                                    R"("
  PR_SENSITIVITY = 2;
  0x6abc0102 = { 0x01 0xff }
  0x6abd0014 = $folder-id
  0x6abe0002 = S0xffff
  0x6abf0003 = -7
  0x6ac00003 = L0x10
  0x6ac1000b = 1
  0x6ac20005 = 0.25
};
NPROPERTY {
  OOM:Start:PSETID_Appointment = $start
  OOM:Location:PSETID_Appointment = W"Room 4"
  MNID_ID:0x8217:PSETID_Appointment = 0
  MNID_ID:0x9999:PT_BOOLEAN:PSETID_Appointment = B"true"
  MNID_STRING:"Keywords":PS_PUBLIC_STRINGS = { "red", "blue" }
  MNID_STRING:"x":PT_STRING8:PS_PUBLIC_STRINGS = "y"
};
RECIPIENT {
  TO { PR_DISPLAY_NAME = "Anna" };
  BCC { PR_DISPLAY_NAME = "Ben" };
};
)";

PropertyId unknown(std::uint16_t id, PropertyType type) { return PropertyTag(id, type); }

TEST(Ocpf, ReadsAllItsStatements) {
  const auto file = read_ocpf(sample);
  ASSERT_TRUE(file) << file.error().to_string();
  EXPECT_EQ(file->message_class, "IPM.Appointment");
  EXPECT_EQ(file->folder, "olFolderCalendar");
  const PropertyBag& bag = file->message.properties;
  EXPECT_EQ(*bag.get<std::string>(tag::message_class), "IPM.Appointment");
  EXPECT_EQ(*bag.get<std::string>(tag::subject), "Review of \"x\"");
  EXPECT_EQ(*bag.get<std::string>(tag::body), "two\nlines caf\xc3\xa9");
  EXPECT_EQ(*bag.get<std::int32_t>(tag::sensitivity), 2);
  EXPECT_EQ(*bag.get<Binary>(unknown(0x6abc, PropertyType::binary)), (Binary{std::byte{1}, std::byte{0xff}}));
  EXPECT_EQ(static_cast<std::uint64_t>(*bag.get<std::int64_t>(unknown(0x6abd, PropertyType::integer64))),
            0x9504000000000001u);
  EXPECT_EQ(*bag.get<std::int16_t>(unknown(0x6abe, PropertyType::short_integer)), -1);
  EXPECT_EQ(*bag.get<std::int32_t>(unknown(0x6abf, PropertyType::long_integer)), -7);
  EXPECT_EQ(*bag.get<std::int32_t>(unknown(0x6ac0, PropertyType::long_integer)), 16);
  EXPECT_EQ(*bag.get<bool>(unknown(0x6ac1, PropertyType::boolean)), true);
  EXPECT_EQ(*bag.get<double>(unknown(0x6ac2, PropertyType::double_precision)), 0.25);
  EXPECT_EQ(bag.get<SystemTime>(lid::appointment_start_whole)->ticks, 128'493'144'000'000'000u);
  EXPECT_EQ(*bag.get<std::string>(lid::location), "Room 4");
  EXPECT_EQ(*bag.get<std::int32_t>(lid::appointment_state_flags), 0);
  EXPECT_EQ(*bag.get<bool>(PropertyName{property_set::psetid_appointment, 0x9999u, PropertyType::boolean}), true);
  EXPECT_EQ(*bag.get<std::vector<std::string>>(pname::keywords), (std::vector<std::string>{"red", "blue"}));
  EXPECT_EQ(*bag.get<std::string>(PropertyName{property_set::ps_public_strings, "x", PropertyType::unicode}), "y");
  ASSERT_EQ(file->message.recipients.size(), 2u);
  EXPECT_EQ(*file->message.recipients[0].get<std::string>(tag::display_name), "Anna");
  EXPECT_EQ(*file->message.recipients[1].get<std::int32_t>(tag::recipient_type), 3);
}

TEST(Ocpf, ReadsAFolderByItsId) {
  const auto file = read_ocpf("TYPE \"IPM.Note\" SET $f = D0x9504 FOLDER $f");
  ASSERT_TRUE(file);
  EXPECT_EQ(file->folder, "0x9504");
}

struct Refusal {
  std::string_view text, place, what;
};

TEST(Ocpf, SaysWhereItFails) {
  static constexpr Refusal refusals[] = {
      {"", "line 1, column 1", "there is no TYPE"},
      {"TYPE \"a\"\nTYPE \"b\"", "line 2, column 6", "a second TYPE"},
      {"FOLDER \"a\" FOLDER \"b\"", "line 1, column 19", "a second FOLDER"},
      {"TYPE a", "line 1, column 6", "no text"},
      {"TYPE \"a", "line 1, column 6", "this text has no end"},
      {"TYPE \"\xff\"", "line 1, column 6", "this text is not in UTF-8"},
      {"\n /* /* */", "line 2, column 2", "this comment has no end"},
      {"BOO", "line 1, column 1", "no keyword"},
      {"SET x = 1", "line 1, column 5", "SET needs a variable, as $name"},
      {"SET $ = 1", "line 1, column 5", "a variable needs a name"},
      {"SET $x 1", "line 1, column 8", "'=' is missing"},
      {"SET $x = $y", "line 1, column 10", "this variable has not been set"},
      {"SET $x = 1 SET $x = 2 ", "line 1, column 23", "before this a variable is set a second time"},
      {"SET $x = T2008-13-06 22:00:00", "line 1, column 10", "is no time"},
      {"SET $x = T2008-03-06", "line 1, column 10", "is no time"},
      {"SET $x = S0x10000", "line 1, column 10", "this number is too large for its type"},
      {"SET $x = 4294967296", "line 1, column 10", "this number is too large for its type"},
      {"SET $x = -2147483649", "line 1, column 10", "this number is too large for its type"},
      {"SET $x = 0xzz", "line 1, column 10", "is no number"},
      {"SET $x = B\"maybe\"", "line 1, column 10", "is neither B\"true\" nor B\"false\""},
      {"SET $x = { 0x100 }", "line 1, column 12", "is no byte"},
      {"SET $x = { 1 \"a\" }", "line 1, column 14", "a list holds texts, or bytes"},
      {"SET $x = { \"a\"", "line 1, column 15", "a list holds texts, or bytes"},
      {"SET $x = ?", "line 1, column 10", "an unexpected character"},
      {"PROPERTY { 0x8001001f = \"a\" }", "line 1, column 12", "ids from 0x8000 on belong to one store"},
      {"PROPERTY { PR_SUBJECT = 1 }", "line 1, column 27",
       "before this stands a value that is not of the type of its property"},
      {"PROPERTY { PR_SUBJECT = \"a\"", "line 1, column 28", "no property"},
      {"NPROPERTY { MNID_ID:1:X = 1 }", "line 1, column 25", "before this stands a set that no OLEGUID names"},
      {"OLEGUID X \"1\" ", "line 1, column 15", "before this stands no GUID"},
      {"RECIPIENT { FROM { } }", "line 1, column 18", "before this stands no TO, CC or BCC"},
  };
  for (const auto& [text, place, what] : refusals) {
    const auto file = read_ocpf(text);
    ASSERT_FALSE(file) << text;
    EXPECT_EQ(file.error().code, Errc::invalid_content) << text;
    EXPECT_EQ(file.error().object, place) << text;
    EXPECT_EQ(file.error().what, what) << text;
  }
  const auto unknown_name = read_ocpf("TYPE \"a\" PROPERTY { PR_SUBJEKT = \"a\" }");
  ASSERT_FALSE(unknown_name);
  EXPECT_EQ(unknown_name.error().object, "line 1, column 21");
}

TEST(Ocpf, NeverOpensAFile) {
  for (const std::string_view text : {"SET $x = <\"/etc/passwd\">", "TYPE \"a\" PROPERTY { 0x37010102 = <\"x\"> }"}) {
    const auto file = read_ocpf(text);
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().code, Errc::not_permitted);
    EXPECT_EQ(file.error().what, "files are not included");
  }
}

TEST(Ocpf, IsBounded) {
  EXPECT_EQ(read_ocpf(std::string(largest_ocpf_file + 1, ' ')).error().code, Errc::too_large);
  std::string comments;
  for (int i = 0; i < 100; ++i) comments += "/*";
  EXPECT_EQ(read_ocpf(comments).error().what, "comments are nested too deeply");
  std::string many = "TYPE \"a\" SET $x = \"" + std::string(1'000'000, 'x') + "\" PROPERTY {\n";
  for (int i = 0; i < 100; ++i) many += "PR_BODY = $x\n";
  EXPECT_EQ(read_ocpf(many + "}").error().code, Errc::too_large);
  std::string properties = "TYPE \"a\" PROPERTY {\n";
  for (std::size_t i = 0; i <= most_ocpf_properties; ++i) properties += "PR_BODY = \"\"\n";
  EXPECT_EQ(read_ocpf(properties + "}").error().code, Errc::too_large);
}

TEST(Ocpf, IsLinear) {
  for (const std::string_view unit :
       {" ", "\n", "/*", "/**/", "\"\"", "{", "{ \"a\", ", "0x1 ", "$a ", "<", "a", "-", "\xff"}) {
    for (const std::string_view start :
         {"", "SET $x = ", "SET $x = \"", "SET $x = {", "TYPE \"a\" PROPERTY { PR_BODY = \""}) {
      std::string text(start);
      while (text.size() < 250'000) text += unit;
      const auto begun = std::chrono::steady_clock::now();
      EXPECT_FALSE(read_ocpf(text)) << start << unit;
      EXPECT_LT(std::chrono::steady_clock::now() - begun, 2s) << start << " and many " << unit;
    }
  }
}

TEST(Ocpf, DamagedFilesAreReadOrRefused) {
  std::mt19937 random(4711);
  for (int round = 0; round < 5000; ++round) {
    std::string damaged(sample);
    for (unsigned damage = random() % 4; damage > 0; --damage) {
      const std::size_t at = random() % damaged.size();
      switch (random() % 3) {
        case 0: damaged[at] = static_cast<char>(random()); break;
        case 1: damaged.erase(at, random() % 9); break;
        default: damaged.insert(at, damaged.substr(random() % damaged.size(), random() % 9)); break;
      }
    }
    const auto file = read_ocpf(damaged);
    EXPECT_TRUE(file ? !file->message_class.empty() : file.error().object.starts_with("line "));
  }
}

}  // namespace
}  // namespace mapistore::conversion::ocpf_test
