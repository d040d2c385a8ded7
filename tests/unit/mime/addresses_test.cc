#include <gtest/gtest.h>

#include "core/mime/part.h"

namespace mapistore::mime::addresses_test {
namespace {

/// `group:name<address>`, one after the other.
std::string told(std::string_view value) {
  std::string out;
  for (const Mailbox& mailbox : read_addresses(value)) {
    if (!out.empty()) out += " | ";
    if (!mailbox.group.empty()) out += mailbox.group + ": ";
    out += mailbox.display_name + "<" + mailbox.address + ">";
  }
  return out;
}

struct Example {
  std::string_view value, told;
};

TEST(ReadAddresses, TakesWhatTheRfcSays) {
  static constexpr Example examples[] = {
      {"anna@firma.example", "<anna@firma.example>"},
      {" Anna M <anna@firma.example>\r\n", "Anna M<anna@firma.example>"},
      {"\"M, Anna\" <anna@firma.example>, bert@x.example", "M, Anna<anna@firma.example> | <bert@x.example>"},
      {"\"a \\\"b\\\" \\\\c\" <a@x>", "a \"b\" \\c<a@x>"},
      {"anna@x (Anna (at work))", "Anna (at work)<anna@x>"},
      {"<anna@x> (Anna)", "Anna<anna@x>"},
      {"Anna (work) <anna@x> (home)", "Anna<anna@x>"},
      {"=?utf-8?q?M=C3=BCller=2C?= =?utf-8?q?_Anna?= <a@x>", "M\xc3\xbcller, Anna<a@x>"},
      {"Anna\r\n M\r\n\t<anna@\r\n x>", "Anna M<anna@x>"},
      {"<@a.example,@b.example:anna@x>", "<anna@x>"},
      {"\"anna m\"@x", "<\"anna m\"@x>"},
      {"\"<a@x>\" <b@x>", "<a@x><b@x>"},
      {"Team: Anna <a@x>, b@x; , c@x", "Team: Anna<a@x> | Team: <b@x> | <c@x>"},
      {"undisclosed-recipients:;", ""},
      {"\"A: B\": a@x;", "A: B: <a@x>"},
      {"root", "<root>"},
      {"", ""},
      {" , ; ", ""},
      {"<>", ""},
  };
  for (const auto& [value, expected] : examples) EXPECT_EQ(told(value), expected) << value;
}

TEST(ReadAddresses, ForgivesWhatIsWrong) {
  static constexpr Example examples[] = {
      {"M\xc3\xbcller, Anna <anna@x>", "M\xc3\xbcller, Anna<anna@x>"},
      {"Mueller, Anna <anna@x>, Maier, Bert <bert@x>", "Mueller, Anna<anna@x> | Maier, Bert<bert@x>"},
      {"root, Anna <anna@x>", "<root> | Anna<anna@x>"},
      {"Anna Mueller, bert@x", "Anna Mueller<> | <bert@x>"},
      {"Anna Mueller", "Anna Mueller<>"},
      {"a@x b@y", "<a@x> | <b@y>"},
      {"Anna <a@x> Bert <b@y>", "Anna<a@x> | Bert<b@y>"},
      {"Anna <a@x, Bert <b@y>", "Anna<a@x> | Bert<b@y>"},
      {"Anna <a@x", "Anna<a@x>"},
      {"<<a@x>>", "<a@x>"},
      {"x@y <x@y>", "x@y<x@y>"},
      {"\"Anna <a@x>", "Anna<a@x>"},
      {"Anna (work <a@x>", "Anna (work<a@x>"},
      {"mailto:a@x", "<a@x>"},
      {"Anna M anna@x", "Anna M<anna@x>"},
      {"<>, (none), a@x (A)", "none<> | A<a@x>"},
      {"A1 (The Enforcer) G <a@x>", "A1 G<a@x>"},
      {"(mailbox)", "mailbox<>"},
      {"=?utf-8?q?Anna_=3Canna=40x=3E=2C_bert=40x?=", "Anna<anna@x> | <bert@x>"},
      {"=?utf-8?q?a,b:c<d?= <a@x>", "a,b:c<d<a@x>"},
      {"\xe9va <\xe9@x>", "\xc3\xa9va<\xc3\xa9@x>"},
      {"M\xc3\xbcller, G: a@x;", "M\xc3\xbcller<> | G: <a@x>"},
  };
  for (const auto& [value, expected] : examples) EXPECT_EQ(told(value), expected) << value;
}

TEST(ReadAddresses, AreBounded) {
  std::string many;
  for (const std::string_view unit : {"a@b,", "A,", "a@b "}) {
    many.clear();
    for (int i = 0; i < 100'100; ++i) many += unit;
    EXPECT_EQ(read_addresses(many).size(), 100'000u) << unit;
  }
}

}  // namespace
}  // namespace mapistore::mime::addresses_test
