#include <mapistore/sqlite.h>

#include <gmock/gmock.h>

#include <thread>

#include "backends/archive/format.h"
#include "tests/support/corpus_files.h"
#include "tests/unit/backends/archive_support.h"

namespace mapistore::archive::archive_context_test {
namespace {

using namespace testing_backends;
namespace fs = std::filesystem;

class ArchiveContexts : public ArchiveTest {
 protected:
  void SetUp() override { reopen(); }
};

TEST_F(ArchiveContexts, IsMadeWhereNothingIsButNotWithoutADirectory) {
  EXPECT_EQ(fs::status(file()).permissions(), fs::perms{0600});
  const auto opened = backend_->open({}, ContextUri::parse("archive:///nowhere/at/all/a.mza")->uri, {});
  ASSERT_EQ(code(opened), Errc::not_found);
  EXPECT_EQ(opened.error().hint, "create it with mkdir -p /nowhere/at/all");
  EXPECT_EQ(code(backend_->open({}, ContextUri::parse("archive://relative/a.mza")->uri, {})), Errc::invalid_uri);
  EXPECT_EQ(code(try_open({{"dictionary_after", "many"}})), Errc::invalid_configuration);
  EXPECT_EQ(code(try_open({{"encryption", "rot13"}})), Errc::invalid_configuration);
  for (const auto& item : fs::directory_iterator{scratch_.string()})
    EXPECT_TRUE(item.path().filename().native().starts_with("a.mza")) << item.path() << " was left over";
}

TEST_F(ArchiveContexts, IsReadableBySqlAlone) {
  EXPECT_EQ(sql("PRAGMA application_id"), std::to_string(application_id));
  EXPECT_EQ(sql("PRAGMA user_version"), std::to_string(schema_version));
  save("a.eml", plain_mail("greetings"));
  EXPECT_EQ(sql("SELECT subject || ' ' || sender || ' ' || recipient || ' ' || message_id FROM mail"),
            "greetings anna@example.org ben@example.org greetings@example.org");
  EXPECT_THAT(sql("SELECT value FROM meta WHERE name = 'readme'"), ::testing::HasSubstr("Decompress"));
}

TEST_F(ArchiveContexts, StoresOnceWhatManyMailsCarry) {
  const std::string document = noise(60'000, 1);
  const std::uintmax_t empty = file_size();
  std::vector<Entry> saved;
  for (int i = 0; i < 20; ++i)
    saved.push_back(save("a.eml", mail_with("number " + std::to_string(i), document, i % 2 == 0 ? "\r\n" : "\n")));
  EXPECT_EQ(sql("SELECT count(*) FROM content WHERE kind = 1"), "1");
  EXPECT_EQ(sql("SELECT uses FROM content WHERE kind = 1"), "20");
  sql("PRAGMA wal_checkpoint(TRUNCATE)");
  EXPECT_LT(file_size() - empty, 60'000 * 3);
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(bytes_of(saved[static_cast<std::size_t>(i)]),
              mail_with("number " + std::to_string(i), document, i % 2 == 0 ? "\r\n" : "\n"));
  for (const Entry& entry : saved) remove(entry);
  EXPECT_EQ(sql("SELECT count(*) FROM content"), "0") << "the last mail takes the part with it";
  EXPECT_EQ(sql("SELECT count(*) FROM insertion"), "0");
}

TEST_F(ArchiveContexts, StoresEqualMessagesOnceAndApart) {
  const Entry first = save("a.eml", plain_mail("same")), second = save("a.eml", plain_mail("same"));
  EXPECT_NE(first.key, second.key);
  EXPECT_EQ(sql("SELECT count(*) FROM content"), "1");
  remove(first);
  EXPECT_EQ(bytes_of(second), plain_mail("same"));
}

TEST_F(ArchiveContexts, GivesTheRealMailsBackBitByBit) {
  std::size_t count = 0;
  for (const char* kind : {"eml", "ics", "vcf"})
    for (const auto& path : testing::files_below(testing::corpus() / kind, "." + std::string(kind))) {
      const std::string bytes = testing::contents(path);
      EXPECT_EQ(bytes_of(save(path.filename(), bytes)), bytes) << path;
      ++count;
    }
  EXPECT_EQ(list(*context_).messages.size(), count);
}

/// Text that has something in common with that of other numbers.
std::string letter(int number) {
  std::string text;
  for (int line = 0; line < 12; ++line)
    text += "Dear colleague, the meeting " + std::to_string(number * 7919 % 1000) + " of the board in room " +
            std::to_string(line * number % 97) + " is about the budget.\r\n";
  return plain_mail("letter " + std::to_string(number), text);
}

TEST_F(ArchiveContexts, LearnsADictionaryAndReadsWhatIsOlder) {
  context_.reset();
  backend_.reset();
  fs::remove(file());
  reopen({{"dictionary_after", "100"}});
  std::vector<Entry> saved;
  for (int i = 0; i < 150; ++i) saved.push_back(save("a.eml", letter(i)));
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{60};
  while (sql("SELECT count(*) FROM dictionary") == "0" && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  reopen();
  for (int i = 150; i < 200; ++i) saved.push_back(save("a.eml", letter(i)));
  EXPECT_EQ(sql("SELECT count(*) > 0 FROM content WHERE dictionary IS NULL"), "1");
  EXPECT_EQ(sql("SELECT count(*) >= 50 FROM content WHERE dictionary IS NOT NULL"), "1");
  EXPECT_EQ(sql("SELECT (SELECT avg(length(frame)) FROM content WHERE dictionary IS NOT NULL) <"
                " 0.8 * (SELECT avg(length(frame)) FROM content WHERE dictionary IS NULL)"),
            "1");
  for (int i = 0; i < 200; ++i) EXPECT_EQ(bytes_of(saved[static_cast<std::size_t>(i)]), letter(i));
}

TEST_F(ArchiveContexts, KeepsPropertiesExactly) {
  const SideProperties properties{{"", "0x6abf0003", "-7"},
                                  {"", "PidTagSubject", std::nullopt},
                                  {"recipients", "0/PidTagComment", "Z\xc3\xbcrich \"quoted\"\n\t\x01"}};
  TextBody body{plain_mail("x")};
  Draft draft;
  draft.body = &body;
  draft.properties = properties;
  draft.state.categories = {"Blue"};
  const Entry saved = context_->save({}, {}, draft, nullptr).value();
  EXPECT_EQ(saved.properties, properties);
  reopen();
  EXPECT_EQ(list(*context_).messages.begin()->second.properties, properties);
  State read;
  read.read = true;
  const Entry stated =
      context_->set_state({}, {}, ref(saved), {.state = read, .received = {}, .properties = {}}).value();
  EXPECT_EQ(stated.properties, properties) << "what is not set stays";
  EXPECT_TRUE(stated.state.categories.empty());
  const Entry cleared =
      context_->set_state({}, {}, ref(saved), {.state = {}, .received = {}, .properties = SideProperties{}}).value();
  EXPECT_TRUE(cleared.properties.empty());
  EXPECT_TRUE(cleared.state.read);
  EXPECT_NE(cleared.state_change, stated.state_change);
  EXPECT_EQ(cleared.change, saved.change);
}

TEST_F(ArchiveContexts, ReadsALargeMessageAnywhereThoughItIsRemoved) {
  const std::string attachment = noise(3'000'001, 2);
  const std::string bytes = mail_with("large", attachment, "\n") + noise(900'000, 3);
  const Entry saved = save("large.eml", bytes);
  EXPECT_EQ(sql("SELECT size FROM content WHERE kind = 1"), "3000001");
  auto body = context_->open({}, {}, ref(saved));
  ASSERT_TRUE(body);
  remove(saved);
  EXPECT_EQ(sql("SELECT count(*) FROM message"), "0");
  EXPECT_EQ(sql("SELECT count(*) FROM content WHERE unused_since IS NOT NULL"), "1");
  host_.ahead = std::chrono::hours{2};
  remove(save("other.eml", plain_mail("other")));  // which sweeps
  std::string part(5000, '\0');
  for (std::size_t at = 0; at < bytes.size(); at += 77'777) {
    const auto count = (*body)->read_at({}, at, std::as_writable_bytes(std::span(part)));
    ASSERT_TRUE(count) << at;
    ASSERT_EQ(std::string_view(part).substr(0, *count), std::string_view(bytes).substr(at, part.size())) << at;
  }
  body->reset();
  remove(save("other.eml", plain_mail("other")));
  EXPECT_EQ(sql("SELECT count(*) FROM content"), "0") << "nobody reads it any more";
}

TEST_F(ArchiveContexts, GivesRoomBackToTheFilesystem) {
  std::vector<Entry> saved;
  for (unsigned i = 0; i < 40; ++i) saved.push_back(save("a.bin", noise(150'000, i)));
  sql("PRAGMA wal_checkpoint(TRUNCATE)");
  const std::uintmax_t full = file_size();
  for (const Entry& entry : saved) remove(entry);
  sql("PRAGMA wal_checkpoint(TRUNCATE)");
  EXPECT_LT(file_size(), full / 4);
}

TEST_F(ArchiveContexts, NothingIsLeftOfAMessageThatBreaksOff) {
  struct Broken final : Body {
    ChangeKey none;
    const ChangeKey& change() const noexcept override { return none; }
    std::uint64_t size() const noexcept override { return 20'000'000; }
    Result<std::size_t> read_at(const Call&, std::uint64_t offset, std::span<std::byte> out) override {
      if (offset > 9'000'000) return fail(Errc::disconnected, {}, "the source is gone");
      const std::string bytes = noise(out.size(), static_cast<unsigned>(offset));
      std::ranges::copy(std::as_bytes(std::span(bytes)), out.begin());
      return out.size();
    }
  } broken;
  Draft draft;
  draft.body = &broken;
  EXPECT_EQ(code(context_->save({}, {}, draft, nullptr)), Errc::disconnected);
  EXPECT_EQ(sql("SELECT count(*) FROM content"), "0");
  EXPECT_EQ(sql("SELECT count(*) FROM more_frames"), "0");
}

TEST_F(ArchiveContexts, AContextOfAnotherProcessSeesAndIsSeen) {
  const Entry ours = save("ours.eml", plain_mail("ours"));
  const std::unique_ptr<Backend> other = make_backend(host_);  // shares nothing with the first
  const auto context = open_context(*other, uri());
  const Entry theirs = testing_backends::save(*context, "theirs.eml", plain_mail("theirs")).value();
  EXPECT_EQ(list(*context_).messages.size(), 2u);
  EXPECT_EQ(bytes_of(theirs), plain_mail("theirs"));
  ASSERT_TRUE(context->remove({}, {}, ref(ours)));
  EXPECT_EQ(code(context_->open({}, {}, ref(ours))), Errc::not_found);
}

TEST_F(ArchiveContexts, ManySavesAtOnceAreCommittedTogether) {
  constexpr int threads = 16, each = 25;
  std::vector<std::jthread> savers;
  for (int thread = 0; thread < threads; ++thread)
    savers.emplace_back([this, thread] {
      for (int i = 0; i < each; ++i) save("a.eml", letter(thread * each + i));
    });
  savers.clear();
  EXPECT_EQ(list(*context_).messages.size(), std::size_t{threads * each});
  EXPECT_EQ(sql("PRAGMA integrity_check"), "ok");
}

}  // namespace
}  // namespace mapistore::archive::archive_context_test
