#include <array>
#include <set>

#include "tests/conformance/suite.h"

namespace mapistore::conformance::abilities_test {
namespace {

class Abilities : public Suite {
 protected:
  Moving& moving() { return *context_->ability<Moving>(); }
  State marked() const {
    State state;
    state.read = state.flagged = true;
    state.categories = {"Blue"};
    return state;
  }
  const Time then_ = Time{std::chrono::sys_days{std::chrono::year{2001} / 2 / 3}};
};
MAPISTORE_BACKENDS(Abilities, subjects);

/// Those of `Each` that `context` offers.
template <class... Each>
std::set<AbilityId> offered(Context& context) {
  std::set<AbilityId> found;
  ((context.ability<Each>() != nullptr ? static_cast<void>(found.insert(Each::id)) : void()), ...);
  EXPECT_TRUE(name(AbilityId{sizeof...(Each) + 1}).empty()) << "is not asked for here";
  return found;
}

std::vector<std::string_view> names(const std::set<AbilityId>& abilities) {
  std::vector<std::string_view> all;
  for (const AbilityId id : abilities) all.push_back(name(id));
  return all;
}

TEST_P(Abilities, AreThoseThatAreDeclared) {
  const std::set<AbilityId> there =
      offered<Moving, Watching, Trashing, Quota, Durability, Reading, Searching, Describing, PartReading>(*context_);
  EXPECT_TRUE(!there.contains(AbilityId::trashing) || there.contains(AbilityId::moving)) << "trashing implies moving";
  EXPECT_EQ(names(there), names(GetParam().abilities.value_or(there)));
}

class Moves : public Abilities {
 protected:
  void SetUp() override {
    if (context_->ability<Moving>() == nullptr) GTEST_SKIP() << "not offered";
  }
};
MAPISTORE_BACKENDS(Moves, with_moving);

TEST_P(Moves, AMoveKeepsBytesStateAndTime) {
  const FolderPath target = must_create("Target");
  const auto saved = save("mail.eml", sample("mail"), {}, nullptr, marked(), then_);
  ASSERT_TRUE(ok(saved));
  const auto moved = moving().move(soon(), {}, ref(*saved), target, "moved.eml", nullptr);
  ASSERT_TRUE(ok(moved));
  EXPECT_EQ(moved->state, marked());
  EXPECT_EQ(moved->received, then_);
  EXPECT_EQ(moved->identity, saved->identity);
  EXPECT_EQ(moved->name, context_->profile().names_on_medium ? "moved.eml" : "");
  EXPECT_TRUE(same(bytes_of(*moved, target), sample("mail")));
  EXPECT_TRUE(list().messages.empty());
  EXPECT_EQ(list(target).messages.size(), 1u);
}

TEST_P(Moves, AMoveInsideAFolderRenamesWhereNamesAreKept) {
  const auto saved = save("old.eml", sample("mail"), {}, nullptr, marked(), then_);
  ASSERT_TRUE(ok(saved));
  const auto moved = moving().move(soon(), {}, ref(*saved), {}, "new.eml", nullptr);
  ASSERT_TRUE(ok(moved));
  EXPECT_EQ(moved->name, context_->profile().names_on_medium ? "new.eml" : "");
  EXPECT_EQ(moved->state, marked());
  EXPECT_TRUE(ok(moving().move(soon(), {}, ref(*moved), {}, "new.eml", nullptr))) << "to where it is";
  EXPECT_EQ(list().messages.size(), 1u);
}

TEST_P(Moves, AMoveOverAMessageReplacesIt) {
  const FolderPath target = must_create("Target");
  const Entry source = must_save("same.eml", sample("winner"));
  const auto loser = save("same.eml", sample("loser"), target, nullptr, marked());
  ASSERT_TRUE(ok(loser));
  if (context_->profile().names_on_medium) {
    EXPECT_EQ(code(moving().move(soon(), {}, ref(source), target, "same.eml", nullptr)), Errc::exists);
  }
  MessageRef stale = ref(*loser);
  stale.change.bytes += "x";
  EXPECT_EQ(code(moving().move(soon(), {}, ref(source), target, "same.eml", &stale)), Errc::stale);
  EXPECT_EQ(list().messages.size(), 1u);
  const MessageRef replaced = ref(*loser);
  const auto moved = moving().move(soon(), {}, ref(source), target, "same.eml", &replaced);
  ASSERT_TRUE(ok(moved));
  EXPECT_EQ(moved->state, State{}) << "the state of the replaced message must go with it";
  EXPECT_TRUE(same(bytes_of(*moved, target), sample("winner")));
  EXPECT_EQ(list(target).messages.size(), 1u);
  EXPECT_TRUE(list().messages.empty());
}

TEST_P(Moves, ACopyLeavesTheSourceAlone) {
  const FolderPath target = must_create("Target");
  const auto saved = save("mail.eml", sample("mail"), {}, nullptr, marked(), then_);
  ASSERT_TRUE(ok(saved));
  const auto copy = moving().copy(soon(), {}, ref(*saved), target, "copy.eml");
  ASSERT_TRUE(ok(copy));
  EXPECT_EQ(copy->state, marked());
  EXPECT_EQ(copy->received, then_);
  EXPECT_EQ(copy->identity == saved->identity, GetParam().same_identity);
  EXPECT_TRUE(same(bytes_of(*copy, target), sample("mail")));
  ASSERT_TRUE(ok(context_->remove(soon(), target, ref(*copy))));
  const Entry left = list().messages.at(saved->key);
  EXPECT_EQ(left.state, marked());
  EXPECT_EQ(left.change, saved->change);
  EXPECT_TRUE(same(bytes_of(left), sample("mail")));
}

TEST_P(Moves, AMissingMessageCannotMove) {
  const Entry saved = must_save("gone.eml", sample("gone"));
  ASSERT_TRUE(ok(context_->remove(soon(), {}, ref(saved))));
  const FolderPath target = must_create("Target");
  EXPECT_EQ(code(moving().move(soon(), {}, ref(saved), target, "gone.eml", nullptr)), Errc::not_found);
  EXPECT_EQ(code(moving().copy(soon(), {}, ref(saved), target, "gone.eml")), Errc::not_found);
  EXPECT_TRUE(list(target).messages.empty());
}

TEST_P(Moves, TheTrashTakesAndGivesBack) {
  if (context_->ability<Trashing>() == nullptr) GTEST_SKIP() << "not offered";
  const FolderPath trash = context_->ability<Trashing>()->trash();
  EXPECT_TRUE(list(trash).messages.empty()) << "a trash that does not exist yet is an empty one";
  for (int round = 0; round < 3; ++round) {
    const auto saved = save("same.eml", sample("same"), {}, nullptr, marked(), then_);
    ASSERT_TRUE(ok(saved));
    ASSERT_TRUE(ok(moving().move(soon(), {}, ref(*saved), trash, "same.eml", nullptr)));
  }
  const Listed deleted = list(trash);
  ASSERT_EQ(deleted.messages.size(), 3u) << "equal names do not collide in the trash";
  EXPECT_TRUE(list().messages.empty());
  const Entry& entry = deleted.messages.begin()->second;
  EXPECT_EQ(entry.state, marked());
  const auto restored = moving().move(soon(), trash, ref(entry), {}, "same.eml", nullptr);
  ASSERT_TRUE(ok(restored));
  EXPECT_EQ(restored->state, marked());
  EXPECT_TRUE(same(bytes_of(*restored), sample("same")));
}

TEST_P(Moves, QuotaIsPlausible) {
  if (context_->ability<Quota>() == nullptr) GTEST_SKIP() << "not offered";
  const auto usage = context_->ability<Quota>()->usage(soon());
  ASSERT_TRUE(ok(usage));
  EXPECT_LE(usage->bytes_free, usage->bytes_total);
  EXPECT_LE(usage->objects_free, usage->objects_total);
}

/// The bodies that were streamed, by their index; what ended incomplete is absent.
struct Streamed : BodySink {
  std::map<std::size_t, std::string> bodies;
  std::map<std::size_t, ChangeKey> changes;
  std::size_t most_bytes = std::string::npos;  ///< then it refuses

