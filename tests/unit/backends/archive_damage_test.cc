#include <mapistore/sqlite.h>

#include <gmock/gmock.h>

#include <unistd.h>

#include <fstream>

#include "backends/archive/archive.h"
#include "backends/archive/compact.h"
#include "backends/archive/file.h"
#include "backends/archive/verify.h"
#include "tests/unit/backends/archive_support.h"

namespace mapistore::archive::archive_damage_test {
namespace {

using namespace testing_backends;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

class ArchiveDamage : public ArchiveTest {
 protected:
  void SetUp() override { reopen(options_); }

  /// Ends all that is open, so that everything is in the file itself.
  void close() {
    context_.reset();
    backend_.reset();
  }
  void flip(std::uint64_t at) {
    std::fstream stream{file(), std::ios::in | std::ios::out | std::ios::binary};
    stream.seekg(static_cast<std::streamoff>(at));
    const char byte = static_cast<char>(stream.get() ^ 0x10);
    stream.seekp(static_cast<std::streamoff>(at));
    stream.put(byte);
  }
  std::vector<std::string> faults() {
    std::vector<std::string> lines;
    const auto archive = Archive::open(host_, file(), sqlite::Access::write,
                                       [this] { return host_.secret(ContextUri::parse(uri())->uri); });
    EXPECT_TRUE(archive) << archive.error().to_string();
    verdict_ = verify({}, **archive, [&](std::string_view line) { lines.emplace_back(line); }).value_or(Verdict{});
    return lines;
  }
  /// Opening fails with `expected`, and not a byte of the file is touched.
  void expect_refused(Errc expected, const std::string& says) {
    const std::string before = read_file(file());
    const auto opened = try_open();
    ASSERT_FALSE(opened);
    EXPECT_EQ(code(opened), expected) << opened.error().to_string();
    EXPECT_THAT(opened.error().to_string(), HasSubstr(says));
    EXPECT_THAT(opened.error().object, HasSubstr(file()));
    EXPECT_EQ(read_file(file()), before);
    EXPECT_FALSE(fs::exists(file() + "-wal"));
    EXPECT_FALSE(fs::exists(file() + "-journal"));
  }

