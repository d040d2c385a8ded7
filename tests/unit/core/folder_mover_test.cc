// Folders that move from one medium to another: there at once, their messages after them, and nothing lost on the way.

#include <algorithm>

#include "tests/unit/core/index_fixture.h"
#include "tests/unit/core/two_media_fixture.h"

namespace mapistore::testing::folder_mover_test {
namespace {

using namespace std::chrono_literals;

/// A folder `box` in `a`, with two messages, and a folder `inner` with one.
class FolderMoverTest : public TwoMediaTest {
 protected:
  void SetUp() override {
    TwoMediaTest::SetUp();
    box_ = folder(top(0), "box");
    inner_ = folder(box_, "inner");
    one_ = save(box_, "one.eml", mail("one")).value().fmid;
    two_ = save(box_, "two.eml", mail("two")).value().fmid;
    deep_ = save(inner_, "deep.eml", mail("deep")).value().fmid;
  }
  Result<> move_box(const std::string& name = "box", const Call& how = call()) {
    return store->move_folder(how, index->node(box_).value(), top(1), name);
  }
  bool is_over() {
    return index->folder_moves().value_or(std::vector<FolderMove>(1)).empty() && journal_is_empty();
  }
  std::string path_of(Fmid fmid) {
    const auto node = index->node(fmid);
    if (!node) return "?";
    if (!node->parent) return node->context == store->contexts()[0]->row().id ? "a" : "b";
    return path_of(node->parent) + "/" + node->name;
  }
  std::vector<std::string> all_below(Fmid folder) {
    std::vector<std::string> paths;
    static_cast<void>(index->list(folder, Fmid{}, [&](const Node& node) {
      paths.push_back(path_of(node.fmid));
      if (node.kind == NodeKind::folder) std::ranges::copy(all_below(node.fmid), std::back_inserter(paths));
      return true;
    }));
    std::ranges::sort(paths);
    return paths;
  }
  /// What the index shows, once it has been compared with the media.
  std::vector<std::string> all() {
    for (const std::size_t context : {0u, 1u}) list_again(top(context));
    auto paths = all_below(top(0));
    std::ranges::copy(all_below(top(1)), std::back_inserter(paths));
    return paths;
  }
  void list_again(Fmid folder) {
    const auto facts = index->folder_facts(folder).value();
    EXPECT_TRUE(store->context(facts->context).value()->refresh_folder(call(), folder));
    std::vector<Fmid> below;
    static_cast<void>(index->list(folder, Fmid{}, [&](const Node& node) {
      if (node.kind == NodeKind::folder) below.push_back(node.fmid);
      return true;
    }));
    for (const Fmid child : below) list_again(child);
  }
  const std::vector<std::string> moved_ = {"b/box", "b/box/inner", "b/box/inner/deep.eml", "b/box/one.eml",
                                           "b/box/two.eml"};

