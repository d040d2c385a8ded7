#include "fuse/operation_counts.h"

#include <thread>

#include <nlohmann/json.hpp>

#include <gtest/gtest.h>

namespace mapistore::fs::operation_counts_test {
namespace {

using Ongoing = OperationCounts::Ongoing;

nlohmann::ordered_json written(const OperationCounts& counts) {
  nlohmann::ordered_json json;
  counts.write(json);
  return json;
}

TEST(OperationCounts, CountsWhatEndsHere) {
  OperationCounts counts;
  for (int i = 0; i < 3; ++i) {
    const Ongoing ongoing{counts, Operation::read};
    if (i == 0) Ongoing::fail();
  }
  counts.add_read(7);
  counts.add_written(9);
  const auto json = written(counts);
  EXPECT_EQ(json["operations"].size(), 1u) << json;
  EXPECT_EQ(json["operations"]["read"]["count"], 3);
  EXPECT_EQ(json["operations"]["read"]["errors"], 1);
  EXPECT_EQ(json["bytes"]["read"], 7);
  EXPECT_EQ(json["bytes"]["written"], 9);
}

TEST(OperationCounts, WhatAnotherThreadGoesOnWithCountsOnceAndFromTheBeginning) {
  OperationCounts counts;
  Ongoing::Rest rest;
  {
    const Ongoing ongoing{counts, Operation::lookup};
    rest = Ongoing::hand_over();
  }
  EXPECT_TRUE(written(counts)["operations"].empty());
  std::this_thread::sleep_for(std::chrono::milliseconds{2});
  std::thread{[&] {
    const Ongoing ongoing{counts, rest};
    Ongoing::fail();
  }}.join();
  const auto lookup = written(counts)["operations"]["lookup"];
  EXPECT_EQ(lookup["count"], 1);
  EXPECT_EQ(lookup["errors"], 1);
  EXPECT_GE(lookup["seconds"], 0.002);
  EXPECT_EQ(lookup["buckets"][0], 0) << "more than 100 us";
  EXPECT_EQ(lookup["buckets"][1], 0) << "more than 1 ms";
}

TEST(OperationCounts, NobodyAtWorkIsNoTrouble) {
  Ongoing::fail();
  static_cast<void>(Ongoing::hand_over());
  const OperationCounts counts;
  EXPECT_TRUE(written(counts)["operations"].empty());
}

}  // namespace
}  // namespace mapistore::fs::operation_counts_test
