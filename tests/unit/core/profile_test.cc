#include "core/profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/log.h"
#include "tests/unit/core/scratch.h"

namespace mapistore {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::Scratch;
using testing::Variable;

constexpr std::string_view sample = R"(cache_size = "3 GiB"

[folders.INBOX]
uri = "imaps://anna@mail.example.org/"
role = "mail"
password_command = "pass show mail"
refresh = "5 min"
oauth2 = { client_id = "x", scopes = "mail" }

[folders.Calendar]
uri = "caldavs://anna@dav.example.org/calendars/anna/work/"
password_file = "/home/anna/.pw"
deadline = 20

[folders."An old archive"]
uri = "archive:///srv/archive/anna.mza"
read_only = true
colour = "blue"
depth = 3
flat = true
)";

/// Loads `text` as a profile file and gives the error without the file's directory.
std::string refusal(std::string_view text) {
  const Scratch scratch;
  const auto file = scratch.write("p.toml", text, 0600);
  const auto profile = load_profile(file.string());
  if (profile) return "accepted";
  if (profile.error().code != Errc::invalid_configuration) return std::string(name(profile.error().code));
  std::string said = profile.error().to_string();
  const std::string directory = scratch.path().string() + '/';
  if (said.starts_with(directory)) said.erase(0, directory.size());
  return said;
}

TEST(Profile, SaysWhatIsMounted) {
  const Scratch scratch;
  const auto file = scratch.write("anna.toml", sample);
  const auto profile = load_profile(file.string());
  ASSERT_TRUE(profile) << profile.error().to_string();
  EXPECT_EQ(profile->name, "anna");
  EXPECT_EQ(profile->file, file);
  EXPECT_EQ(profile->cache_size, std::uint64_t{3} << 30);
  ASSERT_EQ(profile->folders.size(), 3u);

  const TopFolder& inbox = profile->folders[0];
  EXPECT_EQ(inbox.name, "INBOX");
  EXPECT_EQ(inbox.uri.to_string(), "imaps://anna@mail.example.org");
  EXPECT_EQ(inbox.role, Role::mail);
  EXPECT_FALSE(inbox.read_only);
  ASSERT_TRUE(inbox.secret);
  EXPECT_EQ(std::get<CommandSecret>(*inbox.secret).command, "pass show mail");
  EXPECT_EQ(inbox.options,
            (ContextOptions{{"refresh", "300"}, {"oauth2.client_id", "x"}, {"oauth2.scopes", "mail"}}));

  const TopFolder& calendar = profile->folders[1];
  EXPECT_EQ(calendar.name, "Calendar");
  EXPECT_EQ(calendar.role, Role::none);
  EXPECT_EQ(std::get<FileSecret>(*calendar.secret).path, "/home/anna/.pw");
  EXPECT_EQ(calendar.options, (ContextOptions{{"deadline", "20"}}));

  const TopFolder& archive = profile->folders[2];
  EXPECT_EQ(archive.name, "An old archive");
  EXPECT_TRUE(archive.read_only);
  EXPECT_FALSE(archive.secret);
  EXPECT_EQ(archive.options, (ContextOptions{{"colour", "blue"}, {"depth", "3"}, {"flat", "true"}}));
  EXPECT_EQ(archive.places.at("colour"), file.string() + ":18:1");
}

TEST(Profile, TakesEverySourceOfASecret) {
  const Scratch scratch;
  const Variable home("HOME", "/home/anna");
  const auto file = scratch.write("p.toml", R"(
[folders.a]
uri = "x://a"
password_env = "A"
[folders.b]
uri = "x://b"
secret = "mail:anna:work"
[folders.c]
uri = "x://c"
password_file = "~/pw"
)");
  const auto profile = load_profile(file.string());
  ASSERT_TRUE(profile) << profile.error().to_string();
  EXPECT_EQ(std::get<EnvironmentSecret>(*profile->folders[0].secret).variable, "A");
  EXPECT_EQ(std::get<DesktopSecret>(*profile->folders[1].secret).service, "mail");
  EXPECT_EQ(std::get<DesktopSecret>(*profile->folders[1].secret).label, "anna:work");
  EXPECT_EQ(std::get<FileSecret>(*profile->folders[2].secret).path, "/home/anna/pw");
  EXPECT_EQ(profile->cache_size, std::uint64_t{2} << 30) << "the default";
}

