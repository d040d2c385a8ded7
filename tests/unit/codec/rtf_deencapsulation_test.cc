#include "core/codec/rtf_deencapsulation.h"

#include <gtest/gtest.h>

#include "core/codec/utf8.h"

namespace mapistore::codec::rtf_deencapsulation_test {
namespace {

using namespace std::literals;
using Form = DeencapsulatedRtf::Form;

std::string html_of(std::string_view body) {
  const auto result = deencapsulate_rtf(
      "{\\rtf1\\ansi\\ansicpg1251\\fromhtml1 \\deff0"
      "{\\fonttbl{\\f0\\fswiss Arial;}{\\f1\\fmodern\\fcharset0 Courier;}"
      "{\\f2\\fnil\\fcharset128 MS {\\*\\falt x}Gothic;}}\r\n"
      "{\\colortbl\\red0\\green0\\blue0;}\\uc1\\pard\\plain\\deftab360 \\f0\\fs24 "s.append(body) +
      "}");
  if (!result || result->form != Form::html) return "no HTML";
  return result->content;
}

std::string text_of(std::string_view body) {
  const auto result =
      deencapsulate_rtf("{\\rtf1\\ansi\\fromtext \\deff0{\\fonttbl{\\f0\\fswiss;}}"s.append(body) + "}");
  if (!result || result->form != Form::text) return "no text";
  return result->content;
}

// After the example of MS-OXRTFEX 4.1.
TEST(RtfDeencapsulation, GivesBackTheHtml) {
  EXPECT_EQ(html_of("{\\*\\htmltag64 <HTML>}\r\n{\\*\\htmltag4 <!-- {\\*\\{\\} \\\\ -->\\par}\r\n"
                    "{\\*\\htmltag72 <p style=\"x\">}\\htmlrtf {\\htmlrtf0 This is the \\b{\\*\\htmltag84 <b>}"
                    "\\htmlrtf {\\b \\htmlrtf0 bold\\htmlrtf }\\htmlrtf0{\\*\\htmltag92 </b>} &lt;text\\htmlrtf\\par}"
                    "\\htmlrtf0 {\\*\\htmltag80 </p>}\\line{\\*\\htmltag60 </HTML>}"),
            "<HTML><!-- {} \\ -->\r\n<p style=\"x\">This is the <b>bold</b> &lt;text</p>\r\n</HTML>");
}

TEST(RtfDeencapsulation, PassesOverWhatIsNotShown) {
  EXPECT_EQ(html_of("a{\\*\\mhtmltag64 <base>}{\\info{\\title T}}{\\pict\\bin5 }}}}}b}{\\*\\generator W;}"
                    "{\\pntext *\\tab}\\htmlrtf c{d}\\htmlrtf0 e"),
            "ae");
}

TEST(RtfDeencapsulation, EndsASuppressionWithItsGroup) {
  EXPECT_EQ(html_of("a{\\htmlrtf b}c\\htmlrtf1 d{\\htmlrtf0 e}f\\htmlrtf0 g"), "aceg");
}

TEST(RtfDeencapsulation, ReplacesTypographicWords) {
  EXPECT_EQ(html_of("\\lquote a\\rquote\\ldblquote b\\rdblquote\\bullet\\endash\\emdash\\~\\_\\tab x"),
            "&lsquo;a&rsquo;&ldquo;b&rdquo;&bull;&ndash;&mdash;&nbsp;&shy;\tx");
  EXPECT_EQ(text_of("\\lquote a\\rquote\\ldblquote b\\rdblquote\\bullet\\endash\\emdash\\~\\_\\tab x\\par y\\\r\nz"),
            "\u2018a\u2019\u201Cb\u201D\u2022\u2013\u2014\u00A0\u00AD\tx\r\ny\r\nz");
}

TEST(RtfDeencapsulation, DecodesBytesByTheirFont) {
  EXPECT_EQ(html_of("\\'cf{\\f1 \\'e4}{\\f2 \\'83\\'41\\'83A}\\'cf"), "\u041F\u00E4\u30A2\u30A2\u041F");
  EXPECT_EQ(html_of("{\\f1{\\*\\htmltag84 <\\'cf>}\\plain\\'cf}"), "<\u041F>\u041F");
}

TEST(RtfDeencapsulation, DecodesUnicode) {
  EXPECT_EQ(html_of("\\u233?\\u8364\\'80x\\uc0\\u-3891 y{\\uc2\\u233 abz}\\u233 c"),
            "\u00E9\u20ACx\uF0CDy\u00E9z\u00E9c");
  EXPECT_EQ(html_of("\\u-10179?\\u-8704?|\\u-10179?x\\u-8704?"), "\U0001F600|\uFFFDx\uFFFD");
  EXPECT_EQ(html_of("{\\u233}?"), "\u00E9?");
}

TEST(RtfDeencapsulation, IsNothingForOtherRtf) {
  for (const std::string_view rtf :
       {""sv, "text"sv, "{"sv, "{\\rtf1\\ansi text}"sv, "{\\rtf1\\ansi\\fromhtml0 x}"sv, "{\\rtf1\\ansi\\fromhtml x}"sv,
        "{\\rtf1 x\\fromhtml1 y}"sv, "{\\fromhtml1\\rtf1 x}"sv, "\\rtf1\\fromtext x"sv,
        "{\\rtf1\\a\\b\\c\\d\\e\\g\\h\\i\\fromhtml1 y}"sv}) {
    EXPECT_FALSE(deencapsulate_rtf(rtf)) << rtf;
  }
}

TEST(RtfDeencapsulation, EndsWithItsOutermostGroup) {
  EXPECT_EQ(text_of("a{b}}c"), "ab");
  EXPECT_EQ(text_of("a{b"), "ab");
}

TEST(RtfDeencapsulation, BoundsTheDepthOfGroups) {
  const std::string start = "{\\rtf1\\fromtext ";
  EXPECT_EQ(deencapsulate_rtf(start + std::string(deepest_rtf_group - 1, '{') + "x")->content, "x");
  EXPECT_FALSE(deencapsulate_rtf(start + std::string(deepest_rtf_group, '{') + "x"));
}

TEST(RtfDeencapsulation, TakesAnyCut) {
  const std::string rtf =
      "{\\rtf1\\fromhtml1{\\fonttbl{\\f0\\fcharset128 x;}}\\f0 {\\*\\htmltag <p>}\\u-10179?\\u-8704?"
      "\\'83\\'41\\bin3 abc\\~\\lquote\\htmlrtf x\\htmlrtf0 y}";
  for (std::size_t i = 0; i <= rtf.size(); ++i) {
    const auto result = deencapsulate_rtf(std::string_view(rtf).substr(0, i));
    ASSERT_EQ(result.has_value(), i >= "{\\rtf1\\fromhtml1"sv.size()) << i;
    EXPECT_TRUE(is_valid_utf8(result.value_or(DeencapsulatedRtf{}).content)) << i;
  }
}

}  // namespace
}  // namespace mapistore::codec::rtf_deencapsulation_test
