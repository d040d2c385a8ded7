// The file of the index: opening it, its versions, and what happens to a damaged one.

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <map>

#include "core/index.h"
#include "core/index_schema.h"
#include "tests/unit/core/index_fixture.h"

namespace mapistore::testing::index_file_test {
namespace {

namespace fs = std::filesystem;

void run_sql(const fs::path& file, const std::string& sql) {
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(file.c_str(), &database), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(database);
  sqlite3_close(database);
}

TEST(IndexFile, IsMadePrivateAndOpensAgain) {
  const Scratch scratch;
  ContextRow first;
  {
    OneIndex one{scratch.path()};
    EXPECT_TRUE(one.alone);
    first = one.row;
    EXPECT_TRUE(fs::exists(scratch.path() / "unclean"));
  }
  EXPECT_FALSE(fs::exists(scratch.path() / "unclean")) << "closed cleanly";
  struct stat status{};
  ASSERT_EQ(::stat((scratch.path() / "index.sqlite").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777u, 0600u);
  OneIndex again{scratch.path()};
  EXPECT_EQ(again.row.root, first.root) << "a context keeps its rows";
  EXPECT_EQ(again.row.trash, first.trash);
}

TEST(IndexFile, OfANewerVersionIsRefusedAndLeftAlone) {
  const Scratch scratch;
  {
    OneIndex one{scratch.path()};
  }
  run_sql(scratch.path() / "index.sqlite", "PRAGMA user_version=99");
  const auto refused = Index::open(scratch.path());
  ASSERT_EQ(code(refused), Errc::incompatible);
  EXPECT_FALSE(refused.error().hint.empty());
  EXPECT_TRUE(fs::exists(scratch.path() / "index.sqlite"));
  run_sql(scratch.path() / "index.sqlite", "PRAGMA user_version=" + std::to_string(index_schema_version));
  EXPECT_TRUE(Index::open(scratch.path())) << "nothing was changed by the refusal";
}

TEST(IndexFile, OfVersionOneIsSteppedUp) {
  const Scratch scratch;
  Fmid fmid;
  {
    OneIndex one{scratch.path()};
    fmid = one.apply(one.row.root, entry("k", "kept")).fmid;
  }
  // What the versions since have added.
  run_sql(scratch.path() / "index.sqlite",
          "DROP TABLE side_properties; DROP TABLE facts; DROP TABLE transfers; DROP TABLE removals; DROP TABLE "
          "folder_moves; DROP TABLE spool; DROP TABLE switches; DROP TABLE replicas;"
          "DROP TABLE beginnings; ALTER TABLE objects DROP COLUMN size_trust; ALTER TABLE contexts DROP COLUMN remote;"
          "PRAGMA user_version=1");
  OneIndex one{scratch.path()};
  EXPECT_EQ(one.index->node(fmid)->fmid, fmid);
  EXPECT_EQ(one.index->side_properties(fmid).value(), SideProperties{});
  EXPECT_NE(one.index->store_guid().value(), Guid{});
}

TEST(IndexFile, KeepsTheIdentityOfItsStore) {
  const Scratch scratch, other;
  const Guid first = OneIndex{scratch.path()}.index->store_guid().value();
  EXPECT_EQ(OneIndex{scratch.path()}.index->store_guid().value(), first);
  EXPECT_NE(OneIndex{other.path()}.index->store_guid().value(), first);
}

TEST(IndexFile, ThatIsDamagedIsMovedAsideAndMadeAnew) {
  const auto damages = std::map<std::string, void (*)(const fs::path&)>{
      {"truncated", [](const fs::path& file) { fs::resize_file(file, fs::file_size(file) / 2); }},
      {"a stub", [](const fs::path& file) { fs::resize_file(file, 10); }},
      {"no database", [](const fs::path& file) { std::ofstream{file} << std::string(9000, 'x'); }},
      {"scribbled on, then killed",
       [](const fs::path& file) {
         std::fstream out{file, std::ios::in | std::ios::out | std::ios::binary};
         out.seekp(4096);
         out << std::string(static_cast<std::size_t>(fs::file_size(file)) - 4096, '\xA5');
         std::ofstream{file.parent_path() / "unclean"};
       }},
  };
  for (const auto& [what, damage] : damages) {
    const Scratch scratch;
    {
      OneIndex one{scratch.path()};
      for (int i = 0; i < 200; ++i) one.apply(one.row.root, entry(std::to_string(i), "subject"));
    }
    damage(scratch.path() / "index.sqlite");
    auto opened = Index::open(scratch.path());
    ASSERT_TRUE(opened) << what << ": " << opened.error().to_string();
    EXPECT_FALSE(opened->moved_aside.empty()) << what;
    EXPECT_TRUE(fs::exists(opened->moved_aside)) << what;
    EXPECT_EQ(code(opened->index->node(Fmid{1024})), Errc::not_found) << what;
  }
}

TEST(IndexFile, DamagedInTheMiddleFailsButDoesNotCrash) {
  const Scratch scratch;
  {
    OneIndex one{scratch.path()};
    for (int i = 0; i < 200; ++i) one.apply(one.row.root, entry(std::to_string(i), "subject"));
  }
  std::fstream out{scratch.path() / "index.sqlite", std::ios::in | std::ios::out | std::ios::binary};
  out.seekp(8192);
  out << std::string(8192, '\x5A');
  out.close();
  auto opened = Index::open(scratch.path());
  if (!opened) return;
  for (std::uint64_t fmid = 1024; fmid < 1300; ++fmid) static_cast<void>(opened->index->node(Fmid{fmid}));
  static_cast<void>(opened->index->list(Fmid{1024}, Fmid{}, [](const Node&) { return true; }));
}

TEST(IndexFile, ThatHasMetDamageIsCheckedWhenItIsOpenedAgainAndNoOther) {
  const Scratch scratch, other;
  {
    OneIndex one{scratch.path()};
    for (int i = 0; i < 200; ++i) one.apply(one.row.root, entry(std::to_string(i), "subject"));
  }
  {
    OneIndex one{scratch.path()}, whole{other.path()};
    std::fstream out{scratch.path() / "index.sqlite", std::ios::in | std::ios::out | std::ios::binary};
    out.seekp(4096);
    out << std::string(static_cast<std::size_t>(fs::file_size(scratch.path() / "index.sqlite")) - 4096, '\xA5');
    out.close();
    EXPECT_EQ(code(one.index->list(one.row.root, Fmid{}, [](const Node&) { return true; })), Errc::corrupted);
  }
  EXPECT_TRUE(fs::exists(scratch.path() / "unclean"));
  EXPECT_FALSE(fs::exists(other.path() / "unclean")) << "what is wrong with one file says nothing of another";
  EXPECT_FALSE(OneIndex{scratch.path()}.moved_aside.empty());
  EXPECT_FALSE(fs::exists(scratch.path() / "unclean")) << "the new one is whole";
}

TEST(IndexFile, IsCheckedAfterAnUncleanEndAndKeptIfWhole) {
  const Scratch scratch;
  Fmid message;
  {
    OneIndex one{scratch.path()};
    message = one.apply(one.row.root, entry("k", "kept")).fmid;
  }
  std::ofstream(scratch.path() / "unclean").close();
  auto opened = Index::open(scratch.path());
  ASSERT_TRUE(opened);
  EXPECT_TRUE(opened->moved_aside.empty());
  EXPECT_TRUE(opened->index->node(message));
}

TEST(IndexFile, SurvivesAKillWithWhatWasCommitted) {
  const Scratch scratch;
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    OneIndex one{scratch.path()};
    one.apply(one.row.root, entry("k", "kept", "kept.eml"));
    auto open = one.write();
    static_cast<void>(open->apply(one.row.id, one.row.root, entry("l", "lost", "lost.eml"), {}, {}));
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  OneIndex one{scratch.path()};
  EXPECT_TRUE(one.moved_aside.empty());
  EXPECT_EQ(one.names(one.row.root), std::vector<std::string>{"kept.eml"});
}

TEST(IndexFile, SaysWhatIsWrongWithItsDirectory) {
  const Scratch scratch;
  EXPECT_EQ(code(Index::open(scratch.path() / "missing")), Errc::not_found);
  ::chmod(scratch.path().c_str(), 0555);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    constexpr uid_t nobody = 65534;  // root writes anywhere
    const bool user = ::geteuid() != 0 || ::setresuid(nobody, nobody, nobody) == 0;
    ::_exit(user && code(Index::open(scratch.path())) == Errc::access_denied ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0) << "opened a directory that it may not write";
  ::chmod(scratch.path().c_str(), 0700);
}

/// Files of this process may grow to `bytes` only: what a full disk looks like to SQLite, in a child process.
TEST(IndexFile, ReportsThatItCannotGrowAndStaysReadable) {
  const Scratch scratch;
  {
    OneIndex one{scratch.path()};
  }
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    OneIndex one{scratch.path()};
    const rlimit limit{256 * 1024, 256 * 1024};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    Errc refused{};
    for (int i = 0; i < 20'000 && refused == Errc{}; ++i)
      refused = code(one.change([&](IndexWriter& writer) -> Result<> {
        auto done = writer.apply(one.row.id, one.row.root, entry("k" + std::to_string(i), "s", "n" + std::to_string(i)),
                                 {}, {});
        if (!done) return std::unexpected(done.error());
        return {};
      }));
    const bool readable = one.index->find(one.row.root, "n0").has_value();
    ::_exit(readable && (refused == Errc::io || refused == Errc::no_space) ? 0 : 10 + static_cast<int>(refused));
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  OneIndex again{scratch.path()};
  EXPECT_TRUE(again.index->find(again.row.root, "n0"));
}

}  // namespace
}  // namespace mapistore::testing::index_file_test
