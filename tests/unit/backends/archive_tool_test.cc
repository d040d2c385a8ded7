// The program that looks after archives, and the script that needs nothing of ours.
#include <gmock/gmock.h>

#include <sysexits.h>

#include <fstream>

#include "tests/support/temp_mount.h"
#include "tests/unit/backends/archive_support.h"

namespace mapistore::archive::archive_tool_test {
namespace {

using mapistore::testing::Outcome;
using mapistore::testing::run;
using mapistore::testing::shell_word;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using namespace testing_backends;
namespace fs = std::filesystem;

class ArchiveTool : public ArchiveTest {
 protected:
  Outcome tool(const std::string& arguments, const std::string& environment = {}) const {
    return run("unset MAPISTORE_PASSWORD; " + environment + " " +
               shell_word(MAPISTORE_BUILD_DIR "/backends/archive/mapistorefs-archive") + " " + arguments +
               " </dev/null");
  }
  std::string word() const { return shell_word(file()); }
  /// Messages of all kinds, some in folders; their bytes by their keys.
  std::map<std::string, std::string> fill() {
    std::map<std::string, std::string> files;
    const auto add = [&](const std::string& name, const std::string& bytes, const FolderPath& folder = {}) {
      files[save(name, bytes, folder).key.bytes] = bytes;
    };
    const std::string document = noise(700'000, 1);
    add("a.eml", plain_mail("a"));
    add("b.eml", mail_with("b", document));
    add("c.eml", mail_with("c", document, "\n"));
    add("d.pdf", document);
    add("e.ics", "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
    add("f.vcf", "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:F\r\nEND:VCARD\r\n");
    std::string text;
    for (int line = 0; line < 50; ++line)
      text += "Gr=C3=BC=C3=9Fe aus Z=C3=BCrich, und mehr, und noch mehr =E2=82=AC=\r\n ja\r\n";
    add("g.eml", "Content-Transfer-Encoding: quoted-printable\r\n\r\n" + text);
    add("h.txt", "");
    const FolderEntry outer = context_->create_folder({}, {}, "Pro/jects").value();
    const FolderEntry inner = context_->create_folder({}, {outer.key}, "..").value();
    for (int i = 0; i < 60; ++i)
      add("n.eml", plain_mail("number " + std::to_string(i), "All the best from the board of the society.\r\n"),
          {outer.key, inner.key});
    return files;
  }
  void expect_files(const fs::path& directory, const std::map<std::string, std::string>& files) const {
    std::size_t count = 0;
    for (const auto& item : fs::recursive_directory_iterator{directory}) {
      if (!item.is_regular_file()) continue;
      ++count;
      const std::string name = item.path().filename();
      const auto file = files.find(name.substr(0, name.find_first_of("-.")));
      ASSERT_NE(file, files.end()) << item.path();
      EXPECT_TRUE(read_file(item.path()) == file->second) << item.path();
    }
    EXPECT_EQ(count, files.size());
  }
};

TEST_F(ArchiveTool, AScriptOfSixtyLinesExtractsEverything) {
  const std::string script = MAPISTORE_SOURCE_DIR "/packaging/archive-extract.py";
  reopen({{"dictionary_after", "30"}});
  auto files = fill();
  for (int i = 0; i < 300 && sql("SELECT count(*) FROM dictionary") == "0"; ++i) run("sleep 0.1");
  reopen();
  const Entry late = save("late.eml", plain_mail("late", "All the best from the board of the society.\r\n"));
  files[late.key.bytes] = bytes_of(late).value();
  EXPECT_EQ(sql("SELECT count(*) > 0 FROM content WHERE dictionary IS NOT NULL"), "1");
  const auto out = scratch_ / "out";
  fs::create_directory(out);
  const Outcome extracted = run("python3 " + shell_word(script) + " " + word() + " " + shell_word(out));
  EXPECT_EQ(extracted.code, 0) << extracted.output;
  expect_files(out, files);
  EXPECT_LE(std::stoi(run("wc -l < " + shell_word(script)).output), 60);
}

TEST_F(ArchiveTool, ExportsATarArchiveThatLeadsNowhere) {
  reopen();
  const auto files = fill();
  const auto out = scratch_ / "out";
  fs::create_directory(out);
  const Outcome exported =
      run("unset MAPISTORE_PASSWORD; " MAPISTORE_BUILD_DIR "/backends/archive/mapistorefs-archive export " + word() +
          " > " + shell_word(scratch_ / "all.tar") + " && cd " + shell_word(out) + " && tar xf ../all.tar 2>&1");
  EXPECT_EQ(exported.code, 0) << exported.output;
  EXPECT_EQ(exported.output, "");
  expect_files(out, files);
  EXPECT_TRUE(fs::exists(fs::path(out) / "Pro_jects/_..")) << "names are made harmless";
}

TEST_F(ArchiveTool, VerifiesAndCompactsBesideAMount) {
  reopen();
  const auto files = fill();
  Outcome outcome = tool("verify " + word());
  EXPECT_EQ(outcome.code, EX_OK) << outcome.output;
  EXPECT_THAT(outcome.output, StartsWith(std::to_string(files.size()) + " messages of "));
  outcome = tool("compact --level 19 " + word());
  EXPECT_EQ(outcome.code, EX_OK) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr(" bytes became "));
  for (const auto& [key, entry] : list(*context_).messages) EXPECT_TRUE(bytes_of(entry)) << "read on, while it is open";
  outcome = tool("verify " + word());
  EXPECT_EQ(outcome.code, EX_OK) << outcome.output;
}

TEST_F(ArchiveTool, TellsByItsExitStatusWhatIsWrong) {
  EXPECT_EQ(tool("--help").code, EX_OK);
  EXPECT_THAT(tool("--help").output, HasSubstr("Usage: mapistorefs-archive"));
  EXPECT_EQ(tool("").code, EX_USAGE);
  EXPECT_EQ(tool("dance x").code, EX_USAGE);
  EXPECT_EQ(tool("verify").code, EX_USAGE);
  EXPECT_EQ(tool("compact --level 99 x").code, EX_USAGE);
  EXPECT_EQ(tool("verify " + word()).code, EX_NOINPUT);
  write_file(file(), "something else");
  const Outcome foreign = tool("verify " + word());
  EXPECT_EQ(foreign.code, EX_DATAERR);
  EXPECT_EQ(foreign.output, "mapistorefs-archive: " + file() +
                                ": is no archive of mapistorefs: name an archive, or a file that does not exist yet\n");
}

TEST_F(ArchiveTool, NamesADamagedMessage) {
  reopen();
  const std::string bytes = noise(5000, 3);
  save("a.eml", plain_mail("whole"));
  save("b.eml", plain_mail("broken", bytes));
  context_.reset();
  backend_.reset();
  const std::size_t at = read_file(file()).find(bytes.substr(2000, 100));
  std::fstream stream{file(), std::ios::in | std::ios::out | std::ios::binary};
  stream.seekp(static_cast<std::streamoff>(at));
  stream << "damaged";
  stream.close();
  Outcome outcome = tool("verify " + word());
  EXPECT_EQ(outcome.code, EX_DATAERR);
  EXPECT_THAT(outcome.output, HasSubstr("\"broken\": its bytes are damaged"));
  outcome = tool("export " + word() + " | tar t; true");
  EXPECT_THAT(outcome.output, HasSubstr("its data in the archive are damaged"));
  EXPECT_THAT(outcome.output, HasSubstr(".eml\n")) << "the other is exported";
}

TEST_F(ArchiveTool, OpensAnEncryptedArchiveByItsPassphrase) {
  host_.passphrase = "correct horse";
  reopen({{"encryption", "passphrase"}});
  save("a.eml", plain_mail("a"));
  write_file(scratch_ / "password", "correct horse\n");
  EXPECT_EQ(tool("--password-file " + shell_word(scratch_ / "password") + " verify " + word()).code, EX_OK);
  EXPECT_EQ(tool("verify " + word(), "MAPISTORE_PASSWORD='correct horse'").code, EX_OK);
  const Outcome wrong = tool("verify " + word(), "MAPISTORE_PASSWORD=wrong");
  EXPECT_EQ(wrong.code, EX_NOPERM);
  EXPECT_THAT(wrong.output, HasSubstr("the passphrase does not open this archive"));
  EXPECT_EQ(tool("verify " + word()).code, EX_NOPERM);
}

}  // namespace
}  // namespace mapistore::archive::archive_tool_test
