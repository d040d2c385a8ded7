#include <gtest/gtest.h>

#include "core/mime/part.h"

namespace mapistore::mime::fields_test {
namespace {

using namespace std::string_literals;

/// `name=value`, one after the other.
std::string told(std::string_view header) {
  std::string out;
  for (const Field& field : read_fields(header))
    out += "[" + std::string(field.name) + "=" + std::string(field.value) + "]";
  return out;
}

TEST(ReadFields, TakesEveryLineEndAndFold) {
  EXPECT_EQ(told("A: 1\nB:2\r\nC: 3\rD: 4"), "[A= 1][B=2][C= 3][D= 4]");
  EXPECT_EQ(told("A: 1\n 2\r\n\t3\n  \nB: x\n"), "[A= 1\n 2\r\n\t3\n  ][B= x]");
  EXPECT_EQ(told("A : 1\nB\t: 2\nC:\nD: \n"), "[A= 1][B= 2][C=][D= ]");
  EXPECT_EQ(told("A: 1\r\r\nB: 2\r\r\n\r\r\nC: 3"), "[A= 1][B= 2]");
}

TEST(ReadFields, PassesOverWhatIsNoField) {
  EXPECT_EQ(told("From anna Mon Aug 17\nA: 1\n"), "[A= 1]");
  EXPECT_EQ(told("\n\r\nA: 1\n\nB: 2\n"), "[A= 1]");
  EXPECT_EQ(told("A: 1\ngarbage\n continued\nan other: one\n: none\nB: 2\n"), "[A= 1][B= 2]");
  EXPECT_EQ(told(" folded\nA: 1\n"), "[A= 1]");
  EXPECT_EQ(told("no field\n\nA: 1\n"), "");
  EXPECT_EQ(told(""), "");
  EXPECT_EQ(told("\n\n"), "");
}

TEST(ReadFields, KeepsBytesThatAreNoText) {
  EXPECT_EQ(told("S\xc3\xbc: \xff\xfe\nX: a\0b\n"s), "[S\xc3\xbc= \xff\xfe][X= a\0b]"s);
}

TEST(ReadFields, AreViewsThatCoverTheHeader) {
  const std::string header = "A: 1\r\n 2\r\nB: 3\nC: 4";
  std::string joined;
  for (const Field& field : read_fields(header)) {
    EXPECT_GE(field.whole.data(), header.data());
    joined += field.whole;
  }
  EXPECT_EQ(joined, header);
}

TEST(ReadFields, AreBounded) {
  std::string many;
  for (int i = 0; i < 100'100; ++i) many += "a:\n";
  EXPECT_EQ(read_fields(many).size(), 100'000u);
}

TEST(FindField, TakesTheFirstOfAnyCase) {
  const auto fields = read_fields("Subject: a\nSUBJECT: b\n");
  ASSERT_NE(find_field(fields, "subject"), nullptr);
  EXPECT_EQ(find_field(fields, "subject")->value, " a");
  EXPECT_EQ(find_field(fields, "to"), nullptr);
}

}  // namespace
}  // namespace mapistore::mime::fields_test
