#include "core/codec/address.h"

#include <gtest/gtest.h>

namespace mapistore::codec::address_test {
namespace {

struct Example {
  std::string_view value, address;
};

TEST(FirstAddress, IsFoundHoweverItIsWritten) {
  static constexpr Example examples[] = {
      {"anna@firma.example", "anna@firma.example"},
      {" Anna <anna@firma.example>\r\n", "anna@firma.example"},
      {"\"M\xc3\xbcller, Anna\" <anna@firma.example>", "anna@firma.example"},
      {"M\xc3\xbcller, Anna <anna@firma.example>", "anna@firma.example"},
      {"\"x@y.example\" <anna@firma.example>", "anna@firma.example"},
      {"x@y.example <anna@firma.example>", "anna@firma.example"},
      {"anna@firma.example (Anna (at work))", "anna@firma.example"},
      {"(x@y.example) anna@firma.example", "anna@firma.example"},
      {"Anna M anna@firma.example", "anna@firma.example"},
      {"Anna <anna@firma.example", "anna@firma.example"},
      {"Anna <anna@firma.example, bert@firma.example", "anna@firma.example"},
      {"<<anna@firma.example>>", "anna@firma.example"},
      {"<mailto:anna@firma.example>", "anna@firma.example"},
      {"<@a.example,@b.example:anna@firma.example>", "anna@firma.example"},
      {"Team: anna@firma.example, bert@firma.example;", "anna@firma.example"},
      {"nobody:; , anna@firma.example", "anna@firma.example"},
      {"<>, anna@firma.example", "anna@firma.example"},
      {"\"Anna <anna@firma.example>", "anna@firma.example"},
      {"Anna (work <anna@firma.example>", "anna@firma.example"},
      {"anna @ firma.example", "anna@firma.example"},
      {"\"anna m\"@firma.example", "\"anna m\"@firma.example"},
      {"Anna\r\n <anna@\r\n firma.example>", "anna@firma.example"},
      {"=?utf-8?q?Anna_=3Canna=40firma.example=3E?=", "anna@firma.example"},
      {"=?utf-8?q?x=40y?= <anna@firma.example>", "anna@firma.example"},
      {"a\xc3\xb1\x61@firma.example", "a\xc3\xb1\x61@firma.example"},
      {"a\xf1\x61@firma.example", "a\xc3\xb1\x61@firma.example"},
      {"root", "root"},
      {"Anna Mueller", ""},
      {"undisclosed-recipients:;", ""},
      {"<>", ""},
      {"", ""},
      {" , ; ", ""},
  };
  for (const auto& [value, address] : examples) EXPECT_EQ(first_address(value), address) << value;
}

TEST(NormalizedMessageId, LosesBracketsAndBlanks) {
  static constexpr Example examples[] = {
      {" <a.b@c>", "a.b@c"},   {"<a b@c >", "ab@c"}, {"\r\n <a@c>\r\n", "a@c"}, {"a@c", "a@c"},
      {"<a@c> (added by x)", "a@c"}, {"<a@c", "a@c"},    {"<<a@c>>", "a@c"},        {"<>", ""},
      {"  ", ""},              {"<a\x01@c>", "a@c"}, {"<\xe9@c>", "\xc3\xa9@c"},
  };
  for (const auto& [value, id] : examples) EXPECT_EQ(normalized_message_id(value), id) << value;
}

}  // namespace
}  // namespace mapistore::codec::address_test