  ContextOptions options_;
  Verdict verdict_;
};

TEST_F(ArchiveDamage, ADamagedFrameCostsOneMessageAndIsNamed) {
  std::vector<Entry> saved;
  for (int i = 0; i < 30; ++i)
    saved.push_back(save("a.eml", plain_mail("number " + std::to_string(i), noise(3000, static_cast<unsigned>(i)))));
  close();
  const std::size_t at = read_file(file()).find(noise(3000, 7).substr(1000, 50));
  ASSERT_NE(at, std::string::npos);
  flip(at);
  reopen();
  const Listed listed = list(*context_);
  ASSERT_EQ(listed.messages.size(), 30u) << "it is still listed";
  for (int i = 0; i < 30; ++i) {
    const auto bytes = bytes_of(saved[static_cast<std::size_t>(i)]);
    EXPECT_EQ(code(bytes), i == 7 ? Errc::io : Errc{0}) << i;
    if (bytes) continue;
    EXPECT_THAT(bytes.error().object, HasSubstr("message " + saved[7].key.bytes));
  }
  const auto lines = faults();
  ASSERT_EQ(lines.size(), 1u) << ::testing::PrintToString(lines);
  EXPECT_THAT(lines[0], HasSubstr("\"number 7\""));
  EXPECT_EQ(verdict_.messages, 29u);
  EXPECT_EQ(verdict_.damaged, 1u);
  remove(saved[7]);
  EXPECT_TRUE(faults().empty()) << "and can be removed";
}

TEST_F(ArchiveDamage, ADamagedPartCostsThoseThatCarryIt) {
  const std::string document = noise(500'000, 1);
  const Entry first = save("a.eml", mail_with("first", document)),
              second = save("a.eml", mail_with("second", document));
  const Entry third = save("a.eml", plain_mail("third"));
  close();
  flip(read_file(file()).find(document.substr(300'000, 50)));
  reopen();
  EXPECT_EQ(code(bytes_of(first)), Errc::io);
  EXPECT_EQ(code(bytes_of(second)), Errc::io);
  EXPECT_EQ(bytes_of(third), plain_mail("third"));
  std::string head(1000, '\0');
  const auto body = context_->open({}, {}, ref(first));
  ASSERT_TRUE(body);
  EXPECT_TRUE((*body)->read_at({}, 0, std::as_writable_bytes(std::span(head)))) << "what is whole can be read";
  EXPECT_EQ(faults().size(), 2u);
  EXPECT_EQ(verdict_.damaged, 2u);
}

TEST_F(ArchiveDamage, ATruncatedArchiveIsRefusedUntouched) {
  for (unsigned i = 0; i < 20; ++i) save("a.bin", noise(20'000, i));
  close();
  fs::resize_file(file(), file_size() / 2);
  expect_refused(Errc::corrupted, "ends too early");
}

TEST_F(ArchiveDamage, AForeignFileIsRefusedUntouched) {
  close();
  for (const std::string& text : {std::string("Hello"), std::string(), std::string(5000, 'x'), noise(5000, 1)}) {
    write_file(file(), text);
    expect_refused(Errc::invalid_content, "is no archive");
  }
  fs::remove(file());
  {
    const auto database = sqlite::Database::open(file(), sqlite::Access::create);
    ASSERT_TRUE((*database)->execute("CREATE TABLE bookmark(url TEXT)"));
  }
  expect_refused(Errc::invalid_content, "is no archive");
  fs::remove(file());
  fs::create_directory(file());
  EXPECT_EQ(code(try_open()), Errc::invalid_content);
}

TEST_F(ArchiveDamage, ANewerVersionIsRefusedUntouched) {
  sql("PRAGMA user_version = 2");
  close();
  expect_refused(Errc::incompatible, "newer version");
}

TEST_F(ArchiveDamage, ABrokenTableIsReportedAndCostsNoMoreThanItHolds) {
  std::vector<Entry> saved;
  for (unsigned i = 0; i < 200; ++i)
    saved.push_back(save("a.eml", plain_mail("m" + std::to_string(i), noise(4000, i))));
  close();
  // The header of the b-tree page that holds this frame.
  const std::size_t at = read_file(file()).find(noise(4000, 100).substr(500, 50)) / 16384 * 16384;
  for (int i = 0; i < 12; ++i) flip(at + static_cast<std::uint64_t>(i));
  reopen();
  EXPECT_EQ(list(*context_).messages.size(), 200u);
  int readable = 0;
  for (const Entry& entry : saved) readable += bytes_of(entry).has_value() ? 1 : 0;
  EXPECT_GT(readable, 190);
  EXPECT_LT(readable, 200);
  EXPECT_FALSE(faults().empty());
}

TEST_F(ArchiveDamage, NoRowThatSomebodyWroteDoesHarm) {
  const Entry saved = save("a.eml", mail_with("a", noise(900'000, 1)));
  const Entry other = save("b.eml", plain_mail("b"));
  close();
  fs::copy_file(file(), scratch_ / "good");
  for (const char* statement :
       {"UPDATE insertion SET width = 0",
        "UPDATE insertion SET width = -1",
        "UPDATE insertion SET width = 5",
        "UPDATE insertion SET coding = 9",
        "UPDATE insertion SET coding = 2",
        "UPDATE insertion SET size = size + 1",
        "UPDATE insertion SET size = -1",
        "UPDATE insertion SET offset = -7",
        "UPDATE insertion SET offset = 1 << 62",
        "UPDATE insertion SET part = 99",
        "UPDATE insertion SET part = content",
        "UPDATE insertion SET prefix = hex(zeroblob(9999))",
        "UPDATE insertion SET line_end = ''",
        "UPDATE content SET size = size - 1",
        "UPDATE content SET size = 1 << 50",
        "UPDATE content SET frame = x''",
        "UPDATE content SET frame = zeroblob(5000)",
        "UPDATE content SET dictionary = 7",
        "DELETE FROM more_frames WHERE number = 2",
        "UPDATE more_frames SET number = number + 100",
        "UPDATE more_frames SET frame = (SELECT frame FROM more_frames ORDER BY number DESC)"}) {
    fs::copy_file(scratch_ / "good", file(), fs::copy_options::overwrite_existing);
    sql(statement);
    reopen();
    EXPECT_EQ(list(*context_).messages.size(), 2u) << statement;
    EXPECT_EQ(code(bytes_of(saved)), Errc::io) << statement;
    static_cast<void>(bytes_of(other));
    EXPECT_FALSE(faults().empty()) << statement;
    close();
  }
}

TEST_F(ArchiveDamage, CompactingKeepsEverythingAndMakesItSmaller) {
  std::vector<std::pair<Entry, std::string>> saved;
  for (int i = 0; i < 400; ++i) {
    std::string bytes = plain_mail("number " + std::to_string(i), std::string(static_cast<std::size_t>(i) * 3, 'x') +
                                                                      "\r\nSincerely, the board of the society\r\n");
    Entry entry = save("a.eml", bytes);
    saved.emplace_back(std::move(entry), std::move(bytes));
  }
  const Entry large = save("a.bin", noise(1'000'000, 1));
  remove(large);
  close();
  const std::uintmax_t before = file_size();
  host_.ahead = std::chrono::hours{2};  // so long after, nobody reads it any more
  {
    const auto archive = Archive::open(host_, file(), sqlite::Access::write, [] { return Result<std::string>{}; });
    ASSERT_TRUE(archive);
    const auto compacted = compact({}, **archive, compact_level);
    ASSERT_TRUE(compacted) << compacted.error().to_string();
  }
  EXPECT_LT(file_size(), before - 900'000);
  reopen();
  for (const auto& [entry, bytes] : saved) EXPECT_EQ(bytes_of(entry), bytes);
  EXPECT_EQ(sql("SELECT count(*) FROM content WHERE dictionary IS NULL"), "0");
  EXPECT_TRUE(faults().empty());
  EXPECT_EQ(verdict_.messages, 400u);
}

class ArchiveEncryption : public ArchiveDamage {
 protected:
  ArchiveEncryption() {
    options_ = {{"encryption", "passphrase"}};
    host_.passphrase = "correct horse";
  }
};

TEST_F(ArchiveEncryption, LeavesNothingToReadInTheFile) {
  const FolderEntry folder = context_->create_folder({}, {}, "Top secret projects").value();
  State state;
  state.categories = {"Confidential"};
  TextBody body{plain_mail("Plans for world peace", "The quick brown fox jumps over the lazy dog.\r\n")};
  Draft draft;
  draft.body = &body;
  draft.summary.subject = "Plans for world peace";
  draft.summary.from = "anna@example.org";
  draft.state = state;
  draft.properties = {{"", "PidTagComment", "Between us"}};
  ASSERT_TRUE(context_->save({}, {folder.key}, draft, nullptr));
  save("Payroll.pdf", "%PDF salaries of everybody");
  close();
  const std::string bytes = read_file(file());
  for (const char* secret : {"Top secret", "world peace", "anna@example", "quick brown", "Confidential", "Between us",
                             "PidTagComment", "Payroll", "salaries", "correct horse"})
    EXPECT_EQ(bytes.find(secret), std::string::npos) << secret;
  reopen();
  EXPECT_EQ(list(*context_).folders.begin()->second.display_name, "Top secret projects");
  EXPECT_TRUE(faults().empty());
}

TEST_F(ArchiveEncryption, HidesWhetherTwoArchivesHoldTheSame) {
  save("a.bin", "the same");
  const std::string hash = sql("SELECT hex(hash) FROM content");
  close();
  fs::remove(file());
  reopen(options_);
  save("a.bin", "the same");
  EXPECT_NE(sql("SELECT hex(hash) FROM content"), hash);
}

TEST_F(ArchiveEncryption, AWrongPassphraseIsRefusedAndNeverTold) {
  save("a.eml", plain_mail("x"));
  close();
  host_.passphrase = "battery staple";
  expect_refused(Errc::access_denied, "passphrase does not open");
  EXPECT_EQ(host_.refused, 1);
  EXPECT_THAT(try_open().error().to_string(), ::testing::Not(HasSubstr("battery")));
  host_.passphrase.clear();
  EXPECT_EQ(code(try_open()), Errc::not_found) << "as the host says";
  host_.passphrase = "correct horse";
  EXPECT_TRUE(try_open());
}

TEST_F(ArchiveEncryption, NoticesEveryFlippedBit) {
  const std::string document = noise(30'000, 1);
  const Entry saved = save("a.bin", document);
  close();
  // Half a page from the end lies in the frame.
  flip(file_size() - 8192);
  reopen();
  EXPECT_EQ(code(bytes_of(saved)), Errc::io);
  EXPECT_EQ(faults().size(), 1u);
}

}  // namespace
}  // namespace mapistore::archive::archive_damage_test
