#include <mapistore/option_reader.h>

#include <gtest/gtest.h>

namespace mapistore::option_reader_test {
namespace {

using namespace std::chrono_literals;

TEST(OptionReader, ReadsWhatIsGivenAndElseTheUsual) {
  const ContextOptions options{{"tls", "yes"}, {"plain", "off"}, {"empty", ""},
                               {"count", "7"}, {"poll", "0.25"}, {"name", "x"}};
  const OptionReader reader{options};
  EXPECT_TRUE(reader.has("empty") && !reader.has("missing"));
  EXPECT_EQ(reader.text("name"), "x");
  EXPECT_EQ(reader.text("missing"), "");
  EXPECT_EQ(reader.flag("tls", false), true);
  EXPECT_EQ(reader.flag("plain", true), false);
  EXPECT_EQ(reader.flag("empty", true), true);
  EXPECT_EQ(reader.number("count", 3, 10), 7u);
  EXPECT_EQ(reader.number("missing", 3, 10), 3u);
  EXPECT_EQ(reader.duration("poll", 1s), 250ms);
  EXPECT_EQ(reader.duration("missing", 1s), 1s);
}

TEST(OptionReader, NamesWhatIsWrongAndWhatItCouldBe) {
  const ContextOptions options{{"flag", "perhaps"}, {"number", "x7"}, {"many", "11"}, {"none", "0"},
                               {"time", "1e3"},     {"soon", "0.01"}, {"late", "nan"}};
  const OptionReader reader{options};
  const auto says = [](const auto& result, std::string_view text) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Errc::invalid_configuration);
    EXPECT_EQ(result.error().object + ' ' + result.error().what, text);
  };
  says(reader.flag("flag", true), "flag = perhaps is neither true nor false");
  says(reader.number("number", 1, 10), "number = x7 is not a number from 1 to 10");
  says(reader.number("many", 1, 10), "many = 11 is not a number from 1 to 10");
  says(reader.number("none", 1, 10), "none = 0 is not a number from 1 to 10");
  says(reader.duration("time", 1s), "time = 1e3 is not between 0.05 and 86400 seconds");
  says(reader.duration("soon", 1s), "soon = 0.01 is not between 0.05 and 86400 seconds");
  says(reader.duration("late", 1s), "late = nan is not between 0.05 and 86400 seconds");
}

}  // namespace
}  // namespace mapistore::option_reader_test
