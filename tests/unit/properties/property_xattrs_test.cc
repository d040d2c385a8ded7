#include <gtest/gtest.h>

#include "core/properties/known_properties.h"
#include "core/properties/property_xattr_names.h"
#include "core/properties/property_xattr_values.h"
#include "tests/unit/properties/support.h"

namespace mapistore::property_xattrs_test {
namespace {

using enum PropertyType;
using property_set::psetid_common;

constexpr std::string_view common = "{00062008-0000-0000-c000-000000000046}";

TEST(PropertyXattrs, NamesBothWays) {
  const std::string guid(common);
  const std::vector<std::pair<PropertyId, std::string>> names = {
      {tag::subject, "user.mapi.PidTagSubject"},
      {PropertyTag(0x0037, string8), "user.mapi.PidTagSubject@STRING8"},
      {PropertyTag(0x6abc, binary), "user.mapi.tag.0x6abc0102"},
      {PropertyName(lid::location), "user.mapi.PidLidLocation"},
      {PropertyName{psetid_common, 0x85d8u, long_integer}, "user.mapi.id." + guid + ".0x85d8@LONG"},
      {PropertyName{psetid_common, "x-foo_1", unicode}, "user.mapi.name." + guid + ".x-foo_1@UNICODE"},
      {PropertyName{psetid_common, "a b/\xC3\xA4@~%", unicode},
       "user.mapi.name." + guid + ".a%20b%2f%c3%a4%40%7e%25@UNICODE"},
      {PropertyName{psetid_common, "", unicode}, "user.mapi.name." + guid + ".@UNICODE"},
  };
  for (const auto& [id, name] : names) {
    EXPECT_EQ(property_xattr_name(id), name);
    EXPECT_TRUE(is_property_xattr_name(name));
    const auto parsed = parse_property_xattr_name(name);
    ASSERT_TRUE(parsed) << parsed.error().to_string();
    EXPECT_EQ(*parsed, id) << name;
  }
}

TEST(PropertyXattrs, NamesWithoutATypeMeanTheKnownOrAnyType) {
  EXPECT_EQ(parse_property_xattr_name("user.mapi.tag.0x0037001f"), PropertyId(tag::subject));
  EXPECT_EQ(parse_property_xattr_name("user.mapi.tag.0x0037"), PropertyId(tag::subject));
  EXPECT_EQ(parse_property_xattr_name("user.mapi.tag.0x6abc"), PropertyId(PropertyTag(0x6abc, unspecified)));
  EXPECT_EQ(parse_property_xattr_name("user.mapi.id.{00062002-0000-0000-C000-000000000046}.0x8208"),
            PropertyId(PropertyName(lid::location)));
  EXPECT_EQ(parse_property_xattr_name("user.mapi.name.{00020329-0000-0000-c000-000000000046}.Keywords"),
            PropertyId(PropertyName(pname::keywords)));
  EXPECT_EQ(parse_property_xattr_name("user.mapi.name." + std::string(common) + ".a%2Fb"),
            PropertyId(PropertyName{psetid_common, "a/b", unspecified}));
  EXPECT_EQ(parse_property_xattr_name("user.mapi.PR_SUBJECT"), PropertyId(tag::subject));
}

TEST(PropertyXattrs, OtherNamesAreRefused) {
  const std::string guid(common);
  for (const std::string& name :
       {std::string("user.mapi.read"), std::string("user.PidTagSubject"), std::string("user.mapi.PidTagSubjct"),
        std::string("user.mapi.tag.0xzz"), std::string("user.mapi.tag.0x82050003"), std::string("user.mapi.tag.0x8205"),
        std::string("user.mapi.id.{x}.0x1"), "user.mapi.id." + guid, "user.mapi.id." + guid + ".8208",
        "user.mapi.id." + guid + ".0x8208@X", "user.mapi.name." + guid + ".a%2", "user.mapi.name." + guid + ".a%zz"}) {
    const auto parsed = parse_property_xattr_name(name);
    ASSERT_FALSE(parsed) << name;
    EXPECT_EQ(parsed.error().code, Errc::invalid_argument);
  }
  EXPECT_FALSE(is_property_xattr_name("user.mapi.subject"));
  EXPECT_EQ(property_xattr_name(PropertyTag(0x8205, long_integer)), "");
}

TEST(PropertyXattrs, LongNamesEndInAHashAndAreFound) {
  PropertyBag bag;
  const std::string long_text(300, 'n');
  for (const char* end : {"a", "b"}) bag.set(PropertyName{psetid_common, long_text + end, unicode}, std::string(end));
  const std::string a = property_xattr_name(bag.begin()->id), b = property_xattr_name((bag.begin() + 1)->id);
  EXPECT_EQ(a.size(), longest_xattr_name);
  EXPECT_EQ(a[longest_xattr_name - 32], '~');
  EXPECT_NE(a, b);
  EXPECT_EQ(a.substr(0, 223), b.substr(0, 223));
  EXPECT_EQ(find_by_xattr_name(bag, a)->value, PropertyValue(std::string("a")));
  EXPECT_EQ(find_by_xattr_name(bag, b)->value, PropertyValue(std::string("b")));
  EXPECT_EQ(find_by_xattr_name({}, a), nullptr);
  EXPECT_FALSE(parse_property_xattr_name(a));

  // As long as allowed: not shortened.
  const std::size_t overhead = property_xattr_name(PropertyName{psetid_common, "", unicode}).size();
  const PropertyId longest = PropertyName{psetid_common, std::string(longest_xattr_name - overhead, 'n'), unicode};
  EXPECT_EQ(parse_property_xattr_name(property_xattr_name(longest)), longest);
}

TEST(PropertyXattrs, FoundWhateverTheType) {
  PropertyBag bag;
  bag.set(PropertyTag(0x0037, string8), String8{"a"});
  EXPECT_EQ(find_by_xattr_name(bag, "user.mapi.PidTagSubject"), &*bag.begin());
  EXPECT_EQ(find_by_xattr_name(bag, "user.mapi.tag.0x0037"), &*bag.begin());
  EXPECT_EQ(find_by_xattr_name(bag, "user.mapi.PidTagBody"), nullptr);
  EXPECT_EQ(find_by_xattr_name(bag, "user.mapi.nonsense"), nullptr);
}

TEST(PropertyXattrs, ValuesBothWays) {
  const std::vector<std::tuple<PropertyType, PropertyValue, std::string>> values = {
      {short_integer, std::int16_t{-1}, "-1"},
      {long_integer, std::int32_t{2}, "2"},
      {double_precision, 0.5, "0.5"},
      {boolean, true, "true"},
      {boolean, std::int16_t{7}, R"({"raw":7})"},
      {integer64, std::int64_t{5}, "5"},
      {error, std::int32_t{1}, R"({"err":"0x00000001"})"},
      {string8, String8{"a"}, R"({"cp":20127,"s":"a"})"},
      {unicode,
       std::string("\"Gr\xC3\xBC\xC3\x9F"
                   "e\"\n\\"),
       "\"Gr\xC3\xBC\xC3\x9F"
       "e\"\n\\"},
      {unicode, std::string(), ""},
      {system_time, SystemTime{0}, "1601-01-01T00:00:00Z"},
      {system_time, SystemTime{~std::uint64_t{0}}, R"({"ft":"18446744073709551615"})"},
      {PropertyType::guid, psetid_common, std::string(common)},
      {PropertyType::binary, mapistore::binary("a"), "YQ=="},
      {property_type::mv_unicode, std::vector<std::string>{"red", "", "blue"}, "red\n\nblue"},
      {property_type::mv_unicode, std::vector<std::string>{"", ""}, "\n"},
      {property_type::mv_unicode, std::vector<std::string>{}, ""},
      {property_type::mv_long_integer, std::vector<std::int32_t>{1, 2}, "1\n2"},
      {property_type::mv_long_integer, std::vector<std::int32_t>{}, ""},
      {property_type::mv_binary, std::vector<Binary>{mapistore::binary("a"), {}}, "YQ==\n"},
      {multivalue_of(PropertyType::guid), std::vector<Guid>{psetid_common}, std::string(common)},
      {multivalue_of(string8), std::vector<String8>{{"a"}, {"b"}},
       "{\"cp\":20127,\"s\":\"a\"}\n{\"cp\":20127,\"s\":\"b\"}"},
  };
  for (const auto& [type, value, text] : values) {
    EXPECT_EQ(xattr_value_text({PropertyTag(0x6abc, type), value}), text);
    const auto parsed = parse_xattr_value(type, text);
    ASSERT_TRUE(parsed) << parsed.error().to_string();
    EXPECT_EQ(*parsed, value) << text;
  }
}

TEST(PropertyXattrs, WhatAnAttributeCannotTellIsRefused) {
  const auto code = [](PropertyType type, PropertyValue value) {
    const auto text = xattr_value_text({PropertyTag(0x6abc, type), std::move(value)});
    return text ? Errc{} : text.error().code;
  };
  EXPECT_EQ(code(unicode, std::string("a\0b", 3)), Errc::unsupported);
  EXPECT_EQ(code(unicode, std::string("\xED\xA0\xBD")), Errc::unsupported);
  EXPECT_EQ(code(property_type::mv_unicode, std::vector<std::string>{""}), Errc::unsupported);
  EXPECT_EQ(code(property_type::mv_unicode, std::vector<std::string>{"a\nb", "c"}), Errc::unsupported);
  EXPECT_EQ(code(unicode, std::string(65'536, 'x')), Errc{});
  EXPECT_EQ(code(unicode, std::string(65'537, 'x')), Errc::too_large);
  EXPECT_EQ(code(unicode, held_content(std::string(65'537, 'x'))), Errc::too_large);
  EXPECT_EQ(code(unicode, held_content(std::string(10, 'x'))), Errc{});
  EXPECT_EQ(code(PropertyType::binary, mapistore::binary(std::string(50'000, 'x'))), Errc::too_large);
  EXPECT_EQ(code(property_type::mv_unicode, std::vector<std::string>(70'000, "")), Errc::too_large);
  EXPECT_EQ(code(unicode, std::int32_t{1}), Errc::invalid_argument);
}

TEST(PropertyXattrs, WrongTextIsRefused) {
  for (const auto& [type, text] :
       std::initializer_list<std::pair<PropertyType, std::string_view>>{{long_integer, "x"},
                                                                        {long_integer, "1,2"},
                                                                        {property_type::mv_long_integer, "1,2"},
                                                                        {property_type::mv_long_integer, "1\n\n2"},
                                                                        {PropertyType::binary, "!"},
                                                                        {property_type::mv_binary, "YQ==\",\"YQ=="},
                                                                        {property_type::mv_binary, "YQ\\u003d="},
                                                                        {system_time, "yesterday"},
                                                                        {unicode, "\xFF"},
                                                                        {property_type::mv_unicode, "a\n\xFF"},
                                                                        {unspecified, "a"}}) {
    const auto value = parse_xattr_value(type, text);
    ASSERT_FALSE(value) << text;
    EXPECT_EQ(value.error().code, Errc::invalid_argument) << text;
  }
}

}  // namespace
}  // namespace mapistore::property_xattrs_test
