#include "core/index.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "core/codec/names.h"
#include "tests/unit/core/index_fixture.h"

namespace mapistore::testing::index_test {
namespace {

TEST(IndexFmids, AreUniqueAmongSixteenProcesses) {
  constexpr int processes = 16, each = 10'000;
  const Scratch scratch;
  std::vector<pid_t> children;
  for (int p = 0; p < processes; ++p) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      int status = 3;
      try {
        OneIndex one{scratch.path()};
        std::vector<std::uint64_t> given;
        given.reserve(each);
        while (given.size() < each) {
          const auto fmid = one.index->new_fmid();
          if (!fmid) break;
          given.push_back(fmid->value);
        }
        std::ofstream out{scratch.path() / ("given-" + std::to_string(p)), std::ios::binary};
        out.write(reinterpret_cast<const char*>(given.data()), static_cast<std::streamsize>(given.size() * 8));
        status = given.size() == each ? 0 : 2;
      } catch (...) {
        status = 1;
      }
      ::_exit(status);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  }
  std::vector<std::uint64_t> all;
  for (int p = 0; p < processes; ++p) {
    std::ifstream in{scratch.path() / ("given-" + std::to_string(p)), std::ios::binary};
    std::uint64_t value = 0;
    while (in.read(reinterpret_cast<char*>(&value), 8)) all.push_back(value);
  }
  EXPECT_EQ(all.size(), std::size_t{processes} * each);
  std::ranges::sort(all);
  EXPECT_EQ(std::ranges::adjacent_find(all), all.end());
  EXPECT_GE(all.front(), 1024u);
}

TEST(IndexFmids, AreNeverGivenAgainAfterARestart) {
  const Scratch scratch;
  std::set<std::uint64_t> given;
  for (int round = 0; round < 5; ++round) {
    OneIndex one{scratch.path()};
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(given.insert(one.index->new_fmid()->value).second);
  }
}

TEST(IndexNames, OfEqualMessagesAreNumberedAndStay) {
  OneIndex one;
  auto writer = one.write();
  constexpr int count = 1000;
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < count; ++i)
    ASSERT_TRUE(writer->apply(one.row.id, one.row.root, entry(std::to_string(i), "equal"), {}, {}));
  ASSERT_TRUE(writer->commit());
  writer.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds{5});
  const auto names = one.names(one.row.root);
  ASSERT_EQ(names.size(), std::size_t{count});
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), names.size());
  EXPECT_EQ(names[1], numbered(names[0], 1));
  EXPECT_EQ(names[999], numbered(names[0], 999));
  for (const std::string& name : {names[0], names[1], names[999]})
    EXPECT_EQ(one.index->find(one.row.root, name)->name, name);
  // What leaves makes room; what stays keeps its name.
  const Fmid second = one.index->find(one.row.root, names[1])->fmid;
  ASSERT_TRUE(one.change([&](IndexWriter& change) { return change.erase(second); }));
  const auto added = one.apply(one.row.root, entry("new", "equal"));
  const auto now = one.names(one.row.root);
  EXPECT_EQ(now.size(), std::size_t{count});
  EXPECT_EQ(std::set<std::string>(now.begin(), now.end()).size(), now.size());
  EXPECT_EQ(one.index->find(one.row.root, names[999])->name, names[999]);
  EXPECT_TRUE(added.added);
}

TEST(IndexNames, CanonicalAndShortOnesResolveUnlisted) {
  OneIndex one;
  const Entry message = entry("k", "Angebot", "given by the user.eml");
  const Fmid fmid = one.apply(one.row.root, message).fmid;
  EXPECT_EQ(one.names(one.row.root), std::vector<std::string>{"given by the user.eml"});
  const std::string canonical = canonical_name(message.summary, message.size, message.received, false);
  const std::string id = id10(message.summary, message.size);
  EXPECT_EQ(one.index->find(one.row.root, canonical)->fmid, fmid);
  EXPECT_EQ(one.index->find(one.row.root, id + ".eml")->fmid, fmid);
  EXPECT_EQ(code(one.index->find(one.row.root, id + ".ics")), Errc::not_found);
  EXPECT_EQ(code(one.index->find(one.row.root, id)), Errc::not_found);
  EXPECT_EQ(code(one.index->find(one.row.root, "other_" + id + ".eml")), Errc::not_found);
  const Fmid plain = one.apply(one.row.root, entry("l", "Plain")).fmid;
  EXPECT_EQ(one.index->find(one.row.root, id10(entry("l", "Plain").summary, 7) + ".eml")->fmid, plain);
}