  Result<> begin(std::size_t index, const ChangeKey& change, std::uint64_t size) override {
    EXPECT_FALSE(bodies.contains(index)) << "given twice";
    at_ = index;
    size_ = size;
    changes[index] = change;
    bodies[index].clear();
    return {};
  }
  Result<> data(std::span<const std::byte> bytes) override {
    if (bytes.size() > most_bytes) return fail(Errc::no_space);
    most_bytes -= bytes.size();
    bodies[at_].append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {};
  }
  Result<> end(bool complete) override {
    EXPECT_TRUE(!complete || bodies[at_].size() == size_) << "the size told is exact";
    if (!complete) bodies.erase(at_);
    return {};
  }

 private:
  std::size_t at_ = 0;
  std::uint64_t size_ = 0;
};

class ReadingMany : public Abilities {
 protected:
  void SetUp() override {
    if (context_->ability<Reading>() == nullptr) GTEST_SKIP() << "not offered";
  }
  Result<> read(const std::vector<MessageRef>& messages, BodySink& sink, const FolderPath& folder = {}) {
    return context_->ability<Reading>()->read_many(soon(), folder, messages, sink);
  }
};
MAPISTORE_EVERY_BACKEND(ReadingMany);

TEST_P(ReadingMany, GivesEachBodyOnce) {
  const FolderPath folder = GetParam().folders ? must_create("Many") : FolderPath{};
  std::vector<MessageRef> messages;
  std::vector<std::string> bytes;
  for (const std::size_t size : {0u, 1u, 70'000u, 300'000u}) {
    bytes.push_back(sample("m" + std::to_string(size), size));
    messages.push_back(ref(must_save(std::to_string(size) + ".eml", bytes.back(), folder)));
  }
  Streamed sink;
  ASSERT_TRUE(ok(read(messages, sink, folder)));
  ASSERT_EQ(sink.bodies.size(), messages.size());
  for (std::size_t i = 0; i < messages.size(); ++i) {
    EXPECT_TRUE(same(sink.bodies[i], bytes[i]));
    EXPECT_EQ(sink.changes[i], messages[i].change);
  }
  for (const auto& [key, entry] : list(folder).messages) EXPECT_FALSE(entry.state.read) << key.bytes;
}

TEST_P(ReadingMany, LeavesOutWhatIsGoneAndTellsWhatIsNew) {
  const Entry kept = must_save("kept.eml", sample("kept"));
  const Entry gone = must_save("gone.eml", sample("gone"));
  const Entry old = must_save("new.eml", sample("old"));
  ASSERT_TRUE(ok(context_->remove(soon(), {}, ref(gone))));
  const MessageRef replaced = ref(old);
  const auto changed = save("new.eml", sample("new"), {}, &replaced);
  ASSERT_TRUE(ok(changed));
  Streamed sink;
  ASSERT_TRUE(ok(read({ref(kept), ref(gone), ref(old)}, sink)));
  EXPECT_TRUE(same(sink.bodies[0], sample("kept")));
  EXPECT_FALSE(sink.bodies.contains(1));
  if (sink.bodies.contains(2)) {
    EXPECT_TRUE(same(sink.bodies[2], sample("new")));
    EXPECT_EQ(sink.changes[2], changed->change);
  }
  Streamed none;
  EXPECT_TRUE(ok(read({}, none)));
  EXPECT_TRUE(none.bodies.empty());
}

TEST_P(ReadingMany, EndsWithTheSinkAndWithTheCaller) {
  std::vector<MessageRef> messages;
  for (const char* name : {"a", "b", "c"})
    messages.push_back(ref(must_save(std::string(name) + ".eml", sample(name, 100'000))));
  Streamed full;
  full.most_bytes = 150'000;
  EXPECT_EQ(code(read(messages, full)), Errc::no_space);
  Streamed sink;
  EXPECT_EQ(code(context_->ability<Reading>()->read_many(Call::within(std::chrono::seconds{-1}), {}, messages, sink)),
            Errc::timed_out);
  EXPECT_EQ(code(read(messages, sink, {Key{"nowhere"}})), Errc::not_found);
  ASSERT_TRUE(ok(read(messages, sink))) << "it works again";
  EXPECT_EQ(sink.bodies.size(), 3u);
}

class SearchingMany : public Abilities {
 protected:
  void SetUp() override {
    if (context_->ability<Searching>() == nullptr) GTEST_SKIP() << "not offered";
  }
  /// The keys found, or all where the medium cannot tell.
  std::set<std::string> search(const Restriction& restriction, bool& decided) {
    const auto found = context_->ability<Searching>()->search(soon(), {}, restriction);
    std::set<std::string> keys;
    decided = found && found->decided;
    if (!found) {
      EXPECT_EQ(code(found), Errc::unsupported);
      for (const auto& [key, entry] : list({}).messages) keys.insert(key.bytes);
    } else {
      for (const Key& key : found->keys) keys.insert(key.bytes);
    }
    return keys;
  }
};
MAPISTORE_EVERY_BACKEND(SearchingMany);

TEST_P(SearchingMany, NeverFindsTooFew) {
  constexpr PropertyTag subject{0x0037, PropertyType::unicode}, size{0x0e08, PropertyType::long_integer};
  std::vector<Entry> saved;
  for (const char* text : {"fence", "Fences", "gate", "100%_of"})
    saved.push_back(
        must_save(std::string(text) + ".eml", "Subject: the " + std::string(text) + "\r\n\r\n" + text + " body\r\n"));
  using R = Restriction;
  const std::vector<std::pair<R, std::vector<std::size_t>>> expected{
      {R::contains(subject, "FENCE"), {0, 1}},
      {R::contains(subject, "100%_OF"), {3}},
      {R::none_of(R::contains(subject, "fence")), {2, 3}},
      {R::mentions("gate"), {2}},
      {R::any_of({R::contains(subject, "gate"), R::mentions("100%")}), {2, 3}},
      {R::all_of({R::contains(subject, "the"), R::mentions("fences")}), {1}},
      {R::all_of({R::contains(subject, "gate"), R::exists(PropertyTag{0x8fff, PropertyType::unicode})}), {}},
      {R::any_of({R::contains(subject, "gate"), R::compare(size, Relation::greater, std::int64_t{1})}), {0, 1, 2, 3}},
      {R{}, {0, 1, 2, 3}},
  };
  for (std::size_t i = 0; i < expected.size(); ++i) {
    bool decided = false;
    const auto keys = search(expected[i].first, decided);
    for (const std::size_t one : expected[i].second)
      EXPECT_TRUE(keys.contains(saved[one].key.bytes)) << i << ": " << one;
    if (decided) {
      EXPECT_EQ(keys.size(), expected[i].second.size()) << i;
    }
  }
  EXPECT_EQ(code(context_->ability<Searching>()->search(soon(), {Key{"nowhere"}}, R::contains(subject, "x"))),
            Errc::not_found);
  EXPECT_EQ(code(context_->ability<Searching>()->search(Call::within(std::chrono::seconds{-1}), {},
                                                        R::contains(subject, "x"))),
            Errc::timed_out);
}

/// What is told of a folder, and changed where the medium lets it be.
class Describes : public Abilities {
 protected:
  void SetUp() override {
    if (context_->ability<Describing>() == nullptr) GTEST_SKIP() << "not offered";
    // Where collections are the root's folders, it is one of them that has details.
    if (!GetParam().messages) folder_ = must_create("Described");
  }
  Describing& describing() { return *context_->ability<Describing>(); }
  std::string detail(std::string_view name, const Describing::Details& all) {
    const auto found = all.find(name);
    return found != all.end() ? found->second : std::string{};
  }
  FolderPath folder_;
};
MAPISTORE_BACKENDS(Describes, subjects);

TEST_P(Describes, WhatIsSetIsThereAndWhatIsRefusedChangesNothing) {
  const auto all = describing().details(soon(), folder_);
  ASSERT_TRUE(ok(all));
  for (const auto& [name, value] : *all) {
    EXPECT_FALSE(name.empty());
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-"), std::string::npos) << name;
  }
  for (const auto& [name, value] :
       {std::pair{"color", "#12ab9f"}, std::pair{"comment", "Dates & <places>\nof \u00e4ll"}}) {
    const auto before = describing().details(soon(), folder_);
    ASSERT_TRUE(ok(before));
    const auto set = describing().set_detail(soon(), folder_, name, value);
    const auto now = describing().details(soon(), folder_);
    ASSERT_TRUE(ok(now));
    if (!set) {
      EXPECT_EQ(code(set), Errc::unsupported) << name;
      EXPECT_EQ(*now, *before) << name;
      continue;
    }
    EXPECT_EQ(detail(name, *now), value);
    const auto removed = describing().set_detail(soon(), folder_, name, std::nullopt);
    EXPECT_TRUE(removed || code(removed) == Errc::unsupported) << name;
    EXPECT_TRUE(!removed || *describing().details(soon(), folder_) == *before) << name;
  }
}

TEST_P(Describes, NeedsAFolderAndTime) {
  const FolderPath nowhere{Key{"nowhere"}, Key{"at all"}};
  EXPECT_EQ(code(describing().details(soon(), nowhere)), Errc::not_found);
  EXPECT_EQ(code(describing().set_detail(soon(), nowhere, "comment", "x")), Errc::not_found);
  const Call late = Call::within(std::chrono::seconds{-1});
  EXPECT_EQ(code(describing().details(late, folder_)), Errc::timed_out);
  EXPECT_EQ(code(describing().set_detail(late, folder_, "comment", "x")), Errc::timed_out);
}

class ReadsParts : public Abilities {
 protected:
  void SetUp() override {
    if (context_->ability<PartReading>() == nullptr) GTEST_SKIP() << "not offered";
  }
  PartReading& parts() { return *context_->ability<PartReading>(); }
  Result<std::string> range(const MessageRef& message, std::uint64_t offset, std::size_t size) {
    std::string out(size, '?');
    MAPISTORE_CHECK(parts().read_range(soon(), {}, message, offset, std::as_writable_bytes(std::span{out})));
    return out;
  }
};
MAPISTORE_EVERY_BACKEND(ReadsParts);

TEST_P(ReadsParts, AnOutlineTellsOfTheBytesThatAreThere) {
  const std::string one = sample("one", 300'000);
  const std::string part = "Content-Type: application/zip\r\n\r\n";
  const std::string two = "Subject: two\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + part +
                          std::string(70'000, 'a') + "\r\n--b\r\n" + part + std::string(500, 'b') + "\r\n--b--\r\n";
  for (const auto& [bytes, leaves] : {std::pair{one, std::vector<std::uint64_t>{one.size() - one.find("\r\n\r\n") - 4}},
                                      std::pair{two, std::vector<std::uint64_t>{70'000, 500}}}) {
    const Entry saved = must_save("m" + std::to_string(leaves.size()) + ".eml", bytes);
    const auto told = parts().outline(soon(), {}, ref(saved));
    ASSERT_TRUE(ok(told));
    EXPECT_EQ(told->change, saved.change);
    EXPECT_EQ(told->size, bytes.size());
    EXPECT_EQ(told->leaves, leaves);
    EXPECT_FALSE(told->beginning.empty());
    EXPECT_TRUE(bytes.starts_with(told->beginning));
  }
  for (const auto& [key, entry] : list().messages) EXPECT_FALSE(entry.state.read) << key.bytes;
}

TEST_P(ReadsParts, ARangeIsWhatStandsThere) {
  std::string bytes = sample("large", 0);
  for (int number = 0; bytes.size() < 3'500'000; ++number) bytes += "line " + std::to_string(number) + "\r\n";
  const Entry saved = must_save("large.eml", bytes);
  for (const auto& [offset, size] : {std::pair{0u, 1u}, std::pair{77u, 1000u}, std::pair{1'048'570u, 20u},
                                     std::pair{500'000u, 2'500'001u}, std::pair{0u, 0u}}) {
    const auto read = range(ref(saved), offset, size);
    ASSERT_TRUE(ok(read)) << offset;
    EXPECT_TRUE(same(*read, bytes.substr(offset, size)));
  }
  const auto end = range(ref(saved), bytes.size() - 10, 10);
  ASSERT_TRUE(ok(end));
  EXPECT_EQ(*end, bytes.substr(bytes.size() - 10));
  EXPECT_EQ(code(range(ref(saved), bytes.size() - 10, 11)), Errc::corrupted);
  EXPECT_EQ(code(range(ref(saved), bytes.size() + 10, 1)), Errc::corrupted);
}

TEST_P(ReadsParts, NeedAMessageAndTime) {
  const Entry saved = must_save("gone.eml", sample("gone", 5000));
  std::array<std::byte, 10> out;
  const Call late = Call::within(std::chrono::seconds{-1});
  EXPECT_EQ(code(parts().outline(late, {}, ref(saved))), Errc::timed_out);
  EXPECT_EQ(code(parts().read_range(late, {}, ref(saved), 0, out)), Errc::timed_out);
  EXPECT_EQ(code(parts().outline(soon(), {Key{"nowhere"}}, ref(saved))), Errc::not_found);
  EXPECT_EQ(code(parts().read_range(soon(), {Key{"nowhere"}}, ref(saved), 0, out)), Errc::not_found);
  ASSERT_TRUE(ok(context_->remove(soon(), {}, ref(saved))));
  EXPECT_EQ(code(parts().outline(soon(), {}, ref(saved))), Errc::not_found);
  EXPECT_EQ(code(parts().read_range(soon(), {}, ref(saved), 0, out)), Errc::not_found);
}

}  // namespace
}  // namespace mapistore::conformance::abilities_test
