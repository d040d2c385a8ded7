// What .mapistorefs/status counts: requests by kind, their failures, and how long they took.
#include <nlohmann/json.hpp>

#include <gtest/gtest.h>

#include "tests/mount/corpus.h"

namespace mapistore::mount_tests::counts_test {
namespace {

using testing::read_file;
using testing::write_file;

nlohmann::json status_of(const testing::TempMount& mount) { return nlohmann::json::parse(mount.status()); }

std::uint64_t sum(const nlohmann::json& buckets) {
  std::uint64_t all = 0;
  for (const auto& bucket : buckets) all += bucket.get<std::uint64_t>();
  return all;
}

TEST(Counts, EveryRequestIsCountedOnceByKindAndTime) {
  Sandbox sandbox;
  testing::TempMount mount{sandbox, make_medium(sandbox, "file")};
  const auto before = status_of(mount)["operations"];
  for (int i = 0; i < 5; ++i) ASSERT_EQ(write_file(mount / ("m" + std::to_string(i) + ".eml"), mail("m")), 0);
  const auto status = status_of(mount);
  EXPECT_EQ(status["operations"]["create"]["count"], before.contains("create") ? 6 : 5);
  EXPECT_EQ(status["operations"]["write"]["count"], 5);
  EXPECT_EQ(status["bytes"]["written"], 5 * mail("m").size());
  for (const auto& [name, operation] : status["operations"].items()) {
    EXPECT_EQ(sum(operation["buckets"]), operation["count"]) << name;
    EXPECT_EQ(operation["buckets"].size(), status["latency_bounds"].size() + 1) << name;
    EXPECT_GT(operation["seconds"], 0.0) << name;
    EXPECT_EQ(operation["errors"], 0) << name;
  }
}

TEST(Counts, TheStatusOfAReadOnlyMountIsWholeWhileItCounts) {
  Sandbox sandbox;
  testing::TempMount mount{sandbox, make_medium(sandbox, "file"), "ro"};
  for (int i = 0; i < 1500; ++i)
    ASSERT_TRUE(nlohmann::json::accept(mount.status())) << "the " << i << "th read:\n" << mount.status();
}

TEST(Counts, AFailureCountsAndAMissingNameDoesNot) {
  Sandbox sandbox;
  testing::TempMount mount{sandbox, make_medium(sandbox, "file")};
  EXPECT_FALSE(read_file(mount / "nothing.eml"));
  EXPECT_EQ(status_of(mount)["operations"]["lookup"]["errors"], 0);
  EXPECT_EQ(write_file(mount / "wrong.ics", "no calendar\n"), EINVAL);
  // It is counted when it has been answered.
  EXPECT_TRUE(testing::eventually([&] { return status_of(mount)["operations"]["flush"]["errors"] == 1; }));
}

}  // namespace
}  // namespace mapistore::mount_tests::counts_test
