#include "core/codec/encoded_words.h"

#include <gtest/gtest.h>

namespace mapistore::codec::encoded_words_test {
namespace {

struct Example {
  std::string_view value, text;
};

TEST(DecodeWords, ReadsWhatMailersWrite) {
  static constexpr Example examples[] = {
      {"Re: Angebot 4711", "Re: Angebot 4711"},
      {" folded\r\n subject\r\n", "folded subject"},
      {"folded \r\n\tsubject", "folded subject"},
      {"two  blanks", "two  blanks"},
      {"=?utf-8?Q?Gr=C3=BC=C3=9Fe_aus?= Bonn", "Gr\xc3\xbc\xc3\x9f\x65 aus Bonn"},
      {"=?ISO-8859-1?Q?Fr=F6sche?=", "Fr\xc3\xb6sche"},
      {"=?iso-8859-1?q?=80?=", "\xe2\x82\xac"},
      {"=?iso-8859-15?q?=A4?=", "\xe2\x82\xac"},
      {"=?koi8-r?B?8NLJ18XU?=", "\xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82"},
      {"=?iso-2022-jp?B?GyRCJDMkcxsoQg==?=", "\xe3\x81\x93\xe3\x82\x93"},
      {"=?utf-8*en?q?a?=", "a"},
      {"=?utf-8?q?a?= \r\n =?utf-8?q?b?=", "ab"},
      {"=?utf-8?q?a?= b =?utf-8?q?c?=", "a b c"},
      {"=?utf-8?B?SGVsbG8=?= =?utf-8?B?IHdvcmxk?=", "Hello world"},
      {"=?utf-8?q?a?= =?iso-8859-1?q?=E9?=", "a\xc3\xa9"},
      {"(=?utf-8?q?a?=)=?utf-8?q?b?=", "(a)b"},
  };
  for (const auto& [value, text] : examples) EXPECT_EQ(decode_words(value), text) << value;
}

TEST(DecodeWords, JoinsCharactersSplitBetweenWords) {
  EXPECT_EQ(decode_words("=?UTF-8?Q?Gr=C3?= =?utf-8?B?vGVu?="), "Gr\xc3\xbc\x65n");
  EXPECT_EQ(decode_words("=?gb2312?B?xA==?= =?GB2312?B?4w==?="), "\xe4\xbd\xa0");
}

TEST(DecodeWords, ForgivesBrokenWords) {
  static constexpr Example examples[] = {
      {"=?utf-8?q?with blank?=", "with blank"},
      {"=?utf-8?q?why?now?=", "why?now"},
      {"=?utf-8?b?YW5uYQ?=", "anna"},
      {"=?utf-8?b?YQ==Yg==?=", "ab"},
      {"=?utf-8?q?a=ZZb=?=", "a=ZZb"},
      {"=?utf-8?q?=C3?=", "\xef\xbf\xbd"},
      {"=?no-such-charset?q?=E9?=", "\xc3\xa9"},
      {"=?//TRANSLIT?q?=E9?=", "\xc3\xa9"},
      {"=?us-ascii?q?=E9?=", "\xc3\xa9"},
      {"=??q?=C3=A9?=", "\xc3\xa9"},
      {"=?utf-8?x?a?=", "=?utf-8?x?a?="},
      {"=?utf-8?q?never closed", "=?utf-8?q?never closed"},
      {"=?", "=?"},
      {"a =? b", "a =? b"},
      {"caf\xe9", "caf\xc3\xa9"},
      {"caf\xc3\xa9", "caf\xc3\xa9"},
      {"caf\xe9 =?utf-8?q?=C3=A9?=", "caf\xc3\xa9 \xc3\xa9"},
      {"=?utf-8?q?a=0Ab=00c?=", "a b c"},
      {"", ""},
  };
  for (const auto& [value, text] : examples) EXPECT_EQ(decode_words(value), text) << value;
}

}  // namespace
}  // namespace mapistore::codec::encoded_words_test
