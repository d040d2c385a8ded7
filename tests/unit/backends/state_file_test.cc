#include <mapistore/state_file.h>

#include "tests/unit/backends/support.h"

namespace mapistore::state_file_test {
namespace {

using namespace testing_backends;

class StateFile : public ::testing::Test {
 protected:
  void write(const std::string& message, const State& state) {
    auto pending = files_.prepare(message, {.state = state, .received = {}, .properties = {}}, "identity");
    ASSERT_TRUE(pending) << pending.error().to_string();
    const auto committed = pending->commit();
    ASSERT_TRUE(committed) << committed.error().to_string();
  }
  static State read() {
    State state;
    state.read = true;
    return state;
  }

  ScratchDirectory scratch_;
  posix::Directory folder_ = posix::Directory::open(scratch_.string()).value();
  StateFiles files_ = StateFiles::open(folder_, ".mapistore").value();
};

TEST_F(StateFile, IsThereOnlyForStateThatIsNotTheDefault) {
  EXPECT_EQ(files_.read("a.eml").value().state, State{});
  EXPECT_FALSE(std::filesystem::exists(scratch_ / ".mapistore")) << "reading creates nothing";
  write("a.eml", read());
  EXPECT_EQ(read_file(scratch_ / ".mapistore/a.eml.json"), "{\n  \"read\": true,\n  \"identity\": \"identity\"\n}\n");
  EXPECT_EQ(files_.read("a.eml").value().state, read());
  EXPECT_FALSE(files_.validator("a.eml").value().bytes.empty());
  write("a.eml", State{});
  EXPECT_FALSE(std::filesystem::exists(scratch_ / ".mapistore/a.eml.json"));
  EXPECT_TRUE(files_.validator("a.eml").value().bytes.empty());
}

TEST_F(StateFile, KeepsPropertiesBesideTheState) {
  const SideProperties properties{
      {"", "PidTagBody@UNICODE", std::nullopt}, {"", "PidTagX@LONG", "7"}, {"recipients", "", "[]"}};
  const auto put = [&](const StateChange& change) {
    auto pending = files_.prepare("a.eml", change, "i");
    ASSERT_TRUE(pending && pending->commit());
  };
  put({.state = {}, .received = {}, .properties = properties});
  EXPECT_EQ(files_.read("a.eml").value().properties, properties);
  put({.state = read(), .received = {}, .properties = {}});
  EXPECT_EQ(files_.read("a.eml").value().properties, properties) << "what is not said stays";
  put({.state = {}, .received = {}, .properties = SideProperties{}});
  EXPECT_EQ(files_.read("a.eml").value().state, read());
  EXPECT_EQ(files_.read("a.eml").value().properties, SideProperties{});
  put({.state = State{}, .received = {}, .properties = {}});
  EXPECT_FALSE(std::filesystem::exists(scratch_ / ".mapistore/a.eml.json"));
  const SideProperties large{{"", "PidTagX@UNICODE", std::string(17 * 1024 * 1024, 'x')}};
  EXPECT_EQ(code(files_.prepare("a.eml", {.state = {}, .received = {}, .properties = large}, "i")), Errc::too_large);
}

TEST_F(StateFile, KeepsMembersOfOthers) {
  std::filesystem::create_directory(scratch_ / ".mapistore");
  write_file(scratch_ / ".mapistore/a.eml.json", R"({"colour": "red", "read": true, "importance": "high"})");
  files_ = StateFiles::open(folder_, ".mapistore").value();
  State state = files_.read("a.eml").value().state;
  EXPECT_TRUE(state.read);
  EXPECT_EQ(state.importance, 2);
  write("a.eml", State{});
  EXPECT_NE(read_file(scratch_ / ".mapistore/a.eml.json").find(R"("colour": "red")"), std::string::npos);
  EXPECT_EQ(files_.read("a.eml").value().state, State{});
}

TEST_F(StateFile, ReportsWhatIsNotOurs) {
  std::filesystem::create_directory(scratch_ / ".mapistore");
  files_ = StateFiles::open(folder_, ".mapistore").value();
  // Copying what is nested so would end the stack.
  const std::string nested =
      R"({"properties": {"": {"a": )" + std::string(500'000, '[') + std::string(500'000, ']') + "}}}";
  for (const std::string_view text : {"", "{", "[]", "nonsense", R"({"read": "yes"})", R"({"categories": [1]})",
                                      R"({"properties": "x"})", R"({"properties": {"": {"a": 1}}})", nested.c_str()}) {
    write_file(scratch_ / ".mapistore/a.eml.json", text);
    const auto stored = files_.read("a.eml");
    ASSERT_EQ(code(stored), Errc::corrupted) << text;
    EXPECT_EQ(stored.error().object, scratch_ / ".mapistore/a.eml.json");
  }
}

TEST_F(StateFile, FitsAnyNameOfAMessage) {
  const std::string longest(255, 'x');
  const std::string other = std::string(254, 'x') + 'y';
  write(longest, read());
  EXPECT_EQ(files_.read(longest).value().state, read());
  EXPECT_EQ(files_.read(other).value().state, State{});
  EXPECT_FALSE(StateFiles::message_name(StateFiles::file_name(longest)));
  EXPECT_EQ(StateFiles::message_name(StateFiles::file_name("a.eml")), "a.eml");
}

TEST_F(StateFile, RefusesACategoryThatIsNotUtf8) {
  State state;
  state.categories = {"\xff"};
  EXPECT_EQ(code(files_.prepare("a.eml", {.state = state, .received = {}, .properties = {}}, "")),
            Errc::invalid_argument);
}

TEST_F(StateFile, AStateNotCommittedLeavesNothing) {
  {
    const auto pending = files_.prepare("a.eml", {.state = read(), .received = {}, .properties = {}}, "");
  }
  EXPECT_TRUE(std::filesystem::is_empty(scratch_ / ".mapistore"));
}

}  // namespace
}  // namespace mapistore::state_file_test