  Fmid box_, inner_, one_, two_, deep_;
};

TEST_F(FolderMoverTest, IsThereAtOnceAndItsMessagesFollow) {
  const State state{.read = true, .flagged = true, .categories = {"Red"}};
  const SideProperties side{{"", "PidTagX", "\"x\""}};
  ASSERT_TRUE(store->change_state(call(), one_, {.state = state, .received = {}}, &side));
  const Node before = index->node(one_).value();
  faults("b", "save * hang 0.3 times 1\n");
  const auto moved = move_box();
  ASSERT_TRUE(moved) << moved.error().to_string();
  EXPECT_EQ(all_below(top(1)), moved_);
  EXPECT_EQ(rows(top(0)), 0u);
  EXPECT_EQ(text_of(one_), mail("one")) << "served from where it lies";
  ASSERT_TRUE(until([&] { return is_over(); })) << errors.text();
  EXPECT_EQ(held_by(1, {"box"}), 2u);
  EXPECT_EQ(held_by(1, {"box", "inner"}), 1u);
  EXPECT_EQ(folders_of(0), 0u) << "the medium has it no more";
  EXPECT_EQ(all(), moved_);
  const StoredMessage after = index->message(one_).value();
  EXPECT_EQ(after.state, state);
  EXPECT_EQ(after.node.modified, before.modified);
  EXPECT_EQ(after.node.changed, before.changed) << "to a backup it is the same file";
  EXPECT_EQ(after.node.context, store->contexts()[1]->row().id);
  EXPECT_EQ(index->side_properties(one_).value(), side);
  for (const auto& [fmid, text] : {std::pair{one_, "one"}, {two_, "two"}, {deep_, "deep"}})
    EXPECT_EQ(text_of(fmid), mail(text));
}

TEST_F(FolderMoverTest, MayBeChangedOnItsWay) {
  faults("b", "save *two* hang 1 times 1\n");
  ASSERT_TRUE(move_box());
  // Deleted, renamed, edited, marked and moved on: all while the bytes are elsewhere.
  ASSERT_TRUE(save(box_, "one.eml", mail("one", "again"), one_));
  EXPECT_EQ(text_of(one_), mail("one", "again"));
  ASSERT_TRUE(store->move_message(call(), index->node(two_).value(), box_, "second.eml", {}));
  EXPECT_EQ(text_of(two_), mail("two"));
  ASSERT_TRUE(store->change_state(call(), deep_, {.state = State{.flagged = true, .categories = {}}, .received = {}}));
  ASSERT_TRUE(store->remove(call(), index->node(deep_).value()));
  ASSERT_TRUE(until([&] { return is_over(); })) << errors.text();
  EXPECT_EQ(all(), (std::vector<std::string>{"b/box", "b/box/inner", "b/box/one.eml", "b/box/second.eml"}));
  EXPECT_EQ(text_of(one_), mail("one", "again"));
  EXPECT_EQ(text_of(two_), mail("two"));
}

TEST_F(FolderMoverTest, TheMediumMayNameMessagesAlike) {
  // What the target calls its first message the source may call another that is still to come.
  faults("b", "save *two* hang 0.5 times 1\n");
  ASSERT_TRUE(move_box());
  const Fmid three = save(box_, "three.eml", mail("three")).value().fmid;
  ASSERT_TRUE(until([&] { return is_over(); })) << errors.text();
  EXPECT_EQ(text_of(three), mail("three"));
  EXPECT_EQ(text_of(one_), mail("one"));
  EXPECT_EQ(text_of(two_), mail("two"));
  EXPECT_EQ(all().size(), moved_.size() + 1);
}

TEST_F(FolderMoverTest, WhatTheTargetRefusesGoesBack) {
  for (const std::string refusal : {"no_space", "quota_exceeded", "invalid_content"}) {
    faults("b", "save *two* fail " + refusal + "\n");
    ASSERT_TRUE(move_box());
    ASSERT_TRUE(until([&] { return is_over(); })) << errors.text();
    EXPECT_EQ(path_of(two_), "a/box/two.eml") << refusal;
    EXPECT_EQ(path_of(one_), "b/box/one.eml") << refusal;
    EXPECT_EQ(text_of(two_), mail("two"));
    EXPECT_NE(errors.text().find("two.eml"), std::string::npos);
    EXPECT_TRUE(observer.has("appeared box")) << "the folder that it left shows again";
    EXPECT_EQ(all(), (std::vector<std::string>{"a/box", "a/box/two.eml", "b/box", "b/box/inner", "b/box/inner/deep.eml",
                                               "b/box/one.eml"}));
    // By hand it goes through, and the way back as well.
    faults("b", "");
    ASSERT_TRUE(store->move_message(call(), index->node(two_).value(), box_, "two.eml", {}));
    ASSERT_TRUE(store->remove_folder(call(), index->find(top(0), "box").value()));
    ASSERT_TRUE(store->move_folder(call(), index->node(box_).value(), top(0), "box"));
    ASSERT_TRUE(until([&] { return is_over(); })) << errors.text();
    EXPECT_EQ(path_of(deep_), "a/box/inner/deep.eml");
  }
}

TEST_F(FolderMoverTest, AMediumThatLiesGetsNothing) {
  faults("b", "read * alter\n");
  ASSERT_TRUE(move_box());
  ASSERT_TRUE(until([&] { return index->folder_moves()->empty(); })) << errors.text();
  faults("b", "");
  EXPECT_EQ(path_of(one_), "a/box/one.eml");
  EXPECT_EQ(path_of(deep_), "a/box/inner/deep.eml");
  EXPECT_EQ(text_of(deep_), mail("deep"));
  ASSERT_TRUE(until([&] { return is_over(); }));
  EXPECT_EQ(all(), (std::vector<std::string>{"a/box", "a/box/inner", "a/box/inner/deep.eml", "a/box/one.eml",
                                             "a/box/two.eml", "b/box", "b/box/inner"}));
}

TEST_F(FolderMoverTest, AnEndInTheMiddleLosesNothing) {
  for (const std::string plan : {"save *two* hang 1 times 1\n", "save *one* fail disconnected\n",
                                 "open * fail timed_out\n", "after save * hang 1\n"}) {
    if (!plan.starts_with("after")) faults("b", plan);
    ASSERT_TRUE(move_box()) << plan;
    close();
    faults("b", "");
    open_both();
    EXPECT_EQ(all_below(top(1)), moved_) << plan;
    ASSERT_TRUE(until([&] { return is_over(); })) << plan << errors.text();
    EXPECT_EQ(all(), moved_) << plan;
    for (const auto& [fmid, text] : {std::pair{one_, "one"}, {two_, "two"}, {deep_, "deep"}})
      EXPECT_EQ(text_of(fmid), mail(text)) << plan;
    EXPECT_EQ(held_by(1, {"box"}), 2u) << plan;
    ASSERT_TRUE(store->move_folder(call(), index->node(box_).value(), top(0), "box")) << plan;
    ASSERT_TRUE(until([&] { return is_over(); })) << plan << errors.text();
  }
}

TEST_F(FolderMoverTest, AFailureOnTheWayIntoPlaceLeavesNothing) {
  for (const std::string plan :
       {"create_folder * fail no_space times 1\n", "create_folder *inner fail access_denied times 1\n",
        "create_folder *inner after fail timed_out times 1\n"}) {
    faults("b", plan);
    EXPECT_FALSE(move_box()) << plan;
    faults("b", "");
    EXPECT_EQ(path_of(deep_), "a/box/inner/deep.eml") << plan;
    EXPECT_TRUE(until([&] { return folders_of(1) == 0; })) << plan;
    EXPECT_EQ(all().size(), moved_.size()) << plan;
  }
  ASSERT_TRUE(move_box());
  ASSERT_TRUE(until([&] { return is_over(); })) << errors.text();
  EXPECT_EQ(all(), moved_);
}

TEST_F(FolderMoverTest, AFolderBegunByAProcessThatEndedIsTakenAway) {
  {
    auto writer = IndexWriter::begin(*index).value();
    ASSERT_TRUE(writer->begin_folder(top(1), "box"));
    ASSERT_TRUE(writer->commit());
  }
  ASSERT_TRUE(medium_of(1).create_folder(call(), {}, "box"));
  ASSERT_TRUE(medium_of(1).create_folder(call(), path_in(1, {"box"}), "inner"));
  close();
  open_both();
  EXPECT_TRUE(until([&] { return folders_of(1) == 0 && index->abandoned_beginnings()->empty(); }));
  EXPECT_EQ(all().size(), moved_.size());
}

TEST_F(FolderMoverTest, WhatOthersBringMeanwhileShowsAgain) {
  faults("b", "save *two* hang 0.5 times 1\n");
  ASSERT_TRUE(move_box());
  ASSERT_TRUE(put(0, {"box"}, "new.eml", mail("new")));
  ASSERT_TRUE(until([&] { return is_over(); })) << errors.text();
  const auto now = all();
  ASSERT_EQ(now.size(), moved_.size() + 2);
  EXPECT_EQ(now[0], "a/box");
  EXPECT_TRUE(now[1].starts_with("a/box/") && now[1].contains("new")) << now[1];
}

TEST_F(FolderMoverTest, WhatOthersChangeMeanwhileIsMovedAsItIs) {
  faults("b", "save *one* hang 0.5 times 1\n");
  const MessageRef before = index->message(two_)->ref;
  ASSERT_TRUE(move_box());
  ASSERT_TRUE(put(0, {"box"}, "two.eml", mail("two", "changed"), &before));
  ASSERT_TRUE(until([&] { return is_over(); })) << errors.text();
  EXPECT_EQ(text_of(two_), mail("two", "changed"));
  EXPECT_EQ(all(), moved_);
}

TEST_F(FolderMoverTest, WhatOthersRemoveIsGone) {
  faults("b", "save *one* hang 0.5 times 1\n");
  const MessageRef before = index->message(two_)->ref;
  ASSERT_TRUE(move_box());
  ASSERT_TRUE(medium_of(0).remove(call(), path_in(0, {"box"}), before));
  ASSERT_TRUE(until([&] { return is_over(); })) << errors.text();
  EXPECT_FALSE(index->node(two_));
  EXPECT_EQ(all().size(), moved_.size() - 1);
}

TEST_F(FolderMoverTest, ATargetFolderThatOthersRemoveGivesItsMessagesBack) {
  faults("b", "save * fail timed_out times 4\n");
  ASSERT_TRUE(move_box());
  ASSERT_TRUE(medium_of(1).remove_folder(call(), path_in(1, {"box", "inner"})));
  ASSERT_TRUE(medium_of(1).remove_folder(call(), path_in(1, {"box"})));
  ASSERT_TRUE(store->contexts()[1]->refresh_folder(call(), top(1)));
  EXPECT_TRUE(until([&] { return is_over(); })) << errors.text();
  EXPECT_EQ(all(), (std::vector<std::string>{"a/box", "a/box/inner", "a/box/inner/deep.eml", "a/box/one.eml",
                                             "a/box/two.eml"}));
  EXPECT_EQ(text_of(deep_), mail("deep"));
}

TEST_F(FolderMoverTest, TheOldNameIsFreeAndTheNewOneMovesOn) {
  faults("b", "save * hang 0.2 times 1\n");
  ASSERT_TRUE(move_box());
  const Fmid again = folder(top(0), "box");
  EXPECT_NE(again, box_);
  ASSERT_TRUE(store->move_folder(call(), index->node(box_).value(), again, "back"));
  ASSERT_TRUE(until([&] { return is_over(); })) << errors.text();
  EXPECT_EQ(path_of(deep_), "a/box/back/inner/deep.eml");
  EXPECT_EQ(text_of(deep_), mail("deep"));
  EXPECT_EQ(all().size(), moved_.size() + 1);
  EXPECT_EQ(folders_of(1), 0u);
}

TEST_F(FolderMoverTest, WaitingEndsWithTheWorkOrWithTheWaiter) {
  faults("b", "save *two* hang 0.3 times 1\n");
  ASSERT_TRUE(move_box());
  ASSERT_TRUE(store->settle_folder(call(), box_));
  EXPECT_TRUE(index->folder_moves()->empty());
  EXPECT_TRUE(store->settle_folder(call(), box_)) << "nothing to wait for";

  faults("a", "save *two* fail no_space\n");
  ASSERT_TRUE(store->move_folder(call(), index->node(box_).value(), top(0), "box"));
  const auto settled = store->settle_folder(call(), box_);
  EXPECT_EQ(testing_backends::code(settled), Errc::no_space);
  faults("a", "");

  faults("b", "save * fail disconnected\n");
  ASSERT_TRUE(move_box("other"));
  std::stop_source interrupt;
  std::jthread later{[&] {
    std::this_thread::sleep_for(100ms);
    interrupt.request_stop();
  }};
  const auto waited =
      store->settle_folder({.deadline = std::chrono::steady_clock::now() + 20s, .stop = interrupt.get_token()}, box_);
  EXPECT_TRUE(testing_backends::code(waited) == Errc::cancelled ||
              testing_backends::code(waited) == Errc::disconnected);
  EXPECT_EQ(text_of(one_), mail("one"));
  faults("b", "");
  EXPECT_TRUE(until([&] { return is_over(); }));
}

}  // namespace
}  // namespace mapistore::testing::folder_mover_test
