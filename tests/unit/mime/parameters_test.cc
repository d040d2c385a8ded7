#include "core/mime/parameters.h"

#include <gtest/gtest.h>

namespace mapistore::mime::parameters_test {
namespace {

std::string told(std::string_view value) {
  const ParameterizedValue read = read_parameters(value);
  std::string out = read.value;
  for (const Parameter& parameter : read.parameters) out += " | " + parameter.name + "=" + parameter.value;
  return out;
}

struct Example {
  std::string_view value, told;
};

TEST(Parameters, AreReadHoweverTheyAreWritten) {
  static constexpr Example examples[] = {
      {"", ""},
      {" Text/Plain", "text/plain"},
      {"text/\x8c\x89", "text/\xc5\x92\xe2\x80\xb0"},
      {"text/plain; Charset=\"UTF-8\"", "text/plain | charset=UTF-8"},
      {"text/plain (really);charset=us-ascii (Plain text) ;\r\n\tformat = flowed",
       "text/plain | charset=us-ascii | format=flowed"},
      {"a/b; z=1; y=\"2;3\"; y=4;; ; x", "a/b | y=2;3 | z=1"},
      {"a/b; name=my file (1).pdf; x=y", "a/b | name=my file (1).pdf | x=y"},
      {"a/b; name=\"a\\\"b\\\\c\"", "a/b | name=a\"b\\c"},
      {"a/b; name=\"C:\\dir\\file\"", "a/b | name=C:\\dir\\file"},
      {"a/b; name=\"long\r\n name.txt\"", "a/b | name=long name.txt"},
      {"a/b; name=\"never closed; x=y", "a/b | name=never closed | x=y"},
      {"a/b; x=(never closed; y=z", "a/b | x=(never closed | y=z"},
      {"a/b; name=\"=?utf-8?q?=C3=BC?= =?utf-8?q?b?=\"",
       "a/b | name=\xc3\xbc"
       "b"},
      {"a/b; name=\xfc.txt", "a/b | name=\xc3\xbc.txt"},
      {"a/b; boundary=\"=?utf-8?q?x?=\"", "a/b | boundary==?utf-8?q?x?="},
      {"text/plain charset=utf-8", "text/plain | charset=utf-8"},
      {"multipart/mixed\n\tboundary=\"foo\r\n bar\"", "multipart/mixed | boundary=foo bar"},
      {"; charset=utf-8", " | charset=utf-8"},
      {"a/b; =x; y=z", "a/b | y=z"},
  };
  for (const auto& [value, expected] : examples) EXPECT_EQ(told(value), expected) << value;
}

TEST(Parameters, Rfc2231IsUndone) {
  static constexpr Example examples[] = {
      {"a; filename*=utf-8'de'%C3%BC%20b.txt", "a | filename=\xc3\xbc b.txt"},
      {"a; filename*=iso-8859-1''%fc.txt; filename=ue.txt", "a | filename=\xc3\xbc.txt"},
      {"a; filename=ue.txt; filename*=iso-8859-1''%fc.txt", "a | filename=\xc3\xbc.txt"},
      {"a; filename*0*=utf-8''%C3; filename*1*=%BC; filename*2=\"%20.txt\"", "a | filename=\xc3\xbc%20.txt"},
      {"a; filename*1=b; filename*0=a; filename*10=k; filename*2=c", "a | filename=abc"},
      {"a; filename*1=b; filename*2=c", "a | filename=bc"},
      {"a; filename*0=a; filename*0=b; filename*1=c", "a | filename=a"},
      {"a; filename*0*=''a%zz%4; filename*1*=1", "a | filename=a%zz%41"},
      {"a; filename*=%C3%BC", "a | filename=\xc3\xbc"},
      {"a; filename*=utf-8''%0a%00x", "a | filename=x"},
      {"a; boundary*0=ab; boundary*1=cd", "a | boundary=abcd"},
      {"a; x*=iso-2022-jp''%1B%24%42%24%22%1B%28%42", "a | x=\xe3\x81\x82"},
      {"a; x*123456=y; x*=unknown-charset''%80", "a | x=\xe2\x82\xac | x*123456=y"},
  };
  for (const auto& [value, expected] : examples) EXPECT_EQ(told(value), expected) << value;
}

TEST(Parameters, AreFoundByName) {
  const ParameterizedValue read = read_parameters("a/b; CHARSET=x; Name=y");
  EXPECT_EQ(read.parameter("charset"), "x");
  EXPECT_EQ(read.parameter("name"), "y");
  EXPECT_EQ(read.parameter("format"), "");
}

}  // namespace
}  // namespace mapistore::mime::parameters_test
