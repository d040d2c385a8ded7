#include "core/properties/known_properties.h"

#include <gtest/gtest.h>

#include <mapistore/message_object.h>

namespace mapistore::known_properties_test {
namespace {

TEST(KnownProperties, ConstantsAreTags) {
  static_assert(tag::subject.raw() == 0x0037001f);
  static_assert(tag::html.raw() == 0x10130102);
  static_assert(tag::user_x509_certificate.raw() == 0x3a701102);
  static_assert(lid::busy_status.number == 0x8205 && lid::busy_status.type == PropertyType::long_integer);
  EXPECT_EQ(PropertyName(pname::keywords),
            (PropertyName{property_set::ps_public_strings, "Keywords", property_type::mv_unicode}));
  EXPECT_EQ(PropertyName(lid::location),
            (PropertyName{property_set::psetid_appointment, 0x8208u, PropertyType::unicode}));
}

TEST(KnownProperties, ConstantsAreKeysOfBags) {
  PropertyBag bag;
  bag.set(tag::subject, std::string("Review"));
  bag.set(lid::busy_status, std::int32_t{2});
  bag.set(pname::keywords, std::vector<std::string>{"red"});
  EXPECT_EQ(*bag.get<std::int32_t>(lid::busy_status), 2);
  EXPECT_EQ(bag.get<std::vector<std::string>>(pname::keywords)->front(), "red");
}

TEST(KnownProperties, SetsHaveTheirWireBytes) {
  EXPECT_EQ(property_set::psetid_appointment.bytes,
            (std::array<std::uint8_t, 16>{0x02, 0x20, 0x06, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46}));
  EXPECT_EQ(property_set::psetid_meeting.bytes,
            (std::array<std::uint8_t, 16>{0x90, 0xda, 0xd8, 0x6e, 0x0b, 0x45, 0x1b, 0x10, 0x98, 0xda, 0, 0xaa, 0, 0x3f,
                                          0x13, 0x05}));
}

TEST(KnownProperties, EachIsFoundByItsIdAndItsNames) {
  ASSERT_GT(known_properties().size(), 900u);
  for (const KnownProperty& known : known_properties()) {
    EXPECT_EQ(find_known_property(known.id()), &known) << known.name;
    EXPECT_EQ(find_known_property(known.name), &known);
    if (!known.alias.empty()) {
      EXPECT_EQ(find_known_property(known.alias), &known) << known.alias;
    }
  }
}

TEST(KnownProperties, AnotherTypeIsTheFirstOfTheIdentity) {
  EXPECT_EQ(find_known_property(PropertyTag(0x0037, PropertyType::string8))->name, "PidTagSubject");
  EXPECT_EQ(find_known_property(PropertyTag(0x1013, PropertyType::binary))->name, "PidTagHtml");
  EXPECT_EQ(find_known_property(PropertyTag(0x1013, PropertyType::string8))->name, "PidTagBodyHtml");
  const PropertyName location{property_set::psetid_appointment, 0x8208u, PropertyType::string8};
  EXPECT_EQ(find_known_property(location)->name, "PidLidLocation");
}

TEST(KnownProperties, StrangersAreNotFound) {
  EXPECT_EQ(find_known_property(PropertyTag(0x6abc, PropertyType::binary)), nullptr);
  EXPECT_EQ(find_known_property(PropertyTag(0x0000, PropertyType::unspecified)), nullptr);
  EXPECT_EQ(find_known_property(PropertyTag(0x8205, PropertyType::long_integer)), nullptr);
  EXPECT_EQ(find_known_property(PropertyName{property_set::ps_public_strings, "", PropertyType::unicode}), nullptr);
  EXPECT_EQ(find_known_property(PropertyName{property_set::ps_public_strings, "keywords", PropertyType::unicode}),
            nullptr);
  EXPECT_EQ(find_known_property(PropertyName{Guid{}, 0u, PropertyType::unicode}), nullptr);
  EXPECT_EQ(find_known_property(std::string_view("PidTagSubjec")), nullptr);
  EXPECT_EQ(find_known_property(std::string_view("")), nullptr);
}

TEST(KnownProperties, WritabilityOfKnownAndUnknown) {
  EXPECT_EQ(writability_of(tag::subject), Writability::content);
  EXPECT_EQ(writability_of(tag::flag_status), Writability::state);
  EXPECT_EQ(writability_of(PropertyName(pname::keywords)), Writability::state);
  EXPECT_EQ(writability_of(tag::display_to), Writability::computed);
  EXPECT_EQ(writability_of(tag::change_key), Writability::identity);
  EXPECT_EQ(writability_of(PropertyTag(0x0037, PropertyType::string8)), Writability::content);
  EXPECT_EQ(writability_of(PropertyTag(0x0e99, PropertyType::unicode)), Writability::computed);
  EXPECT_EQ(writability_of(PropertyTag(0x0eff, PropertyType::unicode)), Writability::computed);
  EXPECT_EQ(writability_of(PropertyTag(0x67ff, PropertyType::unicode)), Writability::computed);
  EXPECT_EQ(writability_of(PropertyTag(0x6abc, PropertyType::binary)), Writability::content);
  EXPECT_EQ(writability_of(PropertyName{Guid{}, "mine", PropertyType::unicode}), Writability::content);
}

}  // namespace
}  // namespace mapistore::known_properties_test
