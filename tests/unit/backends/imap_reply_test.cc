#include "backends/imap/reply.h"

#include <gmock/gmock.h>

#include "backends/imap/fetched.h"
#include "tests/unit/backends/imap_replies.h"

namespace mapistore::imap::imap_reply_test {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;
using ::testing::ElementsAre;
using ::testing::Pair;

template <class T>
T parsed(std::string_view text) {
  Reply reply = parse_reply(text, {});
  EXPECT_TRUE(std::holds_alternative<T>(reply)) << text;
  return std::holds_alternative<T>(reply) ? std::get<T>(std::move(reply)) : T{};
}

FetchReply fetched(std::string_view items) { return parsed<FetchReply>("* 1 FETCH (" + std::string(items) + ")"); }

Time at(int year, unsigned month, unsigned day, int seconds = 0) {
  return std::chrono::sys_days{std::chrono::year{year} / std::chrono::month{month} / std::chrono::day{day}} +
         std::chrono::seconds{seconds};
}

TEST(ImapBodies, AreToldBySection) {
  const FetchReply message =
      parsed<FetchReply>("* 1 FETCH (UID 3 BODY[HEADER.FIELDS (DATE)] \"Date: x\" BODY[1.MIME] NIL BODY[]<0> \"all\")");
  EXPECT_EQ(*body_of(message, ""), "all");
  EXPECT_EQ(*body_of(message, "HEADER"), "Date: x");
  EXPECT_EQ(body_of(message, "1.MIME"), nullptr);
  EXPECT_EQ(body_of(message, "TEXT"), nullptr);
}

/// What large servers have been seen to send, legal or not.
struct Quirk {
  std::string_view name;
  std::string bytes;
  void (*check)(const FetchReply& last);
};

std::string keywords() {
  std::string line = "* FLAGS (kw0";
  for (int count = 1; count < 150'000; ++count) line += " kw" + std::to_string(count);
  return line + ")\r\n";
}

void expect_uid(const FetchReply& last) { EXPECT_EQ(last.uid, 1u); }
void expect_no_flags(const FetchReply& last) {
  EXPECT_EQ(last.uid, 1u);
  EXPECT_THAT(last.flags.value(), ElementsAre());
}
void expect_three_bytes(const FetchReply& last) {
  EXPECT_EQ(last.uid, 1u);
  EXPECT_EQ(last.bodies.at(0).size, 3u);
}

const Quirk quirks[] = {
    {"plain", "* 1 FETCH (UID 1 FLAGS (\\Seen) RFC822.SIZE 10 INTERNALDATE \"01-Jan-2023 00:00:00 +0000\")\r\n",
     [](const FetchReply& last) {
       EXPECT_THAT(last.flags.value(), ElementsAre("\\Seen"));
       EXPECT_EQ(last.size, 10u);
       EXPECT_EQ(last.internal_date, at(2023, 1, 1));
     }},
    {"EMAILID and THREADID", "* 1 FETCH (UID 1 FLAGS () EMAILID (M6d99) THREADID NIL)\r\n",
     [](const FetchReply& last) {
       EXPECT_EQ(last.email_id, "M6d99");
       EXPECT_EQ(last.thread_id, "");
     }},
    {"SAVEDATE and PREVIEW", "* 1 FETCH (UID 1 SAVEDATE NIL PREVIEW \"hello\")\r\n", expect_uid},
    {"MODSEQ of 63 bits", "* 1 FETCH (UID 1 MODSEQ (9223372036854775807))\r\n",
     [](const FetchReply& last) { EXPECT_EQ(last.modseq, 9'223'372'036'854'775'807u); }},
    {"RFC822.SIZE over 4 GiB", "* 1 FETCH (UID 1 RFC822.SIZE 5000000000)\r\n",
     [](const FetchReply& last) { EXPECT_EQ(last.size, 5'000'000'000u); }},
    {"VANISHED", "* VANISHED 3:5\r\n* 1 FETCH (UID 1 FLAGS ())\r\n", expect_no_flags},
    {"VANISHED EARLIER", "* VANISHED (EARLIER) 41,43:116\r\n* 1 FETCH (UID 1 FLAGS ())\r\n", expect_no_flags},
    {"EXPUNGE and EXISTS between", "* 2 EXPUNGE\r\n* 7 EXISTS\r\n* 1 RECENT\r\n* 1 FETCH (UID 1 FLAGS ())\r\n",
     expect_no_flags},
    {"unknown reply", "* XFOO bar (1 2 \"x\" {3}\r\nabc)\r\n* 1 FETCH (UID 1 FLAGS ())\r\n", expect_no_flags},
    {"unknown item", "* 1 FETCH (UID 1 X-FOO 123abc X-BAR (1 (2 \"3\")) FLAGS ())\r\n", expect_no_flags},
    {"X-GUID", "* 1 FETCH (UID 1 X-GUID 123abc FLAGS ())\r\n",
     [](const FetchReply& last) { EXPECT_EQ(last.email_id, "123abc"); }},
    {"unknown code", "* OK [X-WEIRD (a b \"c\")] hm\r\n* 1 FETCH (UID 1 FLAGS ())\r\n", expect_no_flags},
    {"OK without text", "* OK [ALERT]\r\n* 1 FETCH (UID 1 FLAGS ())\r\n", expect_no_flags},
    {"flag with brackets and 8 bits",
     "* 1 FETCH (UID 1 FLAGS (\\Seen [Gmail] Br\xc3\xbc"
     "cke $x))\r\n",
     [](const FetchReply& last) {
       EXPECT_THAT(last.flags.value(), ElementsAre("\\Seen", "[Gmail]",
                                                   "Br\xc3\xbc"
                                                   "cke",
                                                   "$x"));
     }},
    {"space after flags", "* 1 FETCH (UID 1 FLAGS (\\Seen ))\r\n",
     [](const FetchReply& last) { EXPECT_THAT(last.flags.value(), ElementsAre("\\Seen")); }},
    {"space after items", "* 1 FETCH (UID 1 FLAGS (\\Seen) )\r\n", expect_uid},
    {"lower case", "* 1 fetch (uid 1 flags (\\seen) rfc822.size 3)\r\n",
     [](const FetchReply& last) { EXPECT_EQ(last.size, 3u); }},
    {"ENVELOPE in UTF-8",
     "* 1 FETCH (ENVELOPE (\"Sun, 1 Jan 2023 00:00:00 +0000\" \"Gr\xc3\xb6\xc3\x9f"
     "e\" ((\"J\xc3\xbcrgen\" NIL \"j\" "
     "\"x\")) NIL NIL NIL NIL NIL NIL \"<a@b>\") UID 1)\r\n",
     expect_uid},
    {"ENVELOPE with literal", "* 1 FETCH (ENVELOPE (NIL {5}\r\na\"b\\c NIL NIL NIL NIL NIL NIL NIL NIL) UID 1)\r\n",
     expect_uid},
    {"ENVELOPE with bare quotes",
     "* 1 FETCH (ENVELOPE (NIL \"a \"b\" c\" NIL NIL NIL NIL NIL NIL NIL \"<a@b>\") UID 1)\r\n", expect_uid},
    {"literal8", "* 1 FETCH (UID 1 BODY[] ~{3}\r\na\0b)\r\n"s, expect_three_bytes},
    {"NUL in a literal", "* 1 FETCH (UID 1 BODY[] {3}\r\na\0b)\r\n"s, expect_three_bytes},
    {"BODY NIL", "* 1 FETCH (UID 1 BODY[] NIL)\r\n",
     [](const FetchReply& last) {
       EXPECT_TRUE(last.bodies.at(0).is_nil);
       EXPECT_EQ(last.bodies.at(0).bytes, std::nullopt);
     }},
    {"empty BODY", "* 1 FETCH (UID 1 BODY[] {0}\r\n)\r\n",
     [](const FetchReply& last) {
       EXPECT_FALSE(last.bodies.at(0).is_nil);
       EXPECT_EQ(last.bodies.at(0).size, 0u);
     }},
    {"partial BODY", "* 1 FETCH (UID 1 BODY[]<0> {3}\r\nabc)\r\n",
     [](const FetchReply& last) { EXPECT_EQ(last.bodies.at(0).origin, 0u); }},
    {"HEADER.FIELDS", "* 1 FETCH (UID 1 BODY[HEADER.FIELDS (\"From\" TO)] {2}\r\n\r\n)\r\n",
     [](const FetchReply& last) { EXPECT_EQ(last.bodies.at(0).section, "HEADER.FIELDS (\"FROM\" TO)"); }},
    {"BINARY", "* 1 FETCH (UID 1 BINARY[2] ~{3}\r\na\0b)\r\n"s,
     [](const FetchReply& last) {
       EXPECT_TRUE(last.bodies.at(0).binary);
       EXPECT_EQ(last.bodies.at(0).section, "2");
     }},
    {"two replies for one message", "* 1 FETCH (UID 1)\r\n* 1 FETCH (FLAGS (\\Seen))\r\n",
     [](const FetchReply& last) { EXPECT_THAT(last.flags.value(), ElementsAre("\\Seen")); }},
    {"BODYSTRUCTURE of a message without fields",
     "* 1 FETCH (BODYSTRUCTURE (\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 10) UID 1)\r\n", expect_uid},
    {"BODYSTRUCTURE without parts", "* 1 FETCH (BODYSTRUCTURE (\"mixed\" (\"boundary\" \"x\")) UID 1)\r\n", expect_uid},
    {"BODYSTRUCTURE with negative size",
     "* 1 FETCH (BODYSTRUCTURE (\"text\" \"plain\" NIL NIL NIL \"7bit\" -1 0) UID 1)\r\n", expect_uid},
    {"LF only", "* 1 FETCH (UID 1 FLAGS ())\n", expect_no_flags},
    {"a line of a megabyte", keywords() + "* 1 FETCH (UID 1 FLAGS ())\r\n", expect_no_flags},
    {"BYE before the answer", "* 1 FETCH (UID 1)\r\n* BYE shutting down\r\n", expect_uid},
    {"answer without text", "* 1 FETCH (UID 1 FLAGS ())\r\na OK\r\n", expect_no_flags},
};

TEST(ImapReply, SurvivesWhatServersSend) {
  for (const Quirk& quirk : quirks) {
    SCOPED_TRACE(quirk.name);
    for (const std::size_t portion : {std::size_t{1}, std::size_t{13}, std::size_t{10'000'000}}) {
      for (const LiteralUse use : {LiteralUse::keep, LiteralUse::stream, LiteralUse::skip}) {
        const ReplyCollector collector = read_replies(quirk.bytes, portion, use);
        const FetchReply* last = nullptr;
        for (const Reply& reply : collector.replies)
          if (const auto* found = std::get_if<FetchReply>(&reply)) last = found;
        ASSERT_NE(last, nullptr);
        quirk.check(*last);
        if (use == LiteralUse::keep) continue;
        for (const BodyItem& body : last->bodies) EXPECT_EQ(body.bytes, std::nullopt);
      }
    }
  }
}

TEST(ImapReply, KeepsOrStreamsBodies) {
  const std::string bytes = "* 7 FETCH (BODY[1]<5> {4}\r\n)\r\n( UID 9 BODY[TEXT] \"quoted\" BINARY.SIZE[2.1] 77)\r\n";
  const ReplyCollector kept = read_replies(bytes, 1);
  const auto& message = std::get<FetchReply>(kept.replies.at(0));
  EXPECT_EQ(message.uid, 9u);
  EXPECT_EQ(message.sequence, 7u);
  EXPECT_EQ(message.bodies.at(0).bytes, ")\r\n(");
  EXPECT_EQ(message.bodies.at(0).origin, 5u);
  EXPECT_EQ(message.bodies.at(1).bytes, "quoted");
  EXPECT_THAT(message.binary_sizes, ElementsAre(Pair("2.1", 77u)));
  const ReplyCollector streamed = read_replies(bytes, 1, LiteralUse::stream);
  EXPECT_EQ(streamed.streamed, ")\r\n(");
  EXPECT_EQ(streamed.ended, 1);
  EXPECT_EQ(streamed.bodies.at(0).message.uid, 0u);
  EXPECT_EQ(std::get<FetchReply>(streamed.replies.at(0)).bodies.at(0).size, 4u);
}

TEST(ImapReply, ReadsFetchItems) {
  EXPECT_EQ(fetched("INTERNALDATE \" 1-Feb-2020 10:00:00 -0130\"").internal_date, at(2020, 2, 1, 41'400));
  EXPECT_EQ(fetched("INTERNALDATE \"31-Feb-2020 10:00:00 +0000\"").internal_date, std::nullopt);
  EXPECT_EQ(fetched("INTERNALDATE \"yesterday\" UID 3").uid, 3u);
  EXPECT_EQ(fetched("X-GM-MSGID 1278455344230334865").gmail_id, 1'278'455'344'230'334'865u);
  EXPECT_THAT(fetched(R"(X-GM-LABELS (\Inbox "\\Sent" Fo&AOk- "a b"))").gmail_labels.value(),
              ElementsAre("\\Inbox", "\\Sent", "Fo&AOk-", "a b"));
  EXPECT_EQ(fetched("FLAGS NIL UID 3").uid, 3u);
  EXPECT_EQ(fetched("RFC822.SIZE -1 UID 3").size, std::nullopt);
  EXPECT_EQ(fetched("UID 4294967296").uid, 0u);
  EXPECT_EQ(fetched("RFC822.HEADER \"x\"").bodies.at(0).section, "HEADER");
}

TEST(ImapReply, ReadsLists) {
  const auto list =
      parsed<ListReply>(R"(* LIST (\HasNoChildren \drafts) "/" "a \"b\"" ("CHILDINFO" ("SUBSCRIBED") X (1)))");
  EXPECT_TRUE(list.has("\\Drafts"));
  EXPECT_EQ(list.separator, '/');
  EXPECT_EQ(list.name, "a \"b\"");
  EXPECT_THAT(list.child_info, ElementsAre("SUBSCRIBED"));
  EXPECT_EQ(parsed<ListReply>("* LIST () NIL INBOX").separator, std::nullopt);
  EXPECT_EQ(parsed<ListReply>("* LIST () \"\\\\\" {3}\r\na b").name, "a b");
  EXPECT_EQ(parsed<ListReply>("* LIST () \"/\" nil").name, "NIL");
  EXPECT_EQ(parsed<ListReply>(R"(* LIST () "/" new ("OLDNAME" ("old")))").old_name, "old");
  parsed<UnknownReply>("* LIST");
  parsed<UnknownReply>("* LIST () \"/\"");
}

TEST(ImapReply, ReadsStatus) {
  const auto status = parsed<StatusReply>(
      "* STATUS \"a b\" (MESSAGES 3 X (1 2) UIDNEXT 7 UIDVALIDITY 9 HIGHESTMODSEQ 5 MAILBOXID (F1-_x)) ");
  EXPECT_EQ(status.name, "a b");
  EXPECT_EQ(status.messages, 3u);
  EXPECT_EQ(status.uid_next, 7u);
  EXPECT_EQ(status.uid_validity, 9u);
  EXPECT_EQ(status.highest_modseq, 5u);
  EXPECT_EQ(status.mailbox_id, "F1-_x");
  const auto garbage =
      parsed<StatusReply>("* STATUS INBOX (MAILBOXID (\xa5\xdd\x80) \"\x80U\0x) UIDNEXT 4 MESSAGES 2)"sv);
  EXPECT_EQ(garbage.mailbox_id, "");
  EXPECT_EQ(garbage.messages, 2u);
  EXPECT_EQ(parsed<StatusReply>("* STATUS INBOX (X-GUID 5a7b MESSAGES 1)").mailbox_id, "5a7b");
}

TEST(ImapReply, ReadsSearches) {
  EXPECT_EQ(parsed<SearchReply>("* SEARCH").found, UidSet{});
  const auto search = parsed<SearchReply>("* SEARCH 5 1 2 3 (MODSEQ 77)");
  EXPECT_EQ(search.found.text(), "1:3,5");
  EXPECT_EQ(search.modseq, 77u);
  const auto extended =
      parsed<SearchReply>("* ESEARCH (TAG \"A1\") UID MIN 2 MAX 47 COUNT 3 X-Y (1 2) ALL 2,10:11 MODSEQ 9");
  EXPECT_EQ(extended.tag, "A1");
  EXPECT_TRUE(extended.by_uid);
  EXPECT_EQ(extended.found.text(), "2,10:11");
  EXPECT_EQ(extended.count, 3u);
  EXPECT_EQ(parsed<SearchReply>("* ESEARCH (TAG \"A1\") UID").found, UidSet{});
}

TEST(ImapReply, ReadsTheRest) {
  EXPECT_TRUE(parsed<VanishedReply>("* VANISHED (EARLIER) 41,43:116").earlier);
  EXPECT_EQ(parsed<VanishedReply>("* VANISHED 3").uids.text(), "3");
  parsed<UnknownReply>("* VANISHED x");
  EXPECT_EQ(parsed<ExistsReply>("* 23 EXISTS").count, 23u);
  EXPECT_EQ(parsed<ExpungeReply>("* 44 EXPUNGE").sequence, 44u);
  EXPECT_THAT(parsed<FlagsReply>("* FLAGS (\\Seen a)").flags, ElementsAre("\\Seen", "a"));
  EXPECT_THAT(parsed<CapabilityReply>("* CAPABILITY IMAP4rev1  MOVE ").words, ElementsAre("IMAP4rev1", "MOVE"));
  EXPECT_THAT(parsed<EnabledReply>("* ENABLED").words, ElementsAre());
  const auto spaces = parsed<NamespaceReply>(R"(* NAMESPACE (("" "/")("#x" "." "X" ("y"))) NIL (("S/" NIL)))");
  EXPECT_EQ(spaces.personal.size(), 2u);
  EXPECT_EQ(spaces.personal.at(1).separator, '.');
  EXPECT_EQ(spaces.shared.at(0).name, "S/");
  const auto quota = parsed<QuotaReply>("* QUOTA \"\" (STORAGE 10 512 MESSAGE 1 2)");
  EXPECT_EQ(quota.resources.at(0).limit, 512u);
  EXPECT_THAT(parsed<QuotaRootReply>("* QUOTAROOT INBOX \"\" a").roots, ElementsAre("", "a"));
  EXPECT_THAT(parsed<IdReply>("* ID (\"Name\" \"Dovecot\" \"x\" NIL)").fields,
              ElementsAre(Pair("name", "Dovecot"), Pair("x", "")));
  EXPECT_THAT(parsed<IdReply>("* ID NIL").fields, ElementsAre());
  EXPECT_THAT(parsed<MetadataReply>("* METADATA INBOX (/shared/comment \"x\" /private/a NIL)").entries,
              ElementsAre(Pair("/shared/comment", "x"), Pair("/private/a", std::nullopt)));
  EXPECT_EQ(parsed<MetadataReply>("* METADATA \"\" /shared/comment /b").entries.size(), 2u);
  EXPECT_EQ(parsed<RightsReply>("* MYRIGHTS INBOX lrs").rights, "lrs");
  EXPECT_EQ(parsed<ContinuationReply>("+ idling").text, "idling");
  EXPECT_EQ(parsed<ContinuationReply>("+").text, "");
  EXPECT_EQ(parsed<UnknownReply>("* XFoo bar").keyword, "XFOO");
  for (const std::string_view text : {"*", "* ", "", "x", "x y", "* 5", "* 5 ", "* 99999999999 EXISTS"})
    parsed<UnknownReply>(text);
}

TEST(ImapReply, ReadsConditions) {
  const auto tagged = parsed<ConditionReply>("A1 NO [TRYCREATE] no such mailbox");
  EXPECT_EQ(tagged.tag, "A1");
  EXPECT_EQ(tagged.condition, Condition::no);
  EXPECT_TRUE(tagged.code.is("TRYCREATE"));
  EXPECT_EQ(tagged.text, "no such mailbox");
  const auto flags = parsed<ConditionReply>("* OK [PERMANENTFLAGS (\\Seen x]y \\*)] ok");
  EXPECT_THAT(flags.code.words(), ElementsAre("\\Seen", "x]y", "\\*"));
  EXPECT_EQ(parsed<ConditionReply>("* OK [UNSEEN 3").text, "[UNSEEN 3");
  EXPECT_TRUE(parsed<ConditionReply>("* ok [x (] y").code.is("X"));
  EXPECT_EQ(parsed<ConditionReply>("* PREAUTH").condition, Condition::preauth);
  EXPECT_EQ(parsed<ConditionReply>("* BYE ").condition, Condition::bye);
}

TEST(ImapReply, ReadsCodes) {
  const auto code = [](std::string_view text) {
    return parsed<ConditionReply>("* OK [" + std::string(text) + "] x").code;
  };
  EXPECT_EQ(code("HIGHESTMODSEQ 9223372036854775807").number(), 9'223'372'036'854'775'807u);
  EXPECT_EQ(code("UIDNEXT").number(), std::nullopt);
  EXPECT_EQ(code("MAILBOXID (F2)").object_id(), "F2");
  EXPECT_EQ(code("MAILBOXID (\xff)").object_id(), "");
  EXPECT_EQ(code("MODIFIED 7,9").uids().text(), "7,9");
  EXPECT_THAT(code("APPENDUID 38505 3955:3957").appended().value().uids, ElementsAre(3955, 3956, 3957));
  EXPECT_EQ(code("APPENDUID x 3").appended().has_value(), false);
  const auto copied = code("COPYUID 38505 304,319:320 3956:3958").copied();
  EXPECT_THAT(copied.value().from, ElementsAre(304, 319, 320));
  EXPECT_THAT(copied.value().to, ElementsAre(3956, 3957, 3958));
  EXPECT_EQ(code("COPYUID 1 1:2 5").copied().has_value(), false);
  EXPECT_EQ(code("COPYUID 1 1:4294967295 1:4294967295").copied().has_value(), false);
}

TEST(ImapReply, SurvivesDepthWithoutEnd) {
  const std::string deep(1'000'000, '(');
  EXPECT_EQ(fetched("UID 1 X " + deep).uid, 1u);
  parsed<UnknownReply>("* FLAGS " + deep);
  parsed<ListReply>("* LIST () \"/\" a (X " + deep);
  parsed<ConditionReply>("* OK [X " + deep);
}

}  // namespace
}  // namespace mapistore::imap::imap_reply_test
