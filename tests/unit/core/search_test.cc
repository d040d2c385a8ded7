// What a user searches for, as a restriction, and which messages satisfy it.
#include <tuple>

#include <gtest/gtest.h>

#include "core/conversion/state_properties.h"
#include "core/message_view.h"
#include "core/restriction_match.h"
#include "core/search_expression.h"

namespace mapistore::search_test {
namespace {

using namespace std::chrono_literals;

const Time now{std::chrono::sys_days{std::chrono::year{2026} / 11 / 28} + 12h};

constexpr std::string_view mail =
    "From: =?utf-8?q?Anna_M=C3=BCller?= <anna@firma.example>\r\nTo: Bob <bob@example.org>\r\nCc: carol@example.org\r\n"
    "Subject: =?utf-8?q?Angebot_f=C3=BCr_die_STRASSE?=\r\nDate: Fri, 20 Nov 2026 10:00:00 +0000\r\nMIME-Version: "
    "1.0\r\n"
    "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nDer Zaun = kostet "
    "4=\r\n711 Euro.\r\n";

MessageView view_of(MessageKind kind, std::string_view bytes) {
  MessageView view;
  view.bytes = SharedBytes::of(std::string(bytes));
  view.told = read_message(kind, "name.eml", view.bytes);
  view.file.message = view.told.message;
  Node& node = view.stored.node;
  node.message_kind = kind;
  node.size = bytes.size();
  node.modified = Time{std::chrono::sys_days{std::chrono::year{2026} / 11 / 20} + 10h};
  view.stored.state = {.read = true, .flagged = true, .categories = {"Haus", "Garten"}};
  show_state(kind, view.stored.state, node.modified, view.file.message.properties);
  return view;
}

bool finds(std::string_view expression, const MessageView& view) {
  const auto read = read_search_expression(expression, now);
  if (!read) {
    ADD_FAILURE() << expression << ": " << read.error().to_string();
    return false;
  }
  const bool found = matches(read->restriction, view);
  // What the index says must never be another thing than all of the message says.
  const Truth known = matches(read->restriction, view.stored);
  EXPECT_TRUE(known == Truth::unknown || (known == Truth::yes) == found) << expression;
  // And what is left for a medium to find must not leave out what satisfies it all.
  if (found) {
    EXPECT_TRUE(matches(without_indexed(read->restriction), view)) << expression;
  }
  return found;
}

TEST(Search, FindsByEachField) {
  const MessageView view = view_of(MessageKind::mail, mail);
  for (const char* expression : {"angebot",
                                 "müller",
                                 "MÜLLER",
                                 "zaun",
                                 "4711",
                                 "bob",
                                 "\"die straße\"",
                                 "subject:angebot",
                                 "subject:\"für die\"",
                                 "from:anna",
                                 "from:firma.example",
                                 "to:bob",
                                 "to:BOB@example.org",
                                 "cc:carol",
                                 "with:carol",
                                 "with:anna",
                                 "body:zaun",
                                 "since:2026-11-20",
                                 "before:2026-11-21",
                                 "since:9d",
                                 "since:2w",
                                 "since:1y",
                                 "larger:100",
                                 "smaller:1k",
                                 "smaller:1G",
                                 "is:read",
                                 "is:flagged",
                                 "kind:mail",
                                 "category:garten",
                                 "-is:draft",
                                 "-has:attachment",
                                 "-subject:zaun",
                                 "zaun OR nothing",
                                 "nothing OR zaun",
                                 "(nothing OR zaun) angebot",
                                 "-(nothing OR never)",
                                 "zaun subject:angebot from:anna",
                                 "PidTagSubject:Angebot",
                                 "PR_SUBJECT:angebot",
                                 "PidTagImportance:1",
                                 "PidTagSubject:*",
                                 "in:Mail zaun",
                                 "in:Mail",
                                 "is:unread OR is:flagged"})
    EXPECT_TRUE(finds(expression, view)) << expression;
  for (const char* expression :
       {"nothing",      "subject:zaun",       "from:bob",           "to:carol",           "cc:bob",
        "bcc:bob",      "body:angebot",       "since:2026-11-21",   "before:2026-11-20",  "since:8d",
        "larger:1k",    "smaller:10",         "is:unread",          "is:draft",           "is:answered",
        "is:forwarded", "kind:task",          "category:auto",      "has:attachment",     "-zaun",
        "zaun nothing", "-(zaun OR nothing)", "PidTagSubject:zaun", "PidTagImportance:2", "PidLidLocation:*",
        "zaun -angebot"})
    EXPECT_FALSE(finds(expression, view)) << expression;
}

TEST(Search, LooksIntoEveryKind) {
  const MessageView event =
      view_of(MessageKind::appointment,
              "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:20260101T100000Z\r\nSUMMARY:"
              "Prüfung\r\nLOCATION:Halle "
              "7\r\nDESCRIPTION:mit Prüfer\r\nATTENDEE;CN=Eve:mailto:eve@x.example\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
  for (const char* expression :
       {"prüfung", "\"halle 7\"", "subject:PRÜF", "kind:event", "PidLidLocation:halle", "prüfer", "eve@x"})
    EXPECT_TRUE(finds(expression, event)) << expression;
  const MessageView card =
      view_of(MessageKind::contact,
              "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Jürgen Ärmel\r\nN:Ärmel;Jürgen;;;\r\nORG:Schneider GmbH\r\n"
              "EMAIL:juergen@schneider.example\r\nEND:VCARD\r\n");
  for (const char* expression : {"ärmel", "subject:jürgen", "schneider", "juergen@", "kind:contact"})
    EXPECT_TRUE(finds(expression, card)) << expression;
  EXPECT_FALSE(finds("kind:mail", card));
  EXPECT_TRUE(finds("milch", view_of(MessageKind::note, "Einkaufen:\nMilch\n")));
}

TEST(Search, FindsAcrossTheWindowsOfALargeBody) {
  std::string bytes = "Subject: x\r\nContent-Type: text/plain\r\n\r\n";
  for (const std::size_t before : {1'048'570u, 1'048'500u, 5u}) {
    const std::string large = bytes + std::string(before, '.') + "Nadel" + std::string(3'000'000, '.');
    EXPECT_TRUE(finds("nadel", view_of(MessageKind::mail, large))) << before;
    EXPECT_FALSE(finds("nadeln", view_of(MessageKind::mail, large))) << before;
  }
}

TEST(Search, SaysWhatItDoesNotUnderstand) {
  for (const auto& [expression, expected] :
       std::vector<std::pair<std::string, std::string>>{{"", "a condition is missing"},
                                                        {"  ", "a condition is missing"},
                                                        {"a OR", "a condition is missing"},
                                                        {"OR a", "a condition is missing"},
                                                        {"(a", "is not closed"},
                                                        {"a)", "closes nothing"},
                                                        {"()", "a condition is missing"},
                                                        {"\"a", "the quote is not closed"},
                                                        {"subject:", "lacks a value"},
                                                        {"colour:red", "colour:red: this field is not known"},
                                                        {"since:yesterday", "since:yesterday: is no date"},
                                                        {"since:2026-02-30", "is no date"},
                                                        {"since:99999999999999999999d", "is no date"},
                                                        {"before:2026-1", "is no date"},
                                                        {"larger:big", "is no size"},
                                                        {"larger:5T", "is no size"},
                                                        {"is:blue", "is:blue: is not known"},
                                                        {"has:wings", "has:attachment is"},
                                                        {"kind:bird", "is no kind"},
                                                        {"PidTagNothing:1", "is no property that is known"},
                                                        {"PidTagImportance:high", "is no number"},
                                                        {"PidTagImportance:99999999999999999999", "is no number"},
                                                        {"PidTagHasAttachments:1", "is neither true nor false"},
                                                        {"-in:Mail", "cannot be excluded"},
                                                        {"(in:Mail)", "cannot be excluded"},
                                                        {std::string(100, '(') + "a", "too many of them"}}) {
    const auto read = read_search_expression(expression, now);
    ASSERT_FALSE(read) << expression;
    EXPECT_EQ(read.error().code, Errc::invalid_argument) << expression;
    EXPECT_NE(read.error().to_string().find(expected), std::string::npos) << read.error().to_string();
  }
}

TEST(Search, LeavesToAMediumWhatTheIndexCannotTell) {
  const auto rest = [](std::string_view expression) {
    return without_indexed(read_search_expression(expression, now)->restriction);
  };
  EXPECT_TRUE(rest("since:2026-01-01 is:read kind:mail").parts.empty());
  ASSERT_EQ(rest("since:2026-01-01 zaun -is:read").parts.size(), 1u);
  EXPECT_EQ(rest("since:2026-01-01 zaun -is:read").parts.front().kind, Restriction::Kind::any_text);
  EXPECT_EQ(rest("since:2026-01-01 OR zaun").parts.size(), 2u) << "one of both cannot be told apart";
}

}  // namespace
}  // namespace mapistore::search_test
