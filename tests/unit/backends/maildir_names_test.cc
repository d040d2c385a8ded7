#include "backends/maildir/file_name.h"
#include "backends/maildir/folder_name.h"
#include "tests/unit/backends/support.h"

namespace mapistore::maildir::maildir_names_test {
namespace {

using testing_backends::code;

TEST(MaildirFileName, SplitsBaseAndFlags) {
  EXPECT_EQ(FileName::parse("1.a.host"), (FileName{"1.a.host", "", false}));
  EXPECT_EQ(FileName::parse("1.a.host:2,"), (FileName{"1.a.host", "", true}));
  EXPECT_EQ(FileName::parse("1.a.host,S=5:2,RSa"), (FileName{"1.a.host,S=5", "RSa", true}));
  for (const std::string_view name : {"1.a", "1.a:2,", "1.a:2,FSz", "1.a:1,x"})
    EXPECT_EQ(FileName::parse(name).text(), name);
}

TEST(MaildirFileName, MapsFlagsToStateAndBack) {
  const State state = state_of("DFPRS");
  EXPECT_TRUE(state.draft && state.flagged && state.forwarded && state.answered && state.read);
  EXPECT_EQ(with_state("", state), "DFPRS");
  EXPECT_EQ(with_state("DFPRS", State{}), "");
  EXPECT_EQ(state_of("Tab"), State{});
}

TEST(MaildirFileName, KeepsUnknownFlagsAndTheirOrder) {
  State read;
  read.read = true;
  EXPECT_EQ(with_state("Tab", read), "STab");
  EXPECT_EQ(with_state("FSTb", State{}), "Tb");
  EXPECT_EQ(with_state("zTa", State{}), "zTa");
}

TEST(MaildirFileName, IsUnique) {
  const Time now{std::chrono::seconds{1'700'000'000}};
  const std::string base = unique_base(now, 42);
  EXPECT_NE(base, unique_base(now, 42));
  EXPECT_TRUE(base.starts_with("1700000000.M0P"));
  EXPECT_TRUE(base.ends_with(",S=42"));
}

TEST(MaildirFolderName, IsModifiedUtf7) {
  const std::pair<std::string, std::string> names[]{
      {"Entwürfe", "Entw&APw-rfe"}, {"台北", "&U,BTFw-"}, {"~peter", "~peter"},
      {"a & b", "a &- b"},          {"😀", "&2D3eAA-"},    {"日本語", "&ZeVnLIqe-"}};
  for (const auto& [display, encoded] : names) {
    EXPECT_EQ(encode_folder_name(display).value_or("?"), encoded);
    EXPECT_EQ(decode_folder_name(encoded), display);
  }
}

TEST(MaildirFolderName, RefusesWhatItCannotHold) {
  for (const std::string& name : {std::string(""), std::string("a.b"), std::string("a/b"), std::string("\xff"),
                                  std::string("a\xc3"), std::string("\xed\xa0\x80"), std::string("\xc0\x80")})
    EXPECT_EQ(code(encode_folder_name(name)), Errc::invalid_argument);
}

TEST(MaildirFolderName, ShowsWhatIsNotModifiedUtf7AsItIs) {
  for (const std::string_view name : {"&", "a&b", "&2D0-", "&!!-"}) EXPECT_EQ(decode_folder_name(name), name);
}

TEST(MaildirFolderName, SplitsAtDots) {
  EXPECT_EQ(folder_of(".A.B"), (FolderPath{Key{"A"}, Key{"B"}}));
  EXPECT_EQ(directory_of({Key{"A"}, Key{"B"}}), ".A.B");
  EXPECT_EQ(directory_of({}), "");
  for (const std::string_view name : {"A", "..", ".A.", "..A"}) EXPECT_FALSE(folder_of(name)) << name;
  for (const std::string& key : {std::string(""), std::string("a.b"), std::string("a/b"), std::string("a\0", 2)})
    EXPECT_FALSE(directory_of({Key{key}}));
}

}  // namespace
}  // namespace mapistore::maildir::maildir_names_test
