// The SQL backend on both of its databases: what the conformance suite cannot provoke.
#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "backends/sql/backend.h"
#include "backends/sql/bodies.h"
#include "backends/sql/context.h"
#include "tests/support/database_server.h"
#include "tests/support/temp_mount.h"
#include "tests/unit/backends/support.h"

namespace mapistore::sql::sql_context_test {
namespace {

using namespace std::chrono_literals;
using namespace testing_backends;
using testing::DatabaseServer;

/// With the password of the shared server.
class ServerHost final : public Host {
 public:
  void log(LogLevel, std::string_view object, std::string_view text) noexcept override {
    lines += std::string(object) + ": " + std::string(text) + "\n";
  }
  Result<std::string> secret(const ContextUri&) override { return password; }
  Result<std::filesystem::path> state_directory(std::string_view) override { return fail(Errc::not_found); }
  Time now() const noexcept override { return std::chrono::system_clock::now() + ahead; }

  std::string password, lines;
  std::chrono::hours ahead{0};
};

class SqlStore : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    is_file_ = GetParam() == std::string_view{"sqlite"};
    if (!is_file_) {
      database_ = DatabaseServer::shared().make_database();
      host_.password = DatabaseServer::shared().password();
    }
    context_ = open();
  }
  std::unique_ptr<Context> open() {
    const std::string uri = is_file_ ? "sqlite://" + scratch_ / "s.sqlite" : DatabaseServer::shared().uri(database_);
    auto context = backend_->open(Call::within(30s), ContextUri::parse(uri)->uri, {{"poll", "0.05"}});
    EXPECT_TRUE(context) << context.error().to_string();
    return std::move(context).value();
  }
  std::string sql(const std::string& statements) {
    if (!is_file_) return DatabaseServer::shared().sql(database_, statements);
    const auto outcome =
        testing::run("sqlite3 -tabs -cmd '.timeout 5000' " + testing::shell_word(scratch_ / "s.sqlite") + " " +
                     testing::shell_word(statements));
    EXPECT_EQ(outcome.code, 0) << outcome.output;
    return outcome.output;
  }
  /// Reports nothing; lets the watcher do what else it does.
  struct Ignore final : WatchSink {
    void message_changed(const FolderPath&, const Key&) override {}
    void folder_changed(const FolderPath&) override {}
    void everything_changed() override {}
  };
  void let_it_clean() {
    auto* watching = context_->ability<Watching>();
    ASSERT_TRUE(watching->start(Call{}));
    Ignore sink;
    EXPECT_EQ(code(watching->watch(Call::within(600ms), sink)), Errc::timed_out);
  }

  ScratchDirectory scratch_;
  ServerHost host_;
  bool is_file_ = false;
  std::string database_;
  std::unique_ptr<Backend> backend_ = make_backend(host_);
  std::unique_ptr<Context> context_;
};
INSTANTIATE_TEST_SUITE_P(Databases, SqlStore, ::testing::Values("sqlite", "mariadb"),
                         [](const auto& kind) { return std::string(kind.param); });

TEST_P(SqlStore, BytesOfLargeMessagesStayForThoseWhoReadThem) {
  const std::string large(9 * 1024 * 1024 + 7, 'l');
  const auto saved = save(*context_, "large.bin", large);
  ASSERT_TRUE(saved) << saved.error().to_string();
  const auto body = context_->open(Call{}, {}, ref(*saved));
  ASSERT_TRUE(body);
  ASSERT_TRUE(context_->remove(Call{}, {}, ref(*saved)));
  std::string end(100, '\0');
  EXPECT_EQ((*body)->read_at(Call{}, large.size() - 50, std::as_writable_bytes(std::span(end))).value_or(0), 50u);
  EXPECT_EQ(sql("SELECT COUNT(*) FROM mst_garbage"), "1\n");
  let_it_clean();
  EXPECT_EQ(sql("SELECT COUNT(*) FROM mst_chunk"), "37\n") << "not yet";

  host_.ahead = 25h;
  context_ = open();
  let_it_clean();
  EXPECT_EQ(sql("SELECT COUNT(*) FROM mst_chunk"), "0\n");
  EXPECT_EQ(sql("SELECT COUNT(*) FROM mst_garbage"), "0\n");
  EXPECT_EQ(code((*body)->read_at(Call{}, 0, std::as_writable_bytes(std::span(end)))), Errc::corrupted);
}

