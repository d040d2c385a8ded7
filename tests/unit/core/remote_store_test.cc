// A store over a medium that says that it is remote: what it is asked for, and what comes from the cache.
#include <sys/stat.h>

#include <fstream>
#include <future>

#include "tests/unit/core/index_fixture.h"
#include "tests/unit/core/store_fixture.h"

namespace mapistore::testing::remote_store_test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

class RemoteStore : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    uri_options = "&remote=yes";
    faults("");
  }
  Store::Policy policy() const {
    return {.cache_directory = scratch.path() / "cache", .cache_size = std::uint64_t{64} << 20};
  }
  void start_remote() { start(policy()); }
  /// The plan, with all that is asked recorded.
  void faults(const std::string& text) { plan("* * record " + (scratch.path() / "calls").native() + "\n" + text); }
  /// How often the medium has been asked to do `operation` on what ends with `key`.
  std::size_t calls(const std::string& operation, const std::string& key = {}) const {
    std::ifstream lines{scratch.path() / "calls"};
    std::size_t count = 0;
    for (std::string line; std::getline(lines, line);)
      count += line.starts_with(operation + ' ') && line.ends_with(key);
    return count;
  }
  std::size_t reads() const { return calls("open") + calls("read") + calls("read_many"); }
  void forget_calls() const { fs::remove(scratch.path() / "calls"); }

  /// Saves behind the store's back, and waits until it shows.
  Node put(const std::string& name, const std::string& text, const MessageRef* replaces = nullptr) {
    const auto entry = testing_backends::save(*medium, name, text, replaces);
    EXPECT_TRUE(entry);
    EXPECT_TRUE(until([&] {
      const auto row = index->by_key(root(), entry->key);
      return row && row->ref.change == entry->change;
    }));
    return index->by_key(root(), entry->key)->node;
  }
  std::vector<Node> put_many(std::size_t count, std::size_t size = 100) {
    // In the order of names the second half comes first.
    for (std::size_t i = 0; i < count; ++i)
      EXPECT_TRUE(testing_backends::save(
          *medium, "m.eml", mail(std::to_string(10'000 + (i + count / 2) % count), std::string(size, 'x'))));
    EXPECT_TRUE(until([&] { return rows(root()) == count; }));
    std::vector<Node> nodes;
    static_cast<void>(index->list(root(), Fmid{}, [&](const Node& node) { return nodes.push_back(node), true; }));
    return nodes;
  }
  std::size_t cached() const {
    std::size_t count = 0;
    if (fs::exists(scratch.path() / "cache"))
      for (const auto& item : fs::recursive_directory_iterator{scratch.path() / "cache"})
        count += item.is_regular_file();
    return count;
  }
  /// As a mount does it.
  std::string read_as_reader(const Node& node) {
    store->reading(node);
    return text_of(node.fmid);
  }
};

TEST_F(RemoteStore, AsksOnceAndThenReadsFromTheCache) {
  start_remote();
  EXPECT_TRUE(store->reads_remotely());
  const Node node = put("a.eml", mail("a"));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(text_of(node.fmid), mail("a"));
  EXPECT_EQ(calls("open"), 1u);
  EXPECT_EQ(calls("read"), 1u);
  const auto body = store->open(call(), node.fmid);
  ASSERT_TRUE(body);
  EXPECT_GE((*body)->descriptor(), 0);
  EXPECT_EQ((*body)->change(), index->message(node.fmid)->ref.change);
}

TEST_F(RemoteStore, KeepsNothingOfALocalMedium) {
  uri_options = "";
  start_remote();
  EXPECT_FALSE(store->reads_remotely());
  const Node node = put("a.eml", mail("a"));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(text_of(node.fmid), mail("a"));
  EXPECT_EQ(calls("open"), 3u);
  EXPECT_EQ(cached(), 0u);
}

TEST_F(RemoteStore, ReadsWhatIsCachedWhileTheMediumIsAway) {
  start_remote();
  const Node node = put("a.eml", mail("a"));
  const Node other = put("b.eml", mail("b"));
  EXPECT_EQ(text_of(node.fmid), mail("a"));
  faults("* * fail unreachable\n");
  EXPECT_EQ(text_of(node.fmid), mail("a"));
  EXPECT_EQ(code(store->open(call(), other.fmid)), Errc::unreachable);
  ASSERT_TRUE(store->stop(std::chrono::steady_clock::now() + 20s));
  store.reset();
  open(policy());
  ASSERT_TRUE(until([&] { return live().health().condition == LiveContext::Condition::down; }));
  EXPECT_EQ(text_of(node.fmid), mail("a")) << "not even opened";
  EXPECT_EQ(code(store->open(call(), other.fmid)), Errc::unreachable);
}

TEST_F(RemoteStore, AnIndexMadeAnewTakesNothingOfTheOldOnes) {
  start_remote();
  const Node node = put("a.eml", mail("a"));
  EXPECT_EQ(text_of(node.fmid), mail("a"));
  ASSERT_TRUE(store->stop(std::chrono::steady_clock::now() + 20s));
  store.reset();
  index.reset();
  for (const char* file : {"index.sqlite", "index.sqlite-wal", "index.sqlite-shm"}) fs::remove(scratch.path() / file);
  start_remote();
  forget_calls();
  const auto key = testing_backends::list(*medium).messages.begin()->second.key;
  EXPECT_EQ(text_of(index->by_key(root(), key)->node.fmid), mail("a"));
  EXPECT_EQ(calls("open"), 1u);
}

TEST_F(RemoteStore, ShowsTheBytesOfNow) {
  start_remote();
  const auto first = testing_backends::save(*medium, "a.eml", mail("a"));
  ASSERT_TRUE(until([&] { return index->by_key(root(), first->key).has_value(); }));
  const Fmid fmid = index->by_key(root(), first->key)->node.fmid;
  EXPECT_EQ(text_of(fmid), mail("a"));
  const MessageRef replaced = testing_backends::ref(*first);
  put("a.eml", mail("a", "changed elsewhere"), &replaced);
  EXPECT_EQ(text_of(fmid), mail("a", "changed elsewhere"));
  const Node node = index->node(fmid).value();
  ASSERT_TRUE(save(root(), node.name, mail("a", "changed here"), fmid));
  forget_calls();
  EXPECT_EQ(text_of(fmid), mail("a", "changed here"));
  EXPECT_EQ(reads(), 0u) << "what was saved is known";
}

TEST_F(RemoteStore, KeepsABodyThroughAMoveAndForgetsARemovedOne) {
  start_remote();
  const Fmid box = folder(root(), "box");
  const Node node = save(root(), "a.eml", mail("a")).value();
  EXPECT_EQ(cached(), 1u);
  ASSERT_TRUE(store->move_message(call(), node, box, "b.eml", {}));
  forget_calls();
  EXPECT_EQ(text_of(node.fmid), mail("a"));
  EXPECT_EQ(reads(), 0u);
  ASSERT_TRUE(store->purge(call(), index->node(node.fmid).value()));
  EXPECT_EQ(cached(), 0u);

  const Node other = put("c.eml", mail("c"));
  EXPECT_EQ(text_of(other.fmid), mail("c"));
  EXPECT_EQ(cached(), 1u);
  ASSERT_TRUE(medium->remove(call(), {}, index->message(other.fmid)->ref));
  EXPECT_TRUE(until([&] { return cached() == 0; }));
}

TEST_F(RemoteStore, BringsABodyOnceForAll) {
  start_remote();
  const Node node = put("a.eml", mail("a"));
  faults("open * stall 0.2\n");
  std::vector<std::future<std::string>> readers;
  for (int i = 0; i < 6; ++i) readers.push_back(std::async(std::launch::async, [&] { return text_of(node.fmid); }));
  for (auto& reader : readers) EXPECT_EQ(reader.get(), mail("a"));
  EXPECT_EQ(calls("open"), 1u);
}

TEST_F(RemoteStore, EachTriesForItselfWhatFailedForAnother) {
  start_remote();
  const Node node = put("a.eml", mail("a"));
  faults("open * stall 0.1\nopen * fail disconnected times 1\n");
  std::vector<std::future<std::string>> readers;
  for (int i = 0; i < 3; ++i) readers.push_back(std::async(std::launch::async, [&] { return text_of(node.fmid); }));
  int good = 0;
  for (auto& reader : readers) good += reader.get() == mail("a");
  EXPECT_EQ(good, 2);
  EXPECT_EQ(calls("open"), 2u);
}

TEST_F(RemoteStore, ReadsALargeBodyAsItComes) {
  start_remote();
  std::string text = mail("big");
  for (int i = 0; text.size() < 20'000'000; ++i) text += std::to_string(i) + '\n';
  const Node node = put("big.eml", text);
  faults("read * stall 0.03\n");
  forget_calls();
  auto body = store->open(call(), node.fmid);
  ASSERT_TRUE(body);
  const auto piece = [&](std::size_t at, std::size_t size) {
    std::string bytes(size, '\0');
    bytes.resize((*body)->read_at(call(), at, std::as_writable_bytes(std::span{bytes})).value_or(0));
    return bytes;
  };
  EXPECT_EQ(piece(0, 4096), text.substr(0, 4096));
  EXPECT_LT(calls("read"), 6u) << "before it has all come";
  EXPECT_LT((*body)->descriptor(), 0);
  EXPECT_EQ(piece(text.size() - 1000, 4096), text.substr(text.size() - 1000)) << "far ahead";
  EXPECT_LT(calls("read"), 12u) << "before it has all come";
  auto second = store->open(call(), node.fmid);
  ASSERT_TRUE(second);
  for (std::size_t at = 0; at < text.size(); at += 300'000) ASSERT_EQ(piece(at, 300'000), text.substr(at, 300'000));
  EXPECT_TRUE(until([&] { return (*body)->descriptor() >= 0; }));
  EXPECT_LT(calls("read"), 30u) << "each byte once, but for what was read ahead of them";
  EXPECT_EQ(calls("open"), 1u);
  EXPECT_TRUE(until([&] { return cached() == 1; }));
  forget_calls();
  EXPECT_EQ(text_of(node.fmid), text);
  EXPECT_EQ(reads(), 0u);
}

TEST_F(RemoteStore, StopsBringingWhatNobodyReads) {
  start_remote();
  const Node node = put("big.eml", mail("big", std::string(20'000'000, 'x')));
  faults("read * stall 0.03\n");
  {
    const auto body = store->open(call(), node.fmid);
  }
  std::this_thread::sleep_for(200ms);
  const std::size_t before = calls("read");
  std::this_thread::sleep_for(200ms);
  EXPECT_EQ(calls("read"), before);
  EXPECT_EQ(cached(), 0u);
  faults("");
  EXPECT_EQ(text_of(node.fmid).size(), node.size);
}

TEST_F(RemoteStore, ALargeBodyThatBreaksOffIsNotTakenForWhole) {
  start_remote();
  const Node node = put("big.eml", mail("big", std::string(5'000'000, 'x')));
  faults("read * fail disconnected times 1\n");
  const auto body = store->open(call(), node.fmid);
  ASSERT_TRUE(body);
  std::this_thread::sleep_for(100ms);
  EXPECT_EQ(cached(), 0u);
  std::string bytes(node.size, '\0');
  EXPECT_EQ((*body)->read_at(call(), 0, std::as_writable_bytes(std::span{bytes})).value_or(0), bytes.size());
  EXPECT_EQ(bytes, mail("big", std::string(5'000'000, 'x')));
  EXPECT_EQ(text_of(node.fmid), bytes);
}

TEST_F(RemoteStore, DoesWithoutACache) {
  Store::Policy no_room = policy();
  no_room.cache_directory = scratch.write("file", "") / "below";
  start(no_room);
  const Node node = put("a.eml", mail("a"));
  const Node big = put("big.eml", mail("big", std::string(1'000'000, 'x')));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(text_of(node.fmid), mail("a"));
    EXPECT_EQ(text_of(big.fmid), mail("big", std::string(1'000'000, 'x')));
  }
  EXPECT_EQ(calls("open"), 4u);
}

TEST_F(RemoteStore, LearnsTheTrueSize) {
  uri_options += "&sizes=hint";
  faults("changes * wrong_size 100\ninspect * wrong_size 100\n");
  start_remote();
  const Node node = put("a.eml", mail("a"));
  EXPECT_EQ(node.size, mail("a").size() + 100);
  EXPECT_EQ(node.size_trust, SizeTrust::hint);
  EXPECT_EQ(text_of(node.fmid), mail("a"));
  const Node learned = index->node(node.fmid).value();
  EXPECT_EQ(learned.size, mail("a").size());
  EXPECT_EQ(learned.size_trust, SizeTrust::exact);
  EXPECT_EQ(learned.changed, node.changed) << "the message is what it was";
  EXPECT_TRUE(observer.has("attributes"));
  EXPECT_EQ(calls("open"), 1u);
  // What the medium guesses later of the same bytes is worth less.
  State flagged;
  flagged.flagged = true;
  ASSERT_TRUE(store->change_state(call(), node.fmid, {.state = flagged, .received = {}}));
  ASSERT_TRUE(live().refresh_folder(call(), root()));
  EXPECT_EQ(index->node(node.fmid)->size, mail("a").size());
  const Node saved = save(root(), "b.eml", mail("b")).value();
  EXPECT_EQ(saved.size, mail("b").size());
  EXPECT_EQ(saved.size_trust, SizeTrust::exact);
}

TEST_F(RemoteStore, NeverServesWhatDoesNotFitAnExactSize) {
  start_remote();
  const Node node = put("a.eml", mail("a"));
  EXPECT_EQ(text_of(node.fmid), mail("a"));
  {
    const auto writer = IndexWriter::begin(*index).value();
    ASSERT_TRUE(writer->set_size(node.fmid, 5, node.modified));
    ASSERT_TRUE(writer->commit());
  }
  forget_calls();
  EXPECT_EQ(text_of(node.fmid), mail("a"));
  EXPECT_EQ(calls("open"), 1u);
}

class RemoteReader : public RemoteStore {};
class OrderedReader : public RemoteReader, public ::testing::WithParamInterface<bool> {};
INSTANTIATE_TEST_SUITE_P(Orders, OrderedReader, ::testing::Bool(),
                         [](const auto& by_name) { return by_name.param ? "ByName" : "ByNumber"; });

TEST_P(OrderedReader, IsReadAheadOf) {
  start_remote();
  auto nodes = put_many(600);
  if (GetParam()) std::ranges::sort(nodes, {}, &Node::name);
  faults("* * stall 0.02\n");
  forget_calls();
  for (const Node& node : nodes) ASSERT_EQ(read_as_reader(node).size(), node.size);
  EXPECT_LE(reads() - calls("read"), 25u) << "600 messages";
  EXPECT_GE(calls("read_many"), 2u);
  EXPECT_EQ(cached(), 600u);
  forget_calls();
  for (const Node& node : nodes) ASSERT_EQ(read_as_reader(node).size(), node.size);
  EXPECT_EQ(reads(), 0u);
}

TEST_F(RemoteReader, WhoStopsCostsNoMoreThanTheWindow) {
  start_remote();
  const auto nodes = put_many(600);
  for (const Node& node : std::span{nodes}.first(4)) read_as_reader(node);
  EXPECT_TRUE(until([&] { return cached() >= 100; }));
  std::this_thread::sleep_for(300ms);
  EXPECT_LE(cached(), 4u + 260u);
}

TEST_F(RemoteReader, InNoOrderIsLeftAlone) {
  start_remote();
  const auto nodes = put_many(200);
  for (std::size_t i = 0; i < 40; ++i) read_as_reader(nodes[(i * 73) % nodes.size()]);
  EXPECT_EQ(calls("read_many"), 0u);
}

TEST_F(RemoteReader, GoesOnWithoutWhatFails) {
  start_remote();
  const auto nodes = put_many(100);
  faults("read_many * fail disconnected\n");
  for (const Node& node : nodes) ASSERT_EQ(read_as_reader(node).size(), node.size);
  EXPECT_EQ(cached(), 100u);
}

TEST_F(RemoteReader, TakesNoHalfBodies) {
  start_remote();
  const auto nodes = put_many(100);
  faults("read_many * stall 0.05\nread * short 10 times 20\n");
  for (const Node& node : nodes) ASSERT_EQ(read_as_reader(node).size(), node.size);
}

}  // namespace
}  // namespace mapistore::testing::remote_store_test
