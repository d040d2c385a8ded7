#include "core/store.h"

#include <atomic>

#include "tests/unit/core/index_fixture.h"
#include "tests/unit/core/store_fixture.h"

namespace mapistore::testing::store_test {
namespace {

using namespace std::chrono_literals;

TEST_F(StoreTest, SavesAndReadsBackTheBytes) {
  start();
  const auto saved = save(root(), "a.eml", mail("a"));
  ASSERT_TRUE(saved) << saved.error().to_string();
  EXPECT_EQ(saved->name, "a.eml");
  EXPECT_EQ(saved->size, mail("a").size());
  EXPECT_EQ(text_of(saved->fmid), mail("a"));
  EXPECT_EQ(in_medium(), 1u);
  EXPECT_EQ(rows(root()), 1u);
}

TEST_F(StoreTest, ReplacesUnderTheSameFmid) {
  start();
  const Node first = save(root(), "a.eml", mail("a")).value();
  const auto edited = save(root(), "a.eml", mail("a", "edited"), first.fmid);
  ASSERT_TRUE(edited) << edited.error().to_string();
  EXPECT_EQ(edited->fmid, first.fmid);
  EXPECT_EQ(text_of(first.fmid), mail("a", "edited"));
  EXPECT_EQ(in_medium(), 1u);
}

TEST_F(StoreTest, LetsAnotherMessageTakeTheName) {
  start();
  const Node first = save(root(), "a.eml", mail("a")).value();
  const Node second = save(root(), "a.eml", mail("b")).value();
  EXPECT_NE(second.fmid, first.fmid);
  EXPECT_EQ(rows(root()), 1u);
  EXPECT_EQ(in_medium(), 1u);
  EXPECT_EQ(text_of(second.fmid), mail("b"));
  EXPECT_EQ(code(index->node(first.fmid)), Errc::not_found);
}

TEST_F(StoreTest, AFailedSaveLeavesNothing) {
  start();
  for (const Errc error :
       {Errc::no_space, Errc::quota_exceeded, Errc::timed_out, Errc::disconnected, Errc::access_denied}) {
    plan("save * fail " + std::string(name(error)) + "\n");
    EXPECT_EQ(code(save(root(), "a.eml", mail("a"))), error);
    EXPECT_EQ(rows(root()), 0u);
    EXPECT_EQ(in_medium(), 0u);
  }
  plan("");
  EXPECT_TRUE(save(root(), "a.eml", mail("a")));
}

TEST_F(StoreTest, AFailedReplaceLeavesTheOldOne) {
  start();
  const Node first = save(root(), "a.eml", mail("a")).value();
  plan("save * fail no_space\n");
  EXPECT_EQ(code(save(root(), "a.eml", mail("a", "edited"), first.fmid)), Errc::no_space);
  EXPECT_EQ(text_of(first.fmid), mail("a"));
}

TEST_F(StoreTest, ContentThatIsNotWhatItsNameSaysIsRefused) {
  start();
  EXPECT_EQ(code(save(root(), "a.ics", "this is no calendar")), Errc::invalid_content);
  EXPECT_EQ(rows(root()), 0u);
  EXPECT_EQ(in_medium(), 0u);
}

TEST_F(StoreTest, ASaveThatWasDoneButDeniedShowsOnceAtMost) {
  start();
  plan("save * after fail timed_out times 1\n");
  EXPECT_EQ(code(save(root(), "a.eml", mail("a"))), Errc::timed_out);
  plan("");
  ASSERT_TRUE(live().ensure_listed(call(), root()));
  EXPECT_TRUE(until([&] { return rows(root()) == in_medium(); })) << rows(root()) << " of " << in_medium();
  EXPECT_EQ(rows(root()), 1u) << "the medium has it: it is found, once";
}

TEST_F(StoreTest, ALateReportDoesNotUndoAnEditInTheIndex) {
  start();
  const Node first = save(root(), "a.eml", mail("a")).value();
  const Key key = index->message(first.fmid)->ref.key;
  // What is told here was read before the edit, and comes after it.
  plan("inspect " + key.bytes + " after hang 0.5 times 1\n");
  const std::jthread reporter{[&] { EXPECT_TRUE(live().refresh(call(), root(), key)); }};
  std::this_thread::sleep_for(100ms);
  ASSERT_TRUE(save(root(), "a.eml", mail("a", "edited once"), first.fmid));
  std::this_thread::sleep_for(600ms);
  EXPECT_EQ(index->node(first.fmid)->size, mail("a", "edited once").size());
  const auto again = save(root(), "a.eml", mail("a", "edited twice, and longer"), first.fmid);
  EXPECT_TRUE(again) << again.error().to_string();
  EXPECT_EQ(rows(root()), 1u);
}

TEST_F(StoreTest, ALateReportDoesNotBringBackWhatWasRemoved) {
  start({.purge = true});
  const Node first = save(root(), "a.eml", mail("a")).value();
  plan("changes * after hang 0.5 times 1\n");
  const std::jthread lister{[&] { EXPECT_TRUE(live().refresh_folder(call(), root())); }};
  std::this_thread::sleep_for(100ms);
  ASSERT_TRUE(store->remove(call(), first));
  std::this_thread::sleep_for(600ms);
  EXPECT_EQ(rows(root()), 0u);
}

/// A medium that tells only what has changed would never tell of it again.
TEST_F(StoreTest, ALateReportDoesNotBringBackWhatAnotherSaidIsGone) {
  start();
  const Node first = save(root(), "a.eml", mail("a")).value();
  const Key key = index->message(first.fmid)->ref.key;
  plan("inspect " + key.bytes + " after hang 0.5 times 1\n");
  {
    const std::jthread reporter{[&] { EXPECT_TRUE(live().refresh(call(), root(), key)); }};
    std::this_thread::sleep_for(100ms);
    ASSERT_TRUE(medium->remove(call(), {}, index->message(first.fmid)->ref));
    ASSERT_TRUE(live().refresh_folder(call(), root()));
    EXPECT_EQ(rows(root()), 0u);
  }
  EXPECT_EQ(rows(root()), 0u) << "what was told late is asked for again";
}

TEST_F(StoreTest, ALateListingDoesNotUndoWhatWasReportedMeanwhile) {
  plan("start * fail unsupported\n");
  start();
  const Node first = save(root(), "a.eml", mail("a")).value();
  const Key key = index->message(first.fmid)->ref.key;
  const auto set_behind = [&](State state) {
    return medium->set_state(call(), {}, index->message(first.fmid)->ref, {.state = std::move(state), .received = {}});
  };
  ASSERT_TRUE(set_behind({.read = true, .categories = {}}));
  plan("changes * after hang 0.5 times 1\n");
  {
    const std::jthread lister{[&] { EXPECT_TRUE(live().refresh_folder(call(), root())); }};
    std::this_thread::sleep_for(100ms);
    ASSERT_TRUE(set_behind({.flagged = true, .categories = {}}));
    ASSERT_TRUE(live().refresh(call(), root(), key));
  }
  const State now = index->message(first.fmid)->state;
  EXPECT_TRUE(now.flagged && !now.read);
}

TEST_F(StoreTest, AListingShowsWhatCameDuringAnother) {
  plan("start * fail unsupported\n");
  start();
  plan("changes * after hang 0.5 times 1\n");
  const std::jthread lister{[&] { EXPECT_TRUE(live().refresh_folder(call(), root())); }};
  std::this_thread::sleep_for(100ms);
  ASSERT_TRUE(testing_backends::save(*medium, "behind.eml", mail("behind")));
  ASSERT_TRUE(live().refresh_folder(call(), root()));
  EXPECT_EQ(rows(root()), 1u);
}

TEST_F(StoreTest, WhatIsNotWhereItsFolderWasIsNotGone) {
  start();
  const Fmid moved = folder(root(), "moved"), target = folder(root(), "target");
  const Node message = save(moved, "a.eml", mail("a")).value();
  const Key key = index->message(message.fmid)->ref.key;
  for (const char* fault : {"inspect * hang 0.4 times 1\n", "rename_folder * after hang 0.4 times 1\n"}) {
    plan(fault);
    const Fmid to = index->node(moved)->parent == root() ? target : root();
    const auto move = [&] { EXPECT_TRUE(store->move_folder(call(), index->node(moved).value(), to, "moved")); };
    const auto ask = [&] { EXPECT_TRUE(live().refresh(call(), moved, key)); };
    const bool asks_first = std::string_view{fault}.starts_with("inspect");
    {
      const std::jthread first{[&] { asks_first ? ask() : move(); }};
      std::this_thread::sleep_for(100ms);
      asks_first ? move() : ask();
    }
    EXPECT_TRUE(index->node(message.fmid)) << fault;
    EXPECT_EQ(text_of(message.fmid), mail("a")) << fault;
  }
}

TEST_F(StoreTest, AMessageThatMovesWhileItIsBeingOpenedIsFound) {
  start();
  const Node message = save(root(), "a.eml", mail("a")).value();
  const Fmid target = folder(root(), "target");
  plan("open * hang 0.4 times 1\n");
  std::string read;
  {
    const std::jthread reader{[&] { read = text_of(message.fmid); }};
    std::this_thread::sleep_for(100ms);
    EXPECT_TRUE(store->move_message(call(), message, target, "a.eml", {}));
  }
  EXPECT_EQ(read, mail("a"));
}

TEST_F(StoreTest, AMessageThatIsBeingSavedIsNotTakenForAnothers) {
  start();
  plan("save * after hang 0.5 times 1\n");
  const Fmid fmid = index->new_fmid().value();
  const std::jthread saver{[&] { EXPECT_TRUE(save(root(), "a.eml", mail("a"), fmid)); }};
  ASSERT_TRUE(until([&] { return in_medium() == 1; }));
  ASSERT_TRUE(live().refresh_folder(call(), root()));
  EXPECT_EQ(rows(root()), 1u) << "the report waited for the save";
  EXPECT_EQ(index->find(root(), "a.eml")->fmid, fmid);
  EXPECT_FALSE(observer.has("appeared a.eml"));
}

TEST_F(StoreTest, ASaveNobodyWaitsForIsUndone) {
  start();
  plan("save * hang 0.3\n");
  EXPECT_EQ(code(save(root(), "a.eml", mail("a"), {}, call(50ms))), Errc::timed_out);
  EXPECT_EQ(in_medium(), 0u);
  EXPECT_EQ(rows(root()), 0u);
  std::stop_source stop;
  const std::jthread stopper{[&] {
    std::this_thread::sleep_for(50ms);
    stop.request_stop();
  }};
  EXPECT_EQ(code(save(root(), "a.eml", mail("a"), {}, Call::within(10s, stop.get_token()))), Errc::cancelled);
  EXPECT_EQ(in_medium(), 0u);
}

TEST_F(StoreTest, RemovesIntoTheTrashThenForGood) {
  start();
  const Node first = save(root(), "a.eml", mail("a")).value();
  ASSERT_TRUE(store->remove(call(), first));
  EXPECT_EQ(rows(root()), 0u);
  const Fmid trash = live().trash(call()).value();
  ASSERT_EQ(rows(trash), 1u);
  const Node trashed = index->find(trash, "a.eml").value();
  EXPECT_EQ(trashed.fmid, first.fmid);
  EXPECT_EQ(text_of(first.fmid), mail("a"));
  const Node second = save(root(), "a.eml", mail("b")).value();
  ASSERT_TRUE(store->remove(call(), second));
  EXPECT_EQ(rows(trash), 2u) << "equal names in the trash";
  ASSERT_TRUE(store->remove(call(), trashed));
  EXPECT_EQ(rows(trash), 1u);
  EXPECT_EQ(code(index->node(first.fmid)), Errc::not_found);
}

TEST_F(StoreTest, WhatHasNoRoomInTheTrashStaysAndSaysTheWayOut) {
  start();
  const Node node = save(root(), "a.eml", mail("a")).value();
  plan("move * fail no_space\n");
  const auto refused = store->remove(call(), node);
  ASSERT_EQ(code(refused), Errc::no_space);
  EXPECT_EQ(refused.error().object, "a.eml");
  EXPECT_NE(refused.error().hint.find("delete=purge"), std::string::npos) << refused.error().to_string();
  EXPECT_EQ(rows(root()), 1u);
  plan("");
  EXPECT_TRUE(store->remove(call(), node));
}

TEST_F(StoreTest, RemovedBySeveralAtOnceIsInTheTrashOnce) {
  start();
  for (std::size_t round = 1; round <= 20; ++round) {
    const Node message = save(root(), "a.eml", mail("a")).value();
    std::atomic<int> removed = 0, found_gone = 0;
    {
      std::vector<std::jthread> crew;
      for (int i = 0; i < 4; ++i)
        crew.emplace_back([&] {
          const auto done = store->remove(call(), message);
          if (done) ++removed;
          if (!done && done.error().code == Errc::not_found) ++found_gone;
        });
    }
    EXPECT_EQ(removed, 1);
    EXPECT_EQ(found_gone, 3);
    ASSERT_EQ(rows(live().trash(call()).value()), round);
  }
}

TEST_F(StoreTest, EqualNamesThatAreRemovedAtOnceAreBothInTheTrash) {
  start();
  const Node one = save(folder(root(), "d"), "a.eml", mail("a")).value(),
             other = save(root(), "a.eml", mail("b")).value();
  plan("move * hang 0.2\n");
  {
    const std::jthread first{[&] { EXPECT_TRUE(store->remove(call(), one)); }};
    const std::jthread second{[&] { EXPECT_TRUE(store->remove(call(), other)); }};
  }
  EXPECT_EQ(rows(live().trash(call()).value()), 2u);
  EXPECT_EQ(text_of(one.fmid), mail("a"));
  EXPECT_EQ(text_of(other.fmid), mail("b"));
}

TEST_F(StoreTest, PurgesFromTheTrashWhatIsOldThere) {
  start();
  const auto now = [] {
    return std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
  };
  const Fmid inner = folder(live().trash(call()).value(), "inner");
  const Node kept = save(root(), "kept.eml", mail("kept")).value();
  for (const char* name : {"a.eml", "b.eml"})
    ASSERT_TRUE(store->remove(call(), save(root(), name, mail(name)).value()));
  ASSERT_TRUE(save(inner, "c.eml", mail("c")));
  EXPECT_EQ(store->purge_trash(call(), live(), now() - 1h), 0u);
  const Time limit = now();
  ASSERT_TRUE(store->remove(call(), save(root(), "late.eml", mail("late")).value()));
  EXPECT_EQ(store->purge_trash(call(), live(), limit), 3u);
  const Fmid trash = live().trash(call()).value();
  EXPECT_EQ(rows(trash), 2u) << "the folder stays, and what was removed later";
  EXPECT_TRUE(index->find(trash, "late.eml"));
  EXPECT_EQ(rows(inner), 0u);
  EXPECT_TRUE(observer.has("vanished a.eml"));
  EXPECT_EQ(text_of(kept.fmid), mail("kept"));
}

TEST_F(StoreTest, PurgesIfThePolicySaysSo) {
  start({.read_only = false, .purge = true});
  ASSERT_TRUE(store->remove(call(), save(root(), "a.eml", mail("a")).value()));
  EXPECT_EQ(rows(live().trash(call()).value()), 0u);
  EXPECT_EQ(in_medium(), 0u);
}

TEST_F(StoreTest, RestoresFromTheTrashUnderTheSameFmid) {
  start();
  const Node first = save(root(), "a.eml", mail("a")).value();
  ASSERT_TRUE(store->remove(call(), first));
  const Node trashed = index->node(first.fmid).value();
  ASSERT_TRUE(store->move_message(call(), trashed, root(), "back.eml", {}));
  EXPECT_EQ(index->find(root(), "back.eml")->fmid, first.fmid);
  EXPECT_EQ(text_of(first.fmid), mail("a"));
}

TEST_F(StoreTest, MovesAndRenamesMessages) {
  start();
  const Fmid sub = folder(root(), "sub");
  const Node first = save(root(), "a.eml", mail("a")).value();
  ASSERT_TRUE(store->move_message(call(), first, root(), "b.eml", {}));
  EXPECT_EQ(index->find(root(), "b.eml")->fmid, first.fmid);
  ASSERT_TRUE(store->move_message(call(), index->node(first.fmid).value(), sub, "c.eml", {}));
  EXPECT_EQ(index->find(sub, "c.eml")->fmid, first.fmid);
  EXPECT_EQ(in_medium(), 0u);
  EXPECT_EQ(text_of(first.fmid), mail("a"));
  const Node other = save(sub, "d.eml", mail("d")).value();
  ASSERT_TRUE(store->move_message(call(), index->node(first.fmid).value(), sub, "d.eml", other));
  EXPECT_EQ(rows(sub), 1u);
  EXPECT_EQ(index->find(sub, "d.eml")->fmid, first.fmid);
}

TEST_F(StoreTest, AFailedMoveLeavesBothPlaces) {
  start();
  const Fmid sub = folder(root(), "sub");
  const Node first = save(root(), "a.eml", mail("a")).value();
  const Node other = save(sub, "b.eml", mail("b")).value();
  plan("move * fail disconnected\n");
  EXPECT_EQ(code(store->move_message(call(), first, sub, "b.eml", other)), Errc::disconnected);
  EXPECT_EQ(text_of(first.fmid), mail("a"));
  EXPECT_EQ(text_of(other.fmid), mail("b"));
  EXPECT_EQ(index->node(first.fmid)->parent, root());
}

TEST_F(StoreTest, RenamesFoldersWithAllBelow) {
  start();
  const Fmid a = folder(root(), "a"), b = folder(a, "b"), x = folder(root(), "x");
  const Node deep = save(b, "m.eml", mail("m")).value();
  ASSERT_TRUE(store->move_folder(call(), index->node(a).value(), x, "renamed"));
  EXPECT_EQ(index->find(x, "renamed")->fmid, a);
  EXPECT_EQ(index->node(deep.fmid)->parent, b);
  EXPECT_EQ(text_of(deep.fmid), mail("m"));
  ASSERT_TRUE(save(b, "n.eml", mail("n")));
  EXPECT_EQ(code(store->move_folder(call(), index->node(x).value(), b, "inside")), Errc::invalid_argument);
  EXPECT_EQ(code(store->move_folder(call(), index->node(root()).value(), x, "root")), Errc::not_permitted);
}

TEST_F(StoreTest, RemovesOnlyEmptyFolders) {
  start();
  const Fmid a = folder(root(), "a");
  const Node message = save(a, "m.eml", mail("m")).value();
  EXPECT_EQ(code(store->remove_folder(call(), index->node(a).value())), Errc::not_empty);
  ASSERT_TRUE(store->purge(call(), message));
  ASSERT_TRUE(store->remove_folder(call(), index->node(a).value()));
  EXPECT_EQ(code(index->node(a)), Errc::not_found);
  EXPECT_EQ(code(store->remove_folder(call(), index->node(root()).value())), Errc::not_permitted);
  EXPECT_EQ(code(store->make_folder(call(), root(), "b", 0700)), Errc{});
  EXPECT_EQ(code(store->make_folder(call(), root(), "b", 0700)), Errc::exists);
}

TEST_F(StoreTest, ChangesStateAndReceivedTime) {
  start();
  const Node first = save(root(), "a.eml", mail("a")).value();
  StateChange change{.state = State{}, .received = Time{std::chrono::seconds{1'000'000}}};
  change.state->read = true;
  change.state->categories = {"red", "blue"};
  ASSERT_TRUE(store->change_state(call(), first.fmid, change));
  const StoredMessage now = index->message(first.fmid).value();
  EXPECT_EQ(now.state, *change.state);
  EXPECT_EQ(now.node.modified, *change.received);
  EXPECT_EQ(text_of(first.fmid), mail("a"));
  // An edit keeps them.
  ASSERT_TRUE(save(root(), "a.eml", mail("a", "edited"), first.fmid));
  EXPECT_EQ(index->message(first.fmid)->state, *change.state);
}

TEST_F(StoreTest, RefusesChangesWhenReadOnly) {
  start({.read_only = true, .purge = false});
  EXPECT_EQ(code(save(root(), "a.eml", mail("a"))), Errc::read_only);
  EXPECT_EQ(code(store->make_folder(call(), root(), "f", 0700)), Errc::read_only);
  EXPECT_EQ(in_medium(), 0u);
}

TEST_F(StoreTest, NoticesWhatHappensBehindItsBack) {
  start();
  const Entry other = testing_backends::save(*medium, "other.eml", mail("other")).value();
  ASSERT_TRUE(until([&] { return rows(root()) == 1; }));
  const auto row = index->by_key(root(), other.key);
  ASSERT_TRUE(row);
  EXPECT_TRUE(until([&] { return observer.has("appeared " + row->node.name); }));
  ASSERT_TRUE(medium->remove({}, {}, testing_backends::ref(other)));
  ASSERT_TRUE(until([&] { return rows(root()) == 0; }));
  EXPECT_TRUE(until([&] { return observer.has("vanished " + row->node.name); }));
  ASSERT_TRUE(medium->create_folder({}, {}, "made"));
  ASSERT_TRUE(until([&] { return index->find(root(), "made").has_value(); }));
}

TEST_F(StoreTest, KeepsNamesWhileOthersReplaceBytes) {
  start();
  const Node first = save(root(), "a.eml", mail("a")).value();
  const auto ref = index->message(first.fmid)->ref;
  ASSERT_TRUE(testing_backends::save(*medium, "ignored.eml", mail("a", "longer than before"), &ref));
  ASSERT_TRUE(until([&] { return index->node(first.fmid)->size == mail("a", "longer than before").size(); }));
  EXPECT_TRUE(until([&] { return observer.has("bytes"); }));
  EXPECT_EQ(index->node(first.fmid)->name, "a.eml");
  // An edit of what has changed meanwhile must not overwrite it unseen.
  EXPECT_EQ(text_of(first.fmid), mail("a", "longer than before"));
}

TEST_F(StoreTest, TakesALyingListingForWhatItIs) {
  for (const char* name : {"twice.eml", "never.eml", "large.eml"})
    ASSERT_TRUE(testing_backends::save(*medium, name, mail(name)));
  plan("changes *twice* duplicate\nchanges *never* drop\nchanges *large* wrong_size 41\n");
  start();
  EXPECT_EQ(rows(root()), 2u) << "reported twice, stored once; not reported, not stored";
  Fmid large;
  static_cast<void>(index->list(root(), Fmid{}, [&](const Node& node) {
    if (node.size == mail("large.eml").size() + 41) large = node.fmid;
    return true;
  }));
  ASSERT_TRUE(large);
  plan("");
  EXPECT_EQ(text_of(large), mail("large.eml"));
  EXPECT_TRUE(until([&] { return index->node(large)->size == mail("large.eml").size(); }))
      << "an open corrects the size";
  // What a listing hid comes in with the first event about it.
  for (const auto& [key, listed] : testing_backends::list(*medium).messages)
    if (key.ends_with("never.eml")) {
      ASSERT_TRUE(medium->set_state({}, {}, testing_backends::ref(listed), {.state = State{}, .received = {}}));
    }
  EXPECT_TRUE(until([&] { return rows(root()) == 3; }));
}

TEST_F(StoreTest, AMessageThatListingsLeaveOutDoesNotVanishWhileItIsThere) {
  ASSERT_TRUE(testing_backends::save(*medium, "hidden.eml", mail("hidden")));
  start();
  ASSERT_EQ(rows(root()), 1u);
  plan("changes *hidden* drop\n");
  ASSERT_TRUE(medium->create_folder({}, {}, "poke"));
  ASSERT_TRUE(until([&] { return index->find(root(), "poke").has_value(); }));
  EXPECT_TRUE(index->find(root(), "poke"));
  EXPECT_EQ(rows(root()), 2u);
}

TEST_F(StoreTest, AContextThatDoesNotOpenTellsWhyAndHeals) {
  plan("open_context * fail authentication_failed\n");
  open();
  const auto refused = live().medium(call());
  EXPECT_EQ(code(refused), Errc::authentication_failed);
  EXPECT_EQ(live().health().condition, LiveContext::Condition::down);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(code(live().medium(call())), Errc::authentication_failed);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 1s) << "at once";
  EXPECT_EQ(code(save(root(), "a.eml", mail("a"))), Errc::authentication_failed);
  plan("");
  EXPECT_TRUE(until([&] { return live().medium(call()).has_value(); }));
  EXPECT_TRUE(until([&] { return live().health().condition == LiveContext::Condition::ready; }));
  EXPECT_TRUE(save(root(), "a.eml", mail("a")));
}

TEST_F(StoreTest, AFolderThatCannotBeListedIsListedLater) {
  ASSERT_TRUE(medium->create_folder({}, {}, "bad"));
  ASSERT_TRUE(testing_backends::save(*medium, "good.eml", mail("good")));
  plan("changes *bad* fail disconnected\n");
  open();
  ASSERT_TRUE(until([&] { return live().health().condition == LiveContext::Condition::down; }));
  EXPECT_EQ(rows(root()), 2u) << "the others are there";
  plan("");
  EXPECT_TRUE(until([&] { return live().health().condition == LiveContext::Condition::ready; }));
}

TEST_F(StoreTest, AStalledMediumIsGivenUpAtTheDeadline) {
  start();
  const Node first = save(root(), "a.eml", mail("a")).value();
  plan("open * stall 30\n");
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(code(store->open(call(100ms), first.fmid)), Errc::timed_out);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 3s);
}

