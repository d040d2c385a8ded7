#include "core/profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/log.h"
#include "tests/unit/core/scratch.h"

namespace mapistore::profile_test {
namespace {

using ::testing::AllOf;
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
paths = { new = "x", old = "mail" }

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
  EXPECT_EQ(inbox.options, (ContextOptions{{"refresh", "300"}, {"paths.new", "x"}, {"paths.old", "mail"}}));

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

TEST(Profile, SaysWhereAccessTokensAreHad) {
  const Scratch scratch;
  const auto file = scratch.write("p.toml", R"(
[folders.a]
uri = "x://a"
oauth2 = { provider = "google", client_id = "id", client_secret = "cs", scope = "mail", refresh_token_file = "/rt" }
[folders.b]
uri = "x://b"
[folders.b.oauth2]
token_url = "http://127.0.0.1:8080/token"
client_id = "id"
tls_ca = "/ca.pem"
refresh_token_secret = "mail:anna"
[folders.c]
uri = "x://c"
oauth2 = { provider = "microsoft", client_id = "id", refresh_token_command = "pass show t" }
[folders.d]
uri = "x://d"
oauth2 = { token_url = "https://login.example.org/token", provider = "yahoo", client_id = "id", refresh_token_env = "T" }
)");
  const auto profile = load_profile(file.string());
  ASSERT_TRUE(profile) << profile.error().to_string();
  const auto source = [&](std::size_t folder) { return std::get<OAuth2Secret>(*profile->folders[folder].secret); };
  EXPECT_EQ(source(0).client.token_url, "https://oauth2.googleapis.com/token");
  EXPECT_EQ(source(0).client.client_id, "id");
  EXPECT_EQ(source(0).client.client_secret, "cs");
  EXPECT_EQ(source(0).client.scope, "mail");
  EXPECT_EQ(std::get<FileSecret>(source(0).refresh_token).path, "/rt");
  EXPECT_EQ(profile->folders[0].options, (ContextOptions{{"oauth2", "true"}})) << "a backend gets no secret";
  EXPECT_EQ(source(1).client.token_url, "http://127.0.0.1:8080/token");
  EXPECT_EQ(source(1).client.authorities, "/ca.pem");
  EXPECT_EQ(std::get<DesktopSecret>(source(1).refresh_token).label, "anna");
  EXPECT_EQ(source(2).client.token_url, "https://login.microsoftonline.com/common/oauth2/v2.0/token");
  EXPECT_EQ(std::get<CommandSecret>(source(2).refresh_token).command, "pass show t");
  EXPECT_EQ(source(3).client.token_url, "https://login.example.org/token") << "rather than the provider's";
  EXPECT_EQ(std::get<EnvironmentSecret>(source(3).refresh_token).variable, "T");
}

/// What is said of a folder with this `oauth2`.
std::string oauth2_refusal(std::string_view table) {
  const std::string said = refusal("[folders.a]\nuri = \"x://a\"\noauth2 = " + std::string(table) + "\n");
  const auto place = said.find(": ");
  return place == std::string::npos ? said : said.substr(place + 2);
}

TEST(Profile, RefusesWrongWaysToAccessTokens) {
  constexpr std::string_view rest = R"(, client_id = "i", refresh_token_env = "T" })";
  const auto with = [&](std::string_view first) {
    return oauth2_refusal("{ " + std::string(first) + std::string(rest));
  };
  EXPECT_EQ(with(R"(provider = "google")"), "accepted");
  EXPECT_EQ(with(R"(provider = "googol")"), "unknown provider 'googol': write token_url = \"https://...\"");
  EXPECT_EQ(with(R"(token_url = "http://example.org/token")"), "'token_url' is not encrypted: write https://HOST/PATH");
  EXPECT_EQ(with(R"(token_url = "http://127.0.0.1.example.org/")"),
            "'token_url' is not encrypted: write https://HOST/PATH");
  EXPECT_EQ(with(R"(token_url = "ftp://example.org/")"), "'token_url' is not encrypted: write https://HOST/PATH");
  EXPECT_EQ(with(R"(token_url = "https://u:p@example.org/")"), "'token_url' must not hold a user or a password");
  EXPECT_THAT(with(R"(token_url = "token")"), HasSubstr("'token_url' is not a URL"));
  EXPECT_EQ(with(R"(scope = "mail")"), "'oauth2' has no token_url: write provider or token_url = \"https://...\"");
  EXPECT_EQ(with(R"(provider = "google", client_idd = "x")"),
            "unknown key 'client_idd' in 'oauth2': did you mean 'client_id'?");
  EXPECT_EQ(with(R"(provider = "google", refresh_token_file = "/x")"),
            "'oauth2' has two sources for its refresh token: remove one");
  EXPECT_EQ(with(R"(provider = "google", refresh_token = "x")"),
            "unknown key 'refresh_token' in 'oauth2': did you mean 'refresh_token_env'?");
  EXPECT_EQ(oauth2_refusal(R"({ provider = "google", refresh_token_env = "T" })"), "'oauth2' has no client_id");
  EXPECT_EQ(oauth2_refusal(R"({ provider = "google", client_id = "i" })"),
            "'oauth2' has no source of a refresh token: write refresh_token_file = \"PATH\"");
  EXPECT_EQ(oauth2_refusal(R"({ provider = 3 })"), "'provider' must be a text in quotes");
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
        Mistake{"[mail]\n", "p.toml:1:2: unknown key 'mail': known: accounts cache_size folders"},
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
        Mistake{"[folders.a]\nuri = \"x://a\"\npassword_env = \"A\"\noauth2 = { client_id = \"i\" }\n",
                "p.toml:4:10: 'a' has two sources for its password"},
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
  const auto good =
      load_profile(scratch
                       .write("a.toml",
                              "[folders.a]\nuri = \"x://a\"\ncolour = \"red\"\ntls_ca = \"/x\"\n"
                              "oauth2 = {provider = \"google\", client_id = \"i\", refresh_token_env = \"T\"}\n")
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

/// What each top folder of a profile is: NAME=URI, a blank between.
std::string folders_of(std::string_view text) {
  const Scratch scratch;
  const auto profile = load_profile(scratch.write("p.toml", text, 0600).string());
  if (!profile) return profile.error().to_string();
  std::string all;
  for (const TopFolder& folder : profile->folders)
    all += (all.empty() ? "" : " ") + folder.name + "=" + folder.uri.to_string();
  return all;
}

TEST(Profile, AnAccountIsSeveralTopFolders) {
  const Scratch scratch;
  const auto profile =
      load_profile(scratch
                       .write("p.toml",
                              "[accounts.Work]\nuri = \"sogo://anna%40x@[::1]:8443/\"\nread_only = true\n"
                              "password_file = \"/pw\"\nurl = \"https://[::1]:8443/\"\npoll = 5\n"
                              "starttls = \"never\"\nnotes = \"file:///srv/notes\"\n",
                              0600)
                       .string());
  ASSERT_TRUE(profile) << profile.error().to_string();
  std::string all;
  for (const TopFolder& folder : profile->folders) {
    all += folder.name + '=' + folder.uri.to_string() + ' ';
    EXPECT_TRUE(folder.read_only) << folder.name;
    EXPECT_EQ(folder.secret.has_value(), folder.role != Role::notes) << folder.name;
  }
  EXPECT_EQ(
      all,
      "Mail=imaps://anna%40x@[::1] Calendar=sogo://anna%40x@[::1]:8443/calendar "
      "Tasks=sogo://anna%40x@[::1]:8443/tasks Contacts=sogo://anna%40x@[::1]:8443/contacts Notes=file:///srv/notes ");
  const auto& folders = profile->folders;
  EXPECT_EQ(folders[0].role, Role::mail);
  EXPECT_EQ(folders[0].options, (ContextOptions{{"poll", "5"}, {"starttls", "never"}}));
  EXPECT_EQ(folders[2].role, Role::tasks);
  EXPECT_EQ(folders[2].options, (ContextOptions{{"poll", "5"}, {"url", "https://[::1]:8443/"}}));
  EXPECT_TRUE(folders[4].options.empty());
}

TEST(Profile, AFolderThatIsWrittenOutTakesThePlaceOfAnAccounts) {
  const std::string account = "[accounts.a]\nuri = \"sogo://a@one.example/\"\nmail = \"imap://mail.example/\"\n";
  EXPECT_EQ(folders_of(account + "[folders.Tasks]\nuri = \"file:///tasks\"\n"),
            "Tasks=file:///tasks Mail=imap://a@mail.example Calendar=sogo://a@one.example/calendar "
            "Contacts=sogo://a@one.example/contacts");
  const std::string other = "[accounts.b]\nuri = \"sogo://a@two.example/\"\n";
  EXPECT_THAT(folders_of(account + other), HasSubstr("prefix"));
  EXPECT_THAT(folders_of(account + other + "prefix = \"Two \"\n"),
              AllOf(HasSubstr("Tasks=sogo://a@one.example/tasks"), HasSubstr("Two Tasks=sogo://a@two.example/tasks")));
}

TEST(Profile, AnAccountThatIsNoneIsRefused) {
  EXPECT_THAT(refusal("[accounts.a]\nuri = \"imaps://a@h/\"\n"), HasSubstr("p.toml:2:1"));
  EXPECT_THAT(refusal("[accounts.a]\nuri = \"sogo://a@calendar/\"\n"), HasSubstr("sogo://user@host/"));
  EXPECT_THAT(refusal("[accounts.a]\nuri = \"sogo://a@h/\"\nmail = \"imap://a:geheim@h/\"\n"),
              AllOf(HasSubstr("p.toml:3:1"), Not(HasSubstr("geheim"))));
  EXPECT_THAT(refusal("accounts = 3\n"), HasSubstr("[accounts.NAME]"));
}

}  // namespace
}  // namespace mapistore::profile_test