TEST(Profile, HandsOutAPasswordInAUri) {
  const Scratch scratch;
  const auto file = scratch.write("p.toml", "[folders.a]\nuri = \"sogo://u:geheim@folder/\"\n", 0644);
  std::optional<Result<StoreProfile>> profile;
  log::start(LogLevel::info, log::Target::standard_error);
  const std::string warned = testing::standard_error_of([&] { profile = load_profile(file.string()); });
  ASSERT_TRUE(profile->has_value());
  EXPECT_EQ((*profile)->folders[0].url_password, "geheim");
  EXPECT_EQ((*profile)->folders[0].uri.to_string(), "sogo://u@folder");
  EXPECT_THAT(warned, HasSubstr(file.string() + ":2:1: holds a password that other users can read: chmod 600"));
  EXPECT_THAT(warned, Not(HasSubstr("geheim")));
}

struct Mistake {
  std::string_view text, said;
};

void PrintTo(const Mistake& mistake, std::ostream* out) { *out << mistake.said; }

class WrongProfile : public ::testing::TestWithParam<Mistake> {};

TEST_P(WrongProfile, IsRefusedByPlaceAndReason) { EXPECT_THAT(refusal(GetParam().text), HasSubstr(GetParam().said)); }

INSTANTIATE_TEST_SUITE_P(
    Profile, WrongProfile,
    ::testing::Values(
        Mistake{"a = \n", "p.toml:1:5: "}, Mistake{"[folders.a]\nuri = \"x://a\"\nuri = \"x://b\"\n", "p.toml:3:"},
        Mistake{"", "p.toml:1:1: no top folder: write [folders.NAME]"},
        Mistake{"folders = 3\n", "p.toml:1:11: no top folder"},
        Mistake{"\ncache_sise = \"1 GiB\"\n", "p.toml:2:1: unknown key 'cache_sise': did you mean 'cache_size'?"},
        Mistake{"[mail]\n", "p.toml:1:2: unknown key 'mail': known: cache_size folders"},
        Mistake{"cache_size = \"2 Gigs\"\n", "p.toml:1:14: 'cache_size' is not a size: write e.g. \"2 GiB\""},
        Mistake{"cache_size = -1\n", "p.toml:1:14: 'cache_size' is not a size"},
        Mistake{"cache_size = true\n", "p.toml:1:14: 'cache_size' must be a text in quotes"},
        Mistake{"[folders]\na = 1\n", "p.toml:2:5: a top folder must be a table"},
        Mistake{"[folders.a]\nrole = \"mail\"\n", "p.toml:1:10: top folder 'a' has no uri"},
        Mistake{"[folders.a]\nuri = 7\n", "p.toml:2:7: 'uri' must be a text in quotes"},
        Mistake{"[folders.a]\nuri = \"mail\"\n", "p.toml:2:7: mail: not a URI: '://' is missing"},
        Mistake{"[folders.a]\nuri = \"x://a\"\nrole = \"male\"\n",
                "p.toml:3:8: unknown role 'male': did you mean 'mail'?"},
        Mistake{"[folders.a]\nuri = \"x://a\"\nread_only = \"yes\"\n",
                "p.toml:3:13: 'read_only' must be true or false"},
        Mistake{"[folders.a]\nuri = \"x://a\"\ninsecure = 1\n", "p.toml:3:12: 'insecure' must be true or false"},
        Mistake{"[folders.a]\nuri = \"x://a\"\npasword_file = 1.5\n", "p.toml:3:16: 'pasword_file' must be a text"},
        Mistake{"[folders.a]\nuri = \"x://a\"\npassword_fil = \"/x\"\n",
                "p.toml:3:16: unknown key 'password_fil': did you mean 'password_file'?"},
        Mistake{"[folders.a]\nuri = \"x://a\"\npassword_file = \"x\"\n", "'password_file' must be an absolute path"},
        Mistake{"[folders.a]\nuri = \"x://a\"\nsecret = \"label\"\n",
                "p.toml:3:10: 'secret' must be \"service:label\""},
        Mistake{"[folders.a]\nuri = \"x://a\"\npassword_env = \"A\"\nsecret = \"a:b\"\n",
                "p.toml:4:10: 'a' has two sources for its password"},
        Mistake{"[folders.a]\nuri = \"x://u:p@a\"\npassword_env = \"A\"\n", "p.toml:3:16: 'a' has two sources"},
        Mistake{"[folders.a]\nuri = \"x://a\"\ntrash_keep = \"30 d\"\n",
                "p.toml:3:14: 'trash_keep' is not a number of days"},
        Mistake{"[folders.a]\nuri = \"x://a\"\ntrash_keep = 0\n", "p.toml:3:14: 'trash_keep' is not a number of days"},
        Mistake{"[folders.a]\nuri = \"x://a\"\narchive_after = \"1 year\"\narchive_to = \"b\"\n",
                "p.toml:3:17: 'archive_after' is not a number of days"},
        Mistake{"[folders.a]\nuri = \"x://a\"\narchive_after = 7\n",
                "p.toml:3:1: 'archive_after' needs an 'archive_to'"},
        Mistake{"[folders.a]\nuri = \"x://a\"\narchive_to = \"b\"\n",
                "p.toml:3:1: 'archive_to' needs an 'archive_after'"},
        Mistake{"[folders.a]\nuri = \"x://a\"\narchive_after = 7\narchive_to = \"a\"\n",
                "p.toml:4:1: 'a' is no other top folder"},
        Mistake{"[folders.a]\nuri = \"x://a\"\narchive_after = 7\narchive_to = \"c\"\n[folders.b]\nuri = \"x://b\"\n",
                "p.toml:4:1: 'c' is no other top folder"},
        Mistake{"[folders.a]\nuri = \"x://a\"\narchive_after = 7\narchive_to = \"b\"\n[folders.b]\nuri = \"x://b\"\n"
                "read_only = true\n",
                "p.toml:4:1: 'b' is read-only"},
        Mistake{"[folders.a]\nuri = \"x://a\"\narchive_after = 7\narchive_to = \"b\"\n[folders.b]\nuri = \"x://b\"\n"
                "archive_after = 7\narchive_to = \"a\"\n",
                "'b' does not keep what it is given"},
        Mistake{"[folders.a]\nuri = \"x://a\"\nrefresh = \"soon\"\n", "p.toml:3:11: 'refresh' is not a period"},
        Mistake{"[folders.a]\nuri = \"x://a\"\ndelete = \"burn\"\n",
                "p.toml:3:10: 'delete' must be \"trash\" or \"purge\""},
        Mistake{"[folders.a]\nuri = \"x://a\"\noauth2 = \"x\"\n", "p.toml:3:10: 'oauth2' must be a table"},
        Mistake{"[folders.a]\nuri = \"x://a\"\nx = { y = { z = 1 } }\n", "'x' must not hold tables"},
        Mistake{"[folders.a]\nuri = \"x://a\"\ntags = [1, 2]\n", "p.toml:3:8: 'tags' must be a text in quotes"},
        Mistake{"[folders.b]\nuri = \"X://a/\"\n[folders.a]\nuri = \"x://a\"\n",
                "p.toml:3:10: 'a' has the same URI as 'b'"},
        Mistake{"[folders.b]\nuri = \"x://b\"\nrole = \"fallback\"\n"
                "[folders.a]\nuri = \"x://a\"\nrole = \"fallback\"\n",
                "p.toml:4:10: 'a' and 'b' both have the role fallback"},
        Mistake{"[folders.\"a/b\"]\nuri = \"x://a\"\n", "p.toml:1:10: top folder 'a/b': a name must not hold '/'"},
        Mistake{"[folders.\"a\\nb\"]\nuri = \"x://a\"\n", "a name must not hold '/' or control characters"},
        Mistake{"[folders.\"\"]\nuri = \"x://a\"\n", "a name must not be empty"},
        Mistake{"[folders.\".\"]\nuri = \"x://a\"\n", "p.toml:1:10: top folder '.': a name must not begin with '.'"},
        Mistake{"[folders.\".mapistorefs\"]\nuri = \"x://a\"\n", "a name must not begin with '.'"}));