TEST_P(SqlStore, AnUploadThatEndsHalfwayLeavesNothingForLong) {
  struct Breaking final : Body {
    ChangeKey key;
    const ChangeKey& change() const noexcept override { return key; }
    std::uint64_t size() const noexcept override { return 10 * 1024 * 1024; }
    Result<std::size_t> read_at(const Call&, std::uint64_t offset, std::span<std::byte> out) override {
      if (offset > 6 * 1024 * 1024) return fail(Errc::io, {}, "breaks");
      return out.size();
    }
  } body;
  Draft draft;
  draft.body = &body;
  draft.name = "half.bin";
  draft.summary.kind = MessageKind::document;
  EXPECT_EQ(code(context_->save(Call{}, {}, draft, nullptr)), Errc::io);
  EXPECT_TRUE(list(*context_).messages.empty());
  EXPECT_EQ(sql("SELECT COUNT(*) FROM mst_chunk"), "16\n");
  host_.ahead = 25h;
  let_it_clean();
  EXPECT_EQ(sql("SELECT COUNT(*) FROM mst_chunk"), "0\n");
}

TEST_P(SqlStore, OldTombstonesGoAndWhoMissedThemListsAnew) {
  const auto gone = save(*context_, "gone.txt", "gone");
  const auto stays = save(*context_, "stays.txt", "stays");
  ASSERT_TRUE(gone && stays);
  Listed first;
  const auto listing = context_->changes(Call{}, {}, {}, first);
  ASSERT_TRUE(listing);
  ASSERT_TRUE(context_->remove(Call{}, {}, ref(*gone)));
  host_.ahead = std::chrono::hours{31 * 24};
  let_it_clean();
  EXPECT_EQ(sql("SELECT COUNT(*) FROM mst_tomb"), "0\n");
  Listed second;
  const auto anew = context_->changes(Call{}, {}, listing->next, second);
  ASSERT_TRUE(anew);
  EXPECT_TRUE(anew->complete);
  EXPECT_EQ(second.messages.size(), 1u);
}

TEST_P(SqlStore, InvalidRowsAreNamedOnce) {
  sql("INSERT INTO mst_message (store_id, folder_id, message_id, cn, class, subject, status) VALUES (1, 1, 41, 1, "
      "'IPM.Task', 'x', 99)");
  sql("INSERT INTO mst_message (store_id, folder_id, message_id, cn, class, subject) VALUES (1, 1, 42, 1, "
      "'IPM.Nonsense', 'x')");
  sql("UPDATE mst_folder SET cn = 1");
  EXPECT_TRUE(list(*context_).messages.empty());
  EXPECT_TRUE(list(*context_).messages.empty());
  EXPECT_THAT(host_.lines, ::testing::HasSubstr("message_id 41: status: is not between 0 and 4"));
  EXPECT_THAT(host_.lines, ::testing::HasSubstr("message_id 42: class: is \"IPM.Nonsense\""));
  EXPECT_EQ(std::ranges::count(host_.lines, '\n'), 2) << host_.lines;
}

TEST_P(SqlStore, ManyProgramsWriteToOneFolder) {
  constexpr int each = 25;
  std::vector<std::unique_ptr<Context>> contexts;
  for (int i = 0; i < 4; ++i) contexts.push_back(open());
  std::atomic<int> failures{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&, i] {
        for (int j = 0; j < each; ++j)
          if (!save(*contexts[static_cast<std::size_t>(i)], std::to_string(i) + "-" + std::to_string(j) + ".txt", "x"))
            ++failures;
      });
  }
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(sql("SELECT COUNT(*), COUNT(DISTINCT message_id), COUNT(DISTINCT cn), MAX(cn) FROM mst_message"),
            "100\t100\t100\t100\n");
}

TEST_P(SqlStore, ARestoredBackupIsListedAnew) {
  ASSERT_TRUE(save(*context_, "a.txt", "a"));
  ASSERT_TRUE(save(*context_, "b.txt", "b"));
  Listed first;
  const auto listing = context_->changes(Call{}, {}, {}, first);
  ASSERT_TRUE(listing);
  sql("UPDATE mst_folder SET cn = 1 WHERE folder_id = 1");
  Listed second;
  const auto anew = context_->changes(Call{}, {}, listing->next, second);
  ASSERT_TRUE(anew);
  EXPECT_TRUE(anew->complete);
  EXPECT_EQ(second.messages.size(), 2u);
}

