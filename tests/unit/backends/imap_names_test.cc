#include "backends/imap/mailbox_name.h"
#include "backends/imap/uid_set.h"
#include "tests/unit/backends/support.h"

namespace mapistore::imap::imap_names_test {
namespace {

using testing_backends::code;

TEST(ImapMailboxName, EncodesAndDecodes) {
  const std::pair<std::string_view, std::string_view> names[] = {
      {"INBOX", "INBOX"},
      {"Entw\xc3\xbcrfe (Gr\xc3\xb6\xc3\x9f"
       "e)",
       "Entw&APw-rfe (Gr&APYA3w-e)"},
      {"\xe4\xbb\x95\xe4\xba\x8b", "&TtVOiw-"},
      {"Lists/Boost & Asio", "Lists/Boost &- Asio"},
      {"~peter/mail/\xe5\x8f\xb0\xe5\x8c\x97/\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"},
      {"\xf0\x9f\x93\xac", "&2D3c7A-"},
  };
  for (const auto& [shown, raw] : names) {
    EXPECT_EQ(raw_name(shown, NameEncoding::utf7).value(), raw);
    EXPECT_EQ(shown_name(raw, NameEncoding::utf7), shown);
    EXPECT_EQ(raw_name(shown, NameEncoding::utf8).value(), shown);
    EXPECT_EQ(shown_name(shown, NameEncoding::utf8), shown);
  }
}

TEST(ImapMailboxName, ShowsWhatIsNotCanonicalAsItIs) {
  for (const std::string_view raw : {"&AGE-", "&AOk", "&", "a&b", "&BBAEMQQyACY-", "&2D0-", "&APw-&APw-", "&A!-"}) {
    EXPECT_EQ(decode_utf7(raw), std::nullopt) << raw;
    EXPECT_EQ(shown_name(raw, NameEncoding::utf7), raw);
  }
  EXPECT_EQ(shown_name("Entw\xc3\xbcrfe", NameEncoding::utf7), "Entw\xc3\xbcrfe");
  EXPECT_EQ(shown_name("a\xff"
                       "b",
                       NameEncoding::utf7),
            "a\xef\xbf\xbd"
            "b");
  EXPECT_EQ(shown_name("a\xff"
                       "b",
                       NameEncoding::utf8),
            "a\xef\xbf\xbd"
            "b");
}

TEST(ImapMailboxName, RefusesWhatNoServerTakes) {
  for (const std::string_view shown : {"", "a\tb", "a\nb", "a\xff", "\x7f"})
    for (const NameEncoding encoding : {NameEncoding::utf7, NameEncoding::utf8})
      EXPECT_EQ(code(raw_name(shown, encoding)), Errc::invalid_argument);
}

TEST(ImapMailboxName, IgnoresTheCaseOfInboxAlone) {
  EXPECT_TRUE(same_mailbox("inbox", "INBOX"));
  EXPECT_FALSE(same_mailbox("sent", "Sent"));
  EXPECT_FALSE(same_mailbox("INBOX/a", "inbox/a"));
}

TEST(ImapUidSet, ParsesAndPrints) {
  const std::pair<std::string_view, std::string_view> sets[] = {
      {"1", "1"},           {"1,2,3", "1:3"},     {"3,1,2", "1:3"},     {"5:3", "3:5"}, {"1:3,7,9:*", "1:3,7,9:*"},
      {"*:4", "4:*"},       {"1:10,5:7", "1:10"}, {"1:2,4:5,3", "1:5"}, {"*", "*"},     {"4294967295", "*"},
      {"1,3,5,2:4", "1:5"}, {"1,3", "1,3"},
  };
  for (const auto& [text, printed] : sets) EXPECT_EQ(UidSet::parse(text).value().text(), printed);
  for (const std::string_view text : {"", "0", "1,", ",1", "1:", ":1", "a", "1:2:3", "4294967296", "1 2", "-1", "0:3"})
    EXPECT_EQ(UidSet::parse(text), std::nullopt) << text;
}

TEST(ImapUidSet, GoesOneByOneWithoutHoldingThem) {
  const auto uids_of = [](std::string_view text) {
    const UidSet set = UidSet::parse(text).value();
    std::vector<Uid> uids;
    for (const Uid uid : set.uids()) uids.push_back(uid);
    return uids;
  };
  EXPECT_THAT(uids_of("7,1:3"), ::testing::ElementsAre(1, 2, 3, 7));
  EXPECT_THAT(uids_of("4294967294:*"), ::testing::ElementsAre(4294967294u, UidSet::last_uid));
  const UidSet all = UidSet::all();
  EXPECT_EQ(*all.uids().begin(), 1u);
}

TEST(ImapUidSet, LeavesOut) {
  const auto left = [](std::string_view from, std::string_view what) {
    return UidSet::parse(from).value().without(UidSet::parse(what).value()).text();
  };
  EXPECT_EQ(left("1:10", "3"), "1:2,4:10");
  EXPECT_EQ(left("1:10", "1:3,8:20"), "4:7");
  EXPECT_EQ(left("1:3,5:7,9:11", "2,4,6:9,11"), "1,3,5,10");
  EXPECT_EQ(left("1:3,5:7", "1:*"), "");
  EXPECT_EQ(left("1:*", "5"), "1:4,6:*");
  EXPECT_EQ(left("1:*", "*"), "1:4294967294");
  EXPECT_EQ(left("5", "1:4,6:*"), "5");
  EXPECT_EQ(UidSet{}.without(UidSet::all()), UidSet{});
  EXPECT_EQ(UidSet::range(2, 4).without(UidSet{}).text(), "2:4");
}

TEST(ImapUidSet, AddsInAnyOrder) {
  UidSet set;
  for (const Uid uid : {9u, 7u, 8u, 1u, 3u, 2u, 20u, 4'294'967'295u}) set.add(uid);
  set.add(5, 30);
  EXPECT_EQ(set.text(), "1:3,5:30,*");
  EXPECT_EQ(set.size(), 30u);
  EXPECT_TRUE(set.contains(1) && set.contains(5) && set.contains(30) && set.contains(UidSet::last_uid));
  EXPECT_FALSE(set.contains(4) || set.contains(31) || set.contains(0));
  set.add(4);
  EXPECT_EQ(set.text(), "1:30,*");
}

TEST(ImapUidSet, Intersects) {
  const auto set = [](std::string_view text) { return UidSet::parse(text).value(); };
  EXPECT_TRUE(set("1:5,10").intersects(set("10:12")));
  EXPECT_TRUE(set("1:*").intersects(set("7")));
  EXPECT_FALSE(set("1:5,10").intersects(set("6:9,11:*")));
  EXPECT_FALSE(UidSet{}.intersects(set("1:*")));
}

TEST(ImapUidSet, KeepsTheOrderWhereItCounts) {
  EXPECT_EQ(UidSet::parse_in_order("5,3:1,9"), (std::vector<Uid>{5, 3, 2, 1, 9}));
  EXPECT_EQ(UidSet::parse_in_order("1:4294967295"), std::nullopt);
  EXPECT_EQ(UidSet::parse_in_order("1:10", 9), std::nullopt);
  EXPECT_EQ(UidSet::parse_in_order("4294967295"), (std::vector<Uid>{UidSet::last_uid}));
}

}  // namespace
}  // namespace mapistore::imap::imap_names_test
