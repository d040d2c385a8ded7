#include "core/properties/wtf8.h"

#include <gtest/gtest.h>

namespace mapistore::wtf8_test {
namespace {

std::vector<char32_t> points(std::string_view text) {
  std::vector<char32_t> out;
  while (!text.empty()) out.push_back(take_code_point(text));
  return out;
}

TEST(Wtf8, TakesEachLength) {
  EXPECT_EQ(points("a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"), (std::vector<char32_t>{'a', 0xe4, 0x20ac, 0x1f600}));
}

TEST(Wtf8, KeepsLoneSurrogatesAndJoinsPairs) {
  EXPECT_EQ(points("\xED\xA0\xBDx\xED\xB8\x80"), (std::vector<char32_t>{0xd83d, 'x', 0xde00}));
  EXPECT_EQ(points("\xED\xA0\xBD\xED\xB8\x80"), (std::vector<char32_t>{0x1f600}));
  EXPECT_EQ(points("\xED\xA0\xBD\xED\xA0\xBD"), (std::vector<char32_t>{0xd83d, 0xd83d}));
}

TEST(Wtf8, ReplacesEachByteThatBeginsNothing) {
  EXPECT_EQ(points("\xFF\x80"), (std::vector<char32_t>{0xfffd, 0xfffd}));
  EXPECT_EQ(points("\xC0\x80"), (std::vector<char32_t>{0xfffd, 0xfffd}));  // overlong
  EXPECT_EQ(points("\xE0\x80\x80"), (std::vector<char32_t>{0xfffd, 0xfffd, 0xfffd}));
  EXPECT_EQ(points("\xF4\x90\x80\x80").size(), 4u);                        // above 10FFFF
  EXPECT_EQ(points("\xE2\x82"), (std::vector<char32_t>{0xfffd, 0xfffd}));  // cut short
}

TEST(Wtf8, Utf16BothWays) {
  const std::string text = "a\xC3\xA4\xF0\x9F\x98\x80\xED\xA0\xBD!";
  Binary utf16;
  append_utf16(utf16, text);
  EXPECT_EQ(utf16.size(), 12u);
  EXPECT_EQ(wtf8_of_utf16(utf16), text);
  utf16.push_back(std::byte{'x'});
  EXPECT_EQ(wtf8_of_utf16(utf16), text);
}

TEST(Wtf8, HighSurrogateAtTheEnd) {
  const Binary utf16 = {std::byte{0x3d}, std::byte{0xd8}};
  EXPECT_EQ(wtf8_of_utf16(utf16), "\xED\xA0\xBD");
}

}  // namespace
}  // namespace mapistore::wtf8_test