/// The examples of docs/formats/sql_store.md, in their order.
std::vector<std::string> examples() {
  const std::string text = testing::read_file(MAPISTORE_SOURCE_DIR "/docs/formats/sql_store.md").value_or("");
  std::vector<std::string> blocks;
  for (std::size_t at = 0; (at = text.find("```sql\n", at)) != std::string::npos;) {
    const std::size_t end = text.find("```", at + 7);
    blocks.push_back(text.substr(at + 7, end - at - 7));
    at = end + 3;
  }
  return blocks;
}

TEST_P(SqlStore, TheExamplesOfTheDocumentationWork) {
  std::vector<std::string> blocks = examples();
  ASSERT_EQ(blocks.size(), 5u);
  if (is_file_)
    for (std::string& block : blocks)
      if (const std::size_t at = block.find("START TRANSACTION"); at != std::string::npos)
        block.replace(at, 17, "BEGIN IMMEDIATE");
  sql(blocks[is_file_ ? 0 : 1]);
  Listed listed;
  const auto first = context_->changes(Call{}, {}, {}, listed);
  ASSERT_EQ(listed.messages.size(), 1u);
  const Entry milk = listed.messages.begin()->second;
  EXPECT_EQ(milk.summary.subject, "Buy milk");
  EXPECT_EQ(milk.summary.kind, MessageKind::task);
  EXPECT_TRUE(milk.summary.date_only);
  EXPECT_EQ(milk.summary.date, Time{std::chrono::sys_days{std::chrono::year{2026} / 9 / 1}});
  EXPECT_LT(std::chrono::abs(milk.received - host_.now()), 60s);

  const std::string books =
      "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VTODO\r\nUID:1\r\nSUMMARY:Books\r\nEND:VTODO\r\nEND:VCALENDAR\r\n";
  ASSERT_TRUE(save(*context_, "books.ics", books));
  sql(blocks[2]);
  const Listed changed = list(*context_);
  const auto entry =
      std::ranges::find_if(changed.messages, [](const auto& one) { return one.second.name == "books.ics"; });
  ASSERT_NE(entry, changed.messages.end());
  const auto body = context_->open(Call{}, {}, ref(entry->second));
  ASSERT_TRUE(body);
  std::string bytes((*body)->size(), '\0');
  ASSERT_TRUE((*body)->read_at(Call{}, 0, std::as_writable_bytes(std::span(bytes))));
  EXPECT_EQ(bytes.size(), entry->second.size);
  EXPECT_THAT(bytes, ::testing::AllOf(::testing::HasSubstr("STATUS:COMPLETED"), ::testing::HasSubstr("UID:1")));
  sql("UPDATE mst_message SET message_id = 4711 WHERE name = 'books.ics'");
  sql(blocks[3]);
  EXPECT_EQ(sql("SELECT COUNT(*) FROM mst_message"), "1\n");
  EXPECT_EQ(sql("SELECT bytes FROM mst_folder WHERE folder_id = 1"), "0\n");
  EXPECT_EQ(sql("SELECT COUNT(*) FROM mst_garbage"), "1\n");
  sql(blocks[4]);
  Listed anew;
  const auto again = context_->changes(Call{}, {}, first->next, anew);
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->complete);
  EXPECT_EQ(anew.messages.size(), 1u);
}

class SqlServer : public ::testing::Test {
 protected:
  SqlServer() { host_.password = DatabaseServer::shared().password(); }
  std::unique_ptr<Context> open(const std::string& database) {
    auto context =
        backend_->open(Call::within(30s), ContextUri::parse(DatabaseServer::shared().uri(database))->uri, {});
    EXPECT_TRUE(context) << context.error().to_string();
    return std::move(context).value();
  }
  /// Waits until somebody in the database sleeps, with what he has locked.
  static void await_sleeper(const std::string& database) {
    ASSERT_TRUE(testing::eventually(
        [&] {
          return DatabaseServer::shared().sql("SELECT COUNT(*) FROM information_schema.processlist WHERE db = '" +
                                              database + "' AND state = 'User sleep'") == "1\n";
        },
        20s));
  }
  ServerHost host_;
  std::unique_ptr<Backend> backend_ = make_backend(host_);
};

