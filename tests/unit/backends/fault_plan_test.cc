#include "backends/memory/fault_plan.h"

#include "tests/unit/backends/support.h"

namespace mapistore::memory::fault_plan_test {
namespace {

using namespace testing_backends;

TEST(FaultPlan, ReadsEveryAction) {
  const auto faults = FaultPlan::parse(
      "# a comment\n"
      "\n"
      "save *hello* fail no_space times 2\n"
      "* * stall 0.5   # any operation\n"
      "read 7.* hang 3\n"
      "read * short 10\n"
      "changes * wrong_size -1\n"
      "changes */a duplicate\n"
      "changes */b drop times 1\n"
      "remove x after fail timed_out\n",
      "plan");
  ASSERT_TRUE(faults) << faults.error().to_string();
  ASSERT_EQ(faults->size(), 8u);
  EXPECT_EQ(faults->at(0).error, Errc::no_space);
  EXPECT_EQ(faults->at(0).times, 2);
  EXPECT_EQ(faults->at(1).seconds, 0.5);
  EXPECT_EQ(faults->at(1).times, -1);
  EXPECT_EQ(faults->at(4).number, -1);
  EXPECT_EQ(faults->at(7).action, FaultAction::after_fail);
}

TEST(FaultPlan, NamesTheLineThatIsWrong) {
  for (const std::string_view line :
       {"save", "save *", "fly * fail io", "save * explode", "save * fail", "save * fail nonsense", "save * stall x",
        "save * stall -1", "read * short", "read * short 1x", "save * fail io twice", "save * fail io times",
        "save * fail io times x", "save * fail io times 1 2", "save * after stall 1", "changes * drop 5"}) {
    const auto faults = FaultPlan::parse("# first\n" + std::string(line) + "\n", "/tmp/plan");
    ASSERT_EQ(code(faults), Errc::invalid_configuration) << line;
    EXPECT_EQ(faults.error().object, "/tmp/plan:2") << line;
  }
}

TEST(FaultPlan, CountsDownAndMatchesByOperationAndPattern) {
  const ScratchDirectory scratch;
  write_file(scratch / "plan", "save a/*.eml fail io times 2\n");
  FaultPlan plan{scratch / "plan"};
  const auto strikes = [&](std::string_view operation, const std::string& key) {
    return plan.strike(operation, key, {FaultAction::fail}).value().has_value();
  };
  EXPECT_FALSE(strikes("remove", "a/x.eml"));
  EXPECT_FALSE(strikes("save", "b/x.eml"));
  EXPECT_TRUE(strikes("save", "a/x.eml"));
  EXPECT_TRUE(strikes("save", "a/b/y.eml")) << "a star matches slashes";
  EXPECT_FALSE(strikes("save", "a/x.eml")) << "twice only";
}

TEST(FaultPlan, IsReadAgainWhenItChanges) {
  const ScratchDirectory scratch;
  FaultPlan plan{scratch / "plan"};
  const auto strike = [&] { return plan.strike("save", "x", {FaultAction::fail}); };
  EXPECT_FALSE(strike().value()) << "no file, no faults";
  write_file(scratch / "plan", "save * fail io\n");
  EXPECT_TRUE(strike().value());
  write_file(scratch / "plan", "save * nonsense\n");
  EXPECT_EQ(code(strike()), Errc::invalid_configuration);
  std::filesystem::remove(scratch / "plan");
  EXPECT_FALSE(strike().value());
}

}  // namespace
}  // namespace mapistore::memory::fault_plan_test