TEST(Profile, RefusesALongName) {
  EXPECT_EQ(refusal("[folders." + std::string(255, 'a') + "]\nuri = \"x://a\"\n"), "accepted");
  EXPECT_THAT(refusal("[folders." + std::string(256, 'a') + "]\nuri = \"x://a\"\n"),
              HasSubstr("must not be longer than 255 bytes"));
}

TEST(Profile, EchoesNoPasswordOfAWrongUri) {
  EXPECT_THAT(refusal("[folders.a]\nuri = \"x://u:geheim%zz@a\"\n"), Not(HasSubstr("geheim")));
}

TEST(Profile, IsFoundByName) {
  const Scratch scratch;
  const Variable config("XDG_CONFIG_HOME", scratch.path().string());
  std::filesystem::create_directory(scratch.path() / "mapistorefs");
  const auto file = scratch.write("mapistorefs/anna.toml", sample);
  ASSERT_TRUE(load_profile("anna"));
  EXPECT_EQ(load_profile("anna")->file, file);
  const auto none = load_profile("nobody");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().to_string(), "nobody: no such profile: write " + scratch.path().string() +
                                          "/mapistorefs/nobody.toml or /etc/mapistorefs/nobody.toml");
}

TEST(Profile, IsAFileOfReasonableSize) {
  const Scratch scratch;
  EXPECT_EQ(load_profile(scratch.path().string() + "/none.toml").error().code, Errc::not_found);
  EXPECT_THAT(load_profile(scratch.path().string()).error().to_string(), HasSubstr("not a regular file"));
  EXPECT_THAT(refusal("#" + std::string(1024 * 1024, 'x')), HasSubstr("longer than 1 MiB"));
  EXPECT_EQ(load_profile("").error().code, Errc::invalid_argument);
}