TEST_F(SqlServer, ADeadlockIsTriedAgain) {
  const std::string database = DatabaseServer::shared().make_database();
  const auto context = open(database);
  const auto folder = context->create_folder(Call{}, {}, "F");
  const auto saved = save(*context, "a.txt", "a");
  ASSERT_TRUE(folder && saved);
  // Somebody who locks in the other order, and has more to lose: the server ends our transaction.
  std::jthread other{[&] {
    DatabaseServer::shared().sql(
        database,
        "CREATE TABLE weight (id INT PRIMARY KEY); START TRANSACTION; INSERT INTO weight "
        "SELECT seq FROM seq_1_to_2000; "
        "UPDATE mst_folder SET bytes = bytes WHERE store_id = 1 AND folder_id = " +
            folder->key.bytes +
            "; SELECT SLEEP(2); "
            "UPDATE mst_folder SET bytes = bytes WHERE store_id = 1 AND folder_id = 1; COMMIT");
  }};
  await_sleeper(database);
  const auto moved =
      context->ability<Moving>()->move(Call::within(30s), {}, ref(*saved), {folder->key}, "b.txt", nullptr);
  ASSERT_TRUE(moved) << moved.error().to_string();
  other.join();
  EXPECT_THAT(DatabaseServer::shared().sql("SHOW ENGINE INNODB STATUS"),
              ::testing::HasSubstr("LATEST DETECTED DEADLOCK"));
  EXPECT_EQ(list(*context, {folder->key}).messages.size(), 1u);
  EXPECT_TRUE(list(*context).messages.empty());
}

TEST_F(SqlServer, TablesOfOthersStandBesideOurs) {
  const std::string database = DatabaseServer::shared().make_database();
  DatabaseServer::shared().sql(database, "CREATE TABLE tasks (id INT PRIMARY KEY); INSERT INTO tasks VALUES (7)");
  const auto context = open(database);
  ASSERT_TRUE(save(*context, "a.txt", "a"));
  EXPECT_EQ(DatabaseServer::shared().sql(database, "SELECT * FROM tasks"), "7\n");
  EXPECT_EQ(DatabaseServer::shared().sql(database, "SELECT COUNT(*) FROM mail"), "0\n");
  EXPECT_THAT(host_.lines, ::testing::HasSubstr("'tasks' already exists"));
}

TEST_F(SqlServer, AServerWhosePacketsAreTooSmallIsRefused) {
  const DatabaseServer server{"max_allowed_packet=256K"};
  server.sql("CREATE DATABASE small");
  host_.password = server.password();
  const auto opened = backend_->open(Call::within(30s), ContextUri::parse(server.uri("small"))->uri, {});
  ASSERT_EQ(code(opened), Errc::invalid_configuration);
  EXPECT_THAT(opened.error().to_string(), ::testing::HasSubstr("raise max_allowed_packet"));
}

TEST_F(SqlServer, ConnectionsThatAreCutComeBack) {
  const std::string database = DatabaseServer::shared().make_database();
  const auto context = open(database);
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(save(*context, std::to_string(round) + ".txt", "x"));
    DatabaseServer::shared().sql(
        "SET @kills = (SELECT GROUP_CONCAT('KILL CONNECTION ' , id SEPARATOR ';') FROM "
        "information_schema.processlist WHERE db = '" +
        database + "'); EXECUTE IMMEDIATE @kills");
  }
  EXPECT_EQ(list(*context).messages.size(), 3u);
}

TEST_F(SqlServer, AWriterWhoSleepsIsWaitedForAsLongAsTheCallerSays) {
  const std::string database = DatabaseServer::shared().make_database();
  const auto context = open(database);
  ASSERT_TRUE(save(*context, "a.txt", "a"));
  std::jthread other{[&] {
    DatabaseServer::shared().sql(database,
                                 "START TRANSACTION; UPDATE mst_folder SET bytes = bytes; SELECT SLEEP(3); COMMIT");
  }};
  await_sleeper(database);
  TextBody body{"b"};
  Draft draft;
  draft.body = &body;
  draft.name = "b.txt";
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(code(context->save(Call::within(500ms), {}, draft, nullptr)), Errc::timed_out);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 1500ms);
  std::stop_source stop;
  std::jthread stopper{[&] {
    std::this_thread::sleep_for(300ms);
    stop.request_stop();
  }};
  EXPECT_EQ(code(context->save({std::chrono::steady_clock::time_point::max(), stop.get_token()}, {}, draft, nullptr)),
            Errc::cancelled);
  EXPECT_TRUE(context->save(Call::within(20s), {}, draft, nullptr));
  EXPECT_EQ(list(*context).messages.size(), 2u);
}

}  // namespace
}  // namespace mapistore::sql::sql_context_test
