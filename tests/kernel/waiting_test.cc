// What waits for a medium: interrupts, deadlines, a reader that never waits; and what the daemon tells by itself.

#include <gtest/gtest.h>

#include <future>

#include "backends/file/backend.h"
#include "tests/kernel/fixture.h"

namespace mapistore::testing::waiting_test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t root_id = 1;

auto since(std::chrono::steady_clock::time_point begin) { return std::chrono::steady_clock::now() - begin; }

TEST_F(KernelTest, AnInterruptedReadAnswersEintrWhileOthersGoOn) {
  mount();
  const std::uint64_t stuck = put(root_id, "stuck.eml", mail("stuck")), free = put(root_id, "free.eml", mail("free"));
  plan("open *stuck* stall 30\n");
  ASSERT_EQ(kernel.open(stuck, 0).error, 0);
  ASSERT_EQ(kernel.open(free, 0).error, 0);
  const auto waiting = kernel.send_read(stuck, 0, 4096);
  EXPECT_EQ(read_all(free), mail("free"));
  EXPECT_FALSE(kernel.wait(waiting, 50ms));
  const auto begin = std::chrono::steady_clock::now();
  kernel.interrupt(waiting);
  const auto reply = kernel.wait(waiting, 5s);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->error, EINTR);
  EXPECT_LT(since(begin), 1s);
  plan("");
  EXPECT_EQ(read_all(stuck), mail("stuck")) << "the next read tries again";
  EXPECT_EQ(kernel.answers(waiting), 1);
}

TEST_F(KernelTest, AnInterruptOfWhatIsAboutToBeAnsweredEndsNothing) {
  mount();
  const std::uint64_t old = put(root_id, "old.eml", mail("old"));
  plan("save * stall 0.2\nopen * stall 0.2\n");
  const std::uint64_t node = kernel.create(root_id, "a.eml").as<fuse_entry_out>().nodeid;
  ASSERT_EQ(kernel.write(node, 0, mail("a")).error, 0);
  ASSERT_EQ(kernel.open(old, 0).error, 0);
  const auto closing = kernel.send(FUSE_FLUSH, node, raw(fuse_flush_in{})), reading = kernel.send_read(old, 0, 4096);
  for (const auto request : {closing, reading}) kernel.interrupt(request);
  for (const auto request : {closing, reading}) {
    const auto reply = kernel.wait(request, 5s);
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->error, 0) << "a runtime that stops its threads by signals means nothing by them";
  }
  EXPECT_EQ(in_medium(), 2u);
  kernel.release(node);
}

TEST_F(KernelTest, AnInterruptedSaveIsAnsweredOnceAndLeavesNothing) {
  mount();
  plan("save * stall 30\n");
  const std::uint64_t node = kernel.create(root_id, "a.eml").as<fuse_entry_out>().nodeid;
  ASSERT_EQ(kernel.write(node, 0, mail("a")).error, 0);
  const auto closing = kernel.send(FUSE_FLUSH, node, raw(fuse_flush_in{}));
  EXPECT_FALSE(kernel.wait(closing, 50ms));
  kernel.interrupt(closing);
  const auto reply = kernel.wait(closing, 5s);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->error, EINTR);
  EXPECT_EQ(kernel.answers(closing), 1);
  EXPECT_EQ(in_medium(), 0u);
  kernel.release(node);
}

TEST_F(KernelTest, AHungSaveIsAnsweredWithinItsGraceAndUndone) {
  mount();
  plan("save * hang 4\n");
  const std::uint64_t node = kernel.create(root_id, "a.eml").as<fuse_entry_out>().nodeid;
  ASSERT_EQ(kernel.write(node, 0, mail("a")).error, 0);
  const auto begin = std::chrono::steady_clock::now();
  const auto closing = kernel.send(FUSE_FLUSH, node, raw(fuse_flush_in{}));
  std::this_thread::sleep_for(200ms);
  kernel.interrupt(closing);
  const auto reply = kernel.wait(closing, 8s);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->error, EINTR);
  EXPECT_LT(since(begin), 3500ms);
  kernel.release(node);
  std::this_thread::sleep_for(4500ms - since(begin));
  EXPECT_TRUE(until([&] { return in_medium() == 0; })) << "who was told EINTR must not find it done";
  EXPECT_EQ(rows(root()), 0u);
}

TEST_F(KernelTest, ASaveInterruptedBeforeItBeginsIsNotMadeUpForByTheRelease) {
  mount();
  const std::uint64_t node = kernel.create(root_id, "a.eml").as<fuse_entry_out>().nodeid;
  ASSERT_EQ(kernel.write(node, 0, mail("a")).error, 0);
  plan("inspect * hang 1\nset_state * hang 1\ncreate_folder * hang 1\n");
  for (int i = 0; i < 4; ++i)
    kernel.send(FUSE_MKDIR, root_id, raw(fuse_mkdir_in{0755, 0}) + zero("d" + std::to_string(i)));
  const auto closing = kernel.send(FUSE_FLUSH, node, raw(fuse_flush_in{}));
  kernel.interrupt(closing);
  const auto reply = kernel.wait(closing, 8s);
  ASSERT_TRUE(reply);
  ASSERT_EQ(reply->error, EINTR);
  kernel.release(node);
  std::this_thread::sleep_for(1500ms);
  EXPECT_EQ(in_medium(), 0u);
}

TEST_F(KernelTest, ADeadlineAnswersEtimedout) {
  fs::MountOptions options;
  options.deadline = 1s;
  mount(options);
  const std::uint64_t node = put(root_id, "a.eml", mail("a"));
  plan("open * hang 3\n");
  ASSERT_EQ(kernel.open(node, 0).error, 0);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(kernel.read(node, 0, 100).error, ETIMEDOUT);
  EXPECT_GE(since(begin), 900ms);
  EXPECT_LT(since(begin), 2500ms);
}