TEST_F(StoreTest, StopSaysWhenAMediumHoldsACall) {
  start();
  plan("* * hang 1\n");
  const Fmid top = root();
  ASSERT_TRUE(live().workers().submit([this, top] { static_cast<void>(save(top, "a.eml", mail("a"))); }));
  std::this_thread::sleep_for(100ms);
  EXPECT_FALSE(store->stop(std::chrono::steady_clock::now() + 50ms));
  // Destroying it now would be wrong; wait until it has come back.
  std::this_thread::sleep_for(4s);
}

TEST_F(StoreTest, WhatBytesCannotTellIsKeptByTheMediumThatCan) {
  start();
  const SideProperties side{{"", "0x6abc@LONG", "7"}, {"recipients", "", "[]"}};
  const Fmid a = save(root(), "a.eml", mail("a"))->fmid;
  ASSERT_TRUE(store->change_state(call(), a, {}, &side));
  const auto in_medium = [&] { return testing_backends::list(*medium).messages.begin()->second; };
  EXPECT_EQ(in_medium().properties, side);
  // New bytes leave what still fits them.
  ASSERT_TRUE(save(root(), "a.eml", mail("a", "other"), a));
  EXPECT_EQ(in_medium().properties, SideProperties{side.front()});
  EXPECT_EQ(index->side_properties(a).value(), SideProperties{side.front()});
  // What another program makes of them is seen.
  const SideProperties theirs{{"", "0x6abc@LONG", "8"}};
  ASSERT_TRUE(medium->set_state(call(), {}, testing_backends::ref(in_medium()),
                                {.state = {}, .received = {}, .properties = theirs}));
  EXPECT_TRUE(until([&] { return index->side_properties(a).value() == theirs; }));
}

