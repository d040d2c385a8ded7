#include "core/properties/property_file.h"

#include <gtest/gtest.h>

#include <locale>

#include "core/properties/known_properties.h"
#include "core/properties/limits.h"
#include "tests/unit/properties/support.h"

namespace mapistore::property_file_test {
namespace {

constexpr std::string_view appointment = R"({"mapi":1,"class":"IPM.Appointment",
"props":{
"0x6abc@BINARY":"AQID",
"PidLidAppointmentStartWhole":"2024-03-05T09:00:00Z",
"PidLidBusyStatus":2,
"PidLidLocation":"Room 4",
"PidNameKeywords":["red","blue"],
"PidTagMessageCodepage":1252,
"PidTagSubject":"Review",
"{00020386-0000-0000-c000-000000000046}:x-foo@STRING8":{"cp":1252,"b64":"5A=="},
"{00062008-0000-0000-c000-000000000046}#0x85d8@LONG":7},
"recipients":[
{
"PidTagDisplayName":"Ann",
"PidTagRecipientType":1},
{}],
"attachments":[
{"props":{
"PidTagAttachLongFilename":"a.pdf",
"PidTagAttachMethod":1},
"data":"AQID"},
{"props":{
"PidTagAttachMethod":5},
"message":{"class":"IPM.Note",
"props":{
"PidTagSubject":"Inner"}}},
{"props":{},
"message":{
"props":{}}}],
"readonly":{
"PidTagChangeKey":"AQ==",
"PidTagSourceKey":"Ag=="}}
)";

PropertyFile appointment_file() {
  PropertyFile file;
  file.message_class = "IPM.Appointment";
  PropertyBag& bag = file.message.properties;
  bag.set(tag::subject, std::string("Review"));
  bag.set(tag::message_codepage, std::int32_t{1252});
  bag.set(PropertyTag(0x6abc, PropertyType::binary), binary("\x01\x02\x03"));
  bag.set(lid::appointment_start_whole, SystemTime{133'541'028'000'000'000});
  bag.set(lid::busy_status, std::int32_t{2});
  bag.set(lid::location, std::string("Room 4"));
  bag.set(pname::keywords, std::vector<std::string>{"red", "blue"});
  bag.set(PropertyName{property_set::psetid_common, 0x85d8u, PropertyType::long_integer}, std::int32_t{7});
  bag.set(PropertyName{property_set::ps_internet_headers, "x-foo", PropertyType::string8}, String8{"\xE4"});
  PropertyBag row;
  row.set(tag::display_name, std::string("Ann"));
  row.set(tag::recipient_type, std::int32_t{1});
  file.message.recipients = {row, {}};
  Attachment data;
  data.properties.set(tag::attach_long_filename, std::string("a.pdf"));
  data.properties.set(tag::attach_method, std::int32_t{1});
  data.properties.set(tag::attach_data_binary, binary("\x01\x02\x03"));
  auto inner = std::make_shared<MessageObject>();
  inner->properties.set(tag::message_class, std::string("IPM.Note"));
  inner->properties.set(tag::subject, std::string("Inner"));
  Attachment embedded;
  embedded.properties.set(tag::attach_method, std::int32_t{5});
  embedded.embedded = inner;
  Attachment bare;
  bare.embedded = std::make_shared<MessageObject>();
  file.message.attachments = {data, embedded, bare};
  file.read_only.set(tag::change_key, binary("\x01"));
  file.read_only.set(tag::source_key, binary("\x02"));
  return file;
}

std::string written(const PropertyFile& file) {
  StringSink sink;
  const auto done = write_property_file(file, sink);
  EXPECT_TRUE(done) << done.error().to_string();
  return sink.text;
}

PropertyFile read(std::string text) {
  auto file = read_property_file(SharedBytes::of(std::move(text)));
  EXPECT_TRUE(file) << file.error().to_string();
  return file ? *std::move(file) : PropertyFile{};
}

void expect_equal(const PropertyFile& a, const PropertyFile& b) {
  EXPECT_EQ(a.message_class, b.message_class);
  EXPECT_TRUE(a.message == b.message);
  EXPECT_TRUE(a.read_only == b.read_only);
}

TEST(PropertyFile, WritesTheDocumentedText) { EXPECT_EQ(written(appointment_file()), appointment); }

TEST(PropertyFile, ReadsItBack) { expect_equal(read(std::string(appointment)), appointment_file()); }

TEST(PropertyFile, WritingWhatWasReadIsTheSameText) { EXPECT_EQ(written(read(std::string(appointment))), appointment); }

TEST(PropertyFile, Empty) {
  const std::string text = "{\"mapi\":1,\n\"props\":{}}\n";
  EXPECT_EQ(written({}), text);
  expect_equal(read(text), {});
}

TEST(PropertyFile, SameTextUnderAnotherLocale) {
  class Comma final : public std::numpunct<char> {
    char do_decimal_point() const override { return ','; }
    std::string do_grouping() const override { return "\1"; }
  };
  const std::locale before = std::locale::global(std::locale(std::locale::classic(), new Comma));
  const std::string text = written(appointment_file());
  const PropertyFile file = read(text);
  std::locale::global(before);
  EXPECT_EQ(text, appointment);
  expect_equal(file, appointment_file());
}

TEST(PropertyFile, TakesAnyOrderBlanksAliasesAndComments) {
  const PropertyFile file = read(R"( {
    "#": {"decoded": [1, -2.5e3, true, null, "x", {}]},
    "props" : { "0x0037001F" : "Review" , "PR_IMPORTANCE":2, "{00062002-0000-0000-C000-000000000046}#0x8208":"Room 4" },
    "attachments": [ { "#": "a.pdf", "data": "AQID", "props": {} } ],
    "recipients": [],
    "class":"IPM.Note", "mapi":1 } )"
                                 "\r\n\t ");
  EXPECT_EQ(*file.message.properties.get<std::string>(tag::subject), "Review");
  EXPECT_EQ(*file.message.properties.get<std::int32_t>(tag::importance), 2);
  EXPECT_EQ(*file.message.properties.get<std::string>(lid::location), "Room 4");
  EXPECT_EQ(*file.message.attachments.at(0).properties.get<Binary>(tag::attach_data_binary), binary("\x01\x02\x03"));
  EXPECT_EQ(file.message_class, "IPM.Note");
}