TEST(IndexNames, AndKeysAreUniqueInAFolder) {
  OneIndex one;
  one.apply(one.row.root, entry("a", "a", "same.eml"));
  one.apply(one.row.root, entry("b", "b", "same.eml"));
  EXPECT_EQ(one.names(one.row.root), (std::vector<std::string>{"same.eml", "same~1.eml"}));
  const auto again = one.apply(one.row.root, entry("b", "b", "same.eml"));
  EXPECT_FALSE(again.added);
  EXPECT_FALSE(again.attributes_changed);
  EXPECT_EQ(one.names(one.row.root).size(), 2u);
}

TEST(IndexNames, MayHoldAnyBytes) {
  OneIndex one;
  for (const std::string& name : {std::string(255, 'n'), std::string("bad \xff\xfe utf-8"), std::string("a\nb"),
                                  std::string("'; DROP TABLE objects")})
    EXPECT_EQ(one.index->find(one.row.root, one.index->node(one.apply(one.row.root, entry(name, "s", name)).fmid)->name)
                  ->name,
              name);
}

TEST(IndexGone, ObjectsComeBackByIdentityUnderTheirFmid) {
  OneIndex one;
  const Fmid other = one.folder(one.row.root, "other");
  const Fmid fmid = one.apply(one.row.root, entry("k", "moved")).fmid;
  ASSERT_TRUE(one.change([&](IndexWriter& writer) { return writer.set_gone(fmid); }));
  EXPECT_EQ(code(one.index->node(fmid)), Errc::not_found);
  const auto known = one.index->by_identity(one.row.id, "id-k");
  ASSERT_TRUE(known);
  EXPECT_TRUE(known->gone);
  const auto back = one.apply(other, entry("k", "moved"), known->object.node.fmid);
  EXPECT_EQ(back.fmid, fmid);
  EXPECT_TRUE(back.moved);
  EXPECT_EQ(one.index->node(fmid)->parent, other);
}

TEST(IndexGone, AFolderTakesAllBelowWithIt) {
  OneIndex one;
  const Fmid a = one.folder(one.row.root, "a"), b = one.folder(a, "b"), c = one.folder(b, "c");
  const Fmid message = one.apply(c, entry("k", "deep")).fmid;
  Node scratch;
  scratch.fmid = one.index->new_fmid().value();
  scratch.parent = b;
  scratch.context = one.row.id;
  scratch.kind = NodeKind::local_file;
  scratch.name = ".scratch";
  ASSERT_TRUE(one.change([&](IndexWriter& writer) { return writer.add_local(scratch); }));
  ASSERT_TRUE(one.change([&](IndexWriter& writer) { return writer.set_gone(a); }));
  for (const Fmid fmid : {a, b, c, message}) EXPECT_EQ(code(one.index->node(fmid)), Errc::not_found);
  EXPECT_EQ(one.index->counts(one.row.id)->messages, 0u);
  EXPECT_EQ(one.index->counts(one.row.id)->folders, 2u) << "the root and the trash";
  EXPECT_TRUE(one.index->node(scratch.fmid)) << "bytes that no medium has do not go with their folder";
}

TEST(IndexGone, IsForgottenInTimeWithItsProperties) {
  OneIndex one;
  const Fmid fmid = one.apply(one.row.root, entry("k", "s")).fmid;
  ASSERT_TRUE(one.change([&](IndexWriter& writer) { return writer.set_property(fmid, "user.x", "y"); }));
  ASSERT_TRUE(one.change([&](IndexWriter& writer) { return writer.set_gone(fmid); }));
  const Time later =
      std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now()) + std::chrono::hours{1};
  ASSERT_TRUE(one.change([&](IndexWriter& writer) { return writer.erase_gone_before(later); }));
  EXPECT_EQ(code(one.index->by_identity(one.row.id, "id-k")), Errc::not_found);
  EXPECT_EQ(code(one.index->property(fmid, "user.x")), Errc::no_data);
}

