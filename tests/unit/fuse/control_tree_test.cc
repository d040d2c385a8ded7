#include "fuse/control_tree.h"

#include <nlohmann/json.hpp>

#include "fuse/open_files.h"
#include "fuse/operation_counts.h"
#include "fuse/spool.h"
#include "tests/unit/core/store_fixture.h"

namespace mapistore::fs::control_tree_test {
namespace {

class ControlTreeTest : public mapistore::testing::StoreTest {};

TEST_F(ControlTreeTest, StatusIsJson) {
  start();
  ASSERT_TRUE(save(root(), "a.eml", mapistore::testing::mail("a")));
  OpenFiles files;
  files.open(Fmid{4711})->dirty = true;
  const Spool spool{*store, false, std::chrono::seconds{1}, {}};
  const OperationCounts counts;
  const ControlTree tree{*store, files, spool, counts, "memory://\xff"};
  const auto json = nlohmann::json::parse(tree.text(ControlTree::status));
  EXPECT_EQ(json["unsaved"], 1);
  EXPECT_EQ(json["open_files"], 1);
  ASSERT_EQ(json["contexts"].size(), 1u);
  EXPECT_EQ(json["contexts"][0]["name"], "t");
  EXPECT_EQ(json["contexts"][0]["state"], "ready");
  EXPECT_EQ(json["contexts"][0]["messages"], 1);
  EXPECT_TRUE(json["contexts"][0]["error"].is_null());
  EXPECT_FALSE(json["contexts"][0]["read_only"]);
}

TEST_F(ControlTreeTest, StatusTellsWhatIsDown) {
  plan("open_context * fail authentication_failed\n");
  open();
  ASSERT_TRUE(until([&] { return live().health().condition == LiveContext::Condition::down; }));
  const OpenFiles files;
  const Spool spool{*store, false, std::chrono::seconds{1}, {}};
  const OperationCounts counts;
  const ControlTree tree{*store, files, spool, counts, "x"};
  const auto json = nlohmann::json::parse(tree.text(ControlTree::status));
  EXPECT_EQ(json["contexts"][0]["state"], "down");
  EXPECT_TRUE(json["contexts"][0]["error"].is_string());
  EXPECT_NE(tree.text(ControlTree::errors).find("authentication_failed"), std::string::npos);
}

TEST_F(ControlTreeTest, HasFixedChildren) {
  start();
  const OpenFiles files;
  const Spool spool{*store, false, std::chrono::seconds{1}, {}};
  const OperationCounts counts;
  const ControlTree tree{*store, files, spool, counts, "x"};
  EXPECT_EQ(tree.child("status"), ControlTree::status);
  EXPECT_EQ(tree.child("errors"), ControlTree::errors);
  EXPECT_EQ(tree.child("trash"), ControlTree::trash);
  EXPECT_EQ(tree.child("control"), ControlTree::control);
  EXPECT_EQ(tree.child("search"), ControlTree::search);
  EXPECT_EQ(tree.child("unsaved"), ControlTree::unsaved);
  EXPECT_EQ(tree.child("other"), std::nullopt);
  EXPECT_TRUE(ControlTree::owns({2}) && ControlTree::owns({8}));
  EXPECT_FALSE(ControlTree::owns({1}) || ControlTree::owns({9}));
}

}  // namespace
}  // namespace mapistore::fs::control_tree_test
