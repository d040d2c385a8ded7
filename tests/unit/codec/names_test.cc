#include "core/codec/names.h"

#include <clocale>
#include <cstdlib>
#include <ctime>

#include <gtest/gtest.h>

#include <mapistore/summarize.h>

#include "core/codec/utf8.h"

namespace mapistore::names_test {
namespace {

using namespace std::chrono_literals;
using enum MessageKind;
const Time noon{std::chrono::sys_days{std::chrono::year{2026} / 8 / 17} + 12h};

Summary offer() {
  Summary summary;
  summary.message_id = "4711@firma.example";
  summary.date = noon - 2h - 28min - 58s;
  summary.from = "anna.mueller@firma.example";
  summary.to = "bert@firma.example";
  summary.subject = "Re: Angebot 4711";
  return summary;
}

Summary of_kind(MessageKind kind, std::string subject) {
  Summary summary;
  summary.kind = kind;
  summary.message_id = "uid";
  summary.subject = std::move(subject);
  return summary;
}

std::string named(const Summary& summary, Time received = Time{}) {
  return canonical_name(summary, 1, received, false);
}

std::string repeated(std::string_view text, int times) {
  std::string result;
  while (times-- > 0) result += text;
  return result;
}

TEST(Id10, DependsOnTheIdentityAlone) {
  Summary summary = offer();
  const std::string id = id10(summary, 1);
  EXPECT_EQ(id, "3q6qu3kwke");
  summary.subject = "changed";
  EXPECT_EQ(id10(summary, 2), id);
  summary.recurrence_id = "20260908T080000Z";
  EXPECT_NE(id10(summary, 1), id);
}

TEST(Id10, FallsBackOnEveryOtherField) {
  Summary summary = offer();
  summary.message_id.clear();
  const std::string id = id10(summary, 1);
  EXPECT_NE(id10(summary, 2), id);
  for (std::string Summary::*field : {&Summary::from, &Summary::to, &Summary::subject}) {
    Summary changed = summary;
    changed.*field += "x";
    EXPECT_NE(id10(changed, 1), id);
  }
  summary.date.reset();
  EXPECT_NE(id10(summary, 1), id);
}

TEST(CanonicalName, HasTheFormOfItsKind) {
  EXPECT_EQ(named(offer()), "20260817T093102Z_anna.mueller@firma.example_Re_Angebot_4711.3q6qu3kwke.eml");
  EXPECT_EQ(canonical_name(offer(), 1, noon, true),
            "20260817T093102Z_bert@firma.example_Re_Angebot_4711.3q6qu3kwke.eml");
  Summary event = of_kind(appointment, "Review");
  event.date = noon;
  EXPECT_EQ(named(event), "20260817T120000Z_Review." + id10(event, 1) + ".ics");
  event.date_only = true;
  EXPECT_EQ(named(event), "20260817_Review." + id10(event, 1) + ".ics");
  event.kind = task;
  EXPECT_EQ(named(event), "20260817_Review." + id10(event, 1) + ".ics");
  event.kind = contact;
  EXPECT_EQ(named(event), "Review." + id10(event, 1) + ".vcf");
  event.kind = note;
  EXPECT_EQ(named(event), "Review." + id10(event, 1) + ".txt");
}

TEST(CanonicalName, UsesTheReceivedTimeForWantOfABetter) {
  Summary summary = offer();
  for (const auto& date : {std::optional<Time>{}, std::optional<Time>{Time{}},
                           std::optional<Time>{Time{std::chrono::sys_days{std::chrono::year{2200} / 1 / 1}}}}) {
    summary.date = date;
    EXPECT_TRUE(named(summary, noon).starts_with("20260817T120000Z_")) << named(summary, noon);
    EXPECT_TRUE(named(summary).starts_with("00000000T000000Z_"));
    EXPECT_TRUE(named(summary, Time::max()).starts_with("00000000T000000Z_"));
    EXPECT_TRUE(named(summary, Time::min()).starts_with("00000000T000000Z_"));
  }
  summary.date = Time{std::chrono::sys_days{std::chrono::year{1971} / 1 / 1}};
  EXPECT_TRUE(named(summary, noon).starts_with("19710101T000000Z_"));
}

struct Example {
  std::string text, name;
};

TEST(CanonicalName, KeepsLettersDigitsAndLittleElse) {
  const Example examples[] = {
      {"a: b/c\\d", "a_b_c_d"},
      {"50%,=+@-.x", "50%,=+@-.x"},
      {"..- _a_ -..", "a"},
      {"", "no-subject"},
      {"?!", "no-subject"},
      {"Gru\xcc\x88\xc3\x9f\x65", "Gr\xc3\xbc\xc3\x9f\x65"},
      {"\xe4\xbd\xa0\xe5\xa5\xbd", "\xe4\xbd\xa0\xe5\xa5\xbd"},
      {"\xe0\xa4\xa8\xe0\xa4\xbf", "\xe0\xa4\xa8\xe0\xa4\xbf"},
      {"a\xf0\x9f\x8e\x81\xef\xb8\x8f" "b", "a_b"},
      {"\xcc\x88" "a", "a"},
      {"a \xcc\x88" "b", "a_b"},
      {"a\xe2\x80\x8b\xe2\x80\xae" "b", "a_b"},  // NOLINT(misc-misleading-bidirectional): what is tested
      {"a\xef\xb8\x8f" "b", "a_b"},
      {"a\xff\xfe" "b", "a_b"},
      {"a\xed\xa0\x80" "b", "a_b"},
      {std::string("a\0b\n\x7f" "c", 6), "a_b_c"},
      {"\xc2\xb2\xe2\x82\xac", "no-subject"},
  };
  for (const auto& [text, name] : examples) {
    const Summary summary = of_kind(contact, text);
    EXPECT_EQ(named(summary), name + "." + id10(summary, 1) + ".vcf") << text;
  }
}

TEST(CanonicalName, IsCutBetweenGraphemes) {
  for (const std::string_view unit : {"a", "\xc3\xbc", "\xe4\xbd\xa0", "\xf0\x90\x90\xb7", "q\xcc\xa3\xcc\xad",
                                      "\xe0\xa4\xa8\xe0\xa4\xbf"}) {
    const std::string name = named(of_kind(contact, repeated(unit, 300)));
    const std::size_t stem = name.size() - std::string_view(".u3chdqyt4k.vcf").size();
    EXPECT_TRUE(codec::is_valid_utf8(name));
    EXPECT_LE(name.size(), 200u);
    EXPECT_GT(name.size() + unit.size(), 200u);
    EXPECT_EQ(stem % unit.size(), 0u) << name;
  }
  const std::string tower = named(of_kind(contact, "z" + repeated("\xcc\xad", 300)));
  EXPECT_TRUE(codec::is_valid_utf8(tower));
  EXPECT_LE(tower.size(), 200u);
}

TEST(CanonicalName, BoundsTheAddress) {
  Summary summary = offer();
  summary.from = repeated("a", 60) + "@firma.example";
  summary.subject = repeated("s", 400);
  const std::string name = named(summary);
  EXPECT_EQ(name.size(), 200u);
  EXPECT_TRUE(name.starts_with("20260817T093102Z_" + repeated("a", 48) + "_sss"));
  summary.from.clear();
  EXPECT_TRUE(named(summary).starts_with("20260817T093102Z_sss"));
  EXPECT_EQ(named(summary).size(), 200u);
}

TEST(CanonicalName, LeavesADocumentItsOwn) {
  const Example examples[] = {
      {"Report (final) v2.pdf", "Report (final) v2.pdf"},
      {"a/b\n.pdf", "a_b_.pdf"},
      {"", "unnamed"},
      {".", "_"},
      {"..", "_."},
      {".bashrc", "_bashrc"},
      {"a~", "a~_"},
      {"a.tmp", "a.tmp_"},
      {"4913", "4913_"},
      {"a\xff.pdf", "a_.pdf"},
      {repeated("a", 300) + ".pdf", repeated("a", 195) + ".pdf"},
      {repeated("\xc3\xbc", 300) + ".pdf", repeated("\xc3\xbc", 97) + ".pdf"},
      {repeated("a", 300), repeated("a", 199)},
  };
  for (const auto& [text, name] : examples) EXPECT_EQ(named(of_kind(document, text)), name);
}

TEST(CanonicalName, DependsOnNeitherZoneNorLanguage) {
  Summary summary = offer();
  summary.subject = "GR\xc3\x9c\xc3\x9f\x45 I";
  const std::string name = named(summary);
  for (const auto& [zone, locale] :
       {std::pair{"Asia/Tokyo", "C"}, {"America/St_Johns", "C.UTF-8"}, {"", "tr_TR.UTF-8"}}) {
    ::setenv("TZ", zone, 1);
    ::tzset();
    std::setlocale(LC_ALL, locale);
    EXPECT_EQ(named(summary), name);
  }
  ::unsetenv("TZ");
  ::tzset();
  std::setlocale(LC_ALL, "C");
}

TEST(FolderName, MakesOneLegalName) {
  const Example examples[] = {
      {"Projects", "Projects"},
      {"My Projects 2026", "My Projects 2026"},
      {"a/b", "a_b"},
      {".", "unnamed"},
      {"..", "unnamed"},
      {"", "unnamed"},
      {".hidden", "hidden"},
      {" blank ", "blank"},
      {"4913", "4913_"},
      {"build.tmp", "build.tmp_"},
      {"backup~", "backup"},
      {std::string("a\0b\tc", 5), "a_b_c"},
      {"a\xff" "b", "a_b"},
      {"Entw\xc3\xbcrfe", "Entw\xc3\xbcrfe"},
      {repeated("a", 300), repeated("a", 254)},
  };
  for (const auto& [text, name] : examples) {
    EXPECT_EQ(folder_name(text), name);
    EXPECT_EQ(folder_name(name), name) << "not stable";
    EXPECT_FALSE(is_scratch_name(name));
  }
}

TEST(Numbered, StandsBeforeTheExtension) {
  EXPECT_EQ(numbered("a.u3chdqyt4k.eml", 2), "a.u3chdqyt4k~2.eml");
  EXPECT_EQ(numbered("Projects", 10), "Projects~10");
  EXPECT_EQ(numbered(".x", 1), ".x~1");
  EXPECT_EQ(numbered(repeated("a", 251) + ".eml", 2), repeated("a", 249) + "~2.eml");
  EXPECT_EQ(numbered(repeated("\xc3\xbc", 127), 12), repeated("\xc3\xbc", 126) + "~12");
  EXPECT_EQ(numbered("a." + repeated("e", 253), 4294967295).size(), 255u);
}

TEST(ScratchNames, AreThoseOfEditorsAndCopiers) {
  for (const std::string_view name : {".x", ".", "..", "x~", "x.tmp", "x.part", "x.swp", "4913", "~$x.docx", "#x#", "#",
                                      ".name.aB3xYz"}) {
    EXPECT_TRUE(is_scratch_name(name)) << name;
  }
  for (const std::string_view name :
       {"", "x", "x~2", "x.tmp.eml", "tmp", "49130", "x.partial", "x~.eml", "#x", "x#", "~x"}) {
    EXPECT_FALSE(is_scratch_name(name)) << name;
  }
}

TEST(SedNames, AreSedAndSixLettersOrDigits) {
  for (const std::string_view name : {"sedAb12Cd", "sed000000", "sedentary"}) EXPECT_TRUE(is_sed_name(name)) << name;
  for (const std::string_view name : {"", "sed", "sedAb12C", "sedAb12Cde", "SedAb12Cd", "sedAb.2Cd", "sedAb1\u00fcd"})
    EXPECT_FALSE(is_sed_name(name)) << name;
}

TEST(Id10OfName, IsFoundBeforeTheExtension) {
  EXPECT_EQ(id10_of_name("a_b.u3chdqyt4k.eml"), "u3chdqyt4k");
  EXPECT_EQ(id10_of_name("u3chdqyt4k.eml"), "u3chdqyt4k");
  EXPECT_EQ(id10_of_name(named(offer())), id10(offer(), 1));
  for (const std::string_view name : {"", "u3chdqyt4k", "u3chdqyt4k.", "xu3chdqyt4k.eml", "a.u3chdqyt4.eml",
                                      "a.u3chdqyt40.eml", "a.U3CHDQYT4K.eml", "a.u3chdqyt4k~2.eml", ".eml"}) {
    EXPECT_EQ(id10_of_name(name), std::nullopt) << name;
  }
}

}  // namespace
}  // namespace mapistore::names_test