TEST_F(StoreTest, AnEditDoesNotReplaceWhatTookItsName) {
  start();
  const Node edited = save(root(), "a.eml", mail("a")).value();
  ASSERT_TRUE(store->remove(call(), edited));
  const Fmid other = save(root(), "a.eml", mail("other"))->fmid;
  testing_backends::TextBody body{mail("a", "edited")};
  Store::Save what{.fmid = edited.fmid,
                   .parent = root(),
                   .name = "a.eml",
                   .body = &body,
                   .received = {},
                   .like = {},
                   .state = {},
                   .side = {},
                   .copy_of = {},
                   .edits = true};
  // In the trash it is still what it was; gone for good it is not to come back in another's place.
  ASSERT_TRUE(store->purge(call(), index->node(edited.fmid).value()));
  EXPECT_EQ(code(store->save(call(), what)), Errc::stale);
  EXPECT_EQ(text_of(other), mail("other"));
  what.edits = false;
  EXPECT_TRUE(store->save(call(), what));
  EXPECT_EQ(in_medium(), 1u);
}

TEST_F(StoreTest, UsageTellsTheQuota) {
  start();
  const auto usage = store->usage(call(), live().row().id);
  ASSERT_TRUE(usage);
  EXPECT_EQ(usage->bytes_total, 0u) << "no limit";
}

}  // namespace
}  // namespace mapistore::testing::store_test
