#include <gtest/gtest.h>

#include "core/conversion/contact_fields.h"
#include "core/conversion/formats.h"
#include "core/properties/entry_ids.h"
#include "core/properties/known_properties.h"

namespace mapistore::conversion::contact_read_test {
namespace {

ReadMessage card(std::string_view lines, std::string_view version = "3.0") {
  return read_contact(SharedBytes::of("BEGIN:VCARD\r\nVERSION:" + std::string(version) + "\r\n" + std::string(lines) +
                                      "END:VCARD\r\n"));
}

std::string text(const ReadMessage& read, const PropertyId& id) {
  return text_property(read.message.properties, id).value_or("(none)");
}

struct Example {
  std::string_view lines;
  PropertyId property;
  std::string_view value;
};

TEST(ContactRead, TellsTextFields) {
  const Example examples[] = {
      {"FN:Anna M\r\n", tag::display_name, "Anna M"},
      {"FN:Anna M\r\n", tag::subject, "Anna M"},
      {"FN:Anna M\r\n", lid::file_under, "Anna M"},
      {"FN:Anna M\r\nX-EVOLUTION-FILE-AS:M\\, Anna\r\n", lid::file_under, "M, Anna"},
      {"N:M;Anna;B,C;Dr.;jun.\r\n", tag::surname, "M"},
      {"N:M;Anna;B,C;Dr.;jun.\r\n", tag::given_name, "Anna"},
      {"N:M;Anna;B,C;Dr.;jun.\r\n", tag::middle_name, "B,C"},
      {"N:M;Anna;B,C;Dr.;jun.\r\n", tag::display_name_prefix, "Dr."},
      {"N:M;Anna;B,C;Dr.;jun.\r\n", tag::generation, "jun."},
      {"N:M;Anna\r\n", tag::subject, "Anna M"},
      {"NICKNAME:a\\;b\r\n", tag::nickname, "a;b"},
      {"TITLE:t\r\n", tag::title, "t"},
      {"ROLE:r\r\n", tag::profession, "r"},
      {"ORG:F;D;O\r\n", tag::company_name, "F"},
      {"ORG:F;D;O\r\n", tag::department_name, "D"},
      {"ORG:F;D;O\r\n", tag::office_location, "O"},
      {"NOTE:a\\nb\\, c\r\n", tag::body, "a\nb, c"},
      {"IMPP:xmpp:a@b\r\n", lid::instant_messaging_address, "xmpp:a@b"},
      {"X-AIM:anna\r\n", lid::instant_messaging_address, "anna"},
      {"FBURL:http://f/?a;b,c\r\n", lid::free_busy_location, "http://f/?a;b,c"},
      {"UID:urn:uuid:1\r\n", card_uid(), "urn:uuid:1"},
      {"X-SPOUSE:s\r\n", tag::spouse_name, "s"},
      {"X-MS-MANAGER:m\r\n", tag::manager_name, "m"},
      {"X-ASSISTANT:a\r\n", tag::assistant, "a"},
      {"item1.X-ABRELATEDNAMES:s\r\nitem1.X-ABLabel:_$!<Spouse>!$_\r\n", tag::spouse_name, "s"},
      {"HOBBY:h\r\n", tag::hobbies, "h"},
      {"URL;TYPE=WORK:w\r\n", tag::business_home_page, "w"},
      {"URL;TYPE=HOME:h\r\n", tag::personal_home_page, "h"},
      {"URL:u\r\n", lid::html, "u"},
      {"URL;VALUE=uri;TYPE=HOME:h\r\n", tag::personal_home_page, "h"},
      {"X-MS-TEXT:a\r\nX-MS-TEXT:b\r\n", lid::contact_user_field2, "b"},
      {"N;ENCODING=QUOTED-PRINTABLE;CHARSET=ISO-8859-1:M=FC=\r\nller;A\r\n", tag::surname, "M\xc3\xbcller"},
      {"NOTE;QUOTED-PRINTABLE:a=0D=0A=\r\n b\r\n", tag::body, "a\r\n b"},
  };
  for (const auto& [lines, property, value] : examples) {
    const ReadMessage read = card(lines);
    EXPECT_EQ(text(read, property), value) << lines;
    EXPECT_TRUE(read.losses.losses().empty()) << lines << read.losses.text();
    EXPECT_EQ(text(read, tag::message_class), "IPM.Contact");
  }
}

TEST(ContactRead, TellsPhonesByAllTheirTypes) {
  const Example examples[] = {
      {"TEL;TYPE=HOME:1\r\n", tag::home_telephone_number, "1"},
      {"TEL;TYPE=HOME:1\r\nTEL;TYPE=voice,home:2\r\n", tag::home2_telephone_number, "2"},
      {"TEL;PREF=1;X-A=b;TYPE=voice;TYPE=work:1\r\n", tag::business_telephone_number, "1"},
      {"TEL;WORK:1\r\nTEL;VOICE;WORK:2\r\n", tag::business2_telephone_number, "2"},
      {"TEL;TYPE=\"work,cell\":1\r\n", tag::mobile_telephone_number, "1"},
      {"TEL;TYPE=PAGER:1\r\n", tag::pager_telephone_number, "1"},
      {"TEL;TYPE=CAR:1\r\n", tag::car_telephone_number, "1"},
      {"TEL;TYPE=ISDN:1\r\n", tag::isdn_number, "1"},
      {"TEL:1\r\n", tag::other_telephone_number, "1"},
      {"TEL;TYPE=PREF:1\r\n", tag::primary_telephone_number, "1"},
      {"TEL;TYPE=FAX,WORK:1\r\n", tag::business_fax_number, "1"},
      {"TEL;TYPE=HOME;TYPE=FAX:1\r\n", tag::home_fax_number, "1"},
      {"TEL;FAX:1\r\n", tag::primary_fax_number, "1"},
      {"X-MS-TEL;TYPE=RADIO:1\r\n", tag::radio_telephone_number, "1"},
      {"TEL;TYPE=TTY-TDD:1\r\n", tag::telecommunications_device_for_deaf_telephone_number, "1"},
      {"TEL;TYPE=X-EVOLUTION-ASSISTANT:1\r\n", tag::assistant_telephone_number, "1"},
      {"X-MS-TEL;VOICE;CALLBACK:1\r\n", tag::callback_telephone_number, "1"},
      {"X-MS-TEL;VOICE;COMPANY:1\r\n", tag::company_main_telephone_number, "1"},
      {"TEL;TYPE=TLX:1\r\n", tag::telex_number, "1"},
      {"TEL;VALUE=uri;TYPE=cell:tel:+1-2\r\n", tag::mobile_telephone_number, "+1-2"},
      {"item2.TEL:1\r\nitem2.X-ABLabel:_$!<HomeFAX>!$_\r\n", tag::home_fax_number, "1"},
  };
  for (const auto& [lines, property, value] : examples) EXPECT_EQ(text(card(lines), property), value) << lines;
}

TEST(ContactRead, TellsAddresses) {
  const ReadMessage read = card(
      "ADR;CHARSET=UTF-8;INTL;TYPE=HOME:;;h-street;;;;\r\nADR;TYPE=WORK;TYPE=PREF:box;;w-street;city;region;zip;"
      "country\r\n"
      "ADR:;;o-street;;;;\r\nADR;TYPE=DOM:;;too many;;;;\r\n");
  EXPECT_EQ(text(read, tag::home_address_street), "h-street");
  EXPECT_EQ(text(read, lid::work_address_post_office_box), "box");
  EXPECT_EQ(text(read, lid::work_address_street), "w-street");
  EXPECT_EQ(text(read, lid::work_address_city), "city");
  EXPECT_EQ(text(read, lid::work_address_state), "region");
  EXPECT_EQ(text(read, lid::work_address_postal_code), "zip");
  EXPECT_EQ(text(read, lid::work_address_country), "country");
  EXPECT_EQ(text(read, tag::other_address_street), "o-street");
  EXPECT_EQ(*read.message.properties.get<std::int32_t>(lid::postal_address_id), 2);
  EXPECT_EQ(text(read, tag::street_address), "w-street");
  EXPECT_EQ(text(read, tag::locality), "city");
  ASSERT_EQ(read.losses.losses().size(), 1u);
  EXPECT_EQ(read.losses.losses()[0].field, "ADR");

  const ReadMessage said = card("ADR;PREF;HOME:;;h;;;;\r\nX-MS-OL-DEFAULT-POSTAL-ADDRESS:3\r\n");
  EXPECT_EQ(*said.message.properties.get<std::int32_t>(lid::postal_address_id), 3);
  const ReadMessage extended = card("ADR;HOME:;second floor;h;;;;\r\n");
  EXPECT_EQ(extended.losses.text(), "approximated\tADR\ta component has no property\n");
}

TEST(ContactRead, TellsThreeAddressesOfFive) {
  const ReadMessage read =
      card("EMAIL:1@x\r\nEMAIL;X-CN=\"Two, B\":2@x\r\nEMAIL:mailto:3@x\r\nEMAIL:4@x\r\nEMAIL:5@x\r\n");
  EXPECT_EQ(text(read, lid::email1_email_address), "1@x");
  EXPECT_EQ(text(read, lid::email1_address_type), "SMTP");
  EXPECT_EQ(text(read, lid::email1_display_name), "1@x");
  EXPECT_EQ(text(read, lid::email2_display_name), "Two, B");
  EXPECT_EQ(text(read, lid::email2_original_display_name), "2@x");
  EXPECT_EQ(text(read, lid::email3_email_address), "3@x");
  const auto* id = read.message.properties.get<Binary>(lid::email2_original_entry_id);
  ASSERT_NE(id, nullptr);
  EXPECT_EQ(*id, one_off_entry_id("Two, B", "SMTP", "2@x"));
  ASSERT_EQ(read.losses.losses().size(), 2u);
  EXPECT_EQ(read.losses.losses()[1].field, "EMAIL");
  EXPECT_EQ(read.losses.losses()[1].fidelity, Fidelity::dropped);
}

TEST(ContactRead, TellsWholeDatesAndReportsOthers) {
  constexpr std::uint64_t day = 864'000'000'000;
  const std::uint64_t expected = 144'375 * day;  // 1996-04-15, counted from 1601-01-01
  for (const std::string_view value : {"1996-04-15", "19960415", "1996-04-15T10:00:00Z"}) {
    const ReadMessage read = card("BDAY:" + std::string(value) + "\r\nX-ANNIVERSARY:" + std::string(value) + "\r\n");
    for (const PropertyId& id : {PropertyId(tag::birthday), PropertyId(lid::birthday_local),
                                 PropertyId(tag::wedding_anniversary), PropertyId(lid::wedding_anniversary_local)}) {
      ASSERT_NE(read.message.properties.get<SystemTime>(id), nullptr) << value;
      EXPECT_EQ(read.message.properties.get<SystemTime>(id)->ticks, expected) << value;
    }
    EXPECT_EQ(read.losses.losses().size(), value.size() > 10 ? 2u : 0u);
  }
  for (const std::string_view line : {"BDAY:--0415", "BDAY:1996-04", "BDAY:1996", "BDAY;VALUE=text:circa 1800",
                                      "BDAY:15000101", "BDAY;X-APPLE-OMIT-YEAR=1604:1604-04-15", "BDAY:19961345"}) {
    const ReadMessage read = card(std::string(line) + "\r\n");
    EXPECT_FALSE(read.message.properties.contains(tag::birthday)) << line;
    ASSERT_EQ(read.losses.losses().size(), 1u) << line;
    EXPECT_EQ(read.losses.losses()[0].field, "BDAY");
  }
}

TEST(ContactRead, TellsChoicesAndLists) {
  const ReadMessage read = card(
      "CATEGORIES:red,b\\,lue\r\nCATEGORIES:green\r\nCLASS:PRIVATE\r\nX-GENDER:Female\r\nX-MS-CHILD:a\r\n"
      "item1.X-ABRELATEDNAMES:b\r\nitem1.X-ABLabel:_$!<Child>!$_\r\nKEY;ENCODING=b:AQI=\r\n");
  const PropertyBag& bag = read.message.properties;
  EXPECT_EQ(*bag.get<std::vector<std::string>>(pname::keywords), (std::vector<std::string>{"red", "b,lue", "green"}));
  EXPECT_EQ(*bag.get<std::int32_t>(tag::sensitivity), 2);
  EXPECT_EQ(*bag.get<std::int16_t>(tag::gender), 1);
  EXPECT_EQ(*bag.get<std::vector<std::string>>(tag::childrens_names), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(*bag.get<std::vector<Binary>>(tag::user_x509_certificate),
            (std::vector<Binary>{{std::byte{1}, std::byte{2}}}));
  EXPECT_TRUE(read.losses.losses().empty()) << read.losses.text();
  EXPECT_EQ(card("CLASS:FOO\r\nGENDER:O\r\nX-MS-OL-DEFAULT-POSTAL-ADDRESS:7\r\n").losses.losses().size(), 3u);
}

TEST(ContactRead, TellsThePhoto) {
  for (const std::string_view line :
       {"PHOTO;ENCODING=b;TYPE=JPEG:/9j/\r\n 4A==\r\n", "PHOTO;JPEG;BASE64:\r\n /9j/4A==\r\n\r\n",
        "PHOTO:data:image/jpeg;base64,/9j\r\n /4A==\r\n", "PHOTO;MEDIATYPE=image/jpeg;ENCODING=b:/9j/4A==\r\n"}) {
    const ReadMessage read = card(line);
    ASSERT_EQ(read.message.attachments.size(), 1u) << line;
    const PropertyBag& bag = read.message.attachments[0].properties;
    EXPECT_EQ(*bag.get<Binary>(tag::attach_data_binary),
              (Binary{std::byte{0xff}, std::byte{0xd8}, std::byte{0xff}, std::byte{0xe0}}));
    EXPECT_EQ(*bag.get<std::int32_t>(tag::attach_method), 1);
    EXPECT_TRUE(*bag.get<bool>(tag::attachment_contact_photo));
    EXPECT_EQ(text_property(bag, tag::attach_long_filename), "ContactPicture.jpg");
    EXPECT_EQ(text_property(bag, tag::attach_mime_tag), "image/jpeg");
    EXPECT_TRUE(*read.message.properties.get<bool>(lid::has_picture));
    EXPECT_TRUE(read.losses.losses().empty()) << read.losses.text();
  }
  const ReadMessage elsewhere = card("PHOTO;VALUE=uri:http://x/y.jpg\r\nPHOTO:data:image/jpeg,abc\r\n");
  EXPECT_TRUE(elsewhere.message.attachments.empty());
  EXPECT_EQ(elsewhere.losses.losses().size(), 2u);
}

TEST(ContactRead, LargeValuesAreNotHeld) {
  // The second is not even unfolded.
  for (const std::size_t groups : {40'000u, 600'000u}) {
    std::string encoded;
    for (std::size_t i = 0; i < groups; ++i) encoded += (i % 19 == 0 ? "\r\n AQID" : "AQID");
    for (const char* begin : {"PHOTO;ENCODING=b:", "PHOTO:data:image/jpeg;base64,"}) {
      const ReadMessage read = card(begin + encoded + "\r\nNOTE:" + std::string(70'000, 'x') + "\r\n");
      ASSERT_EQ(read.message.attachments.size(), 1u) << begin;
      const auto* photo = read.message.attachments[0].properties.get<LargeValue>(tag::attach_data_binary);
      ASSERT_NE(photo, nullptr);
      EXPECT_EQ(photo->content->size(), 3 * groups);
      const std::string bytes = photo->content->text(10'000'000).value();
      EXPECT_EQ(bytes.size(), 3 * groups);
      EXPECT_EQ(bytes.substr(3 * groups - 3), "\x01\x02\x03");
      EXPECT_NE(read.message.properties.get<LargeValue>(tag::body), nullptr);
      EXPECT_EQ(text(read, tag::body).size(), 70'000u);
    }
  }
}

TEST(ContactRead, AGroupIsAList) {
  for (const auto& [version, kind, member] :
       {std::tuple{"4.0", "KIND", "MEMBER"},
        std::tuple{"3.0", "X-ADDRESSBOOKSERVER-KIND", "X-ADDRESSBOOKSERVER-MEMBER"}}) {
    const std::string prefix = std::string(member);
    const ReadMessage read =
        card(std::string(kind) + ":group\r\nFN:Friends\r\n" + prefix + ";X-CN=Anna:mailto:a@x\r\n" + prefix +
                 ":mailto:b@x\r\n" + prefix + ":urn:uuid:1\r\n",
             version);
    EXPECT_EQ(text(read, tag::message_class), "IPM.DistList");
    EXPECT_EQ(text(read, lid::distribution_list_name), "Friends");
    const std::vector<Binary> expected{one_off_entry_id("Anna", "SMTP", "a@x"), one_off_entry_id("b@x", "SMTP", "b@x")};
    EXPECT_EQ(*read.message.properties.get<std::vector<Binary>>(lid::distribution_list_members), expected);
    EXPECT_EQ(*read.message.properties.get<std::vector<Binary>>(lid::distribution_list_one_off_members), expected);
    // What zlib finds for the two members one behind the other.
    EXPECT_EQ(*read.message.properties.get<std::int32_t>(lid::distribution_list_checksum),
              static_cast<std::int32_t>(0xf49bb1ebu));
    ASSERT_EQ(read.losses.losses().size(), 1u);
    EXPECT_EQ(read.losses.losses()[0].field, prefix);
  }
}

TEST(ContactRead, ReportsWhatHasNoHome) {
  const ReadMessage read = card(
      "REV:20260101T000000Z\r\nFN;LANGUAGE=de:A\r\nFN:B\r\nX-FOO:1\r\nitem1.EMAIL:a@x\r\nitem1.X-ABLabel:Mine\r\n"
      "TEL;PAGER:1\r\nTEL;PAGER:2\r\nBEGIN:VCARD\r\nFN:inner\r\nEND:VCARD\r\n");
  EXPECT_EQ(text(read, tag::display_name), "A");
  std::string fields;
  for (const Loss& loss : read.losses.losses()) fields += loss.field + " ";
  EXPECT_EQ(fields, "VCARD REV FN;LANGUAGE FN X-FOO X-ABLabel TEL ");
}

TEST(ContactRead, TheFirstCardIsTheContact) {
  const ReadMessage read = read_contact(SharedBytes::of(
      "X:1\nBEGIN:VCALENDAR\nEND:VCALENDAR\nBEGIN:VCARD\nFN:A\nEND:VCARD\nBEGIN:vcard\nFN:B\nEND:vcard\n"
      "BEGIN:VCARD\nFN:C\n"));
  EXPECT_EQ(text(read, tag::display_name), "A");
  std::string fields;
  for (const Loss& loss : read.losses.losses()) fields += loss.field + " ";
  EXPECT_EQ(fields, "VCALENDAR VCARD[2] VCARD[3] ");
  const ReadMessage none = read_contact(SharedBytes::of("no card"));
  EXPECT_EQ(text(none, tag::message_class), "IPM.Contact");
  EXPECT_EQ(none.losses.losses().size(), 1u);
}

}  // namespace
}  // namespace mapistore::conversion::contact_read_test
