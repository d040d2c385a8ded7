// Moves from one medium to another: what arrives, what is left, and what a failure or an end at any point leaves.

#include <algorithm>

#include <mapistore/doubt.h>
#include <mapistore/summarize.h>

#include "core/codec/digest.h"
#include "core/codec/names.h"
#include "tests/unit/core/index_fixture.h"
#include "tests/unit/core/two_media_fixture.h"

namespace mapistore::testing::copier_test {
namespace {

using namespace std::chrono_literals;

class CopierTest : public TwoMediaTest {
 protected:
  /// As a process of an older version leaves it that is killed between the save and the index: nobody knows of the
  /// copy.
  void copy_unknown(const Node& node, const std::string& text, std::size_t from, std::size_t into) {
    auto writer = IndexWriter::begin(*index).value();
    ASSERT_TRUE(writer->begin_transfer({.fmid = node.fmid,
                                        .source = top(from),
                                        .target = top(into),
                                        .name = node.name,
                                        .replaced = {},
                                        .size = text.size(),
                                        .id10 = id10(summarize(MessageKind::mail, node.name, text), text.size()),
                                        .fingerprint = {}}));
    ASSERT_TRUE(writer->commit());
    writer.reset();
    ASSERT_TRUE(put(into, {}, "unknown.eml", text));
  }

