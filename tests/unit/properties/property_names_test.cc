#include "core/properties/property_names.h"

#include <gtest/gtest.h>

#include "core/properties/guid_text.h"
#include "core/properties/known_properties.h"

namespace mapistore::property_names_test {
namespace {

using property_set::ps_public_strings;
using property_set::psetid_common;

constexpr std::string_view common = "{00062008-0000-0000-c000-000000000046}";

PropertyTag tag_of(std::uint32_t id, PropertyType type) { return {static_cast<std::uint16_t>(id), type}; }

struct Key {
  PropertyId id;
  std::string text;
};

std::string in_common(std::string_view rest) { return std::string(common).append(rest); }

const std::vector<Key>& keys() {
  static const std::vector<Key> keys = {
      {tag::subject, "PidTagSubject"},
      {tag_of(0x0037, PropertyType::string8), "PidTagSubject@STRING8"},
      {tag_of(0x0037, property_type::mv_unicode), "PidTagSubject@MV_UNICODE"},
      {tag::html, "PidTagHtml"},
      {tag_of(0x1013, PropertyType::string8), "PidTagBodyHtml@STRING8"},
      {tag_of(0x6abc, PropertyType::binary), "0x6abc@BINARY"},
      {tag_of(0x6abc, multivalue_of(PropertyType::short_integer)), "0x6abc@MV_SHORT"},
      {tag_of(0x6abc, static_cast<PropertyType>(0x1234)), "0x6abc@0x1234"},
      {tag_of(0x6abc, multivalue_of(PropertyType::boolean)), "0x6abc@0x100b"},
      {PropertyName(lid::location), "PidLidLocation"},
      {PropertyName(pname::keywords), "PidNameKeywords"},
      {PropertyName{ps_public_strings, "Keywords", PropertyType::unicode}, "PidNameKeywords@UNICODE"},
      {PropertyName{psetid_common, 0x85d8u, PropertyType::long_integer}, in_common("#0x85d8@LONG")},
      {PropertyName{psetid_common, 0x3u, PropertyType::guid}, in_common("#0x0003@CLSID")},
      {PropertyName{psetid_common, 0xfedcba98u, PropertyType::guid}, in_common("#0xfedcba98@CLSID")},
      {PropertyName{psetid_common, "x-foo", PropertyType::string8}, in_common(":x-foo@STRING8")},
      {PropertyName{psetid_common, "a@LONG:#\n", PropertyType::unicode}, in_common(":a@LONG:#\n@UNICODE")},
      {PropertyName{psetid_common, "", PropertyType::unicode}, in_common(":@UNICODE")},
  };
  return keys;
}

TEST(PropertyNames, KeysAreTheDocumentedOnesAndReadBack) {
  for (const Key& key : keys()) {
    EXPECT_EQ(property_key(key.id), key.text);
    const auto parsed = parse_property_key(key.text);
    ASSERT_TRUE(parsed) << parsed.error().to_string();
    EXPECT_EQ(*parsed, key.id) << key.text;
  }
}

TEST(PropertyNames, EachKnownPropertyIsCalledByItsName) {
  for (const KnownProperty& known : known_properties()) {
    EXPECT_EQ(property_key(known.id()), known.name);
    EXPECT_EQ(parse_property_key(known.name), known.id());
  }
}

TEST(PropertyNames, OtherFormsAreTaken) {
  EXPECT_EQ(parse_property_key("PR_SUBJECT"), PropertyId(tag::subject));
  EXPECT_EQ(parse_property_key("PR_SUBJECT@STRING8"), PropertyId(tag_of(0x37, PropertyType::string8)));
  EXPECT_EQ(parse_property_key("0x0037001f"), PropertyId(tag::subject));
  EXPECT_EQ(parse_property_key("0X0037001F"), PropertyId(tag::subject));
  EXPECT_EQ(parse_property_key("0x0037"), PropertyId(tag::subject));
  EXPECT_EQ(parse_property_key("0x37@UNICODE"), PropertyId(tag::subject));
  EXPECT_EQ(parse_property_key("0x6ABC@0x0102"), PropertyId(tag_of(0x6abc, PropertyType::binary)));
  EXPECT_EQ(parse_property_key("{00062008-0000-0000-C000-000000000046}#0x8501"),
            PropertyId(PropertyName(lid::reminder_delta)));
  EXPECT_EQ(parse_property_key("{00020329-0000-0000-c000-000000000046}:Keywords"),
            PropertyId(PropertyName(pname::keywords)));
}

TEST(PropertyNames, MappedIdsHaveNoForm) {
  EXPECT_EQ(property_key(tag_of(0x8205, PropertyType::long_integer)), "");
  for (const char* text : {"0x8205@LONG", "0x82050003", "0xffff@UNICODE"}) {
    const auto parsed = parse_property_key(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().what, "is a mapped id, which means something in one store only");
  }
}

struct Refusal {
  std::string_view text, what;
};

TEST(PropertyNames, RefusalsSayWhatIsWrong) {
  const std::string guid(common);
  const std::string no_number = guid + "#85d8@LONG", no_mark = guid + "x@LONG", untyped = guid + ":mine",
                    unknown_type = guid + ":mine@TEXT", no_type = guid + ":mine@";
  for (const auto& [text, what] : std::initializer_list<Refusal>{
           {"", "is no known property"},
           {"@UNICODE", "is no known property"},
           {"PidTagSubject@TEXT", "ends with what is no type"},
           {"PidTagSubject@unicode", "ends with what is no type"},
           {"0x6abc", "has no type"},
           {"0x", "is no hexadecimal number of at most eight digits"},
           {"0x6abg@LONG", "is no hexadecimal number of at most eight digits"},
           {"0x123456789", "is no hexadecimal number of at most eight digits"},
           {"0x0037001f@UNICODE", "tells its type twice"},
           {"{}#0x1@LONG", "does not begin with a GUID in braces"},
           {"{00062008-0000-0000-c000-00000000004g}#0x1@LONG", "does not begin with a GUID in braces"},
           {no_number, "has no number after #"},
           {no_mark, "has neither # nor : after its GUID"},
           {untyped, "has no type"},
           {unknown_type, "ends with what is no type"},
           {no_type, "ends with what is no type"}}) {
    const auto parsed = parse_property_key(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, Errc::invalid_argument);
    EXPECT_EQ(parsed.error().what, what) << text;
    EXPECT_EQ(parsed.error().object, text);
  }
}

TEST(PropertyNames, NearestNameIsProposed) {
  EXPECT_EQ(parse_property_key("PidTagSubjct").error().hint, "did you mean PidTagSubject?");
  EXPECT_EQ(parse_property_key("pidlidbusystatus").error().hint, "did you mean PidLidBusyStatus?");
  EXPECT_EQ(parse_property_key("PR_SUBJET@UNICODE").error().hint, "did you mean PR_SUBJECT?");
  EXPECT_EQ(parse_property_key("Quark").error().hint.find("did you mean"), std::string::npos);
  EXPECT_EQ(parse_property_key(std::string(100'000, 'P')).error().object.size(), 100u);
}

TEST(PropertyNames, TypesByName) {
  EXPECT_EQ(type_name(PropertyType::unicode), "UNICODE");
  EXPECT_EQ(type_name(property_type::mv_long_integer), "MV_LONG");
  EXPECT_EQ(type_name(PropertyType::unspecified), "");
  EXPECT_EQ(type_name(multivalue_of(PropertyType::boolean)), "");
  EXPECT_EQ(parse_type("MV_CLSID"), multivalue_of(PropertyType::guid));
  EXPECT_EQ(parse_type(""), std::nullopt);
  EXPECT_EQ(parse_type("0x10000"), std::nullopt);
}

TEST(PropertyNames, GuidsBothWays) {
  EXPECT_EQ(guid_text(property_set::psetid_meeting), "{6ed8da90-450b-101b-98da-00aa003f1305}");
  EXPECT_EQ(parse_guid("{6ED8DA90-450B-101B-98DA-00AA003F1305}"), property_set::psetid_meeting);
  for (const char* text : {"", "6ed8da90-450b-101b-98da-00aa003f1305", "{6ed8da90450b101b98da00aa003f1305}",
                           "{6ed8da90-450b-101b-98da-00aa003f130x}", "{6ed8da90-450b-101b-98da-00aa003f1305"})
    EXPECT_EQ(parse_guid(text), std::nullopt) << text;
}

}  // namespace
}  // namespace mapistore::property_names_test
