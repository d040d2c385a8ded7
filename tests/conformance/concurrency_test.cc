#include <atomic>
#include <thread>

#include <mapistore/summarize.h>

#include "tests/conformance/suite.h"

namespace mapistore::conformance::concurrency_test {
namespace {

constexpr int thread_count = 8;

class Concurrency : public Suite {
 protected:
  /// Runs `work(thread)` in eight threads at once.
  template <class Work>
  void in_threads(Work work) {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < thread_count; ++thread) threads.emplace_back([=] { work(thread); });
  }
};
MAPISTORE_EVERY_BACKEND(Concurrency);

TEST_P(Concurrency, ManyThreadsWorkInOneFolder) {
  const int rounds = GetParam().rounds;
  const bool keeps_state = context_->profile().keeps_state;
  in_threads([this, rounds, keeps_state](int thread) {
    for (int round = 0; round < rounds; ++round) {
      const std::string subject = std::to_string(thread) + '-' + std::to_string(round);
      const Entry saved = must_save(subject + ".eml", sample(subject));
      EXPECT_TRUE(same(bytes_of(saved), sample(subject)));
      State state;
      state.read = true;
      state.importance = 2;
      if (keeps_state) {
        EXPECT_TRUE(ok(context_->set_state(soon(), {}, ref(saved), {.state = state, .received = {}})));
      }
      Listed listed;
      EXPECT_TRUE(ok(context_->changes(soon(), {}, {}, listed)));
      EXPECT_TRUE(listed.messages.contains(saved.key)) << "a listing missed a message that was there all the time";
      if (round % 2 != 0) continue;
      EXPECT_TRUE(ok(context_->remove(soon(), {}, ref(saved))));
    }
  });
  const Listed listed = list();
  EXPECT_EQ(listed.messages.size(), static_cast<std::size_t>(thread_count * rounds / 2));
  for (const auto& [key, entry] : listed.messages)
    EXPECT_TRUE(!keeps_state || (entry.state.read && entry.state.importance == 2));
}

TEST_P(Concurrency, WhatIsReadBackIsWhatWasSaved) {
  in_threads([this](int thread) {
    for (const std::size_t padding : {0u, 3'000u, 300'000u}) {
      const std::string name = named(std::to_string(thread) + "-" + std::to_string(padding) + ".eml");
      const std::string bytes = sample(name, padding);
      TextBody body{bytes};
      std::unique_ptr<Body> stored;
      Draft draft;
      draft.body = &body;
      draft.name = name;
      draft.summary = summarize(kind_of_name(name), name, bytes);
      draft.stored = &stored;
      const auto saved = context_->save(soon(), {}, draft, nullptr);
      ASSERT_TRUE(ok(saved));
      if (!stored) continue;
      EXPECT_EQ(stored->change(), saved->change);
      EXPECT_EQ(read_all(*stored), bytes_of(*saved));
      EXPECT_TRUE(same(read_all(*stored), bytes));
    }
  });
}

TEST_P(Concurrency, OneOfManyReplacementsWins) {
  const Entry old = must_save("draft.eml", sample("old"));
  std::atomic<int> won{0};
  in_threads([&, this](int thread) {
    const MessageRef replaced = ref(old);
    const auto saved = save("draft.eml", sample("by " + std::to_string(thread)), {}, &replaced);
    if (saved)
      ++won;
    else
      EXPECT_EQ(code(saved), Errc::stale);
  });
  EXPECT_EQ(won, 1);
  EXPECT_EQ(list().messages.size(), 1u);
}

TEST_P(Concurrency, OneOfManySavesOfANameWinsWhereNamesAreKept) {
  std::atomic<int> won{0};
  in_threads([&, this](int thread) {
    const auto saved = save("same.eml", sample("by " + std::to_string(thread)));
    if (saved)
      ++won;
    else
      EXPECT_EQ(code(saved), Errc::exists);
  });
  EXPECT_EQ(won, context_->profile().names_on_medium ? 1 : thread_count);
  EXPECT_EQ(list().messages.size(), static_cast<std::size_t>(won));
}

class ConcurrentMoves : public Concurrency {
 protected:
  void SetUp() override {
    if (context_->ability<Moving>() == nullptr) GTEST_SKIP() << "not offered";
  }
};
MAPISTORE_BACKENDS(ConcurrentMoves, with_moving);

TEST_P(ConcurrentMoves, AMessageMovedByManyIsInOnePlace) {
  const FolderPath target = must_create("Target");
  for (int round = 0; round < 10; ++round) {
    const Entry saved = must_save(std::to_string(round) + ".eml", sample("moved"));
    std::atomic<int> moves{0};
    in_threads([&, this](int) {
      const auto moved = context_->ability<Moving>()->move(soon(), {}, ref(saved), target, saved.key.bytes, nullptr);
      if (moved)
        ++moves;
      else
        EXPECT_EQ(code(moved), Errc::not_found);
    });
    EXPECT_EQ(moves, 1);
    EXPECT_EQ(list(target).messages.size(), static_cast<std::size_t>(round + 1));
  }
}

}  // namespace
}  // namespace mapistore::conformance::concurrency_test