class ColourfulBackend : public Backend {
 public:
  std::vector<std::string> namespaces() const override { return {"x"}; }
  std::vector<std::string> option_names() const override { return {"colour"}; }
  Result<std::unique_ptr<Context>> open(const Call&, const ContextUri&, const ContextOptions&) override {
    return fail(Errc::unsupported);
  }
};

TEST(Profile, HoldsOnlyOptionsThatTheBackendKnows) {
  const Scratch scratch;
  ColourfulBackend backend;
  const auto good = load_profile(
      scratch.write("a.toml", "[folders.a]\nuri = \"x://a\"\ncolour = \"red\"\ntls_ca = \"/x\"\noauth2 = {a = 1}\n")
          .string());
  ASSERT_TRUE(good) << good.error().to_string();
  EXPECT_TRUE(check_options(good->folders[0], backend));

  const auto file = scratch.write("b.toml", "[folders.a]\nuri = \"x://a\"\n  color = \"red\"\n");
  const auto wrong = load_profile(file.string());
  ASSERT_TRUE(wrong);
  const auto checked = check_options(wrong->folders[0], backend);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, Errc::invalid_configuration);
  EXPECT_EQ(checked.error().to_string(),
            file.string() + ":3:3: unknown key 'color' for a folder of x://: did you mean 'colour'?");
}

}  // namespace
}  // namespace mapistore
