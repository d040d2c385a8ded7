#include "mountd/profile_text.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include <gtest/gtest.h>

#include "core/profile_reader.h"
#include "mountd/file_text.h"
#include "tests/unit/core/scratch.h"

namespace mapistore::ctl::profile_text_test {
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

constexpr std::string_view account = R"(# all of it
[accounts.Work]
uri = "sogo://anna@sogo.example.org/"
password_command = "pass show 'sogo'"
notes = "memory://notes"
prefix = "W "
server = "sogo"
refresh = "5 min"
compress = false

[accounts.Other]
uri = "sogo://otto@sogo.example.org/"
oauth2 = { token_url = "https://id.example.org/", client_id = "x", refresh_token_file = "/t" }
)";

TEST(ProfileText, APartOfAnAccountIsWrittenOutWithWhatIsForIt) {
  EXPECT_EQ(profile_text::section(account, "W Tasks").value(),
            "[folders.\"W Tasks\"]\nuri = \"sogo://anna@sogo.example.org/tasks\"\nrole = \"tasks\"\n"
            "password_command = \"pass show 'sogo'\"\nrefresh = \"5 min\"\nserver = \"sogo\"\n");
  const auto mail = profile_text::section(account, "W Mail").value();
  EXPECT_TRUE(mail.contains("compress = false\n") && !mail.contains("server")) << mail;
  EXPECT_EQ(profile_text::section(account, "W Notes").value(),
            "[folders.\"W Notes\"]\nuri = \"memory://notes\"\nrole = \"notes\"\n")
      << "another's medium gets nothing of the account";
  const auto other = profile_text::section(account, "Contacts").value();
  EXPECT_TRUE(other.contains("uri = \"sogo://otto@sogo.example.org/contacts\"\n") && other.contains("oauth2 = {"))
      << other;
  // What is written out means what the account did.
  for (const char* folder : {"W Tasks", "W Mail", "W Notes", "Contacts"}) {
    const auto own = profile_text::section(account, folder).value();
    const auto before = read_profile(account, "p").value(), alone = read_profile(own, "p").value();
    const auto was = std::ranges::find(before.folders, folder, &TopFolder::name);
    ASSERT_EQ(alone.folders.size(), 1u);
    EXPECT_EQ(alone.folders[0].uri, was->uri);
    EXPECT_EQ(alone.folders[0].role, was->role);
    EXPECT_EQ(alone.folders[0].options, was->options);
    EXPECT_EQ(alone.folders[0].secret.has_value(), was->secret.has_value());
    EXPECT_EQ(profile_text::with_section(account, folder, own).value(), account) << "nothing to write";
  }
}

TEST(ProfileText, APartOfAnAccountIsReplacedByASectionOfItsOwn) {
  const std::string there = "[folders.\"W Tasks\"]\nuri = \"memory://tasks\"\n";
  const auto changed = profile_text::with_section(account, "W Tasks", there).value();
  EXPECT_TRUE(changed.starts_with(account) && changed.ends_with("\n\n" + there)) << changed;
  const auto profile = read_profile(changed, "p").value();
  EXPECT_EQ(std::ranges::find(profile.folders, "W Tasks", &TopFolder::name)->uri.to_string(), "memory://tasks");
  EXPECT_EQ(profile.folders.size(), read_profile(account, "p")->folders.size());
  EXPECT_EQ(profile_text::section(changed, "W Tasks").value(), there);
  EXPECT_EQ(profile_text::with_section(account, "W Tasks", {}).error().code, Errc::unsupported);
  EXPECT_EQ(profile_text::section(account, "W Journal").error().code, Errc::not_found);
  EXPECT_EQ(profile_text::section("[accounts.A]\nuri = \"sogo://a:secret@b.example/\"\n", "Tasks").error().code,
            Errc::invalid_configuration);
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
}  // namespace mapistore::ctl::profile_text_test
