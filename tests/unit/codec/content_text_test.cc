#include "core/codec/content_text.h"

#include <gtest/gtest.h>

#include "core/codec/content_lines.h"
#include "core/codec/utf8.h"

namespace mapistore::codec::content_text_test {
namespace {

using Texts = std::vector<std::string>;

TEST(ContentText, EscapesWhatItUnescapes) {
  for (const std::string_view text : {"", "plain", "a;b,c\\d\ne", "\\n", "\\", "\n\n", "a\tb", "\xc3\xa9", "\\\\;"}) {
    EXPECT_EQ(unescaped_text(escaped_text(text)), text);
    EXPECT_EQ(escaped_text(text).find('\n'), std::string::npos);
  }
  EXPECT_EQ(escaped_text("a\r\nb\rc\nd"), "a\\nb\\nc\\nd");
  EXPECT_EQ(unescaped_text("a\\Nb\\:c\\"), "a\nb:c\\");
}

TEST(ContentText, SplitsAtSeparatorsThatAreNotEscaped) {
  const auto split = [](std::string_view text) {
    const auto pieces = split_unescaped(text, ';');
    return Texts(pieces.begin(), pieces.end());
  };
  EXPECT_EQ(split(""), Texts{""});
  EXPECT_EQ(split("a;b\\;c;;"), (Texts{"a", "b\\;c", "", ""}));
  EXPECT_EQ(split("a\\\\;b\\"), (Texts{"a\\\\", "b\\"}));
}

TEST(ContentText, SplitsParameters) {
  const auto parameters = split_parameters(";TYPE=home,\"a,b;c:d\";x=^n^^^'^x;PREF=; type = cell");
  ASSERT_EQ(parameters.size(), 4u);
  EXPECT_EQ(parameters[0].values, (Texts{"home", "a,b;c:d"}));
  EXPECT_EQ(parameters[1].values, Texts{"\n^\"^x"});
  EXPECT_EQ(parameters[2].values, Texts{""});
  EXPECT_TRUE(parameters[3].is("TYPE"));
  EXPECT_EQ(parameters[3].values, Texts{"cell"});
  EXPECT_TRUE(split_parameters("").empty());
  EXPECT_TRUE(split_parameters(";;").empty());
}

TEST(ContentText, ParametersAreUtf8) {
  const auto parameters = split_parameters(";CN=\xd0,\"\xc3\x90\"");
  ASSERT_EQ(parameters.size(), 1u);
  EXPECT_EQ(parameters[0].values, (std::vector<std::string>{"\xc3\x90", "\xc3\x90"}));
}

TEST(ContentText, NamesParametersWithoutName) {
  const auto parameters = split_parameters(";HOME;quoted-printable;Base64;URL");
  ASSERT_EQ(parameters.size(), 4u);
  EXPECT_EQ(parameters[0].name, "TYPE");
  EXPECT_EQ(parameters[0].values, Texts{"HOME"});
  EXPECT_EQ(parameters[1].name, "ENCODING");
  EXPECT_EQ(parameters[2].name, "ENCODING");
  EXPECT_EQ(parameters[3].name, "VALUE");
}

TEST(ContentText, QuotesParameterValuesThatNeedIt) {
  for (const std::string_view value : {"", "home", "a b", " a", "a;b:c,d", "say \"x\"\n^n", "^"}) {
    const auto parameters = split_parameters(";X=" + parameter_value(value));
    ASSERT_EQ(parameters.size(), 1u);
    EXPECT_EQ(parameters[0].values, Texts{std::string(value)});
  }
  EXPECT_EQ(parameter_value("home"), "home");
}

TEST(ContentText, FoldsBetweenCharacters) {
  for (std::size_t lead = 60; lead < 80; ++lead) {
    std::string text = "X:" + std::string(lead, 'a');
    for (int i = 0; i < 60; ++i) text += "\xe2\x82\xac\xf0\x9f\x98\x80";
    const std::string line = content_line(text, "\r\n");
    Lines pieces(line);
    while (const auto piece = pieces.next()) {
      EXPECT_LE(piece->size(), 75u);
      EXPECT_TRUE(is_valid_utf8(*piece));
    }
    EXPECT_TRUE(line.ends_with("\r\n"));
    ContentLines reader(line);
    EXPECT_EQ(reader.next()->value, text.substr(2));
    EXPECT_EQ(content_line(text, "\n", Folds::none), text + "\n");
  }
  const std::string garbage(300, '\x80');
  const std::string line = content_line("X:" + garbage, "\n");
  ContentLines reader(line);
  EXPECT_EQ(reader.next()->value, garbage);
  EXPECT_EQ(content_line("X:a", "\n"), "X:a\n");
}

}  // namespace
}  // namespace mapistore::codec::content_text_test
