#include "backends/maildir/backend.h"
#include "tests/unit/backends/support.h"

namespace mapistore::maildir::maildir_context_test {
namespace {

using namespace testing_backends;
namespace fs = std::filesystem;

constexpr std::string_view mail = "Subject: hello\r\n\r\nbody\r\n";

class Maildir : public ::testing::Test {
 protected:
  Maildir() {
    make_folder(".");
    context_ = open_context(*backend_, "maildir://" + scratch_.string());
  }
  void make_folder(const std::string& name) {
    for (const char* child : {"/cur", "/new", "/tmp"}) fs::create_directories(scratch_ / (name + child));
  }

  ScratchDirectory scratch_;
  QuietHost host_;
  std::unique_ptr<Backend> backend_ = make_backend(host_);
  std::unique_ptr<Context> context_;
};

TEST_F(Maildir, SaysHowToCreateOne) {
  fs::remove(scratch_ / "tmp");
  const auto opened = backend_->open({}, ContextUri::parse("maildir://" + scratch_.string())->uri, {});
  ASSERT_EQ(code(opened), Errc::not_found);
  EXPECT_EQ(opened.error().hint, "create it with mkdir -p " + scratch_.string() + "/{cur,new,tmp}");
}

TEST_F(Maildir, ReadingLeavesNewMailInNew) {
  write_file(scratch_ / "new/1.a.host", mail);
  const Listed listed = list(*context_);
  ASSERT_EQ(listed.messages.size(), 1u);
  const Entry& entry = listed.messages.begin()->second;
  EXPECT_EQ(entry.key.bytes, "1.a.host");
  EXPECT_FALSE(entry.state.read);
  ASSERT_TRUE(context_->open({}, {}, ref(entry)));
  EXPECT_TRUE(fs::exists(scratch_ / "new/1.a.host"));
}

TEST_F(Maildir, StateIsInFlagsAndUnknownFlagsStay) {
  write_file(scratch_ / "cur/1.a.host:2,FTab", mail);
  const Entry entry = list(*context_).messages.begin()->second;
  EXPECT_TRUE(entry.state.flagged);
  State state;
  state.read = true;
  ASSERT_TRUE(context_->set_state({}, {}, ref(entry), {.state = state, .received = {}}));
  EXPECT_TRUE(fs::exists(scratch_ / "cur/1.a.host:2,STab"));
}

TEST_F(Maildir, NewMailMovesOnWhenItGetsAFlag) {
  write_file(scratch_ / "new/1.a.host", mail);
  State state;
  state.read = true;
  const auto changed = context_->set_state({}, {}, {Key{"1.a.host"}, {}, {}}, {.state = state, .received = {}});
  ASSERT_TRUE(changed);
  EXPECT_TRUE(fs::exists(scratch_ / "cur/1.a.host:2,S"));
  ASSERT_TRUE(context_->set_state({}, {}, ref(*changed), {.state = State{}, .received = {}}));
  EXPECT_TRUE(fs::exists(scratch_ / "cur/1.a.host:2,")) << "what was seen is not new again";
}

TEST_F(Maildir, FindsAMessageThatOthersRenamed) {
  write_file(scratch_ / "cur/1.a.host:2,S", mail);
  const Entry entry = list(*context_).messages.begin()->second;
  fs::rename(scratch_ / "cur/1.a.host:2,S", scratch_ / "cur/1.a.host:2,DFRSx");
  auto body = context_->open({}, {}, ref(entry));
  ASSERT_TRUE(body);
  EXPECT_EQ((*body)->change(), entry.change) << "a flag is no other content";
  ASSERT_TRUE(context_->remove({}, {}, ref(entry)));
  EXPECT_TRUE(fs::is_empty(scratch_ / "cur"));
}

TEST_F(Maildir, DeliversUnreadMailToNewAndTheRestToCur) {
  const auto saved = save(*context_, "a.eml", std::string(mail));
  ASSERT_TRUE(saved);
  EXPECT_TRUE(fs::exists(scratch_ / ("new/" + saved->key.bytes)));
  EXPECT_TRUE(saved->key.bytes.ends_with(",S=" + std::to_string(mail.size())));
  EXPECT_TRUE(fs::is_empty(scratch_ / "tmp"));
  EXPECT_EQ(code(save(*context_, "a.ics", "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")),
            Errc::unsupported);
}

TEST_F(Maildir, AMessageThatComesBackWhileItsGoingIsToldIsThere) {
  /// Hears that a message went, and has it come back with other flags before asking for it.
  struct Sink final : WatchSink {
    Sink(Context& context, std::string comes_back) : context_{context}, comes_back_{std::move(comes_back)} {}
    void message_changed(const FolderPath& path, const Key& key) override {
      write_file(comes_back_, mail);
      found = code(context_.inspect({}, path, key));
      stop.request_stop();
    }
    void folder_changed(const FolderPath&) override {}
    void everything_changed() override {}

    Errc found = Errc::io;
    std::stop_source stop;

   private:
    Context& context_;
    std::string comes_back_;
  };
  write_file(scratch_ / "cur/1.a.host:2,Sab", mail);
  Watching* watching = context_->ability<Watching>();
  ASSERT_TRUE(watching->start({}));
  fs::remove(scratch_ / "cur/1.a.host:2,Sab");
  Sink sink{*context_, scratch_ / "cur/1.a.host:2,FRab"};
  EXPECT_EQ(
      code(watching->watch({std::chrono::steady_clock::now() + std::chrono::seconds{10}, sink.stop.get_token()}, sink)),
      Errc::cancelled);
  EXPECT_EQ(sink.found, Errc{0});
}

TEST_F(Maildir, ShowsTheFoldersOfDovecot) {
  make_folder(".Entw&APw-rfe");
  make_folder(".Lists.gcc");
  make_folder(".Trash");
  fs::create_directory(scratch_ / ".no-maildir");
  const Listed listed = list(*context_);
  ASSERT_EQ(listed.folders.size(), 3u);
  EXPECT_EQ(listed.folders.at("Entw&APw-rfe").display_name, "Entwürfe");
  EXPECT_EQ(listed.folders.at("Trash").role, Role::trash);
  EXPECT_TRUE(listed.folders.at("Trash").special);
  const Listed lists = list(*context_, {Key{"Lists"}});
  EXPECT_TRUE(lists.folders.contains("gcc")) << "a parent that is no directory of its own";
  EXPECT_EQ(code(context_->remove_folder({}, {Key{"Lists"}})), Errc::not_empty);
}

TEST_F(Maildir, CreatesFoldersThatDovecotKnows) {
  ASSERT_TRUE(context_->create_folder({}, {}, "Büro"));
  EXPECT_TRUE(fs::exists(scratch_ / ".B&APw-ro/maildirfolder"));
  EXPECT_EQ(code(context_->create_folder({}, {}, "inbox")), Errc::invalid_argument);
  write_file(scratch_ / ".B&APw-ro/dovecot-uidlist", "3 V1 N1\n");
  EXPECT_TRUE(context_->remove_folder({}, {Key{"B&APw-ro"}}));
  ASSERT_TRUE(context_->create_folder({}, {}, "Kept"));
  write_file(scratch_ / ".Kept/sieve", "keep;");
  EXPECT_EQ(code(context_->remove_folder({}, {Key{"Kept"}})), Errc::not_empty);
}

TEST_F(Maildir, RemovesAFolderThoughAKillLeftOneHalfRemoved) {
  make_folder(".A");
  const fs::path remains = scratch_ / "tmp/mapistore-removed.A";
  fs::create_directories(remains / "cur");
  write_file((remains / "maildirfolder").native(), "");
  EXPECT_TRUE(context_->remove_folder({}, {Key{"A"}}));
  EXPECT_FALSE(fs::exists(remains));

  make_folder(".A");
  for (const char* name : {"cur", "new", "tmp"}) fs::create_directories(remains / name);
  write_file((remains / "new/1.a.host").native(), mail);
  EXPECT_EQ(code(context_->remove_folder({}, {Key{"A"}})), Errc::not_empty) << "mail that came just before the kill";
  EXPECT_TRUE(fs::exists(remains / "new/1.a.host"));
}

TEST_F(Maildir, ARenameRenamesEveryFolderBelow) {
  for (const char* name : {".A", ".A.B", ".A.B.C", ".AB"}) make_folder(name);
  ASSERT_TRUE(context_->rename_folder({}, {Key{"A"}}, {Key{"AB"}}, "X"));
  for (const char* name : {".AB.X", ".AB.X.B", ".AB.X.B.C", ".AB"}) EXPECT_TRUE(fs::exists(scratch_ / name)) << name;
  EXPECT_FALSE(fs::exists(scratch_ / ".A"));
}

}  // namespace
}  // namespace mapistore::maildir::maildir_context_test
