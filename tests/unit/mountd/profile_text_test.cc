#include "mountd/profile_text.h"

#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "mountd/file_text.h"
#include "tests/unit/core/scratch.h"

namespace mapistore::ctl {
namespace {

constexpr std::string_view text = R"(# mine
cache_size = "1 GiB"

# the mail
[folders.Mail]   # all of it
uri = "imaps://anna@mail.example.org/"
role = "mail"
password_command = "pass show mail"
refresh = "5 min"  # enough

# the rest
[folders."My notes"]
uri = "file:///notes"
list = [ "x",
  "y" ]
)";

TEST(ProfileText, SectionEndsBeforeWhatBelongsToTheNext) {
  EXPECT_EQ(profile_text::section(text, "Mail").value(),
            "[folders.Mail]   # all of it\nuri = \"imaps://anna@mail.example.org/\"\nrole = \"mail\"\n"
            "password_command = \"pass show mail\"\nrefresh = \"5 min\"  # enough\n");
  EXPECT_TRUE(profile_text::section(text, "My notes")->starts_with("[folders.\"My notes\"]\n"));
  EXPECT_TRUE(profile_text::section(text, "My notes")->ends_with("\"y\" ]\n"));
}

TEST(ProfileText, AnotherMediumKeepsWhatIsTheFoldersOwn) {
  const auto own = profile_text::section(text, "Mail").value();
  EXPECT_EQ(profile_text::for_medium(own, "Mail", "mysql://a@b/c", {{"tls_ca", "/ca.pem"}, {"port", "7"}}).value(),
            "[folders.Mail]   # all of it\nuri = \"mysql://a@b/c\"\nport = 7\ntls_ca = \"/ca.pem\"\nrole = \"mail\"\n"
            "refresh = \"5 min\"  # enough\n");
  const auto notes = profile_text::section(text, "My notes").value();
  EXPECT_EQ(profile_text::for_medium(notes, "My notes", "memory://x", {}).value(),
            "[folders.\"My notes\"]\nuri = \"memory://x\"\n")
      << "of a value over two lines nothing is left";
}

TEST(ProfileText, ReplacingAndPuttingBackIsNothing) {
  for (const char* folder : {"Mail", "My notes"}) {
    const auto own = profile_text::section(text, folder).value();
    const auto changed =
        profile_text::with_section(text, folder, "[folders.\"" + std::string(folder) + "\"]\nuri = \"x://y\"\n");
    ASSERT_TRUE(changed) << changed.error().to_string();
    EXPECT_EQ(profile_text::with_section(*changed, folder, own).value(), text);
  }
  const auto without = profile_text::with_section(text, "Mail", {}).value();
  EXPECT_FALSE(profile_text::section(without, "Mail"));
  EXPECT_TRUE(without.contains("# the rest\n[folders.\"My notes\"]"));
}

TEST(ProfileText, OtherFormsAreLeftToTheirAuthor) {
  EXPECT_EQ(profile_text::section("folders = { Mail = { uri = \"x://y\" } }\n", "Mail").error().code,
            Errc::invalid_configuration);
  EXPECT_EQ(profile_text::section("[folders]\nMail.uri = \"x://y\"\n", "Mail").error().code,
            Errc::invalid_configuration);
  EXPECT_EQ(profile_text::section(text, "Nope").error().code, Errc::not_found);
  EXPECT_EQ(profile_text::section("[folders.Mail\n", "Mail").error().code, Errc::invalid_configuration);
}

TEST(ProfileText, ValuesAreTomlOrBecomeStrings) {
  for (const char* value : {"7", "true", "\"x\"", "[1, 2]"}) EXPECT_EQ(profile_text::as_value(value), value);
  EXPECT_EQ(profile_text::as_value("0.2"), "\"0.2\"");
  EXPECT_EQ(profile_text::as_value("2026-01-01"), "\"2026-01-01\"");
  EXPECT_EQ(profile_text::as_value("plain words"), "\"plain words\"");
  EXPECT_EQ(profile_text::as_value("a\"b\\c\n#"), "\"a\\\"b\\\\c\\u000A#\"");
  EXPECT_EQ(profile_text::as_value("1\nuri = \"evil\""), "\"1\\u000Auri = \\\"evil\\\"\"")
      << "one value, not a line of its own";
}

TEST(ProfileText, WritingKeepsModeAndLink) {
  const testing::Scratch scratch;
  const auto file = scratch.path() / "real.toml", link = scratch.path() / "link.toml";
  ASSERT_TRUE(profile_text::write(file, "a = 1\n"));
  ASSERT_EQ(::chmod(file.c_str(), 0640), 0);
  ASSERT_EQ(::symlink("real.toml", link.c_str()), 0);
  ASSERT_TRUE(profile_text::write(link, "a = 2\n"));
  EXPECT_EQ(read_file(file).value(), "a = 2\n");
  struct stat facts {};
  ASSERT_EQ(::lstat(link.c_str(), &facts), 0);
  EXPECT_TRUE(S_ISLNK(facts.st_mode));
  ASSERT_EQ(::stat(file.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0640u);
  EXPECT_FALSE(profile_text::write(scratch.path() / "none/x.toml", "a"));
}

}  // namespace
}  // namespace mapistore::ctl