TEST(Index, AFolderThatComesBackIsListedAnew) {
  OneIndex one;
  const Fmid box = one.folder(one.row.root, "Box");
  const Fmid message = one.apply(box, entry("1", "1", "one")).fmid;
  ASSERT_TRUE(one.change([&](IndexWriter& writer) { return writer.set_listed(box, Cursor{"knows 1"}); }));
  ASSERT_TRUE(one.change([&](IndexWriter& writer) { return writer.set_gone(box); }));
  EXPECT_EQ(code(one.index->node(message)), Errc::not_found);
  // What has changed since its cursor does not tell of the message, which went with it.
  ASSERT_EQ(one.folder(one.row.root, "Box", box), box);
  EXPECT_TRUE(one.index->folder(box)->cursor.bytes.empty());
}

TEST(IndexLocal, FilesGiveNoPropertyAwayWhenAMessageBecomesOne) {
  OneIndex one;
  const Fmid fmid = one.apply(one.row.root, entry("k", "s", "a.eml")).fmid;
  ASSERT_TRUE(one.change([&](IndexWriter& writer) { return writer.set_property(fmid, "user.x", "y"); }));
  Node local = one.index->node(fmid).value();
  local.kind = NodeKind::local_file;
  local.name = "a.eml~";
  ASSERT_TRUE(one.change([&](IndexWriter& writer) -> Result<> {
    if (auto gone = writer.erase(fmid); !gone) return gone;
    return writer.add_local(local);
  }));
  EXPECT_EQ(one.index->property(fmid, "user.x").value_or("lost"), "y");
  EXPECT_EQ(one.names(one.row.root), std::vector<std::string>{"a.eml~"});
}

TEST(IndexLocal, FilesTakeTheirNameFromWhatHadIt) {
  OneIndex one, two{one.directory};
  std::vector<std::uint64_t> vanished;
  two.index->on_foreign_change = [&](const Index::ForeignChange& change) {
    if (change.gone) vanished.push_back(change.node.fmid.value);
  };
  ASSERT_TRUE(two.index->look_for_foreign_changes());
  const Fmid old = one.apply(one.row.root, entry("k", "s", "name")).fmid;
  Node local;
  local.fmid = one.index->new_fmid().value();
  local.parent = one.row.root;
  local.context = one.row.id;
  local.kind = NodeKind::local_file;
  local.name = "name";
  ASSERT_TRUE(one.change([&](IndexWriter& writer) { return writer.add_local(local); }));
  EXPECT_EQ(one.index->find(one.row.root, "name")->fmid, local.fmid);
  EXPECT_EQ(code(one.index->node(old)), Errc::not_found);
  ASSERT_TRUE(two.index->look_for_foreign_changes());
  EXPECT_EQ(vanished, std::vector<std::uint64_t>{old.value}) << "other processes learn of its end";
}

TEST(IndexFolders, KeepFmidsAndPathsOfWhatIsBelowWhenRenamed) {
  OneIndex one;
  const Fmid a = one.folder(one.row.root, "a"), b = one.folder(a, "b"), x = one.folder(one.row.root, "x");
  const Fmid message = one.apply(b, entry("k", "s")).fmid;
  EXPECT_EQ(one.index->folder_facts(b).value()->keys, (FolderPath{{"a"}, {"b"}}));
  ASSERT_TRUE(one.change([&](IndexWriter& writer) { return writer.move(a, x, "renamed", Key{"a2"}); }));
  EXPECT_EQ(one.index->folder_facts(b).value()->keys, (FolderPath{{"x"}, {"a2"}, {"b"}}));
  EXPECT_EQ(one.index->node(message)->parent, b);
  EXPECT_EQ(one.index->folder_at(one.row.root, {{"x"}, {"a2"}, {"b"}}).value(), b);
  EXPECT_EQ(code(one.index->folder_at(one.row.root, {{"a"}, {"b"}})), Errc::not_found);
  EXPECT_EQ(one.index->node(x)->subfolders, 1u);
}

