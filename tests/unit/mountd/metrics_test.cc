#include "mountd/metrics.h"

#include <gtest/gtest.h>

namespace mapistore::mountd::metrics_test {
namespace {

using Json = nlohmann::ordered_json;

TEST(Metrics, TellsWhatAMountTells) {
  const Json reports = Json::parse(R"([
    {"name": "mail", "user": "anna", "state": "up", "restarts": 2, "hangs": 1, "status": {
       "unsaved": 3, "left_unsaved": {"files": 2, "bytes": 9}, "open_files": 1, "errors": 4, "bytes": {"read": 100, "written": 20},
       "latency_bounds": [0.001, 1],
       "operations": {"lookup": {"count": 6, "errors": 1, "seconds": 0.5, "buckets": [3, 2, 1]}},
       "moves": [{"folder": "a", "to_go": 5}, {"folder": "b", "to_go": 2}],
       "switches": [{"folder": "Cal", "messages": 10, "held": 7}],
       "contexts": [{"name": "IN\"BOX", "state": "ready", "messages": 10}, {"name": "Cal", "state": "down"}]}},
    {"name": "off", "user": "anna", "state": "down", "restarts": 0, "hangs": 0, "status": null}])");
  const std::string text = metrics_text(reports);
  for (const char* line :
       {"# TYPE mapistorefs_mount_up gauge", R"(mapistorefs_mount_up{mount="mail",user="anna"} 1)",
        R"(mapistorefs_mount_up{mount="off",user="anna"} 0)",
        R"(mapistorefs_mount_restarts_total{mount="mail",user="anna"} 2)",
        R"(mapistorefs_read_bytes_total{mount="mail",user="anna"} 100)",
        R"(mapistorefs_left_unsaved_files{mount="mail",user="anna"} 2)",
        R"(mapistorefs_moving_messages{mount="mail",user="anna"} 7)",
        R"(mapistorefs_replica_lag{mount="mail",user="anna",context="Cal"} 3)",
        R"(mapistorefs_context_up{mount="mail",user="anna",context="IN\"BOX"} 1)",
        R"(mapistorefs_context_up{mount="mail",user="anna",context="Cal"} 0)",
        R"(mapistorefs_context_messages{mount="mail",user="anna",context="IN\"BOX"} 10)",
        "# TYPE mapistorefs_operation_seconds histogram",
        R"(mapistorefs_operation_seconds_bucket{mount="mail",user="anna",operation="lookup",le="0.001"} 3)",
        R"(mapistorefs_operation_seconds_bucket{mount="mail",user="anna",operation="lookup",le="1"} 5)",
        R"(mapistorefs_operation_seconds_bucket{mount="mail",user="anna",operation="lookup",le="+Inf"} 6)",
        R"(mapistorefs_operation_seconds_sum{mount="mail",user="anna",operation="lookup"} 0.5)",
        R"(mapistorefs_operation_seconds_count{mount="mail",user="anna",operation="lookup"} 6)",
        R"(mapistorefs_operation_errors_total{mount="mail",user="anna",operation="lookup"} 1)"})
    EXPECT_TRUE(text.contains(std::string(line) + "\n")) << line << "\nis not in\n" << text;
  EXPECT_FALSE(text.contains("mapistorefs_open_files{mount=\"off\"")) << "nobody knows";
}

TEST(Metrics, EachFamilyStandsTogetherUnderOneHead) {
  const Json reports =
      Json::parse(R"([{"name": "a", "user": "u", "state": "up", "restarts": 0, "hangs": 0, "status": {"unsaved": 1}},
                                       {"name": "b", "user": "u", "state": "up", "restarts": 0, "hangs": 0, "status": {"unsaved": 2}}])");
  const std::string text = metrics_text(reports);
  const std::size_t head = text.find("# HELP mapistorefs_unsaved_files ");
  ASSERT_NE(head, std::string::npos);
  EXPECT_EQ(text.find("# HELP mapistorefs_unsaved_files ", head + 1), std::string::npos);
  EXPECT_TRUE(text.contains(
      "mapistorefs_unsaved_files{mount=\"a\",user=\"u\"} 1\nmapistorefs_unsaved_files{mount=\"b\",user=\"u\"} 2\n"));
}

TEST(Metrics, SurvivesAStatusThatIsNone) {
  for (const char* status :
       {"null", "3", "[]", R"({"contexts": 1})", R"({"contexts": [1], "moves": {}})",
        R"({"switches": [1, {"held": 3}]})", R"({"operations": []})", R"({"moves": [1, {"to_go": "x"}]})",
        R"({"latency_bounds": {"a": 1}, "operations": {"a": {"buckets": [1, "x", {}]}, "b": 1}})"}) {
    Json report = Json::parse(R"({"name": "a", "user": "u", "state": "up", "restarts": 0, "hangs": 0})");
    report["status"] = Json::parse(status);
    EXPECT_TRUE(metrics_text(Json::array({report})).contains("mapistorefs_mount_up")) << status;
  }
  EXPECT_EQ(metrics_text(Json::array()), "");
}

}  // namespace
}  // namespace mapistore::mountd::metrics_test
