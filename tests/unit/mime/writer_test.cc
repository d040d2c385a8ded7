#include "core/mime/writer.h"

#include <gtest/gtest.h>

#include "core/codec/encoded_words.h"
#include "core/codec/utf8.h"
#include "core/mime/content.h"
#include "core/mime/encode.h"

namespace mapistore::mime::writer_test {
namespace {

using namespace std::string_literals;

/// The one field that `header` is.
Field only_field(std::string_view header) {
  const auto fields = read_fields(header);
  EXPECT_EQ(fields.size(), 1u) << header;
  if (fields.empty()) return {};
  EXPECT_EQ(fields[0].whole, header);
  return fields[0];
}

void expect_short_lines(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find("\r\n", at);
    ASSERT_NE(end, std::string_view::npos) << text;
    EXPECT_LE(end - at, 76u) << text;
    EXPECT_GT(end, at) << text;
    at = end + 2;
  }
  EXPECT_TRUE(codec::is_all_ascii(text)) << text;
}

std::string text_field(std::string_view text) {
  std::string out;
  append_text_field(out, "Subject", text, "\r\n");
  return out;
}

TEST(WriteTextField, EncodesOnlyWhatItMust) {
  EXPECT_EQ(text_field("Hello there"), "Subject: Hello there\r\n");
  EXPECT_EQ(text_field(""), "Subject:\r\n");
  EXPECT_EQ(text_field("Hello \xc3\xbc"
                       "ber b"),
            "Subject: Hello =?utf-8?b?w7xiZXI=?= b\r\n");
  EXPECT_EQ(text_field("a =?x?= b"), "Subject: a =?utf-8?b?PT94Pz0=?= b\r\n");
  EXPECT_EQ(text_field("\xe3\x81\x82\xe3\x81\x82"), "Subject: =?utf-8?b?44GC44GC?=\r\n");
}

TEST(WriteTextField, ReadsBackAsItWas) {
  const std::string examples[] = {"a",
                                  "a  b   c",
                                  std::string(300, 'x'),
                                  std::string(2'000, 'x'),
                                  "x " + std::string(100, 'y') + " z",
                                  "\xc3\xbc \xc3\xa4",
                                  "\xc3\xbc a  b \xc3\xa4 c",
                                  "=?utf-8?q?x?=",
                                  "a=?b",
                                  "_ =5F ?",
                                  [] {
                                    std::string text;
                                    for (int i = 0; i < 60; ++i) text += "\xf0\x9f\x98\x80 word ";
                                    return text + "end";
                                  }(),
                                  [] {
                                    std::string text;
                                    for (int i = 0; i < 60; ++i) text += "plain words ";
                                    return text + "end";
                                  }(),
                                  [] {
                                    std::string text;
                                    for (int i = 0; i < 100; ++i) text += "\xe3\x81\x82";
                                    return text;
                                  }(),
                                  std::string(80, ' ') + "x" + std::string(80, ' ') + "y"};
  for (const std::string& text : examples) {
    const std::string header = text_field(text);
    EXPECT_EQ(codec::decode_words(only_field(header).value), codec::one_line(text)) << header;
    if (text.find(std::string(100, 'x')) == std::string::npos && !text.contains("yyyy") && !text.contains("    "))
      expect_short_lines(header);
  }
}

TEST(WriteTextField, NothingEndsItEarly) {
  EXPECT_EQ(codec::decode_words(only_field(text_field("a\r\nBcc: x\r\n\r\nbody\0"s)).value), "a Bcc: x body");
}

TEST(WriteStructuredField, FoldsAtBlanks) {
  std::string out;
  append_structured_field(out, "References", "<a@b>\r\n <c@d> " + std::string(70, 'x') + " <e@f>", "\n");
  EXPECT_EQ(out, "References: <a@b> <c@d>\n " + std::string(70, 'x') + "\n <e@f>\n");
  out.clear();
  append_structured_field(out, "Date", "", "\n");
  EXPECT_EQ(out, "Date:\n");
}

std::string address_field(const std::vector<Mailbox>& mailboxes) {
  std::string out;
  append_address_field(out, "To", mailboxes, "\r\n");
  return out;
}

TEST(WriteAddressField, IsAsThePeopleExpect) {
  EXPECT_EQ(address_field({}), "");
  EXPECT_EQ(address_field({{"", "a@x", ""}, {"Anna", "b@x", ""}, {"M, Anna", "c@x", ""}}),
            "To: a@x, Anna <b@x>, \"M, Anna\" <c@x>\r\n");
  EXPECT_EQ(address_field({{"\xc3\xbc", "a@x", ""}}), "To: =?utf-8?b?w7w=?= <a@x>\r\n");
  EXPECT_EQ(address_field({{"", "a@x", "Team"}, {"", "b@x", "Team"}, {"", "c@x", ""}}), "To: Team: a@x, b@x;, c@x\r\n");
}

TEST(WriteAddressField, ReadsBackAsItWas) {
  const std::vector<Mailbox> mailboxes{
      {"", "a@x", ""},
      {"Anna M", "b@x", ""},
      {"M\xc3\xbcller, Anna \"x\" \\ (y) <z>", "c@x", ""},
      {"a.b; c:d", "\"a b\"@x", ""},
      {"=?x?q?y?=", "d@x", ""},
      {"", "Root", ""},
      {"Nobody", "", ""},
      {"", "e@x", "G, \"1\""},
      {"F", "f@x", "G, \"1\""},
      {"", "g@x", "\xc3\x9c"},
      {"", "\xc3\xbc@x", ""},
      {"a \"b", "h@x", ""},
  };
  std::vector<Mailbox> many;
  for (int i = 0; i < 20; ++i) many.insert(many.end(), mailboxes.begin(), mailboxes.end());
  const auto read = read_addresses(only_field(address_field(many)).value);
  ASSERT_EQ(read.size(), many.size());
  for (std::size_t i = 0; i < many.size(); ++i) {
    EXPECT_EQ(read[i].display_name, many[i].display_name);
    EXPECT_EQ(read[i].address, many[i].address);
    EXPECT_EQ(read[i].group, many[i].group);
  }
}

TEST(WriteAddressField, NothingEndsItEarly) {
  const std::string header = address_field({{"a\r\nX: y", "b@x>\r\nZ: \xff", ""}});
  EXPECT_EQ(read_addresses(only_field(header).value).size(), 1u);
}

std::string parameterized(const std::vector<Parameter>& parameters) {
  std::string out;
  append_parameterized_field(out, "Content-Type", "text/plain", parameters, "\r\n");
  return out;
}

TEST(WriteParameterizedField, QuotesWhatItMust) {
  EXPECT_EQ(parameterized({}), "Content-Type: text/plain\r\n");
  EXPECT_EQ(parameterized({{"charset", "utf-8"}, {"name", "a \"b\".txt"}, {"format", ""}}),
            "Content-Type: text/plain; charset=utf-8; name=\"a \\\"b\\\".txt\"\r\n");
  EXPECT_EQ(parameterized({{"name", "\xc3\xbc.txt"}}), "Content-Type: text/plain; name*=utf-8''%C3%BC.txt\r\n");
}

TEST(WriteParameterizedField, ReadsBackAsItWas) {
  for (const std::string& value :
       {"a;b=c"s, "C:\\dir\\"s, "=?utf-8?q?x?="s, std::string(300, 'a'), std::string(300, '%'), "it's *"s, "(x)"s, [] {
          std::string text;
          for (int i = 0; i < 100; ++i) text += "\xe3\x81\x82 ";
          return text + ".pdf";
        }()}) {
    const std::string header = parameterized({{"name", value}, {"x", "y"}});
    expect_short_lines(header);
    const ParameterizedValue read = read_parameters(only_field(header).value);
    EXPECT_EQ(read.value, "text/plain");
    EXPECT_EQ(read.parameter("name"), value) << header;
    EXPECT_EQ(read.parameter("x"), "y");
  }
  only_field(parameterized({{"name", "a\r\n\r\nX: y"}}));
}

TEST(BoundaryOf, IsLegalAndTheSameAlways) {
  EXPECT_EQ(boundary_of("a"), "=_af63dc4c8601ec8c27a40fb23259f6a3");
  EXPECT_NE(boundary_of("a"), boundary_of("b"));
  EXPECT_EQ(boundary_of("").size(), boundary_of(std::string(100, '\0')).size());
}

std::string encoded(const std::string& text, Encoding encoding) {
  std::string whole;
  encode(encoding, "\r\n")->append(whole, text, true);
  for (const std::size_t size : {1u, 2u, 5u}) {
    std::string out;
    const auto step = encode(encoding, "\r\n");
    for (std::size_t at = 0; at < text.size(); at += size) step->append(out, text.substr(at, size), false);
    step->append(out, {}, true);
    EXPECT_EQ(out, whole);
  }
  return whole;
}

TEST(Encode, Base64) {
  EXPECT_EQ(encoded("", Encoding::base64), "");
  EXPECT_EQ(encoded("a", Encoding::base64), "YQ==");
  EXPECT_EQ(encoded("ab", Encoding::base64), "YWI=");
  EXPECT_EQ(encoded("abc", Encoding::base64), "YWJj");
  EXPECT_EQ(encoded(std::string(58, 'a'), Encoding::base64).find("\r\n"), 76u);
}

TEST(Encode, QuotedPrintable) {
  EXPECT_EQ(encoded("a=b \n\xc3\xbc\t\r\nx y\r", Encoding::quoted_printable), "a=3Db=20\r\n=C3=BC=09\r\nx y\r\n");
  EXPECT_EQ(encoded("a ", Encoding::quoted_printable), "a=20");
  const std::string line = encoded(std::string(100, 'a'), Encoding::quoted_printable);
  EXPECT_EQ(line, std::string(75, 'a') + "=\r\n" + std::string(25, 'a'));
}

TEST(Encode, DecodesToWhatItWas) {
  std::string bytes;
  for (int i = 0; i < 1'000; ++i) bytes += static_cast<char>(i * 7);
  for (const Encoding encoding : {Encoding::base64, Encoding::quoted_printable}) {
    std::string text = bytes;
    if (encoding == Encoding::quoted_printable) std::erase_if(text, [](char c) { return c == '\r' || c == '\n'; });
    const std::string body = encoded(text, encoding);
    expect_short_lines(body + "\r\n");
    EXPECT_EQ(decoded_body(body, encoding), text);
    EXPECT_EQ(body.find("=_"), std::string::npos) << "no boundary stands in a body";
  }
}

TEST(Encode, LineEndsAreMadeAlike) {
  std::string out;
  const auto step = do_line_ends("\r\n");
  step->append(out, "a\nb\r", false);
  step->append(out, "\nc\rd", true);
  EXPECT_EQ(out, "a\r\nb\r\nc\r\nd");
}

TEST(EncodingForText, TakesTheShorter) {
  EXPECT_EQ(encoding_for_text("plain\r\ntext"), Encoding::identity);
  EXPECT_EQ(encoding_for_text(std::string(2'000, 'x')), Encoding::quoted_printable);
  EXPECT_EQ(encoding_for_text("mostly plain text, \xc3\xbc"), Encoding::quoted_printable);
  EXPECT_EQ(encoding_for_text("\xe3\x81\x82\xe3\x81\x82"), Encoding::base64);
  EXPECT_EQ(encoding_for_text("a lot of text with a NUL \0"s), Encoding::quoted_printable);
  EXPECT_EQ(encoding_for_text(""), Encoding::identity);
}

}  // namespace
}  // namespace mapistore::mime::writer_test
