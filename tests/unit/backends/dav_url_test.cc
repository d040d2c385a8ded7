#include "backends/dav/url.h"

#include <gtest/gtest.h>

namespace mapistore::dav::dav_url_test {
namespace {

Url base() { return *Url::parse("https://Dav.Example.org/home/anna/"); }

TEST(DavUrl, ReadsAndWritesAddresses) {
  const auto url = Url::parse("HTTP://user:pass@Example.org:8080/a%20b/c?query#fragment");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->text(), "http://example.org:8080/a%20b/c") << "without what may be a secret";
  EXPECT_EQ(Url::parse("https://[::1]:5232/")->text(), "https://[::1]:5232/");
  EXPECT_EQ(Url::parse("https://host")->text(), "https://host/");
  for (const char* const wrong :
       {"", "ftp://host/", "https://", "https:///x", "http://host:0/", "http://host:99999/", "http://ho st/",
        "http://a:1:/", "http://[::1/", "http://[]/", "http://host\r\nX: y/", "//host/", "/path"})
    EXPECT_FALSE(Url::parse(wrong)) << wrong;
}

TEST(DavUrl, EverySpellingOfAPathIsOne) {
  for (const char* const spelling :
       {"/home/anna/caf\xC3\xA9@x.ics", "/home/anna/caf%C3%A9@x.ics", "caf%c3%a9%40x.ics",
        "https://dav.example.org:443/home/./anna/../anna/caf%C3%A9@x.ics", "  caf\xC3\xA9@x.ics\n"})
    EXPECT_EQ(base().resolve(spelling)->path, "/home/anna/caf%C3%A9@x.ics") << spelling;
  EXPECT_EQ(base().resolve("a:b.ics")->last_segment(), "a:b.ics") << "a bare name may hold a colon";
  EXPECT_EQ(base().resolve("/home/anna/what%3f.ics")->last_segment(), "what?.ics");
}

TEST(DavUrl, NothingLeadsAboveTheRootOrOut) {
  EXPECT_EQ(base().resolve("/../../etc/passwd")->path, "/etc/passwd");
  EXPECT_EQ(base().child("../../etc", false).path, "/home/anna/..%2F..%2Fetc");
  EXPECT_EQ(base().child("..", false).path, "/home/anna/%2E%2E");
  EXPECT_FALSE(base().same_origin(*base().resolve("//elsewhere.example/home/")));
  EXPECT_FALSE(base().same_origin(*base().resolve("http://dav.example.org/home/")));
}

TEST(DavUrl, NamesComeBackFromTheirAddress) {
  for (const std::string name :
       {"plain.ics", "blank and ünï.ics", "100%.ics", "a/b.ics", "it's;x=1.vcf", "~", "#?&+"}) {
    const Url child = base().child(name, false);
    EXPECT_EQ(child.last_segment(), name);
    EXPECT_EQ(child.parent_path(), base().path);
    EXPECT_EQ(Url::parse(child.text()), child);
  }
  EXPECT_EQ(base().child("cal", true).parent_path(), base().path);
}

}  // namespace
}  // namespace mapistore::dav::dav_url_test
