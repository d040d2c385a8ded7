#include "core/mime/content.h"

#include <gtest/gtest.h>

#include "core/codec/shared_content.h"
#include "core/mime/uuencode.h"

namespace mapistore::mime::content_test {
namespace {

using namespace std::string_literals;

ContentType text_of_charset(std::string_view charset) {
  ContentType type;
  type.charset = charset;
  return type;
}

std::string all(const LargeValue& value) {
  const auto text = value.content->text(1 << 30);
  EXPECT_TRUE(text);
  EXPECT_EQ(value.content->size().value_or(0), text->size());
  return *text;
}

/// What `make`'s step makes of `text`, the same however it is cut.
template <class Make>
std::string stepped(const Make& make, std::string_view text) {
  std::string whole;
  make()->append(whole, text, true);
  for (const std::size_t size : {1u, 2u, 3u, 7u}) {
    std::string out;
    const auto step = make();
    for (std::size_t at = 0; at < text.size(); at += size) step->append(out, text.substr(at, size), false);
    step->append(out, {}, true);
    EXPECT_EQ(out, whole) << "in pieces of " << size << ": " << text;
  }
  return whole;
}

TEST(DecodedBody, Base64) {
  const auto decoded = [](std::string_view body) { return decoded_body(body, Encoding::base64); };
  EXPECT_EQ(decoded("SGVsbG8s\r\nIHdvcmxkIQ==\r\n"), "Hello, world!");
  EXPECT_EQ(decoded("SGVsbG8=IHdvcmxk"), "Hello world");
  EXPECT_EQ(decoded("S-G V\ns\tbG8"), "Hello");
  EXPECT_EQ(decoded("===="), "");
}

TEST(DecodedBody, QuotedPrintable) {
  const auto decoded = [](std::string_view body) { return decoded_body(body, Encoding::quoted_printable); };
  EXPECT_EQ(decoded("a=3Db\r\nc=\r\nd=\ne \t\r\nf = \t\ng"), "a=b\r\ncde\r\nf g");
  EXPECT_EQ(decoded("=c3=BC=zz=4 =4"), "\xc3\xbc=zz=4 =4");
  EXPECT_EQ(decoded("a= b = c  "), "a= b = c");
  EXPECT_EQ(decoded("a=\rb=\r\n\r\nc="), "ab\r\nc");
  EXPECT_EQ(decoded("==41"), "=A");
}

TEST(DecodedBody, Uuencode) {
  EXPECT_EQ(decoded_body("text\nbegin 644 cat.txt\n#0V%T\n`\nend\nmore", Encoding::uuencode), "Cat");
  EXPECT_EQ(decoded_body("begin 644 x\r\n%2&5L;&\\\r\n \r\nend\r\n", Encoding::uuencode), "Hello");
}

TEST(DecodedBody, OthersAreAsTheyStand) {
  EXPECT_EQ(decoded_body("a=3D\0"s, Encoding::identity), "a=3D\0"s);
  EXPECT_EQ(decoded_body("a=3D", Encoding::unknown), "a=3D");
}

TEST(DecodedContent, IsTheSameInPieces) {
  std::string base64, quoted, uuencoded = "begin 644 x\n";
  for (int i = 0; i < 20'000; ++i)
    base64 += i % 7 == 0 ? "QUJD\r\n" : "QUJD", quoted += i % 3 == 0 ? "=C3=BC x =\r\n" : "y \r\n=41";
  for (int i = 0; i < 20'000; ++i) uuencoded += "#0V%T\n";
  uuencoded += "`\nend\n";
  EXPECT_EQ(all(decoded_content(SharedBytes::of(base64), Encoding::base64)), decoded_body(base64, Encoding::base64));
  EXPECT_EQ(all(decoded_content(SharedBytes::of(quoted), Encoding::quoted_printable)),
            decoded_body(quoted, Encoding::quoted_printable));
  EXPECT_EQ(all(decoded_content(SharedBytes::of(uuencoded), Encoding::uuencode)).size(), 60'000u);
  EXPECT_EQ(all(decoded_content(SharedBytes::of(quoted), Encoding::identity)), quoted);
}

TEST(DecodedContent, OutlivesWhatItWasReadFrom) {
  auto content = decoded_content(SharedBytes::of("QUJD"), Encoding::base64);
  const auto reader = content.content->reader();
  content.content.reset();
  std::array<std::byte, 8> out;
  EXPECT_EQ(reader->read(out).value_or(0), 3u);
}

TEST(DecodedText, UndoesTheCharset) {
  EXPECT_EQ(decoded_text("=FC", Encoding::quoted_printable, text_of_charset("iso-8859-1")), "\xc3\xbc");
  EXPECT_EQ(decoded_text("\xfc", Encoding::identity, text_of_charset("")), "\xc3\xbc");
  EXPECT_EQ(decoded_text("\xc3\xbc", Encoding::identity, text_of_charset("us-ascii")), "\xc3\xbc");
  EXPECT_EQ(decoded_text("\xc3(\xbc", Encoding::identity, text_of_charset("utf-8")), "\xef\xbf\xbd(\xef\xbf\xbd");
  EXPECT_EQ(decoded_text("GyRCJCIbKEI=", Encoding::base64, text_of_charset("iso-2022-jp")), "\xe3\x81\x82");
  EXPECT_EQ(decoded_text("\xfc", Encoding::identity, text_of_charset("no-such-charset")), "\xc3\xbc");
  EXPECT_EQ(decoded_text("a\r\nb\n", Encoding::identity, text_of_charset("utf-8")), "a\r\nb\n");
}

TEST(DecodedText, IsTheSameInPieces) {
  struct Example {
    std::string_view charset, unit;
  };
  for (const auto& [charset, unit] : {Example{"utf-8", "\xf0\x9f\x98\x80x\xe3\x81\x82"},
                                      {"utf-8", "\xf0\x9f\x98x\xff"},
                                      {"", "a\xc3\xbc"},
                                      {"", "a\xfc"},
                                      {"iso-2022-jp", "\x1b$B$\"\x1b(B"},
                                      {"shift_jis", "\x82\xa0x"},
                                      {"gb18030", "\x81\x30\x81\x30 "},
                                      {"utf-7", "+AOQ- x"}}) {
    std::string text;
    while (text.size() < 200'000) text += unit;
    const ContentType type = text_of_charset(charset);
    EXPECT_EQ(all(decoded_text_content(SharedBytes::of(text), Encoding::identity, type)),
              decoded_text(text, Encoding::identity, type))
        << charset;
    text += "\xe3\x81";
    EXPECT_EQ(all(decoded_text_content(SharedBytes::of(text), Encoding::identity, type)),
              decoded_text(text, Encoding::identity, type))
        << charset;
  }
}

std::string unflowed(std::string_view text, bool delete_space = false) {
  return stepped([&] { return unflow(delete_space); }, text);
}

TEST(Unflow, JoinsFlowedLines) {
  EXPECT_EQ(unflowed("a \nb \nc\nd\n"), "a b c\nd\n");
  EXPECT_EQ(unflowed("a \r\nb\r\n\r\nc"), "a b\r\n\r\nc");
  EXPECT_EQ(unflowed("a \rb\rc\r"), "a b\rc\r");
  EXPECT_EQ(unflowed("a \nb", true), "ab");
  EXPECT_EQ(unflowed(""), "");
  EXPECT_EQ(unflowed("\n\n"), "\n\n");
}

TEST(Unflow, UndoesStuffingAndQuotes) {
  EXPECT_EQ(unflowed(" > x\n  y\n From\n"), "> x\n y\nFrom\n");
  EXPECT_EQ(unflowed("> a \n> b\n>> c\n>d \ne\n"), "> a b\n>> c\n> d \ne\n");
  EXPECT_EQ(unflowed("> a \n>\n>\n"), "> a \n>\n");
}

TEST(Unflow, LeavesSignaturesAlone) {
  EXPECT_EQ(unflowed("a \n-- \nb\n"), "a \n-- \nb\n");
  EXPECT_EQ(unflowed("> a \n> -- \n> b\n"), "> a \n> -- \n> b\n");
  EXPECT_EQ(unflowed("a \n"), "a \n");
}

TEST(Unflow, HoldsNoEndlessLine) {
  const std::string line(300'000, 'x');
  const std::string blanks(300'000, ' ');
  ContentType type;
  type.format_flowed = true;
  type.charset = "utf-8";
  for (const std::string& text : {line + " \nb", blanks + " \nb", "> " + line + " \n> b"}) {
    const std::string joined = all(decoded_text_content(SharedBytes::of(text), Encoding::identity, type));
    EXPECT_TRUE(joined.ends_with(" b"));
    EXPECT_EQ(joined.find('\n'), std::string::npos);
  }
}

TEST(Uuencode, IsFoundInText) {
  const std::string text = "Hello\nbegin 644 my cat.txt\n#0V%T\n`\nend\nbye\nbegin 0644 b\n#0V%T\n#0V%T\n\nend\n";
  const auto found = find_uuencoded(text);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].name, "my cat.txt");
  EXPECT_EQ(found[0].whole, "begin 644 my cat.txt\n#0V%T\n`\nend\n");
  EXPECT_EQ(decoded_body(found[1].whole, Encoding::uuencode), "CatCat");
}

TEST(Uuencode, OnlyCompleteFilesAreTaken) {
  for (const std::string_view text :
       {"begin 644 x\n", "begin 644 x\n#0V%T\n", "begin 644 x\nThis is text\nend\n", "begin 999 x\n#0V%T\n`\nend\n",
        "begin x\n#0V%T\n`\nend\n", "begin 644 \n#0V%T\n`\nend\n", "begin 644 x\n#0V%T\n`\nnot the end\nend\n"}) {
    EXPECT_TRUE(find_uuencoded(text).empty()) << text;
  }
  EXPECT_EQ(find_uuencoded("begin 644 a\nbegin 644 b\n#0V%T\n`\nend\n").size(), 1u);
}

TEST(Streams, JoinTheirParts) {
  const LargeValue joined =
      joined_content({held_content("a"), held_content(""), shared_content(SharedBytes::of("bc"))});
  EXPECT_EQ(all(joined), "abc");
  EXPECT_EQ(all(joined_content({})), "");
}

}  // namespace
}  // namespace mapistore::mime::content_test
