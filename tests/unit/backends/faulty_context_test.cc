#include "backends/memory/faulty_context.h"

#include <array>
#include <thread>

#include "backends/memory/backend.h"
#include "tests/unit/backends/support.h"

namespace mapistore::memory::faulty_context_test {
namespace {

using namespace std::chrono_literals;
using namespace testing_backends;

class FaultyTree : public ::testing::Test {
 protected:
  void plan(std::string_view text) { write_file(scratch_ / "plan", text); }
  std::chrono::steady_clock::duration time_of(auto action) {
    const auto begin = std::chrono::steady_clock::now();
    action();
    return std::chrono::steady_clock::now() - begin;
  }

  ScratchDirectory scratch_;
  QuietHost host_;
  std::unique_ptr<Backend> backend_ = make_backend(host_);
  std::unique_ptr<Context> context_ = open_context(*backend_, "memory://faulty?faults=" + (scratch_ / "plan"));
};

TEST_F(FaultyTree, FailsBeforeOrAfterTheDeed) {
  plan("save *before* fail no_space\nsave *after* after fail timed_out\n");
  EXPECT_EQ(code(save(*context_, "before.eml", "x")), Errc::no_space);
  EXPECT_TRUE(list(*context_).messages.empty());
  EXPECT_EQ(code(save(*context_, "after.eml", "x")), Errc::timed_out);
  EXPECT_EQ(list(*context_).messages.size(), 1u);
}

TEST_F(FaultyTree, StallsUntilTheCallerGivesUp) {
  plan("inspect * stall 30\n");
  EXPECT_LT(time_of([&] { EXPECT_EQ(code(context_->inspect(Call::within(50ms), {}, Key{"x"})), Errc::timed_out); }),
            5s);
  std::stop_source stop;
  const std::jthread stopper{[&] {
    std::this_thread::sleep_for(50ms);
    stop.request_stop();
  }};
  const Call call{std::chrono::steady_clock::time_point::max(), stop.get_token()};
  EXPECT_LT(time_of([&] { EXPECT_EQ(code(context_->inspect(call, {}, Key{"x"})), Errc::cancelled); }), 5s);
}

TEST_F(FaultyTree, HangsWhateverTheCallerWants) {
  plan("inspect * hang 0.2\n");
  EXPECT_GE(time_of([&] { (void)context_->inspect(Call::within(1ms), {}, Key{"x"}); }), 200ms);
}

TEST_F(FaultyTree, LiesInListingsAndReads) {
  const Entry twice = save(*context_, "twice.eml", "0123456789").value();
  const Entry never = save(*context_, "never.eml", "x").value();
  const Entry large = save(*context_, "large.eml", "x").value();
  plan("changes *twice* duplicate\nchanges *never* drop\nchanges *large* wrong_size 41\nread *twice* short 3\n");
  const Listed listed = list(*context_);
  EXPECT_EQ(listed.messages.count(twice.key.bytes), 2u);
  EXPECT_EQ(listed.messages.count(never.key.bytes), 0u);
  EXPECT_EQ(listed.messages.find(large.key.bytes)->second.size, 42u);
  auto body = context_->open({}, {}, ref(twice));
  ASSERT_TRUE(body);
  std::array<std::byte, 10> bytes{};
  EXPECT_EQ((*body)->read_at({}, 0, bytes).value_or(0), 3u);
}

TEST_F(FaultyTree, CanBeRefusedAtTheDoor) {
  plan("open_context faulty fail authentication_failed times 1\n");
  const auto uri = ContextUri::parse("memory://faulty?faults=" + (scratch_ / "plan"));
  ASSERT_TRUE(uri);
  EXPECT_EQ(code(backend_->open({}, uri->uri, {})), Errc::authentication_failed);
}

TEST_F(FaultyTree, HoldsNoMoreThanItsQuota) {
  const auto small = open_context(*backend_, "memory://small?quota=10");
  ASSERT_TRUE(save(*small, "a.eml", "123456"));
  EXPECT_EQ(code(save(*small, "b.eml", "123456")), Errc::quota_exceeded);
  EXPECT_EQ(small->ability<Quota>()->usage({}).value().bytes_free, 4u);
  EXPECT_EQ(list(*small).messages.size(), 1u);
}

}  // namespace
}  // namespace mapistore::memory::faulty_context_test