TEST(IndexForeign, ChangesAreNoticedByAnotherIndexOnTheFile) {
  OneIndex one, two{one.directory};
  EXPECT_FALSE(two.alone);
  std::map<std::uint64_t, bool> seen;
  two.index->on_foreign_change = [&](const Index::ForeignChange& change) {
    seen[change.node.fmid.value] = change.gone;
  };
  ASSERT_TRUE(two.index->look_for_foreign_changes());
  seen.clear();
  const Fmid folder = one.folder(one.row.root, "f");
  const Fmid message = one.apply(folder, entry("k", "s")).fmid;
  ASSERT_TRUE(two.index->folder_facts(folder));
  ASSERT_TRUE(two.index->look_for_foreign_changes());
  EXPECT_TRUE(seen.contains(message.value));
  EXPECT_TRUE(seen.contains(folder.value));
  seen.clear();
  ASSERT_TRUE(two.index->look_for_foreign_changes());
  EXPECT_TRUE(seen.empty()) << "once";
  ASSERT_TRUE(one.change([&](IndexWriter& writer) { return writer.set_gone(message); }));
  ASSERT_TRUE(one.change([&](IndexWriter& writer) { return writer.move(folder, one.row.root, "g", Key{"g"}); }));
  two.apply(two.row.root, entry("own", "own"));
  EXPECT_TRUE(seen[message.value]) << "a write notices them too";
  EXPECT_EQ(two.index->folder_facts(folder).value()->keys, (FolderPath{{"g"}})) << "what was remembered is forgotten";
}

TEST(IndexWriterTest, RollsBackUnlessCommitted) {
  OneIndex one;
  {
    auto writer = one.write();
    ASSERT_TRUE(writer->apply(one.row.id, one.row.root, entry("k", "s"), {}, {}));
  }
  EXPECT_TRUE(one.names(one.row.root).empty());
  one.apply(one.row.root, entry("l", "s"));
  EXPECT_EQ(one.names(one.row.root).size(), 1u);
}

/// What the index should be, in the plainest way.
struct Model {
  struct Object {
    Fmid parent;
    std::string name, key;
    bool folder = false;
  };
  std::map<std::uint64_t, Object> live;

  void erase(std::uint64_t fmid) {
    live.erase(fmid);
    for (auto at = live.begin(); at != live.end();)
      if (at->second.parent.value == fmid) {
        const auto child = at->first;
        erase(child);
        at = live.begin();
      } else {
        ++at;
      }
  }
  void make_way(Fmid parent, const std::string& name, const std::string& key, std::uint64_t self) {
    for (auto at = live.begin(); at != live.end();) {
      const auto& [fmid, object] = *at;
      if (fmid != self && object.parent == parent && (object.name == name || object.key == key)) {
        erase(fmid);
        at = live.begin();
      } else {
        ++at;
      }
    }
  }
  bool below(std::uint64_t fmid, std::uint64_t top) const {
    for (auto at = fmid;;) {
      if (at == top) return true;
      const auto found = live.find(at);
      if (found == live.end()) return false;
      at = found->second.parent.value;
    }
  }
};

