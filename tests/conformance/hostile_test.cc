#include <gmock/gmock.h>

#include <array>
#include <unistd.h>

#include <fstream>

#include "tests/conformance/suite.h"

namespace mapistore::conformance::hostile_test {
namespace {

class Hostile : public Suite {
 protected:
  static testing::Matcher<Errc> refused() { return testing::AnyOf(Errc::not_found, Errc::invalid_argument); }
  const std::string outside_ = "outside-" + std::to_string(::getpid()) + ".eml";  // tests run beside each other
  const std::vector<std::string> keys_{"",    ".",           "..",        "/",  "../" + outside_,
                                       "a/b", "/etc/passwd", "../..",     "//", std::string("a\0b", 3),
                                       "cur", "new/../../x", ".mapistore"};
};
MAPISTORE_EVERY_BACKEND(Hostile);

TEST_P(Hostile, NoKeyLeadsOut) {
  const auto outside = scratch_.path().parent_path() / outside_;
  std::ofstream{outside} << "secret";
  const Entry real = must_save("real.eml", sample("real"));
  auto* const moving = context_->ability<Moving>();
  for (const std::string& bytes : keys_) {
    const MessageRef message{Key{bytes}, {}, {}};
    const FolderPath folder{Key{bytes}};
    Listed listed;
    EXPECT_THAT(code(context_->inspect(soon(), {}, message.key)), refused()) << bytes;
    EXPECT_THAT(code(context_->open(soon(), {}, message)), refused()) << bytes;
    EXPECT_THAT(code(context_->remove(soon(), {}, message)), refused()) << bytes;
    EXPECT_THAT(code(context_->set_state(soon(), {}, message, {.state = State{}, .received = {}})), refused()) << bytes;
    EXPECT_THAT(code(context_->changes(soon(), folder, {}, listed)), refused()) << bytes;
    EXPECT_THAT(code(save("x.eml", "x", folder)), refused()) << bytes;
    EXPECT_THAT(code(context_->inspect(soon(), folder, real.key)), refused()) << bytes;
    EXPECT_THAT(code(context_->remove_folder(soon(), folder)), refused()) << bytes;
    EXPECT_THAT(code(context_->rename_folder(soon(), folder, {}, "x")), refused()) << bytes;
    EXPECT_THAT(code(context_->create_folder(soon(), folder, "x")), refused()) << bytes;
    if (moving == nullptr) continue;
    EXPECT_THAT(code(moving->move(soon(), {}, message, {}, "x.eml", nullptr)), refused()) << bytes;
    EXPECT_THAT(code(moving->copy(soon(), {}, message, {}, "x.eml")), refused()) << bytes;
    EXPECT_THAT(code(moving->move(soon(), {}, ref(real), folder, "x.eml", nullptr)), refused()) << bytes;
  }
  EXPECT_TRUE(std::filesystem::remove(outside)) << "a key led out of the context";
  EXPECT_EQ(list().messages.size(), 1u);
}

TEST_P(Hostile, NoNameLeadsOut) {
  const Entry real = must_save("real.eml", sample("real"));
  auto* const moving = context_->ability<Moving>();
  int number = 0;
  for (const std::string& name : {std::string(""), std::string(".."), std::string("a/b.eml"), std::string("../b.eml"),
                                  std::string("a\0b.eml", 7), std::string(".hidden.eml")}) {
    // A medium that keeps no names never uses them.
    const Errc expected = context_->profile().names_on_medium ? Errc::invalid_argument : Errc{0};
    if (moving != nullptr) {
      EXPECT_EQ(code(moving->copy(soon(), {}, ref(real), {}, name)), expected) << name;
    }
    TextBody body{sample("x" + std::to_string(number++))};
    Draft draft;
    draft.body = &body;
    draft.name = name;
    draft.summary.kind = real.summary.kind;
    EXPECT_EQ(code(context_->save(soon(), {}, draft, nullptr)), expected) << name;
  }
  EXPECT_FALSE(std::filesystem::exists(scratch_.path().parent_path() / "b.eml"));
}

TEST_P(Hostile, AStoppedOrLateCallIsRefusedAndChangesNothing) {
  const Entry real = must_save("real.eml", sample("real"));
  std::stop_source stop;
  stop.request_stop();
  const Call stopped{std::chrono::steady_clock::time_point::max(), stop.get_token()};
  const Call late = Call::within(std::chrono::nanoseconds{-1});
  for (const auto& [call, expected] : {std::pair{stopped, Errc::cancelled}, std::pair{late, Errc::timed_out}}) {
    Listed listed;
    TextBody body{std::string(1'000'000, 'x')};
    Draft draft;
    draft.body = &body;
    draft.name = "late.eml";
    EXPECT_EQ(code(context_->changes(call, {}, {}, listed)), expected);
    EXPECT_EQ(code(context_->inspect(call, {}, real.key)), expected);
    EXPECT_EQ(code(context_->open(call, {}, ref(real))), expected);
    EXPECT_EQ(code(context_->save(call, {}, draft, nullptr)), expected);
    EXPECT_EQ(code(context_->remove(call, {}, ref(real))), expected);
    EXPECT_EQ(code(context_->set_state(call, {}, ref(real), {.state = State{}, .received = {}})), expected);
    EXPECT_EQ(code(context_->create_folder(call, {}, "late")), expected);
    EXPECT_EQ(code(context_->remove_folder(call, {Key{"late"}})), expected);
    EXPECT_EQ(code(context_->rename_folder(call, {Key{"late"}}, {}, "x")), expected);
    if (auto* const quota = context_->ability<Quota>()) {
      EXPECT_EQ(code(quota->usage(call)), expected);
    }
    auto open = context_->open(soon(), {}, ref(real));
    ASSERT_TRUE(ok(open));
    std::array<std::byte, 4> part{};
    EXPECT_EQ(code((*open)->read_at(call, 0, part)), expected);
  }
  const Listed listed = list();
  EXPECT_EQ(listed.messages.size(), 1u);
  EXPECT_TRUE(listed.folders.empty());
}

TEST_P(Hostile, AnErrorFromTheSinkEndsTheListing) {
  struct Refusing final : Listed {
    Result<> message(Entry) override { return ++reports, fail(Errc::cancelled, {}, "enough"); }
  } refusing;
  must_save("one.eml", sample("one"));
  must_save("two.eml", sample("two"));
  EXPECT_EQ(code(context_->changes(soon(), {}, {}, refusing)), Errc::cancelled);
  EXPECT_EQ(refusing.reports, 1u);
}

}  // namespace
}  // namespace mapistore::conformance::hostile_test