  /// As another program does: puts `text` in the place of the one message that a medium has.
  void replace_as_others(std::size_t at, const std::string& text) {
    const auto other = testing_backends::open_context(*backend, std::string{"memory://"} + (at == 0 ? "a" : "b"));
    const auto listed = testing_backends::list(*other, {}).messages;
    ASSERT_EQ(listed.size(), 1u);
    const Entry& old = listed.begin()->second;
    testing_backends::TextBody body{text};
    const Draft draft{
        .body = &body, .name = old.name, .summary = old.summary, .state = {}, .received = {}, .properties = {}};
    const MessageRef ref{old.key, old.change, old.state_change};
    ASSERT_TRUE(other->save(call(), {}, draft, &ref));
  }
};

TEST_F(CopierTest, CarriesAllThatAMessageHas) {
  Node node = save(top(0), "a.eml", mail("a")).value();
  State state{.read = true, .flagged = true, .categories = {"Red", "Blue"}};
  state.importance = 2;
  const SideProperties side{{"", "PidTagX", "\"x\""}, {"numbers", "", "3 1 2"}};
  const Time received{std::chrono::sys_days{std::chrono::year{2024} / 2 / 3}};
  ASSERT_TRUE(store->change_state(call(), node.fmid, {.state = state, .received = received}, &side));
  {
    auto writer = IndexWriter::begin(*index).value();
    ASSERT_TRUE(writer->set_property(node.fmid, "user.mine", "1"));
    ASSERT_TRUE(writer->set_attributes(node.fmid, {.mode = 0640, .uid = {}, .gid = {}, .modified = {}}));
    ASSERT_TRUE(writer->commit());
  }
  node = index->node(node.fmid).value();
  const auto moved = move(node, "b.eml");
  ASSERT_TRUE(moved) << moved.error().to_string();
  EXPECT_EQ(rows(top(0)), 0u);
  const StoredMessage there = index->message(node.fmid).value();
  EXPECT_EQ(there.node.name, "b.eml");
  EXPECT_EQ(there.node.parent, top(1));
  EXPECT_EQ(there.node.context, store->contexts()[1]->row().id);
  EXPECT_EQ(there.node.modified, received);
  EXPECT_EQ(there.node.mode, 0640u);
  EXPECT_EQ(there.state, state);
  EXPECT_EQ(index->side_properties(node.fmid).value(), side);
  EXPECT_EQ(index->property(node.fmid, "user.mine").value(), "1");
  expect_one_copy(mail("a"), "moved");
  EXPECT_EQ(held_by(0), 0u);
}

TEST_F(CopierTest, TakesThePlaceOfWhatIsThere) {
  const Node node = save(top(0), "a.eml", mail("a")).value();
  const Node there = save(top(1), "b.eml", mail("b")).value();
  ASSERT_TRUE(move(node, "b.eml", there));
  EXPECT_EQ(index->find(top(1), "b.eml")->fmid, node.fmid);
  expect_one_copy(mail("a"), "replaced");
}

TEST_F(CopierTest, AnyCallMayFail) {
  for (const std::string error : {"timed_out", "disconnected", "io", "no_space", "access_denied"})
    for (const std::string operation : {"save", "open", "read", "inspect", "remove", "changes", "move"})
      for (const std::string how : {"fail", "after fail"}) {
        // Only an answer that is lost on the way may hide that a thing was done.
        if (how != "fail" && (error == "no_space" || error == "access_denied")) continue;
        for (const std::string where : {"a", "b"}) {
          const std::string plan = operation + " * " + how + " " + error + " times 1\n";
          const Node node = save(top(0), "a.eml", mail("a")).value();
          faults(where, plan);
          const auto moved = move(node, "a.eml");
          EXPECT_EQ(rows(top(1)), moved ? 1u : 0u) << plan;
          faults(where, "");
          expect_one_copy(mail("a"), where + ": " + plan);
          // Tried again it goes through, and leaves one copy as well.
          if (!moved) {
            EXPECT_TRUE(move(index->node(node.fmid).value(), "a.eml")) << plan;
          }
          expect_one_copy(mail("a"), where + " again: " + plan);
          ASSERT_TRUE(store->purge(call(), index->node(node.fmid).value()));
        }
      }
}

TEST_F(CopierTest, AMediumThatLiesIsCaught) {
  const Node node = save(top(0), "a.eml", mail("a")).value();
  for (const char* plan : {"read * alter\n", "read * short 0\n"}) {
    faults("b", plan);
    EXPECT_EQ(code(move(node, "a.eml")), Errc::corrupted) << plan;
    EXPECT_EQ(rows(top(1)), 0u);
    EXPECT_EQ(text_of(node.fmid), mail("a"));
    faults("b", "");
    expect_one_copy(mail("a"), plan);
    EXPECT_EQ(held_by(0), 1u);
  }
  faults("b", "read * short 3\n");
  EXPECT_TRUE(move(node, "a.eml")) << "slow is not wrong";
}

TEST_F(CopierTest, ALostAnswerMakesNoSecondCopy) {
  const Node node = save(top(0), "a.eml", mail("a")).value();
  faults("b", "save * after fail timed_out times 1\nchanges * fail disconnected\nremove * fail disconnected\n");
  EXPECT_EQ(code(move(node, "a.eml")), Errc::timed_out);
  EXPECT_EQ(held_by(1), 1u) << "the medium has it, and nobody knows";
  faults("b", "remove * fail disconnected\n");
  ASSERT_TRUE(store->contexts()[1]->refresh_folder(call(), top(1)));
  EXPECT_EQ(rows(top(1)), 0u) << "a listing passes it over";
  faults("b", "");
  EXPECT_TRUE(move(node, "a.eml")) << "tried again at once";
  expect_one_copy(mail("a"), "retried");
}

TEST_F(CopierTest, WhatALostAnswerHidGoesThoughTheMessageIsAnotherOrNone) {
  for (const bool is_removed : {false, true}) {
    const Node node = save(top(0), "a.eml", mail("a")).value();
    faults("b", "save * after fail timed_out times 1\nchanges * fail disconnected\n");
    EXPECT_EQ(code(move(node, "a.eml")), Errc::timed_out);
    EXPECT_EQ(held_by(1), 1u) << "the medium has it, and nobody knows";
    if (is_removed)
      ASSERT_TRUE(store->purge(call(), index->node(node.fmid).value()));
    else
      ASSERT_TRUE(save(top(0), "a.eml", mail("b"), node.fmid));
    faults("b", "");
    EXPECT_TRUE(until([&] { return journal_is_empty(); })) << errors.text();
    EXPECT_TRUE(until([&] { return held_by(1) == 0; }));
    ASSERT_TRUE(store->contexts()[1]->refresh_folder(call(), top(1)));
    EXPECT_EQ(rows(top(1)), 0u) << "nobody was told that it came";
    EXPECT_EQ(rows(top(0)), is_removed ? 0u : 1u);
    if (is_removed) continue;
    EXPECT_EQ(text_of(node.fmid), mail("b"));
    ASSERT_TRUE(store->purge(call(), index->node(node.fmid).value()));
  }
}

TEST_F(CopierTest, WhatWasEditedSinceIsNotEndedAsAMove) {
  const Node node = save(top(0), "a.eml", mail("a")).value();
  const StoredMessage there = index->message(save(top(1), "b.eml", mail("b"))->fmid).value();
  codec::Sha256 given;
  given.add(mail("a"));
  {
    auto writer = IndexWriter::begin(*index).value();
    ASSERT_TRUE(writer->begin_transfer({.fmid = node.fmid,
                                        .source = top(0),
                                        .target = top(1),
                                        .name = "b.eml",
                                        .replaced = there.ref.key,
                                        .size = mail("a").size(),
                                        .id10 = {},
                                        .fingerprint = given.value()}));
    ASSERT_TRUE(writer->commit());
  }
  replace_as_others(1, mail("a"));
  ASSERT_TRUE(save(top(0), "a.eml", mail("edited"), node.fmid));
  close();
  open_both();
  EXPECT_TRUE(until([&] { return journal_is_empty(); })) << errors.text();
  EXPECT_EQ(text_of(node.fmid), mail("edited"));
  EXPECT_TRUE(until([&] { return text_of(there.node.fmid) == mail("a"); })) << "it stays where it has replaced another";
}

TEST_F(CopierTest, WhatIsLeftInTheSourceIsNotSeenAgain) {
  const Node node = save(top(0), "a.eml", mail("a")).value();
  faults("a", "remove * fail disconnected\n");
  ASSERT_TRUE(move(node, "a.eml"));
  EXPECT_EQ(held_by(0), 1u);
  ASSERT_TRUE(store->contexts()[0]->refresh_folder(call(), top(0)));
  EXPECT_EQ(rows(top(0)), 0u);
  close();
  open_both();
  ASSERT_TRUE(store->contexts()[0]->refresh_folder(call(), top(0)));
  EXPECT_EQ(rows(top(0)), 0u) << "after a restart";
  EXPECT_EQ(rows(top(1)), 1u);
  faults("a", "");
  expect_one_copy(mail("a"), "the source answers again");
  EXPECT_EQ(held_by(0), 0u);
}

TEST_F(CopierTest, AFolderWhoseMessagesAreGoneCanBeRemoved) {
  const Fmid sub = folder(top(0), "sub");
  for (int i = 0; i < 20; ++i) {
    const std::string name = std::to_string(i) + ".eml";
    ASSERT_TRUE(move(save(sub, name, mail(name)).value(), name));
  }
  EXPECT_TRUE(store->remove_folder(call(), index->node(sub).value()));
  EXPECT_EQ(rows(top(1)), 20u);
}

TEST_F(CopierTest, AnEndInTheMiddleLeavesOneCopy) {
  const Node node = save(top(0), "a.eml", mail("a")).value();
  copy_unknown(node, mail("a"), 0, 1);
  EXPECT_EQ(held_by(1), 1u);
  std::this_thread::sleep_for(100ms);
  EXPECT_EQ(rows(top(1)), 0u);
  close();
  open_both();
  expect_one_copy(mail("a"), "restarted");
  EXPECT_EQ(held_by(0), 1u) << "nobody was told that it was moved";
  EXPECT_EQ(index->node(node.fmid)->parent, top(0));
}

TEST_F(CopierTest, WhatIsLeftOfAnEarlierMoveIsNotTakenForTheNewCopy) {
  const Node node = save(top(0), "a.eml", mail("a")).value();
  faults("a", "remove * fail disconnected\n");
  ASSERT_TRUE(move(node, "a.eml"));
  copy_unknown(node, mail("a"), 1, 0);
  EXPECT_EQ(held_by(0), 2u) << "the old one and the new one";
  close();
  faults("a", "");
  open_both();
  expect_one_copy(mail("a"), "restarted");
  EXPECT_EQ(held_by(0), 0u);
  EXPECT_EQ(index->node(node.fmid)->parent, top(1));
}

TEST_F(CopierTest, WhatOthersChangedMeanwhileStays) {
  const Node node = save(top(0), "a.eml", mail("a")).value();
  faults("a", "remove * fail disconnected\n");
  ASSERT_TRUE(move(node, "a.eml"));
  // Another program writes a new version before the old one could be removed.
  replace_as_others(0, mail("a", "a new version"));
  faults("a", "");
  EXPECT_TRUE(until([&] { return rows(top(0)) == 1 && journal_is_empty(); })) << errors.text();
  EXPECT_EQ(rows(top(1)), 1u);
  EXPECT_EQ(text_of(node.fmid), mail("a"));
}

TEST(Doubt, EachHoldsForMoreErrorsThanTheOneBefore) {
  for (const Errc code : {Errc::timed_out, Errc::cancelled, Errc::disconnected})
    EXPECT_TRUE(is_cut_off(code) && is_doubtful(code) && is_without_answer(code)) << name(code);
  EXPECT_TRUE(!is_cut_off(Errc::io) && is_doubtful(Errc::io) && is_without_answer(Errc::io));
  for (const Errc code : {Errc::unreachable, Errc::connection_refused, Errc::authentication_failed})
    EXPECT_TRUE(!is_cut_off(code) && !is_doubtful(code) && is_without_answer(code)) << name(code);
  for (const Errc code : {Errc::no_space, Errc::stale, Errc::not_found, Errc::busy, Errc::access_denied})
    EXPECT_FALSE(is_without_answer(code)) << "the medium's word: " << name(code);
}

}  // namespace
}  // namespace mapistore::testing::copier_test
