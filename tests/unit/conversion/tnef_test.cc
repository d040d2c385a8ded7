#include "core/conversion/tnef.h"

#include <algorithm>
#include <span>
#include <tuple>

#include <gtest/gtest.h>

#include "core/conversion/mail_values.h"
#include "core/properties/known_properties.h"
#include "tests/unit/conversion/tnef_builder.h"

namespace mapistore::conversion::tnef_test {
namespace {

using namespace std::literals;

ReadMessage read(const std::string& stream) {
  auto result = read_tnef(SharedBytes::of(stream));
  EXPECT_TRUE(result) << result.error().to_string();
  return result ? *std::move(result) : ReadMessage{};
}

PropertyBag properties_of(const std::string& attributes) { return read(tnef(attributes)).message.properties; }

PropertyBag mapi(const std::vector<std::string>& properties) {
  return properties_of(of_message(0x00069003, list_of(properties)));
}

template <class T>
T value_of(const PropertyBag& bag, const PropertyId& id) {
  const T* value = bag.get<T>(id);
  EXPECT_NE(value, nullptr);
  return value == nullptr ? T{} : *value;
}

Binary bytes_of(std::string_view text) {
  const auto view = std::as_bytes(std::span(text));
  return {view.begin(), view.end()};
}

PropertyTag made_up(std::uint16_t id, PropertyType type) { return {id, type}; }

/// A date of 2026-08-17 09:31:02, a Monday.
std::string date() {
  std::string out;
  for (const int part : {2026, 8, 17, 9, 31, 2, 1}) out += number(static_cast<std::uint16_t>(part));
  return out;
}

constexpr SystemTime date_value{134'314'326'620'000'000};

TEST(Tnef, RefusesWhatIsNoTnef) {
  for (const std::string& bytes : {""s, "x"s, "\x78\x9f\x3e\x22"s, "From: a@b.example\r\n\r\n"s}) {
    const auto result = read_tnef(SharedBytes::of(bytes));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Errc::invalid_content);
  }
}

TEST(Tnef, ReadsFixedValues) {
  const PropertyBag bag = mapi(
      {tag_of(0x0002, 0x6001) + number(std::int16_t{-2}) + number(std::uint16_t{0}), long_number(0x6002, -3),
       tag_of(0x0004, 0x6003) + number(0x3fc00000u), tag_of(0x0005, 0x6004) + number(std::uint64_t{0x3ff8000000000000}),
       tag_of(0x0006, 0x6005) + number(std::int64_t{-5}), tag_of(0x000a, 0x6006) + number(0x8004010fu),
       tag_of(0x000b, 0x6007) + number(std::uint16_t{1}) + number(std::uint16_t{0}),
       tag_of(0x000b, 0x600b) + number(std::uint16_t{0xffff}) + number(std::uint16_t{0}),
       tag_of(0x0014, 0x6008) + number(std::int64_t{1} << 40), tag_of(0x0040, 0x6009) + number(std::uint64_t{77}),
       tag_of(0x0048, 0x600a) + "0123456789abcdef"});
  EXPECT_EQ(bag.size(), 11u);
  EXPECT_EQ(value_of<std::int16_t>(bag, made_up(0x6001, PropertyType::short_integer)), -2);
  EXPECT_EQ(value_of<std::int32_t>(bag, made_up(0x6002, PropertyType::long_integer)), -3);
  EXPECT_EQ(value_of<float>(bag, made_up(0x6003, PropertyType::floating)), 1.5f);
  EXPECT_EQ(value_of<double>(bag, made_up(0x6004, PropertyType::double_precision)), 1.5);
  EXPECT_EQ(value_of<std::int64_t>(bag, made_up(0x6005, PropertyType::currency)), -5);
  EXPECT_EQ(value_of<std::int32_t>(bag, made_up(0x6006, PropertyType::error)), static_cast<std::int32_t>(0x8004010fu));
  EXPECT_TRUE(value_of<bool>(bag, made_up(0x6007, PropertyType::boolean)));
  EXPECT_EQ(value_of<std::int16_t>(bag, made_up(0x600b, PropertyType::boolean)), -1);
  EXPECT_TRUE(is_true(bag, made_up(0x600b, PropertyType::boolean)));
  EXPECT_EQ(value_of<std::int64_t>(bag, made_up(0x6008, PropertyType::integer64)), std::int64_t{1} << 40);
  EXPECT_EQ(value_of<SystemTime>(bag, made_up(0x6009, PropertyType::system_time)), SystemTime{77});
  EXPECT_EQ(value_of<Guid>(bag, made_up(0x600a, PropertyType::guid)).bytes[15], 'f');
}

TEST(Tnef, ReadsTextAndBytes) {
  const PropertyBag bag = mapi({text16(0x0037, u"Gr\u00fc\u00dfe \U0001F600"), text8(0x1000, "Gr\xfc\xdf"s),
                                tag_of(0x0102, 0x6001) + number(1u) + counted("\0\1\2"sv),
                                tag_of(0x001f, 0x6002) + number(1u) + counted("\x3d\xd8x"sv)});
  EXPECT_EQ(value_of<std::string>(bag, tag::subject), "Gr\u00fc\u00dfe \U0001F600");
  EXPECT_EQ(value_of<std::string>(bag, tag::body), "Gr\u00fc\u00df");
  EXPECT_EQ(std::get<PropertyTag>(bag.find(tag::body)->id), tag::body) << "its text became Unicode";
  EXPECT_EQ(value_of<Binary>(bag, made_up(0x6001, PropertyType::binary)), bytes_of("\0\1\2"sv));
  EXPECT_EQ(value_of<std::string>(bag, made_up(0x6002, PropertyType::unicode)), "\xED\xA0\xBD") << "a lone surrogate";
}

TEST(Tnef, ReadsMultivalues) {
  const auto shorts = number(std::int16_t{1}) + number(std::uint16_t{0}) + number(std::int16_t{2}) + "\0\0"s;
  const PropertyBag bag =
      mapi({tag_of(0x1002, 0x6001) + number(2u) + shorts, tag_of(0x1003, 0x6002) + number(1u) + number(7u),
            tag_of(0x101e, 0x6003) + number(2u) + counted("\xe4\0"sv) + counted("b\0"sv),
            tag_of(0x101f, 0x6004) + number(0u), tag_of(0x1102, 0x6005) + number(2u) + counted("a"sv) + counted(""sv)});
  EXPECT_EQ(value_of<std::vector<std::int16_t>>(bag, made_up(0x6001, PropertyType{0x1002})),
            (std::vector<std::int16_t>{1, 2}));
  EXPECT_EQ(value_of<std::vector<std::int32_t>>(bag, made_up(0x6002, PropertyType{0x1003})),
            std::vector<std::int32_t>{7});
  EXPECT_EQ(value_of<std::vector<std::string>>(bag, made_up(0x6003, PropertyType{0x101f})),
            (std::vector<std::string>{"\u00e4", "b"}));
  EXPECT_TRUE(value_of<std::vector<std::string>>(bag, made_up(0x6004, PropertyType{0x101f})).empty());
  EXPECT_EQ(value_of<std::vector<Binary>>(bag, made_up(0x6005, PropertyType{0x1102})),
            (std::vector<Binary>{bytes_of("a"), {}}));
}

TEST(Tnef, ReadsNamedProperties) {
  const std::string set = "\x08\x20\x06\0\0\0\0\0\xc0\0\0\0\0\0\0\x46"s;
  const PropertyBag bag =
      mapi({tag_of(0x0003, 0x8001) + set + number(0u) + number(0x8501u) + number(15u),
            tag_of(0x101f, 0x8002) + set + number(1u) + counted(wide(u"Keywords")) + number(1u) + counted(wide(u"x"))});
  Guid guid;
  std::ranges::copy(set, guid.bytes.begin());
  EXPECT_EQ(value_of<std::int32_t>(bag, PropertyName{guid, 0x8501u, PropertyType::long_integer}), 15);
  EXPECT_EQ(value_of<std::vector<std::string>>(bag, PropertyName{guid, "Keywords", PropertyType{0x101f}}),
            std::vector<std::string>{"x"});
  EXPECT_EQ(bag.size(), 2u);
}

TEST(Tnef, ReadsNamesOfFieldsInLowerCase) {
  const std::string set = "\x86\x03\2\0\0\0\0\0\xc0\0\0\0\0\0\0\x46"s;
  const PropertyBag bag =
      mapi({tag_of(0x001f, 0x8001) + set + number(1u) + counted(wide(u"X-Mailer")) + number(1u) + counted(wide(u"M"))});
  EXPECT_EQ(value_of<std::string>(bag, PropertyName{property_set::ps_internet_headers, "x-mailer"}), "M");
}

TEST(Tnef, ReadsTextByItsCodePage) {
  const std::string list = list_of({text8(0x0037, "\xcf\xf0\xe8"s)});
  const PropertyBag bag =
      properties_of(code_page(1251) + of_message(0x00069003, list) + of_message(0x0002800c, "\xe2\xe5\xf1\0"sv));
  EXPECT_EQ(value_of<std::string>(bag, tag::subject), "\u041f\u0440\u0438");
  EXPECT_EQ(value_of<std::string>(bag, tag::body), "\u0432\u0435\u0441");
}

TEST(Tnef, MapsOlderAttributes) {
  const PropertyBag bag = properties_of(
      of_message(0x00078008, "IPM.Microsoft Mail.Note\0"sv) + of_message(0x00018004, "Angebot\0"sv) +
      of_message(0x00038005, date()) + of_message(0x00038006, date()) + of_message(0x00038020, date()) +
      of_message(0x00030006, date()) + of_message(0x00030007, date()) +
      of_message(0x0004800d, number(std::uint16_t{1})) + of_message(0x00068007, "\x21"sv) +
      of_message(0x00018009, "00fF10\0"sv) + of_message(0x00050008, number(42u)) +
      of_message(0x00040009, number(std::uint16_t{1})) +
      of_message(0x00008000, number(std::uint16_t{4}) + number(std::uint16_t{30}) + number(std::uint16_t{5}) +
                                 number(std::uint16_t{16}) + "Anna\0"s + "SMTP:a@b.example"));
  EXPECT_EQ(value_of<std::string>(bag, tag::message_class), "IPM.Note");
  EXPECT_EQ(value_of<std::string>(bag, tag::subject), "Angebot");
  for (const PropertyTag time :
       {PropertyTag(tag::client_submit_time), PropertyTag(tag::message_delivery_time),
        PropertyTag(tag::last_modification_time), PropertyTag(tag::start_date), PropertyTag(tag::end_date)}) {
    EXPECT_EQ(value_of<SystemTime>(bag, time), date_value);
  }
  EXPECT_EQ(value_of<std::int32_t>(bag, tag::importance), 2);
  EXPECT_EQ(value_of<std::int32_t>(bag, tag::message_flags), 1) << "read, and modified";
  EXPECT_EQ(value_of<Binary>(bag, tag::search_key), bytes_of("\x00\xff\x10"sv));
  EXPECT_EQ(value_of<std::int32_t>(bag, tag::owner_appointment_id), 42);
  EXPECT_TRUE(value_of<bool>(bag, tag::response_requested));
  EXPECT_EQ(value_of<std::string>(bag, tag::sender_name), "Anna");
  EXPECT_EQ(value_of<std::string>(bag, tag::sender_address_type), "SMTP");
  EXPECT_EQ(value_of<std::string>(bag, tag::sender_email_address), "a@b.example");
}

TEST(Tnef, TellsWhoseMeetingItIsByTheClass) {
  const std::string owner =
      of_message(0x00060000, number(std::uint16_t{2}) + "B\0"s + number(std::uint16_t{6}) + "SMTP:b"s);
  const PropertyBag request = properties_of(owner + of_message(0x00078008, "IPM.Microsoft Schedule.MtgReq\0"sv));
  EXPECT_EQ(value_of<std::string>(request, tag::sent_representing_name), "B");
  const PropertyBag answer = properties_of(owner + of_message(0x00078008, "IPM.Microsoft Schedule.MtgRespA\0"sv));
  EXPECT_EQ(value_of<std::string>(answer, tag::received_representing_email_address), "b");
  EXPECT_FALSE(answer.contains(tag::sent_representing_name));
  EXPECT_EQ(value_of<std::string>(answer, tag::message_class), "IPM.Schedule.Meeting.Resp.Tent");
}

TEST(Tnef, TellsTheOriginalClassFromTheStart) {
  const PropertyBag bag = properties_of(of_message(0x00070006, "IPM.Note\0"sv) + of_message(0x00030006, date()));
  EXPECT_EQ(value_of<std::string>(bag, tag::original_message_class), "IPM.Note");
  EXPECT_EQ(value_of<SystemTime>(bag, tag::start_date), date_value);
}

TEST(Tnef, BelievesMapiMoreThanOlderAttributes) {
  const std::string older = of_message(0x00018004, "older\0"sv);
  const std::string newer = of_message(0x00069003, list_of({text16(0x0037, u"newer")}));
  EXPECT_EQ(value_of<std::string>(properties_of(older + newer), tag::subject), "newer");
  EXPECT_EQ(value_of<std::string>(properties_of(newer + older), tag::subject), "newer");
}

TEST(Tnef, ReadsRecipients) {
  const std::string rows = number(2u) + list_of({text16(0x3001, u"Anna"), long_number(0x0c15, 1)}) +
                           list_of({text16(0x3001, u"Bert"), long_number(0x0c15, 2)});
  const MessageObject message = read(tnef(of_message(0x00069004, rows))).message;
  ASSERT_EQ(message.recipients.size(), 2u);
  EXPECT_EQ(value_of<std::string>(message.recipients[0], tag::display_name), "Anna");
  EXPECT_EQ(value_of<std::int32_t>(message.recipients[1], tag::recipient_type), 2);
}

TEST(Tnef, ReadsAttachments) {
  const ReadMessage result =
      read(tnef(rendering(1, -1) + of_attachment(0x00018010, "A.PDF\0"sv) + of_attachment(0x0006800f, "bytes"sv) +
                of_attachment(0x00038012, date()) +
                of_attachment(0x00069005, list_of({text16(0x3707, u"\u00e4.pdf")})) + rendering(2, 5)));
  ASSERT_EQ(result.message.attachments.size(), 2u);
  const PropertyBag& first = result.message.attachments[0].properties;
  EXPECT_EQ(value_of<std::int32_t>(first, tag::attach_number), 0);
  EXPECT_EQ(value_of<std::int32_t>(first, tag::attach_method), 1);
  EXPECT_EQ(value_of<std::int32_t>(first, tag::rendering_position), -1);
  EXPECT_EQ(value_of<std::string>(first, tag::attach_filename), "A.PDF");
  EXPECT_EQ(value_of<std::string>(first, tag::attach_long_filename), "\u00e4.pdf");
  EXPECT_EQ(value_of<Binary>(first, tag::attach_data_binary), bytes_of("bytes"));
  EXPECT_EQ(value_of<SystemTime>(first, tag::creation_time), date_value);
  const PropertyBag& second = result.message.attachments[1].properties;
  EXPECT_EQ(value_of<std::int32_t>(second, tag::attach_method), 6);
  EXPECT_EQ(value_of<std::int32_t>(second, tag::attach_number), 1);
  EXPECT_TRUE(result.losses.losses().empty());
}

constexpr std::string_view message_interface = "\x07\x03\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46"sv;

std::string embedding(const std::string& stream) {
  return tnef(rendering(1, -1) +
              of_attachment(0x00069005, list_of({tag_of(0x000d, 0x3701) + number(1u) +
                                                 counted(std::string(message_interface) + stream)})));
}

TEST(Tnef, ReadsEmbeddedMessages) {
  const std::string inner = tnef(code_page(1251) + of_message(0x00018004, "\xcf\0"sv) + of_message(0x00060002, "x"sv));
  const ReadMessage result = read(embedding(inner));
  ASSERT_EQ(result.message.attachments.size(), 1u);
  const Attachment& attachment = result.message.attachments[0];
  ASSERT_NE(attachment.embedded, nullptr);
  EXPECT_EQ(value_of<std::string>(attachment.embedded->properties, tag::subject), "\u041f");
  EXPECT_EQ(value_of<std::int32_t>(attachment.properties, tag::attach_method), 5);
  EXPECT_FALSE(attachment.properties.contains(tag::attach_data_binary));
  EXPECT_EQ(result.losses.text(),
            "dropped\tattAttachment[0]/attDelegate\tno property tells it, or it cannot be read\n");
}

TEST(Tnef, KeepsAnObjectThatIsNoMessageAsItsBytes) {
  for (const std::string_view interface : {"\x0b\0\2\0\0\0\0\0\xc0\0\0\0\0\0\0\x46"sv, message_interface}) {
    const ReadMessage result =
        read(tnef(rendering(2, 0) + of_attachment(0x00069005, list_of({tag_of(0x000d, 0x3701) + number(1u) +
                                                                       counted(std::string(interface) + "no TNEF")}))));
    ASSERT_EQ(result.message.attachments.size(), 1u);
    EXPECT_EQ(result.message.attachments[0].embedded, nullptr);
    EXPECT_EQ(value_of<Binary>(result.message.attachments[0].properties, tag::attach_data_binary), bytes_of("no TNEF"));
    EXPECT_EQ(result.losses.losses().size(), interface == message_interface ? 1u : 0u);
  }
}

TEST(Tnef, FollowsMessagesIntoMessagesAsFarAsTheLimit) {
  std::string stream = tnef(of_message(0x00018004, "deepest\0"sv));
  for (std::size_t i = 0; i < deepest_tnef + 3; ++i) stream = embedding(stream);
  const ReadMessage result = read(stream);
  std::size_t depth = 0;
  const MessageObject* message = &result.message;
  while (message->attachments.at(0).embedded != nullptr) {
    message = message->attachments[0].embedded.get();
    ++depth;
  }
  EXPECT_EQ(depth, deepest_tnef);
  EXPECT_TRUE(message->attachments[0].properties.contains(tag::attach_data_binary));
  ASSERT_EQ(result.losses.losses().size(), 1u);
  EXPECT_EQ(result.losses.losses()[0].reason, "a message lies deeper in others than is read");
}

TEST(Tnef, ReadsNoMoreAttachmentsThanTheLimit) {
  std::string attributes;
  for (std::size_t i = 0; i < most_parts + 2; ++i) attributes += rendering(1, 0) + of_attachment(0x0006800f, "x"sv);
  const ReadMessage result = read(tnef(attributes));
  EXPECT_EQ(result.message.attachments.size(), most_parts);
  EXPECT_EQ(result.losses.losses().size(), 1u);
}

TEST(Tnef, RefersToLargeValues) {
  const std::string data(largest_held_value + 1, 'x');
  const SharedBytes bytes =
      SharedBytes::of(tnef(rendering(1, 0) + of_attachment(0x0006800f, data) + of_message(0x0002800c, data) +
                           of_message(0x00069003, list_of({tag_of(0x0102, 0x1013) + number(1u) + counted(data)}))));
  const ReadMessage result = read_tnef(bytes).value();
  const auto text_of = [&](const PropertyBag& bag, const PropertyId& id) {
    return value_of<LargeValue>(bag, id).content->text(1 << 20).value();
  };
  EXPECT_EQ(text_of(result.message.attachments.at(0).properties, tag::attach_data_binary), data);
  EXPECT_EQ(text_of(result.message.properties, tag::html), data);
  EXPECT_EQ(text_of(result.message.properties, tag::body), data);
}

TEST(Tnef, ReportsAWrongChecksumAndTakesTheData) {
  std::string stream = tnef(of_message(0x00018004, "Angebot\0"sv));
  stream.back() = static_cast<char>(stream.back() + 1);
  const ReadMessage result = read(stream);
  EXPECT_EQ(value_of<std::string>(result.message.properties, tag::subject), "Angebot");
  EXPECT_EQ(result.losses.text(), "approximated\tattSubject\tits checksum differs: it may be damaged\n");
}

TEST(Tnef, ReportsWhatItCannotRead) {
  EXPECT_EQ(read(tnef(of_message(0x00061234, "x"sv))).losses.losses().at(0).field, "att0x1234");
  EXPECT_EQ(read(tnef("\1rest"sv)).losses.losses().at(0).field, "TNEF");
  for (const std::string& property :
       {tag_of(0x0777, 0x6001) + number(0u), tag_of(0x0003, 0x6001), tag_of(0x001f, 0x6001) + number(1u) + number(99u),
        tag_of(0x1003, 0x6001) + number(0xffffffffu) + number(1u), tag_of(0x101f, 0x6001) + number(0xffffffffu),
        tag_of(0x0003, 0x8001) + std::string(16, 'x') + number(2u) + number(1u)}) {
    const ReadMessage result = read(tnef(of_message(0x00069003, number(9u) + long_number(0x6000, 1) + property)));
    EXPECT_EQ(result.message.properties.size(), 1u);
    EXPECT_EQ(result.losses.losses().at(0).field, "attMAPIProps");
  }
}

TEST(Tnef, ReportsImpossibleDates) {
  for (const auto& [year, month, hour] : {std::tuple{1600, 1, 0}, {2026, 13, 0}, {2026, 2, 24}, {10000, 1, 0}}) {
    std::string data;
    for (const int part : {year, month, 1, hour, 0, 0, 0}) data += number(static_cast<std::uint16_t>(part));
    const ReadMessage result = read(tnef(of_message(0x00038005, data)));
    EXPECT_TRUE(result.message.properties.empty());
    EXPECT_EQ(result.losses.losses().size(), 1u);
  }
}

TEST(Tnef, OrdersManyPropertiesInTime) {
  std::vector<std::string> properties;
  for (std::uint32_t i = 100'000; i-- > 0;) {
    properties.push_back(tag_of(0x0003, 0x8000) + std::string(16, 'x') + number(0u) + number(i) + number(i));
  }
  const PropertyBag bag = mapi(properties);
  ASSERT_EQ(bag.size(), properties.size());
  EXPECT_TRUE(std::ranges::is_sorted(bag, {}, [](const Property& p) { return std::get<std::int32_t>(p.value); }));
}

/// A stream with something of everything.
std::string everything() {
  return tnef(
      code_page(932) + of_message(0x00078008, "IPM.Note\0"sv) + of_message(0x00018004, "\x83\x41\0"sv) +
      of_message(0x00038005, date()) +
      of_message(0x00069004, number(1u) + list_of({text8(0x3001, "A"s), long_number(0x0c15, 1)})) +
      of_message(0x00069003, list_of({text16(0x0037, u"x"), tag_of(0x101e, 0x6003) + number(1u) + counted("\x83"sv),
                                      tag_of(0x0003, 0x8001) + std::string(16, 'x') + number(1u) + counted(wide(u"n")) +
                                          number(1u)})) +
      embedding(tnef(of_message(0x0002800c, "body\0"sv))).substr(6));
}

void expect_sound(const MessageObject& message) {
  for (const Property& property : message.properties) {
    const auto* text = std::get_if<std::string>(&property.value);
    EXPECT_TRUE(text == nullptr || !text->contains('\0'));
  }
  for (const Attachment& attachment : message.attachments) {
    if (attachment.embedded) expect_sound(*attachment.embedded);
  }
}

TEST(Tnef, TakesAnyCut) {
  const std::string whole = everything();
  EXPECT_TRUE(read(whole).losses.losses().empty()) << read(whole).losses.text();
  for (std::size_t i = 6; i < whole.size(); ++i) expect_sound(read(whole.substr(0, i)).message);
}

TEST(Tnef, TakesAnyChangedByte) {
  const std::string whole = everything();
  for (std::size_t i = 6; i < whole.size(); ++i) {
    for (const unsigned change : {0x01u, 0x80u, 0xffu}) {
      std::string changed = whole;
      changed[i] = static_cast<char>(static_cast<unsigned char>(changed[i]) ^ change);
      expect_sound(read(changed).message);
    }
  }
}

}  // namespace
}  // namespace mapistore::conversion::tnef_test
