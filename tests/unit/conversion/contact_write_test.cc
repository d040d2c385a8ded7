#include <functional>

#include <gtest/gtest.h>

#include "core/conversion/contact_fields.h"
#include "core/conversion/formats.h"
#include "core/properties/entry_ids.h"
#include "core/properties/known_properties.h"

namespace mapistore::conversion::contact_write_test {
namespace {

std::string held(const LargeValue& value) { return value.content->text(10'000'000).value_or("(too large)"); }

std::string rendered(const MessageObject& message) { return held(render_contact(message)->bytes); }

MessageObject read(std::string_view card) { return read_contact(SharedBytes::of(std::string(card))).message; }

/// A contact of everything that a card tells.
MessageObject full_contact() {
  return read(
      "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Anna \"M\"\\, jun.\r\nN:M;Anna;B;Dr.;jun.\r\nORG:F\\;G;D;O\r\nNICKNAME:n\r\n"
      "TITLE:t\r\nROLE:r\r\nNOTE:a\\nb\\\\c \xc3\xa9\r\nIMPP:xmpp:a@b\r\nFBURL:http://f/?a;b,c\r\nUID:urn:uuid:1\r\n"
      "X-EVOLUTION-FILE-AS:M\\, A\r\nX-MS-SPOUSE:s\r\nX-MS-MANAGER:m\r\nX-MS-ASSISTANT:a\r\nX-MS-INTERESTS:h\r\n"
      "EMAIL:1@x\r\nEMAIL;X-CN=\"Two; ^'B^'\":2@x\r\nEMAIL:3@x\r\n"
      "TEL;HOME:1\r\nTEL;HOME:2\r\nTEL;WORK:3\r\nTEL;WORK:4\r\nTEL;CELL:5\r\nTEL;PAGER:6\r\nTEL;CAR:7\r\nTEL;ISDN:8\r\n"
      "TEL:9\r\nTEL;PREF:10\r\nTEL;WORK;FAX:11\r\nTEL;HOME;FAX:12\r\nTEL;FAX:13\r\nX-MS-TEL;RADIO:14\r\n"
      "X-MS-TEL;TTYTDD:15\r\nX-MS-TEL;ASSISTANT:16\r\nX-MS-TEL;CALLBACK:17\r\nX-MS-TEL;COMPANY:18\r\nX-MS-TEL;TLX:"
      "19\r\n"
      "ADR;HOME:b1;;s1;c1;r1;z1;n1\r\nADR;WORK;PREF:b2;;s2;c2;r2;z2;n2\r\nADR:b3;;s3;c3;r3;z3;n3\r\n"
      "URL;WORK:w\r\nURL;HOME:h\r\nURL:u\r\nBDAY:1996-04-15\r\nX-ANNIVERSARY:2001-02-28\r\nCLASS:CONFIDENTIAL\r\n"
      "X-GENDER:Male\r\nCATEGORIES:red,b\\,lue\r\nX-MS-CHILD:c1\r\nX-MS-CHILD:c2\r\nX-MS-TEXT:1\r\nX-MS-TEXT:\r\n"
      "X-MS-TEXT:3\r\nKEY;ENCODING=b:AQI=\r\nKEY;ENCODING=b:AwQ=\r\nPHOTO;ENCODING=b;TYPE=PNG:/9j/4A==\r\n"
      "END:VCARD\r\n");
}

TEST(ContactWrite, ReadsBackAsItWas) {
  const MessageObject contact = full_contact();
  const auto written = render_contact(contact);
  EXPECT_TRUE(written->losses.losses().empty()) << written->losses.text();
  const ReadMessage again = read_contact(SharedBytes::of(held(written->bytes)));
  EXPECT_EQ(again.message, contact) << held(written->bytes);
  EXPECT_TRUE(again.losses.losses().empty()) << again.losses.text();
  EXPECT_EQ(rendered(again.message), held(written->bytes));
}

TEST(ContactWrite, RendersAListThatReadsBack) {
  const MessageObject list = read(
      "BEGIN:VCARD\nVERSION:4.0\nKIND:group\nFN:Friends\nMEMBER;X-CN=Anna:mailto:a@x\nMEMBER:mailto:b@x\nEND:VCARD\n");
  EXPECT_EQ(read(rendered(list)), list);
  EXPECT_EQ(rendered(list),
            "BEGIN:VCARD\r\nVERSION:3.0\r\nX-ADDRESSBOOKSERVER-KIND:group\r\nFN:Friends\r\nN:;;;;\r\n"
            "X-ADDRESSBOOKSERVER-MEMBER;X-CN=Anna:mailto:a@x\r\nX-ADDRESSBOOKSERVER-MEMBER:mailto:b@x\r\n"
            "END:VCARD\r\n");
}

TEST(ContactWrite, RendersWhatRfc2426Wants) {
  MessageObject contact;
  contact.properties.set(tag::given_name, std::string("Anna"));
  contact.properties.set(tag::home_fax_number, std::string("1"));
  contact.properties.set(lid::email2_email_address, std::string("a@x"));
  const auto written = render_contact(contact);
  EXPECT_EQ(held(written->bytes),
            "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Anna\r\nN:;Anna;;;\r\nEMAIL;TYPE=INTERNET:a@x\r\nTEL;TYPE=HOME,FAX:1\r\n"
            "END:VCARD\r\n");
  EXPECT_EQ(written->losses.text(), "approximated\tPidTagDisplayName\ta card must have a formatted name\n");
}

TEST(ContactWrite, ReportsWhatACardDoesNotTell) {
  MessageObject contact;
  contact.properties.set(tag::display_name, std::string("Anna"));
  contact.properties.set(tag::body, std::string("a\r\nb"));
  contact.properties.set(tag::sensitivity, std::int32_t{9});
  contact.properties.set(lid::email1_address_type, std::string("EX"));
  contact.properties.set(lid::email1_email_address, std::string("/o=x"));
  contact.properties.set(PropertyName{property_set::ps_public_strings, "x", PropertyType::unicode}, std::string("y"));
  contact.recipients.emplace_back();
  contact.attachments.emplace_back();
  const auto written = render_contact(contact);
  EXPECT_EQ(written->losses.losses().size(), 6u) << written->losses.text();
  EXPECT_EQ(held(written->bytes).find("/o=x"), std::string::npos);
}

TEST(ContactWrite, RoundsAMidnightOfAnUnknownZone) {
  constexpr std::uint64_t hour = 36'000'000'000;
  const std::uint64_t midnight = 144'375 * 24 * hour;
  for (const std::uint64_t ticks : {midnight, midnight - 2 * hour, midnight + 8 * hour}) {
    MessageObject contact;
    contact.properties.set(tag::birthday, SystemTime{ticks});
    EXPECT_NE(rendered(contact).find("BDAY:1996-04-15\r\n"), std::string::npos);
  }
  MessageObject none;
  none.properties.set(tag::birthday, SystemTime{0x0CB34557A3DD4000});  // "none" of Outlook, in 4501
  EXPECT_EQ(rendered(none).find("BDAY"), std::string::npos);
}

constexpr std::string_view old_card =
    "\xEF\xBB\xBF"
    "BEGIN:VCARD\r\n"
    "VERSION:3.0\r\n"
    "X-FOO;BAR=\"a;b\":untouched \r\n"
    "fn:Anna\n"
    "N:M;Anna;;;;beyond\r\n"
    "NOTE;LANGUAGE=de:a fo\r\n lded note\\, caf\xc3\r\n \xa9\r\n"
    "item1.EMAIL;type=INTERNET;type=pref:1@x\r\n"
    "item1.X-ABLabel:Mine\r\n"
    "garbage\r\n"
    "EMAIL:2@x\r\n"
    "ADR;TYPE=work:;ext;street;city;;;\r\n"
    "CATEGORIES:a\r\n"
    "CATEGORIES:b\r\n"
    "TEL;TYPE=cell;X-Q=1;VALUE=uri:tel:+1\r\n"
    "END:VCARD\r\n"
    "BEGIN:VCARD\r\nFN:Other\r\nEND:VCARD";

using Change = std::function<void(PropertyBag&)>;

/// The card after a change.
std::string changed(std::string_view card, const Change& change) {
  const SharedBytes bytes = SharedBytes::of(std::string(card));
  const MessageObject current = read_contact(bytes).message;
  MessageObject wanted = current;
  change(wanted.properties);
  const auto written = edit_contact(bytes, current, wanted);
  return written ? held(written->bytes) : written.error().to_string();
}

struct Splice {
  Change change;
  std::string_view from, to;
};

TEST(ContactEdit, ReplacesSingleLines) {
  const auto set = [](const PropertyId& id, const PropertyValue& value) {
    return [=](PropertyBag& bag) { bag.set(id, value); };
  };
  const auto erase = [](const PropertyId& id) { return [=](PropertyBag& bag) { bag.erase(id); }; };
  const Splice splices[] = {
      {[](PropertyBag&) {}, "", ""},
      {set(tag::subject, std::string("follows from others")), "", ""},
      {set(tag::display_name, std::string("A, B\nC")), "fn:Anna\n", "fn:A\\, B\\nC\n"},
      {set(lid::email2_display_name, std::string("Two")), "EMAIL:2@x", "EMAIL;X-CN=Two:2@x"},
      {set(tag::middle_name, std::string("X")), "N:M;Anna;;;;beyond", "N:M;Anna;X;;;beyond"},
      {set(tag::body, std::string("new")), "NOTE;LANGUAGE=de:a fo\r\n lded note\\, caf\xc3\r\n \xa9\r\n",
       "NOTE;LANGUAGE=de:new\r\n"},
      {erase(tag::body), "NOTE;LANGUAGE=de:a fo\r\n lded note\\, caf\xc3\r\n \xa9\r\n", ""},
      {set(lid::email1_email_address, std::string("9@x")), "item1.EMAIL;type=INTERNET;type=pref:1@x",
       "item1.EMAIL;type=INTERNET;type=pref:9@x"},
      {set(lid::work_address_city, std::string("town")), "ADR;TYPE=work:;ext;street;city;;;",
       "ADR;TYPE=work:;ext;street;town;;;"},
      {set(pname::keywords, std::vector<std::string>{"c", "d"}), "CATEGORIES:a\r\nCATEGORIES:b\r\n",
       "CATEGORIES:c,d\r\n"},
      {set(tag::mobile_telephone_number, std::string("+2")), "TEL;TYPE=cell;X-Q=1;VALUE=uri:tel:+1",
       "TEL;TYPE=cell;X-Q=1:+2"},
      {erase(lid::email2_email_address), "EMAIL:2@x\r\n", ""},
      {erase(lid::email1_email_address), "item1.EMAIL;type=INTERNET;type=pref:1@x\r\n",
       "item1.EMAIL;type=INTERNET;type=pref:2@x\r\n"},
  };
  for (const auto& [change, from, to] : splices) {
    std::string expected(old_card);
    if (!from.empty()) expected.replace(expected.find(from), from.size(), to);
    if (from.starts_with("item1.") && to.ends_with("2@x\r\n")) expected.erase(expected.find("\nEMAIL:2@x\r\n") + 1, 11);
    EXPECT_EQ(changed(old_card, change), expected);
  }
}

TEST(ContactEdit, KeepsTheDesignOfABusinessCard) {
  const std::string_view card =
      "BEGIN:VCARD\r\nVERSION:2.1\r\nFN:A\r\nX-MS-OL-DESIGN;CHARSET=utf-8:<card xmlns=\"http://x\"/>\r\nEND:VCARD\r\n";
  const ReadMessage read = read_contact(SharedBytes::of(std::string(card)));
  EXPECT_FALSE(read.message.properties.contains(lid::business_card_display_definition));
  EXPECT_EQ(read.losses.text(), "dropped\tX-MS-OL-DESIGN\thas no property\n");
  std::string expected(card);
  expected.replace(expected.find("FN:A"), 4, "FN:B");
  EXPECT_EQ(changed(card, [](PropertyBag& bag) { bag.set(tag::display_name, std::string("B")); }), expected);
}

TEST(ContactEdit, InsertsBeforeTheEnd) {
  const auto set = [](PropertyBag& bag) {
    bag.set(tag::title, std::string(100, 't'));
    bag.set(tag::home_telephone_number, std::string("1"));
    bag.set(tag::birthday, SystemTime{144'375 * 864'000'000'000});
  };
  const std::string line = "TITLE:" + std::string(69, 't') + "\r\n " + std::string(31, 't') +
                           "\r\nTEL;TYPE=HOME,VOICE:1\r\nBDAY:1996-04-15\r\n";
  std::string expected(old_card);
  expected.insert(expected.find("END:VCARD"), line);
  EXPECT_EQ(changed(old_card, set), expected);
  EXPECT_EQ(changed("BEGIN:VCARD\nVERSION:4.0\nFN:A", set),
            "BEGIN:VCARD\nVERSION:4.0\nFN:A\nTITLE:" + std::string(69, 't') + "\n " + std::string(31, 't') +
                "\nTEL;TYPE=HOME,VOICE:1\nBDAY:19960415\n");
}

TEST(ContactEdit, WritesTheVersionOfTheCard) {
  const auto set = [](PropertyBag& bag) {
    bag.set(tag::body, std::string("caf\xc3\xa9=\nx;y"));
    bag.set(tag::business_telephone_number, std::string("1"));
    bag.set(tag::primary_telephone_number, std::string("2"));
    bag.set(tag::gender, std::int16_t{1});
  };
  EXPECT_EQ(
      changed("BEGIN:VCARD\r\nVERSION:2.1\r\nNOTE;CHARSET=ISO-8859-1;QUOTED-PRINTABLE:=\r\n=E9\r\nEND:VCARD\r\n", set),
      "BEGIN:VCARD\r\nVERSION:2.1\r\nNOTE;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:caf=C3=A9=3D=0Ax\\;y\r\n"
      "TEL;WORK;VOICE:1\r\nTEL;PREF:2\r\nX-GENDER:Female\r\nEND:VCARD\r\n");
  EXPECT_EQ(changed("BEGIN:VCARD\r\nVERSION:4.0\r\nEND:VCARD\r\n", set),
            "BEGIN:VCARD\r\nVERSION:4.0\r\nNOTE:caf\xc3\xa9=\\nx\\;y\r\nTEL;TYPE=WORK,VOICE:1\r\nTEL;PREF=1:2\r\n"
            "GENDER:F\r\nEND:VCARD\r\n");
}

TEST(ContactEdit, SaysWhatItWasTold) {
  const MessageObject wanted = full_contact();
  for (const std::string_view version : {"2.1", "3.0", "4.0"}) {
    const SharedBytes bytes = SharedBytes::of("BEGIN:VCARD\nVERSION:" + std::string(version) + "\nX-A:1\nEND:VCARD\n");
    const auto written = edit_contact(bytes, read_contact(bytes).message, wanted);
    ASSERT_TRUE(written);
    const SharedBytes full = SharedBytes::of(held(written->bytes));
    const MessageObject told = read_contact(full).message;
    EXPECT_EQ(told, wanted) << full.view();
    const auto back = edit_contact(full, told, read_contact(bytes).message);
    EXPECT_EQ(held(back->bytes), bytes.view());
  }
}

TEST(ContactEdit, ChangesThePhoto) {
  const SharedBytes bytes =
      SharedBytes::of("BEGIN:VCARD\nVERSION:4.0\nitem1.PHOTO;PREF=1:data:image/png;base64,/9j/\nEND:VCARD\n");
  const MessageObject current = read_contact(bytes).message;
  MessageObject wanted = current;
  wanted.attachments[0].properties.set(tag::attach_data_binary, Binary{std::byte{1}});
  EXPECT_EQ(held(edit_contact(bytes, current, wanted)->bytes),
            "BEGIN:VCARD\nVERSION:4.0\nitem1.PHOTO:data:image/png;base64,AQ==\nEND:VCARD\n");
  wanted.attachments.clear();
  EXPECT_EQ(held(edit_contact(bytes, current, wanted)->bytes), "BEGIN:VCARD\nVERSION:4.0\nEND:VCARD\n");
}

TEST(ContactEdit, TakesTheLabelOfAGroupAlong) {
  const std::string_view card =
      "BEGIN:VCARD\nitem1.TEL:1\nitem1.X-ABLabel:_$!<Home>!$_\nItem2.URL:u\nitem2.NOTE:n\nitem2.X-ABLabel:x\nEND:"
      "VCARD\n";
  EXPECT_EQ(changed(card,
                    [](PropertyBag& bag) {
                      bag.erase(tag::home_telephone_number);
                      bag.erase(lid::html);
                    }),
            "BEGIN:VCARD\nitem2.NOTE:n\nitem2.X-ABLabel:x\nEND:VCARD\n");
}

TEST(ContactEdit, MakesAContactAList) {
  const auto change = [](PropertyBag& bag) {
    bag.set(tag::message_class, std::string("IPM.DistList"));
    bag.set(lid::distribution_list_members, std::vector<Binary>{one_off_entry_id("A", "SMTP", "a@x"), Binary{}});
  };
  EXPECT_EQ(changed("BEGIN:VCARD\nVERSION:4.0\nKIND:individual\nFN:F\nEND:VCARD\n", change),
            "BEGIN:VCARD\nVERSION:4.0\nKIND:group\nFN:F\nMEMBER;X-CN=A:mailto:a@x\nEND:VCARD\n");
}

TEST(ContactEdit, NeedsACard) {
  const SharedBytes bytes = SharedBytes::of("nothing");
  MessageObject wanted;
  wanted.properties.set(tag::display_name, std::string("Ann"));
  const auto written = edit_contact(bytes, {}, wanted);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Errc::invalid_content);
}

}  // namespace
}  // namespace mapistore::conversion::contact_write_test