TEST(IndexProperty, AgreesWithBruteForceOverRandomOperations) {
  OneIndex one;
  Model model;
  std::mt19937 random{20'261'124};
  std::vector<Fmid> folders{one.row.root};
  const auto pick = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  int next_key = 0;
  for (int step = 0; step < 1500; ++step) {
    std::erase_if(folders, [&](Fmid f) { return f != one.row.root && !model.live.contains(f.value); });
    const Fmid parent = folders[pick(folders.size())];
    std::vector<std::uint64_t> all;
    for (const auto& [fmid, object] : model.live) all.push_back(fmid);
    const std::uint64_t some = all.empty() ? 0 : all[pick(all.size())];
    switch (pick(6)) {
      case 0:
      case 1: {
        const std::string key = "k" + std::to_string(next_key++), name = "n" + std::to_string(pick(40)) + ".eml";
        const auto applied = one.apply(parent, entry(key, "s" + std::to_string(pick(5)), name));
        ASSERT_TRUE(applied.added);
        model.live[applied.fmid.value] = {parent, one.index->node(applied.fmid)->name, key, false};
        break;
      }
      case 2: {
        if (folders.size() > 30) break;
        const std::string key = "f" + std::to_string(next_key++);
        const Fmid made = one.folder(parent, key);
        model.live[made.value] = {parent, one.index->node(made)->name, key, true};
        folders.push_back(made);
        break;
      }
      case 3:
        if (some != 0) {
          ASSERT_TRUE(one.change([&](IndexWriter& writer) { return writer.set_gone(Fmid{some}); }));
          model.erase(some);
        }
        break;
      case 4:
      case 5:
        if (some != 0 && !(model.live[some].folder && model.below(parent.value, some))) {
          const std::string name = "n" + std::to_string(pick(40)) + ".eml", key = model.live[some].key;
          // What gives way must not be what holds the new parent.
          bool holds = false;
          for (const auto& [fmid, object] : model.live)
            holds |= fmid != some && object.parent == parent && object.name == name && model.below(parent.value, fmid);
          if (holds) break;
          ASSERT_TRUE(one.change([&](IndexWriter& writer) { return writer.move(Fmid{some}, parent, name, Key{key}); }));
          model.make_way(parent, name, key, some);
          ASSERT_TRUE(model.live.contains(some));
          model.live[some].parent = parent;
          model.live[some].name = name;
        }
        break;
      default: break;
    }
    if (step % 50 != 0) continue;
    std::size_t seen = 0;
    for (const Fmid folder : folders) {
      if (folder != one.row.root && !model.live.contains(folder.value)) continue;
      Fmid last{};
      ASSERT_TRUE(one.index->list(folder, Fmid{}, [&](const Node& node) {
        EXPECT_GT(node.fmid, last);
        last = node.fmid;
        ++seen;
        const auto expected = model.live.find(node.fmid.value);
        if (expected == model.live.end()) {
          ADD_FAILURE() << "unexpected " << node.name << " at step " << step;
          return false;
        }
        EXPECT_EQ(node.name, expected->second.name);
        EXPECT_EQ(node.parent, expected->second.parent);
        return true;
      }));
    }
    ASSERT_EQ(seen, model.live.size()) << "step " << step;
    for (const auto& [fmid, object] : model.live) {
      ASSERT_EQ(one.index->find(object.parent, object.name)->fmid.value, fmid);
      ASSERT_EQ(one.index->by_key(object.parent, Key{object.key})->node.fmid.value, fmid);
    }
  }
}

/// Whoever looks for a name while its folder is listed for the first time finds it, or is told to wait for the listing.
TEST(Index, NoNameIsMissedWhileItsFolderIsBeingListed) {
  const OneIndex one;
  std::vector<Fmid> folders;
  for (int i = 0; i < 200; ++i) folders.push_back(one.folder(one.row.root, std::to_string(i)));
  std::atomic<std::size_t> looking = 0;
  const std::jthread lister{[&] {
    for (std::size_t i = 0; i < folders.size(); ++i) {
      while (looking < i) std::this_thread::yield();
      auto writer = one.write();
      ASSERT_TRUE(writer->apply(one.row.id, folders[i], entry("m" + std::to_string(i), "s", "m.eml"), {}, {}));
      ASSERT_TRUE(writer->set_listed(folders[i], {}));
      ASSERT_TRUE(writer->commit());
    }
  }};
  int missed = 0;
  for (; looking < folders.size(); ++looking)
    for (;;) {
      const auto sought = one.index->seek(folders[looking], "m.eml");
      ASSERT_TRUE(sought);
      EXPECT_EQ(sought->context, one.row.id);
      missed += !sought->child && sought->all_known;
      if (sought->child || sought->all_known) break;
    }
  EXPECT_EQ(missed, 0);
  EXPECT_TRUE(one.index->seek(folders[0], "none.eml")->all_known);
  EXPECT_EQ(code(one.index->seek(one.index->find(folders[0], "m.eml")->fmid, "x")), Errc::not_a_folder);
}

}  // namespace
}  // namespace mapistore::testing::index_test