TEST_F(KernelTest, TheReaderAnswersWhileEightReadsHang) {
  mount();
  std::vector<std::uint64_t> nodes, waiting;
  for (int i = 0; i < 8; ++i) nodes.push_back(put(root_id, "m" + std::to_string(i) + ".eml", mail(std::to_string(i))));
  const std::uint64_t sub = kernel.mkdir(root_id, "sub").as<fuse_entry_out>().nodeid;
  const std::uint64_t other = put(sub, "other.eml", mail("other"));
  plan("open * hang 2\n");
  for (const std::uint64_t node : nodes) {
    ASSERT_EQ(kernel.open(node, 0).error, 0);
    waiting.push_back(kernel.send_read(node, 0, 4096));
  }
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(node_of(sub, "other.eml"), other);
  EXPECT_EQ(kernel.list(sub).size(), 1u);
  EXPECT_EQ(kernel.getattr(other).error, 0);
  EXPECT_EQ(kernel.lookup(sub, "nothing").as<fuse_entry_out>().nodeid, 0u);
  EXPECT_EQ(kernel.create(sub, "new.eml").error, 0);
  EXPECT_LT(since(begin), 1s);
  for (const auto number : waiting) {
    const auto reply = kernel.wait(number, 20s);
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->error, 0);
    EXPECT_EQ(kernel.answers(number), 1);
  }
}

TEST_F(KernelTest, ACloseOfTheMountDoesNotWaitForAHungRead) {
  mount();
  const std::uint64_t node = put(root_id, "a.eml", mail("a"));
  plan("open * hang 1\n");
  ASSERT_EQ(kernel.open(node, 0).error, 0);
  kernel.send_read(node, 0, 4096);
  std::this_thread::sleep_for(50ms);
  unmount();
}

TEST_F(KernelTest, TellsOfChangesBehindItsBack) {
  mount();
  const std::uint64_t node = put(root_id, "a.eml", mail("a"));
  const auto ref = index->message(Fmid{node})->ref;
  ASSERT_TRUE(testing_backends::save(*medium, "ignored", mail("a", "longer than before"), &ref));
  EXPECT_TRUE(kernel.notified([&](const auto& one) {
    return one.code == FUSE_NOTIFY_INVAL_INODE && one.template as<fuse_notify_inval_inode_out>().ino == node;
  }));
  const Entry other = testing_backends::save(*medium, "other.eml", mail("other")).value();
  EXPECT_TRUE(kernel.notified([&](const auto& one) {
    return one.code == FUSE_NOTIFY_INVAL_INODE && one.template as<fuse_notify_inval_inode_out>().ino == root_id;
  }));
  ASSERT_TRUE(until([&] { return index->by_key(root(), other.key).has_value(); }));
  const Node added = index->by_key(root(), other.key)->node;
  EXPECT_TRUE(kernel.notified([&](const auto& one) {
    return one.code == FUSE_NOTIFY_INVAL_ENTRY && one.body.find(added.name) != std::string::npos;
  }));
  ASSERT_TRUE(medium->remove({}, {}, testing_backends::ref(other)));
  EXPECT_TRUE(kernel.notified([&](const auto& one) {
    return one.code == FUSE_NOTIFY_DELETE && one.template as<fuse_notify_delete_out>().child == added.fmid.value;
  }));
}

/// The same over file://, whose bodies are open files: only those are put ahead.
class FileKernelTest : public KernelTest {
 protected:
  void SetUp() override {
    std::filesystem::create_directory(tree());
    for (int i = 0; i < 40; ++i) {
      const std::string name = std::to_string(100 + i) + ".eml";
      testing_backends::write_file(tree() / name, mail(name));
    }
    plan("");
  }
  std::filesystem::path tree() const { return scratch.path() / "tree"; }
};

TEST_F(FileKernelTest, PutsTheNextFilesOfASequentialReaderAhead) {
  file_backend = file::make_backend(host);
  mount_uri("file://" + tree().native());
  const auto listed = kernel.list(root_id);
  ASSERT_EQ(listed.size(), 40u);
  for (std::size_t i = 0; i < 4; ++i) {
    const std::uint64_t node = listed[i].entry.nodeid;
    ASSERT_EQ(kernel.open(node, 0).error, 0);
    EXPECT_EQ(kernel.read(node, 0, 4096).body, mail(listed[i].name));
    EXPECT_EQ(kernel.release(node).error, 0);
  }
  const auto ahead = kernel.notified([&](const auto& one) {
    return one.code == FUSE_NOTIFY_STORE && one.template as<fuse_notify_store_out>().nodeid == listed[10].entry.nodeid;
  });
  ASSERT_TRUE(ahead);
  EXPECT_EQ(ahead->body.substr(sizeof(fuse_notify_store_out)), mail(listed[10].name));
}

TEST_F(FileKernelTest, PutsNothingAheadOfAReaderWhoJumps) {
  file_backend = file::make_backend(host);
  mount_uri("file://" + tree().native());
  const auto listed = kernel.list(root_id);
  for (const std::size_t i : {30u, 3u, 20u, 1u, 15u}) {
    const std::uint64_t node = listed.at(i).entry.nodeid;
    ASSERT_EQ(kernel.open(node, 0).error, 0);
    EXPECT_EQ(kernel.read(node, 0, 4096).body, mail(listed[i].name));
    EXPECT_EQ(kernel.release(node).error, 0);
  }
  EXPECT_FALSE(kernel.notified([](const auto& one) { return one.code == FUSE_NOTIFY_STORE; }, 200ms));
}

}  // namespace
}  // namespace mapistore::testing::waiting_test
