#include "core/properties/property_values.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <locale>

#include "core/properties/json_output.h"
#include "core/properties/known_properties.h"
#include "core/properties/property_names.h"
#include "tests/unit/properties/support.h"

namespace mapistore::property_values_test {
namespace {

using enum PropertyType;

struct Case {
  PropertyType type;
  PropertyValue value;
  std::string text;
};

template <class T>
std::vector<T> list(std::initializer_list<T> values) {
  return values;
}

std::vector<Case> cases() {
  const Guid common = property_set::psetid_common;
  return {
      {short_integer, std::int16_t{-32768}, "-32768"},
      {long_integer, std::int32_t{2147483647}, "2147483647"},
      {floating, 0.1f, "0.1"},
      {floating, -std::numeric_limits<float>::infinity(), R"({"bits":"ff800000"})"},
      {double_precision, 0.1, "0.1"},
      {double_precision, -0.0, "-0"},
      {double_precision, 1e300, "1e+300"},
      {double_precision, 5e-324, "5e-324"},
      {double_precision, std::numeric_limits<double>::infinity(), R"({"bits":"7ff0000000000000"})"},
      {currency, std::int64_t{-1}, R"("-1")"},
      {application_time, 45356.375, "45356.375"},
      {error, static_cast<std::int32_t>(0x8004010f), R"({"err":"0x8004010f"})"},
      {error, std::int32_t{0}, R"({"err":"0x00000000"})"},
      {boolean, true, "true"},
      {boolean, false, "false"},
      {boolean, std::int16_t{2}, R"({"raw":2})"},
      {boolean, std::int16_t{-1}, R"({"raw":65535})"},
      {integer64, std::numeric_limits<std::int64_t>::min(), R"("-9223372036854775808")"},
      {string8, String8{"plain \"text\""}, R"({"cp":20127,"s":"plain \"text\""})"},
      {string8, String8{""}, R"({"cp":20127,"s":""})"},
      {string8, String8{"\xE4"}, R"({"cp":0,"b64":"5A=="})"},
      {unicode,
       std::string("Gr\xC3\xBC\xC3\x9F"
                   "e\n\t\r\b\f\\\"/\x01\x7f"),
       "\"Gr\xC3\xBC\xC3\x9F"
       R"(e\n\t\r\b\f\\\"/\u0001)"
       "\x7f\""},
      {unicode, std::string("a\0b", 3), R"("a\u0000b")"},
      {unicode, std::string("\xED\xA0\xBDx\xED\xB8\x80"), R"("\ud83dx\ude00")"},
      {unicode, std::string("\xF0\x9F\x98\x80"), "\"\xF0\x9F\x98\x80\""},
      {system_time, SystemTime{133'541'028'000'000'000}, R"("2024-03-05T09:00:00Z")"},
      {system_time, SystemTime{133'541'028'000'000'001}, R"("2024-03-05T09:00:00.0000001Z")"},
      {system_time, SystemTime{0}, R"("1601-01-01T00:00:00Z")"},
      {system_time, SystemTime{2'650'467'743'999'999'999}, R"("9999-12-31T23:59:59.9999999Z")"},
      {system_time, SystemTime{2'650'467'744'000'000'000}, R"({"ft":"2650467744000000000"})"},
      {system_time, SystemTime{~std::uint64_t{0}}, R"({"ft":"18446744073709551615"})"},
      {PropertyType::guid, common, R"("{00062008-0000-0000-c000-000000000046}")"},
      {binary, mapistore::binary("\x01\x02\x03"), R"("AQID")"},
      {binary, Binary{}, R"("")"},
      {server_id, mapistore::binary("\xff"), R"("/w==")"},
      {restriction, mapistore::binary("ab"), R"("YWI=")"},
      {rule_actions, mapistore::binary("a"), R"("YQ==")"},
      {object, mapistore::binary("a"), R"("YQ==")"},
      {multivalue_of(short_integer), list<std::int16_t>({1, -2}), "[1,-2]"},
      {multivalue_of(long_integer), list<std::int32_t>({}), "[]"},
      {multivalue_of(floating), list<float>({1.5f}), "[1.5]"},
      {multivalue_of(double_precision), list<double>({1.5, 2}), "[1.5,2]"},
      {multivalue_of(application_time), list<double>({2}), "[2]"},
      {multivalue_of(currency), list<std::int64_t>({10000}), R"(["10000"])"},
      {multivalue_of(integer64), list<std::int64_t>({1, 2}), R"(["1","2"])"},
      {multivalue_of(string8), list<String8>({{"a"}, {"\xE4"}}), R"([{"cp":20127,"s":"a"},{"cp":0,"b64":"5A=="}])"},
      {multivalue_of(unicode), list<std::string>({"red", "", "a\nb"}), R"(["red","","a\nb"])"},
      {multivalue_of(system_time), list<SystemTime>({{0}}), R"(["1601-01-01T00:00:00Z"])"},
      {multivalue_of(PropertyType::guid), list<Guid>({common}), R"(["{00062008-0000-0000-c000-000000000046}"])"},
      {multivalue_of(binary), list<Binary>({{}, mapistore::binary("a")}), R"(["","YQ=="])"},
  };
}

void check_both_ways() {
  for (const Case& each : cases()) {
    const auto text = property_value_text({PropertyTag(0x6abc, each.type), each.value});
    ASSERT_TRUE(text) << text.error().to_string();
    EXPECT_EQ(*text, each.text);
    const auto value = parse_property_value(each.type, each.text);
    ASSERT_TRUE(value) << value.error().to_string();
    EXPECT_EQ(*value, each.value) << each.text;
  }
}

TEST(PropertyValues, EachTypeBothWays) { check_both_ways(); }

class CommaPunctuation final : public std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
};

TEST(PropertyValues, SameTextUnderAnotherLocale) {
  const std::locale before = std::locale::global(std::locale(std::locale::classic(), new CommaPunctuation));
  check_both_ways();
  std::locale::global(before);
}

TEST(PropertyValues, NotANumberKeepsItsBits) {
  const double payload = std::bit_cast<double>(std::uint64_t{0x7ff8dead0000beef});
  const auto text = property_value_text({PropertyTag(0x6abc, double_precision), payload});
  EXPECT_EQ(text, R"({"bits":"7ff8dead0000beef"})");
  const auto value = parse_property_value(double_precision, *text);
  ASSERT_TRUE(value);
  EXPECT_EQ(std::bit_cast<std::uint64_t>(std::get<double>(*value)), 0x7ff8dead0000beefu);
}

TEST(PropertyValues, String8NamesTheCodePageOfItsObject) {
  StringSink sink;
  JsonOutput out(sink);
  ASSERT_TRUE(write_property_value(out, string8, String8{"\xE4"}, 1252));
  ASSERT_TRUE(out.finish());
  EXPECT_EQ(sink.text, R"({"cp":1252,"b64":"5A=="})");
}

TEST(PropertyValues, OtherSpellingsAreTaken) {
  EXPECT_EQ(parse_property_value(double_precision, "1E2"), PropertyValue(100.0));
  EXPECT_EQ(parse_property_value(double_precision, R"({ "bits" : "3FF0000000000000" })"), PropertyValue(1.0));
  EXPECT_EQ(parse_property_value(unicode, R"("\u00e4\/\ud83d\ude00")"),
            PropertyValue(std::string("\xC3\xA4/\xF0\x9F\x98\x80")));
  EXPECT_EQ(parse_property_value(binary, R"("\/w==")"), PropertyValue(mapistore::binary("\xff")));
  EXPECT_EQ(parse_property_value(system_time, R"("2024-03-05T09:00:00.5Z")"),
            PropertyValue(SystemTime{133'541'028'005'000'000}));
  EXPECT_EQ(parse_property_value(string8, "{\"s\":\"\xC3\xA4\",\"cp\":65001}"), PropertyValue(String8{"\xC3\xA4"}));
  EXPECT_EQ(parse_property_value(string8, R"({"cp":1252,"s":"\u0041"})"), PropertyValue(String8{"A"}));
}

struct Refusal {
  PropertyType type;
  std::string_view text, what;
};

TEST(PropertyValues, RefusalsSayWhereAndWhat) {
  for (const auto& [type, text, what] : std::initializer_list<Refusal>{
           {short_integer, "32768", "line 1, column 1: expected a whole number of 16 bits"},
           {long_integer, "2147483648", "line 1, column 1: expected a whole number of 32 bits"},
           {long_integer, "1.0", "line 1, column 1: expected a whole number of 32 bits"},
           {long_integer, "01", "line 1, column 1: expected a whole number of 32 bits"},
           {long_integer, "+1", "line 1, column 1: expected a whole number of 32 bits"},
           {long_integer, "", "line 1, column 1: expected a whole number of 32 bits"},
           {long_integer, "\"1\"", "line 1, column 1: expected a whole number of 32 bits"},
           {long_integer, "1 1", "line 1, column 3: something follows the end"},
           {floating, "1e39", "line 1, column 1: expected a number in the range of its type"},
           {floating, R"({"bits":"7ff0000000000000"})", "line 1, column 1: expected 8 hexadecimal digits"},
           {double_precision, "nan", "line 1, column 1: expected a number in the range of its type"},
           {double_precision, "1.", "line 1, column 1: expected a number in the range of its type"},
           {double_precision, "1e", "line 1, column 1: expected a number in the range of its type"},
           {double_precision, ".5", "line 1, column 1: expected a number in the range of its type"},
           {double_precision, R"({"bits":"7ff00000000000zz"})", "line 1, column 1: expected 16 hexadecimal digits"},
           {double_precision, R"({"x":"1"})", "line 1, column 2: expected only bits"},
           {double_precision, "{}", "line 1, column 1: expected an object with bits"},
           {integer64, "1", "line 1, column 1: expected a string"},
           {integer64, R"("9223372036854775808")", "line 1, column 1: expected a whole number of 64 bits in quotes"},
           {currency, R"("1.5")", "line 1, column 1: expected a whole number of 64 bits in quotes"},
           {error, R"({"err":"8004010f"})", "line 1, column 1: expected an error such as 0x8004010f"},
           {error, "1", "line 1, column 1: expected an object with err"},
           {boolean, "1", "line 1, column 1: expected true or false"},
           {boolean, "null", "line 1, column 1: expected true or false"},
           {boolean, R"({"raw":1})", "line 1, column 2: expected a number from 2 to 65535"},
           {boolean, R"({"raw":65536})", "line 1, column 2: expected a number from 2 to 65535"},
           {boolean, R"({"raw":2,"raw":3})", "line 1, column 10: expected only raw"},
           {boolean, R"({"bits":"2"})", "line 1, column 2: expected only raw"},
           {boolean, "{}", "line 1, column 1: expected an object with raw"},
           {unicode, "5", "line 1, column 1: expected a string"},
           {unicode, R"("\x")", "line 1, column 2: unknown escape"},
           {unicode, R"("\u12g4")", "line 1, column 2: \\u needs four hexadecimal digits"},
           {unicode, R"("\u12)", "line 1, column 2: \\u needs four hexadecimal digits"},
           {unicode, "\"abc", "line 1, column 1: the string has no end"},
           {unicode, "\"\xC3\xA4\xFF\"", "line 1, column 3: is not UTF-8"},
           {unicode, "\"\xED\xA0\xBD\"", "line 1, column 2: is not UTF-8"},
           {unicode, "\"a\nb\"", "line 1, column 3: a control character must be escaped"},
           {system_time, R"("2024-03-05")", "line 1, column 1: expected a time such as 2024-03-05T09:00:00Z"},
           {system_time, R"("2023-02-29T00:00:00Z")", "line 1, column 1: expected a time such as 2024-03-05T09:00:00Z"},
           {system_time, R"("1600-12-31T00:00:00Z")", "line 1, column 1: expected a time such as 2024-03-05T09:00:00Z"},
           {system_time, R"("2024-03-05T09:00:60Z")", "line 1, column 1: expected a time such as 2024-03-05T09:00:00Z"},
           {system_time, R"("2024-03-05T09:00:00.Z")",
            "line 1, column 1: expected a time such as 2024-03-05T09:00:00Z"},
           {system_time, R"("2024-03-05T09:00:00.12345678Z")",
            "line 1, column 1: expected a time such as 2024-03-05T09:00:00Z"},
           {system_time, R"("2024-03-05T09:00:00+01:00")",
            "line 1, column 1: expected a time such as 2024-03-05T09:00:00Z"},
           {system_time, R"({"ft":"-1"})", "line 1, column 1: expected a count of 100 ns since 1601 in quotes"},
           {PropertyType::guid, R"("00062008-0000-0000-c000-000000000046")",
            "line 1, column 1: expected a GUID in braces"},
           {binary, R"("AQI")", "line 1, column 1: expected base64"},
           {binary, R"("A")", "line 1, column 1: expected base64"},
           {binary, R"("AQJ=")", "line 1, column 1: expected base64"},
           {binary, R"("AQ I")", "line 1, column 1: expected base64"},
           {binary, R"("AQ==AQ==")", "line 1, column 1: expected base64"},
           {binary, R"("====")", "line 1, column 1: expected base64"},
           {string8, R"("a")", "line 1, column 1: expected an object with cp and s or b64"},
           {string8, R"({"s":"a"})", "line 1, column 1: expected an object with cp and s or b64"},
           {string8, R"({"cp":0})", "line 1, column 1: expected an object with cp and s or b64"},
           {string8, R"({"cp":0,"s":"a","b64":""})", "line 1, column 1: expected an object with cp and s or b64"},
           {string8, R"({"cp":0,"cp":0,"s":"a"})", "line 1, column 9: expected cp once, and s or b64"},
           {string8, R"({"cp":-1,"s":"a"})", "line 1, column 2: expected the number of a code page"},
           {string8, "{\"cp\":1252,\"s\":\"\xC3\xA4\"}", "line 1, column 1: has characters outside ASCII"},
           {string8, R"({"cp":0,"b64":"!"})", "line 1, column 1: expected base64"},
           {multivalue_of(long_integer), "1", "line 1, column 1: expected ["},
           {multivalue_of(long_integer), "[1,]", "line 1, column 4: expected a whole number of 32 bits"},
           {multivalue_of(long_integer), "[1", "line 1, column 3: expected ]"},
           {multivalue_of(unicode), "[\"a\",\n\"b\",1]", "line 2, column 5: expected a string"},
           {multivalue_of(boolean), "[]", "line 1, column 1: has a type that has no values"},
           {unspecified, "1", "line 1, column 1: has a type that has no values"}}) {
    const auto value = parse_property_value(type, text);
    ASSERT_FALSE(value) << text;
    EXPECT_EQ(value.error().code, Errc::invalid_content);
    EXPECT_EQ(value.error().what, what) << text;
  }
}

TEST(PropertyValues, AValueOfAnotherTypeIsNotWritten) {
  for (const Property& property :
       {Property{tag::subject, std::int32_t{1}}, Property{tag::importance, std::int16_t{1}},
        Property{tag::subject, std::monostate{}}, Property{tag::response_requested, std::int16_t{1}},
        Property{PropertyTag(0x6abc, multivalue_of(unicode)), std::string("a")},
        Property{PropertyTag(0x6abc, unspecified), std::string("a")}}) {
    const auto text = property_value_text(property);
    ASSERT_FALSE(text);
    EXPECT_EQ(text.error().code, Errc::invalid_argument);
  }
}

}  // namespace
}  // namespace mapistore::property_values_test