TEST(PropertyFile, ObjectDataStaysAmongTheProperties) {
  PropertyFile file;
  file.message.attachments.emplace_back().properties.set(tag::attach_data_object, binary("\x01"));
  const std::string text = written(file);
  EXPECT_NE(text.find("\n\"PidTagAttachDataObject\":\"AQ==\"}"), std::string::npos);
  expect_equal(read(text), file);
}

TEST(PropertyFile, ValuesThatAreNoneAreLeftOut) {
  PropertyFile file;
  file.message.properties.set(tag::subject, std::monostate{});
  file.message.attachments.emplace_back().properties.set(tag::attach_data_binary, std::monostate{});
  EXPECT_EQ(written(file), "{\"mapi\":1,\n\"props\":{},\n\"attachments\":[\n{\"props\":{}}]}\n");
}

TEST(PropertyFile, LargeValuesAreStreamedAndReferIntoTheText) {
  PropertyFile file;
  std::string body, data;
  for (int i = 0; i < 100'000; ++i) body += i % 50 == 0 ? "\n\xC3\xA4" : "x";
  for (int i = 0; i < 100'000; ++i) data += static_cast<char>(i * 7);
  file.message.properties.set(tag::body, held_content(body));
  file.message.attachments.emplace_back().properties.set(tag::attach_data_binary, held_content(data));
  StringSink sink;
  ASSERT_TRUE(write_property_file(file, sink));
  EXPECT_LT(sink.largest_piece, 128u * 1024);

  auto text = std::make_shared<const std::string>(sink.text);
  const std::weak_ptr<const std::string> watch = text;
  const std::string_view view = *text;
  const SharedBytes shared(view, std::move(text));
  auto back = read_property_file(shared);
  ASSERT_TRUE(back) << back.error().to_string();
  expect_equal(*back, file);
  EXPECT_TRUE(std::holds_alternative<LargeValue>(back->message.properties.find(tag::body)->value));
  EXPECT_FALSE(watch.expired());
  StringSink again;
  ASSERT_TRUE(write_property_file(*back, again));
  EXPECT_EQ(again.text, sink.text);
}

TEST(PropertyFile, ManyPropertiesInTheWorstOrder) {
  PropertyFile file;
  std::string text = "{\"mapi\":1,\n\"props\":{";
  for (int i = 100'000; i > 0; --i)
    text +=
        (i == 100'000 ? "\"{00062008-0000-0000-c000-000000000046}:" : ",\"{00062008-0000-0000-c000-000000000046}:") +
        std::to_string(1'000'000 + i) + "@LONG\":1";
  EXPECT_EQ(read(text + "}}").message.properties.size(), 100'000u);
}

PropertyFile nested(std::size_t depth) {
  PropertyFile file;
  for (std::size_t i = 0; i < depth; ++i) {
    Attachment attachment;
    attachment.embedded = std::make_shared<MessageObject>(std::move(file.message));
    file.message = {};
    file.message.attachments.push_back(std::move(attachment));
  }
  return file;
}

TEST(PropertyFile, NestsAsDeepAsAllowedAndNoDeeper) {
  const PropertyFile deepest = nested(deepest_attached_message);
  const std::string text = written(deepest);
  EXPECT_EQ(written(read(text)), text);
  StringSink sink;
  const auto done = write_property_file(nested(deepest_attached_message + 1), sink);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::too_large);
}

TEST(PropertyFile, WhatHasNoTextIsRefused) {
  PropertyFile file;
  file.message.properties.set(PropertyTag(0x8205, PropertyType::long_integer), std::int32_t{1});
  StringSink sink;
  EXPECT_EQ(write_property_file(file, sink).error().to_string(),
            "0x82050003: is a mapped id, which has no name outside its store");
  file = {};
  file.message.properties.set(tag::subject, std::int32_t{1});
  EXPECT_EQ(write_property_file(file, sink).error().to_string(), "PidTagSubject: is not the type of the value");
}

}  // namespace
}  // namespace mapistore::property_file_test
