#include <mapistore/uri.h>

#include <random>

#include <gtest/gtest.h>

namespace mapistore::uri_test {
namespace {

std::string normal(std::string_view text) {
  const auto parsed = ContextUri::parse(text);
  return parsed ? parsed->uri.to_string() : "refused: " + parsed.error().to_string();
}

struct Spelling {
  std::string_view written, normal;
};

void PrintTo(const Spelling& spelling, std::ostream* out) { *out << spelling.written; }

class Normalisation : public ::testing::TestWithParam<Spelling> {};

TEST_P(Normalisation, GivesTheOneSpelling) {
  EXPECT_EQ(normal(GetParam().written), GetParam().normal);
  EXPECT_EQ(normal(GetParam().normal), GetParam().normal);
}

INSTANTIATE_TEST_SUITE_P(
    Uri, Normalisation,
    ::testing::Values(
        Spelling{"file:///home/anna/mail", "file:///home/anna/mail"},
        Spelling{"FILE:///home/anna/mail", "file:///home/anna/mail"},
        Spelling{"file:///home/anna/mail/", "file:///home/anna/mail"},
        Spelling{"file:///home/anna/mail///", "file:///home/anna/mail"},
        Spelling{"file:///", "file:///"},
        Spelling{"file:////", "file:///"},
        Spelling{"file:///a%2Fb", "file:///a%2Fb"},
        Spelling{"file:///a%2fb", "file:///a%2Fb"},
        Spelling{"file:///a/%2F", "file:///a/%2F"},
        Spelling{"file:///a//b", "file:///a//b"},
        Spelling{"file:///a b", "file:///a%20b"},
        Spelling{"file:///a%20b", "file:///a%20b"},
        Spelling{"file:///%61%7e%7E", "file:///a~~"},
        Spelling{"file:///gr\xc3\xbc\xc3\x9f"
                 "e",
                 "file:///gr%C3%BC%C3%9Fe"},
        Spelling{"file:///gr%c3%bc%c3%9fe", "file:///gr%C3%BC%C3%9Fe"},
        Spelling{"file:///\xff", "file:///%FF"},
        Spelling{"file:///a%0Ab", "file:///a%0Ab"},
        Spelling{"file:///%25", "file:///%25"},
        Spelling{"file:///A/b", "file:///A/b"},
        Spelling{"file:///a#b", "file:///a#b"},
        Spelling{"memory://x", "memory://x"},
        Spelling{"memory://X/", "memory://x"},
        Spelling{"memory://", "memory://"},
        Spelling{"imaps://Mail.Example.ORG/", "imaps://mail.example.org"},
        Spelling{"imaps://Anna@Mail.Example.org", "imaps://Anna@mail.example.org"},
        Spelling{"imaps://anna:geheim@mail.example.org/", "imaps://anna@mail.example.org"},
        Spelling{"imaps://anna:@mail.example.org", "imaps://anna@mail.example.org"},
        Spelling{"imaps://:geheim@mail.example.org", "imaps://mail.example.org"},
        Spelling{"imaps://@mail.example.org", "imaps://mail.example.org"},
        Spelling{"imaps://anna@example.org:pw@mail.example.org", "imaps://anna%40example.org@mail.example.org"},
        Spelling{"imaps://anna%40example.org@mail.example.org", "imaps://anna%40example.org@mail.example.org"},
        Spelling{"imaps://h:993/INBOX", "imaps://h:993/INBOX"},
        Spelling{"imaps://h:0993", "imaps://h:993"},
        Spelling{"imaps://h:%39%393", "imaps://h:993"},
        Spelling{"imaps://h:", "imaps://h"},
        Spelling{"imaps://[2001:DB8::1]:993/", "imaps://[2001:db8::1]:993"},
        Spelling{"imaps://h/box@work", "imaps://h/box@work"},
        Spelling{"imaps://h:993/box@work", "imaps://h:993/box@work"},
        Spelling{"caldavs://h/cal/?b=1&a=%7e", "caldavs://h/cal?b=1&a=~"},
        Spelling{"sogo://user:password@folder/", "sogo://user@folder"},
        Spelling{"sogo://user:password@folder/sub/", "sogo://user@folder/sub"},
        Spelling{"x-my.ns+1://any:thing;at=all", "x-my.ns+1://any:thing;at=all"},
        Spelling{"script://{a|b}", "script://%7Ba%7Cb%7D"},
        Spelling{"X://%C3%9C.Example", "x://%C3%9C.example"},
        Spelling{"x://:/", "x:///"}));

TEST(Uri, KeepsAnEscapedSlashApartFromASlash) {
  const auto escaped = ContextUri::parse("file:///a%2Fb")->uri;
  const auto plain = ContextUri::parse("file:///a/b")->uri;
  EXPECT_NE(escaped, plain);
}

TEST(Uri, GivesItsParts) {
  const auto uri = ContextUri::parse("caldavs://anna%40x:pw@[::1]:8443/b%C3%BCro/a%2Fb/?key=a%20b&flag&key=c")->uri;
  EXPECT_EQ(uri.scheme(), "caldavs");
  EXPECT_EQ(uri.user(), "anna@x");
  EXPECT_EQ(uri.host(), "::1");
  EXPECT_EQ(uri.port(), 8443);
  EXPECT_EQ(uri.path(), "/b\xc3\xbcro/a/b");
  EXPECT_EQ(uri.query("key"), "a b");
  EXPECT_EQ(uri.query("flag"), "");
  EXPECT_EQ(uri.query("none"), std::nullopt);

  const auto file = ContextUri::parse("file:///home/anna")->uri;
  EXPECT_EQ(file.host(), "");
  EXPECT_EQ(file.user(), "");
  EXPECT_EQ(file.port(), std::nullopt);
  EXPECT_EQ(file.path(), "/home/anna");
}

TEST(Uri, NeverTakesHalfAPort) {
  for (const char* text : {"x://h:0", "x://h:65536", "x://h:12a", "x://h:-1", "x://h:99999999999999999999"}) {
    const auto uri = ContextUri::parse(text)->uri;
    EXPECT_EQ(uri.port(), std::nullopt) << text;
    EXPECT_EQ("x://" + uri.host(), text);
  }
}

TEST(Uri, HandsOutThePassword) {
  EXPECT_EQ(ContextUri::parse("sogo://user:password@folder/")->password, "password");
  EXPECT_EQ(ContextUri::parse("imaps://u:p%40ss%3A%2F@h")->password, "p@ss:/");
  EXPECT_EQ(ContextUri::parse("imaps://u:a:b#@c@h")->password, "a:b#@c");
  EXPECT_EQ(ContextUri::parse("imaps://u:@h")->password, "");
  EXPECT_EQ(ContextUri::parse("imaps://u@h")->password, std::nullopt);
}

struct Refusal {
  std::string_view name;
  std::string text;
  std::string_view reason;
};

class Hostile : public ::testing::TestWithParam<Refusal> {};

TEST_P(Hostile, IsRefusedByReasonWithoutThePassword) {
  const auto parsed = ContextUri::parse(GetParam().text);
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code, Errc::invalid_uri);
  const std::string said = parsed.error().to_string();
  EXPECT_NE(said.find(GetParam().reason), std::string::npos) << said;
  EXPECT_EQ(said.find("geheim"), std::string::npos) << said;
}

INSTANTIATE_TEST_SUITE_P(
    Uri, Hostile,
    ::testing::Values(Refusal{"empty", "", "'://' is missing"}, Refusal{"word", "mail", "mail: not a URI"},
                      Refusal{"one_slash", "file:/a", "'://' is missing"},
                      Refusal{"no_scheme", "anna:geheim@h", "URI: not a URI"},
                      Refusal{"empty_scheme", "://u:geheim@h", "namespace before '://' is missing"},
                      Refusal{"digit_scheme", "1x://h", "not a letter followed by"},
                      Refusal{"password_as_scheme", "u:geheim@h://x", "URI: the namespace is not"},
                      Refusal{"newline", "file:///a\nb", "byte 10 is a control character"},
                      Refusal{"nul", std::string("x://a\0b", 7), "byte 6 is a control character"},
                      Refusal{"delete", "x://\x7f", "byte 5 is a control character"},
                      Refusal{"bad_escape", "imaps://u:geheim%zz@h", "byte 17: '%' is not followed by"},
                      Refusal{"cut_escape", "x://a%4", "byte 6: '%'"}, Refusal{"escaped_nul", "x://a%00", "%00"},
                      Refusal{"slash_in_password", "imaps://u:geheim/2@h", "where the password ends"},
                      Refusal{"slash_after_at", "imaps://u@x:geheim/2@h", "where the password ends"},
                      Refusal{"question_in_password", "imaps://u:geheim?2@h/", "where the password ends"},
                      Refusal{"too_long", "x://" + std::string(8189, 'a'), "longer than 8192 bytes"},
                      Refusal{"too_long_escaped", "x://" + std::string(4000, ' '), "bytes when escaped"}),
    [](const auto& param) { return std::string(param.param.name); });

TEST(Uri, AcceptsTheLongest) { EXPECT_TRUE(ContextUri::parse("x://" + std::string(8188, 'a'))); }

TEST(Uri, LoopbackIsThisMachineOnly) {
  for (const char* const here : {"localhost", "127.0.0.1", "127.9.9.9", "[::1]", "::1"})
    EXPECT_TRUE(is_loopback(here)) << here;
  for (const char* const elsewhere :
       {"127.0.0.1.example.org", "localhost.example.org", "127.example.org", "10.0.0.1", "128.0.0.1"})
    EXPECT_FALSE(is_loopback(elsewhere)) << elsewhere;
}

TEST(Uri, ReadsBackWhatItWrites) {
  constexpr std::string_view letters = "aZ09-._~:/?#[]@!$&'()*+,;=% {\xc3\xbc\xff""4F2f";
  std::mt19937 random(20261124);
  std::size_t accepted = 0;
  for (int round = 0; round < 200'000; ++round) {
    std::string text = round % 2 == 0 ? "x://" : "imaps://u:p@";
    for (std::size_t length = random() % 14; length > 0; --length) text += letters[random() % letters.size()];
    const auto once = ContextUri::parse(text);
    if (!once) continue;
    ++accepted;
    const auto twice = ContextUri::parse(once->uri.to_string());
    ASSERT_TRUE(twice) << text;
    ASSERT_EQ(twice->uri, once->uri) << text << " -> " << once->uri.to_string();
    ASSERT_EQ(twice->password, std::nullopt) << text;
  }
  EXPECT_GT(accepted, 50'000u);
}

}  // namespace
}  // namespace mapistore::uri_test
