#include <gmock/gmock.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <thread>

#include <mapistore/posix.h>

#include "backends/file/backend.h"
#include "tests/unit/backends/support.h"

namespace mapistore::file::file_context_test {
namespace {

using namespace std::chrono_literals;
using namespace testing_backends;
namespace fs = std::filesystem;

class FileTree : public ::testing::Test {
 protected:
  Entry only_message() {
    const Listed listed = list(*context_);
    EXPECT_EQ(listed.messages.size(), 1u);
    return listed.messages.empty() ? Entry{} : listed.messages.begin()->second;
  }
  void flag(const Entry& entry) {
    State state;
    state.flagged = true;
    const auto set = context_->set_state({}, {}, ref(entry), {.state = state, .received = {}});
    ASSERT_TRUE(set) << set.error().to_string();
  }
  /// Names in the directory that begin with a dot, but for our own two.
  std::vector<std::string> leftovers() const {
    std::vector<std::string> names;
    for (const auto& item : fs::directory_iterator{scratch_.string()}) {
      const std::string name = item.path().filename();
      if (name.starts_with('.') && name != ".mapistore" && name != ".mapistore-trash") names.push_back(name);
    }
    return names;
  }

  ScratchDirectory scratch_;
  QuietHost host_;
  std::unique_ptr<Backend> backend_ = make_backend(host_);
  std::unique_ptr<Context> context_ = open_context(*backend_, "file://" + scratch_.string());
};

TEST_F(FileTree, SaysHowToCreateAMissingDirectory) {
  const auto uri = ContextUri::parse("file:///nowhere/at/all");
  const auto opened = backend_->open({}, uri->uri, {});
  ASSERT_EQ(code(opened), Errc::not_found);
  EXPECT_EQ(opened.error().hint, "create it with mkdir -p /nowhere/at/all");
  EXPECT_EQ(code(backend_->open({}, ContextUri::parse("file://relative/path")->uri, {})), Errc::invalid_uri);
}

TEST_F(FileTree, ShowsEveryFileByItsNameAndKind) {
  write_file(scratch_ / "a.eml", "Subject: x\r\n\r\n");
  write_file(scratch_ / "b.txt", "note");
  write_file(scratch_ / "c.pdf", "%PDF");
  write_file(scratch_ / "empty", "");
  const Listed listed = list(*context_);
  ASSERT_EQ(listed.messages.size(), 4u);
  EXPECT_EQ(listed.messages.find("a.eml")->second.summary.kind, MessageKind::mail);
  EXPECT_EQ(listed.messages.find("b.txt")->second.summary.kind, MessageKind::note);
  EXPECT_EQ(listed.messages.find("c.pdf")->second.summary.kind, MessageKind::document);
  EXPECT_EQ(listed.messages.find("empty")->second.size, 0u);
}

TEST_F(FileTree, PassesOverWhatIsNoFileAndSaysSoOnce) {
  ASSERT_EQ(::mkfifo((scratch_ / "fifo").c_str(), 0600), 0);
  ASSERT_EQ(::symlink("loop", (scratch_ / "loop").c_str()), 0);
  ASSERT_EQ(::symlink("/etc", (scratch_ / "etc").c_str()), 0);
  ASSERT_EQ(::symlink("/etc/passwd", (scratch_ / "passwd.txt").c_str()), 0);
  const bool device = ::mknod((scratch_ / "null").c_str(), S_IFCHR | 0600, makedev(1, 3)) == 0;  // as root only
  write_file(scratch_ / ".hidden", "x");
  for (int round = 0; round < 2; ++round) {
    const Listed listed = list(*context_);
    EXPECT_TRUE(listed.messages.empty());
    EXPECT_TRUE(listed.folders.empty());
  }
  EXPECT_EQ(host_.lines.size(), device ? 5u : 4u);
  for (const char* name : {"fifo", "loop", "etc", "passwd.txt", ".hidden"}) {
    EXPECT_EQ(code(context_->open({}, {}, {Key{name}, {}, {}})), Errc::not_found) << name;
    EXPECT_EQ(code(context_->inspect({}, {}, Key{name})), Errc::not_found) << name;
    EXPECT_EQ(code(context_->remove({}, {}, {Key{name}, {}, {}})), Errc::not_found) << name;
    Listed inside;
    EXPECT_EQ(code(context_->changes({}, {Key{name}}, {}, inside)), Errc::not_found) << name;
  }
}

TEST_F(FileTree, ShowsNamesThatAreNotUtf8AndNamesOf255Bytes) {
  const std::string latin =
      "Gr\xfc\xdf"
      "e.eml";
  const std::string longest = std::string(251, 'x') + ".eml";
  write_file(scratch_ / latin, "Subject: x\r\n\r\n");
  ASSERT_TRUE(save(*context_, longest, "Subject: y\r\n\r\n"));
  const Listed listed = list(*context_);
  EXPECT_TRUE(listed.messages.contains(latin));
  ASSERT_TRUE(listed.messages.contains(longest));
  flag(listed.messages.find(longest)->second);
  EXPECT_TRUE(context_->inspect({}, {}, Key{longest}).value().state.flagged);
  EXPECT_EQ(code(save(*context_, std::string(256, 'x'), "x")), Errc::name_too_long);
  const auto trash = context_->ability<Trashing>()->trash();
  auto& moving = *context_->ability<Moving>();
  ASSERT_TRUE(moving.copy({}, {}, {Key{longest}, {}, {}}, trash, longest));
  EXPECT_TRUE(moving.copy({}, {}, {Key{longest}, {}, {}}, trash, longest)) << "a free name must not grow too long";
}

TEST_F(FileTree, NoticesEditsBehindOurBack) {
  write_file(scratch_ / "a.eml", "Subject: one\r\n\r\n");
  const Entry before = only_message();
  const auto time = fs::last_write_time(scratch_ / "a.eml");
  std::this_thread::sleep_for(10ms);  // timestamps have the resolution of a clock tick
  write_file(scratch_ / "a.eml", "Subject: two\r\n\r\n");
  fs::last_write_time(scratch_ / "a.eml", time);
  const Entry after = only_message();
  EXPECT_NE(before.change, after.change) << "the same size and time, but other bytes";
  EXPECT_EQ(after.summary.subject, "two");
  const MessageRef stale = ref(before);
  EXPECT_EQ(code(save(*context_, "a.eml", "lost", &stale)), Errc::stale);
  EXPECT_EQ(read_file(scratch_ / "a.eml"), "Subject: two\r\n\r\n");
}

TEST_F(FileTree, StateFollowsAFileThatOthersRename) {
  write_file(scratch_ / "a.eml", "Subject: x\r\n\r\n");
  flag(only_message());
  fs::rename(scratch_ / "a.eml", scratch_ / "b.eml");
  const Entry renamed = only_message();
  EXPECT_EQ(renamed.key.bytes, "b.eml");
  EXPECT_TRUE(renamed.state.flagged);
  EXPECT_TRUE(fs::exists(scratch_ / ".mapistore/b.eml.json"));
  EXPECT_FALSE(fs::exists(scratch_ / ".mapistore/a.eml.json"));
}

TEST_F(FileTree, AnOrphanOfNoFileIsLeftAlone) {
  write_file(scratch_ / "a.eml", "Subject: x\r\n\r\n");
  flag(only_message());
  fs::remove(scratch_ / "a.eml");
  write_file(scratch_ / "b.eml", "Subject: another\r\n\r\n");
  EXPECT_FALSE(only_message().state.flagged);
  EXPECT_TRUE(fs::exists(scratch_ / ".mapistore/a.eml.json"));
}

TEST_F(FileTree, ABrokenStateFileHidesNoMessage) {
  write_file(scratch_ / "a.eml", "Subject: x\r\n\r\n");
  flag(only_message());
  write_file(scratch_ / ".mapistore/a.eml.json", "{");
  const Entry entry = only_message();
  EXPECT_EQ(entry.state, State{});
  ASSERT_EQ(host_.lines.size(), 1u);
  EXPECT_THAT(host_.lines[0], testing::HasSubstr(".mapistore/a.eml.json"));
  EXPECT_EQ(code(context_->set_state({}, {}, ref(entry), {.state = State{}, .received = {}})), Errc::corrupted);
}

TEST_F(FileTree, AReplacementKeepsTheModeAndLeavesNoTrace) {
  const Entry entry = save(*context_, "a.eml", "one").value();
  EXPECT_EQ(fs::status(scratch_ / "a.eml").permissions(), fs::perms{0600});
  fs::permissions(scratch_ / "a.eml", fs::perms{0640});
  const MessageRef replaced = ref(context_->inspect({}, {}, entry.key).value());
  ASSERT_TRUE(save(*context_, "a.eml", "two", &replaced));
  EXPECT_EQ(fs::status(scratch_ / "a.eml").permissions(), fs::perms{0640});
  EXPECT_EQ(code(save(*context_, "a.eml", "three")), Errc::exists);
  EXPECT_THAT(leftovers(), testing::IsEmpty());
}

TEST_F(FileTree, ADirectoryInTheWayIsNotReplaced) {
  fs::create_directory(scratch_ / "a.eml");
  EXPECT_EQ(code(save(*context_, "a.eml", "x")), Errc::exists);
  EXPECT_TRUE(fs::is_directory(scratch_ / "a.eml"));
  EXPECT_THAT(leftovers(), testing::IsEmpty());
}

TEST_F(FileTree, RemovesWhatAKilledProcessLeftADayAgo) {
  write_file(scratch_ / ".mapistore-0123456789abcdef.tmp", "half");
  list(*context_);
  EXPECT_THAT(leftovers(), testing::SizeIs(1)) << "it may still be being written";
  host_.ahead = std::chrono::hours{25};
  list(*context_);
  EXPECT_THAT(leftovers(), testing::IsEmpty());
}

TEST_F(FileTree, AFolderGoesWithWhatAKilledProcessLeftInIt) {
  fs::create_directories(scratch_ / "folder/.mapistore");
  const std::string half = scratch_ / "folder/.mapistore-0123456789abcdef.tmp";
  write_file(half, "half");
  write_file(scratch_ / "folder/.mapistore/.mapistore-0123456789abcdef.tmp", "half");
  {
    const posix::UniqueFd writer{::open(half.c_str(), O_RDWR | O_CLOEXEC)};
    ASSERT_EQ(::flock(writer.get(), LOCK_EX), 0);
    EXPECT_EQ(code(context_->remove_folder({}, {Key{"folder"}})), Errc::not_empty) << "somebody is writing it";
    EXPECT_TRUE(fs::exists(half));
  }
  EXPECT_EQ(code(context_->remove_folder({}, {Key{"folder"}})), Errc{0});
  EXPECT_FALSE(fs::exists(scratch_ / "folder"));
}

TEST_F(FileTree, AFolderWithHiddenFilesOfOthersIsNotEmpty) {
  fs::create_directories(scratch_ / "folder/.git");
  EXPECT_EQ(code(context_->remove_folder({}, {Key{"folder"}})), Errc::not_empty);
  EXPECT_TRUE(fs::exists(scratch_ / "folder/.git"));
}

TEST_F(FileTree, AReadOnlyDirectoryIsDeclaredAndRefusesWrites) {
  write_file(scratch_ / "a.eml", "Subject: x\r\n\r\n");
  fs::permissions(scratch_.string(), fs::perms{0555});
  const bool is_root = ::geteuid() == 0;
  ASSERT_EQ(::seteuid(is_root ? 65534 : ::geteuid()), 0);
  const auto context = open_context(*backend_, "file://" + scratch_.string());
  EXPECT_TRUE(context->profile().read_only);
  EXPECT_EQ(code(save(*context, "b.eml", "x")), Errc::read_only);
  EXPECT_EQ(code(context->remove({}, {}, {Key{"a.eml"}, {}, {}})), Errc::read_only);
  EXPECT_EQ(code(context->create_folder({}, {}, "b")), Errc::read_only);
  EXPECT_EQ(code(context->remove_folder({}, {Key{"b"}})), Errc::read_only);
  EXPECT_EQ(list(*context).messages.size(), 1u);
  ASSERT_EQ(::seteuid(is_root ? 0 : ::geteuid()), 0);
  fs::permissions(scratch_.string(), fs::perms{0755});
}

TEST_F(FileTree, ASparseFileOf4GiBIsListedReadAndCopiedSparsely) {
  constexpr std::uint64_t size = (4ull << 30) + 5;
  write_file(scratch_ / "huge.eml", "Subject: huge\r\n\r\n");
  fs::resize_file(scratch_ / "huge.eml", size);
  const Entry entry = only_message();
  EXPECT_EQ(entry.size, size);
  EXPECT_EQ(entry.summary.subject, "huge");
  const auto copy = context_->ability<Moving>()->copy({}, {}, ref(entry), {}, "copy.eml");
  ASSERT_TRUE(copy) << copy.error().to_string();
  EXPECT_EQ(copy->size, size);
  struct stat status;
  ASSERT_EQ(::stat((scratch_ / "copy.eml").c_str(), &status), 0);
  EXPECT_LT(status.st_blocks, 1024);
  auto body = context_->open({}, {}, ref(*copy));
  ASSERT_TRUE(body);
  std::array<std::byte, 16> end{};
  EXPECT_EQ((*body)->read_at({}, size - 5, end).value_or(0), 5u);
}

TEST_F(FileTree, AWatcherSeesTheRootGo) {
  struct Sink final : WatchSink {
    std::stop_source stop;
    bool everything = false;
    void message_changed(const FolderPath&, const Key&) override {}
    void folder_changed(const FolderPath&) override {}
    void everything_changed() override {
      everything = true;
      stop.request_stop();
    }
  } sink;
  auto& watching = *context_->ability<Watching>();
  ASSERT_TRUE(watching.start({}));
  fs::remove(scratch_.string());
  EXPECT_EQ(code(watching.watch(Call::within(5s, sink.stop.get_token()), sink)), Errc::cancelled);
  EXPECT_TRUE(sink.everything);
  Listed listed;
  EXPECT_EQ(code(context_->changes({}, {}, {}, listed)), Errc::not_found);
}

TEST_F(FileTree, ALargeListingStopsWhenAsked) {
  for (int number = 0; number < 200; ++number) write_file(scratch_ / std::to_string(number), "x");
  struct Stopping final : ChangeSink {
    std::stop_source stop;
    int count = 0;
    bool known(const Key&, const ChangeKey&, const ChangeKey&) override { return false; }
    Result<> message(Entry) override {
      if (++count == 10) stop.request_stop();
      return {};
    }
    Result<> folder(FolderEntry) override { return {}; }
    Result<> removed(const Key&) override { return {}; }
  } sink;
  const Call call{std::chrono::steady_clock::time_point::max(), sink.stop.get_token()};
  EXPECT_EQ(code(context_->changes(call, {}, {}, sink)), Errc::cancelled);
  EXPECT_LT(sink.count, 200);
}

}  // namespace
}  // namespace mapistore::file::file_context_test
