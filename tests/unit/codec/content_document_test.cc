#include "core/codec/content_document.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <random>

#include <gtest/gtest.h>

#include "core/codec/ascii.h"
#include "core/codec/shared_content.h"

namespace mapistore::codec::content_document_test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr std::string_view card =
    "\xEF\xBB\xBFjunk before\r\n"
    "BEGIN:VCARD\r\n"
    "VERSION:3.0\n"
    "item1.TEL;TYPE=home,\"x;y\":123\r\n"
    "NOTE:caf\xc3\r\n \xa9 and\n\t more\\n\r\n"
    "no colon here\r"
    "nor here\r\r\n"
    "N;ENCODING=QUOTED-PRINTABLE:M=C3=\r\n=BC;=\r\n A\r\n"
    "END:VCARD";

/// `line` with a fold after every 70 bytes.
std::string folded(std::string_view line) {
  std::string text;
  for (std::size_t at = 0; at < line.size(); at += 70) text.append(at == 0 ? "" : "\r\n ").append(line.substr(at, 70));
  return text + "\r\n";
}

TEST(ContentDocument, LargeValuesKeepTheirFolds) {
  const std::string letters(3 * largest_unfolded_value / 2, 'Q'), words = "a, b \\n" + letters;
  // The colon before the value falls on either side of a fold, and on one.
  for (const std::size_t before : {5u, 30u, 69u, 70u, 71u, 200u}) {
    const std::string photo = "PHOTO;ENCODING=b;X-A=\"" + std::string(before, ':') + "\":";
    const std::string text = "BEGIN:VCARD\r\n" + folded(photo + letters) +
                             folded("NOTE;X=" + std::string(before, 'y') + ':' + words) + "FN:Anna\r\nEND:VCARD\r\n";
    ContentDocument document(text);
    ASSERT_EQ(document.lines().size(), 5u);
    EXPECT_EQ(document.lines()[1].text, photo);
    EXPECT_EQ(document.lines()[1].raw, folded(photo + letters));
    const ContentLine &image = document.content(1), &note = document.content(2);
    EXPECT_TRUE(image.folded && image.is("PHOTO"));
    EXPECT_EQ(image.parameter("X-A"), std::string(before, ':'));
    EXPECT_EQ(std::ranges::count(image.value, 'Q'), static_cast<std::ptrdiff_t>(letters.size()));
    CharsetDecoder charsets;
    EXPECT_LT(decoded_value(image, charsets).size(), 1000u);
    EXPECT_TRUE(decoded_value(note, charsets) == words) << before;
    EXPECT_EQ(document.content(3).value, "Anna");
    document.replace(3, "FN:Berta");
    std::string wanted = text;
    wanted.replace(wanted.find("Anna"), 4, "Berta");
    EXPECT_TRUE(document.bytes() == wanted);
  }
}

TEST(ContentDocument, ReadsLinesWithTheirBytes) {
  const ContentDocument document(card);
  const auto lines = document.lines();
  ASSERT_EQ(lines.size(), 9u);
  EXPECT_FALSE(lines[0].content);
  EXPECT_EQ(lines[0].raw, "junk before\r\n");
  EXPECT_EQ(document.content(3).group, "item1");
  EXPECT_TRUE(document.content(3).is("tel"));
  EXPECT_EQ(document.content(3).value, "123");
  EXPECT_EQ(lines[4].text, "NOTE:caf\xc3\xa9 and more\\n");
  EXPECT_EQ(lines[4].raw, "NOTE:caf\xc3\r\n \xa9 and\n\t more\\n\r\n");
  EXPECT_FALSE(lines[5].content);
  EXPECT_EQ(document.content(7).value, "M=C3=BC; A");
  EXPECT_EQ(lines[7].raw, "N;ENCODING=QUOTED-PRINTABLE:M=C3=\r\n=BC;=\r\n A\r\n");
  EXPECT_EQ(lines[8].raw, "END:VCARD");
}

TEST(ContentDocument, ReadsComponents) {
  const ContentDocument document(
      "BEGIN:VCALENDAR\nA:1\nBEGIN:VEVENT\nB:1\nBEGIN:VALARM\nC:1\nEND:VALARM\nD:1\nEND:VEVENT\nBEGIN:VTODO\nE:1\n"
      "END:VCALENDAR\nF:1\n");
  const ContentComponent& root = document.root();
  EXPECT_EQ(root.lines, std::vector<std::size_t>{12});
  EXPECT_EQ(root.end, 13u);
  ASSERT_EQ(root.children.size(), 1u);
  const ContentComponent& calendar = root.children[0];
  EXPECT_TRUE(calendar.is("vcalendar"));
  EXPECT_TRUE(calendar.closed);
  EXPECT_EQ(calendar.lines, std::vector<std::size_t>{1});
  ASSERT_EQ(calendar.children.size(), 2u);
  const ContentComponent& event = calendar.children[0];
  EXPECT_EQ(event.begin, 2u);
  EXPECT_EQ(event.end, 8u);
  EXPECT_EQ(event.lines, (std::vector<std::size_t>{3, 7}));
  ASSERT_EQ(event.children.size(), 1u);
  EXPECT_EQ(event.children[0].lines, std::vector<std::size_t>{5});
  const ContentComponent& task = calendar.children[1];
  EXPECT_FALSE(task.closed);
  EXPECT_EQ(task.end, 11u);
  EXPECT_EQ(task.lines, std::vector<std::size_t>{10});
}

TEST(ContentDocument, PassesOverEndsOfNothing) {
  const ContentDocument document("END:X\nBEGIN:A\nEND:B\nK:1\nEND:A\nEND:A\n");
  ASSERT_EQ(document.root().children.size(), 1u);
  EXPECT_EQ(document.root().children[0].lines, std::vector<std::size_t>{3});
  EXPECT_TRUE(document.root().lines.empty());
}

TEST(ContentDocument, BoundsDepth) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "BEGIN:A\nX:1\n";
  for (int i = 0; i < 1000; ++i) text += "END:A\n";
  text += "Y:1\n";
  const ContentDocument document(text);
  std::size_t depth = 0;
  const ContentComponent* component = &document.root();
  for (; !component->children.empty(); component = &component->children.front()) ++depth;
  EXPECT_EQ(depth, deepest_component);
  EXPECT_TRUE(component->closed);
  EXPECT_EQ(component->lines.size(), 1u);
  EXPECT_EQ(document.root().lines, std::vector<std::size_t>{3000});
  EXPECT_EQ(document.bytes(), text);
}

TEST(ContentDocument, ChangesOnlyTheLinesItIsTold) {
  ContentDocument document(card);
  document.replace(3, "TEL:9");
  document.remove(7);
  document.insert(8, "URL:x");
  document.insert(8, "URL:y");
  EXPECT_EQ(document.bytes(),
            "\xEF\xBB\xBFjunk before\r\nBEGIN:VCARD\r\nVERSION:3.0\nTEL:9\r\nNOTE:caf\xc3\r\n \xa9 and\n\t more\\n\r\n"
            "no colon here\rnor here\r\r\nURL:x\r\nURL:y\r\nEND:VCARD");
}

TEST(ContentDocument, KeepsTheLineEndOfAReplacedLine) {
  ContentDocument document("A:1\nB:1\r\nC:1");
  EXPECT_EQ(document.line_end(), "\n");
  document.replace(1, "B:2");
  document.replace(2, "C:2");
  EXPECT_EQ(document.bytes(), "A:1\nB:2\r\nC:2");
  document.insert(3, "D:1");
  EXPECT_EQ(document.bytes(), "A:1\nB:2\r\nC:2\nD:1\n");
}

TEST(ContentDocument, SharesWhatItDoesNotChange) {
  const SharedBytes text = SharedBytes::of("A:1\nB:2\nC:" + std::string(100'000, 'x') + "\n");
  ContentDocument document(text.view());
  document.replace(1, "B:3");
  const std::vector<SharedBytes> pieces = document.pieces(text);
  ASSERT_EQ(pieces.size(), 3u);
  EXPECT_EQ(pieces[0].view().data(), text.view().data());
  EXPECT_EQ(pieces[1].view(), "B:3\n");
  EXPECT_EQ(pieces[2].view().data(), text.view().data() + 8);
  const LargeValue joined = joined_content(pieces);
  EXPECT_EQ(joined.content->size(), text.view().size());
  EXPECT_EQ(joined.content->text(1'000'000), document.bytes());
}

TEST(ContentDocument, ReadsPiecesAsTheTextThatTheyMake) {
  const SharedBytes text = SharedBytes::of(std::string(card));
  ContentDocument document(text.view());
  document.remove(0);
  document.replace(3, "TEL:" + std::string(100, '9'));
  document.insert(8, "URL:x");
  document.insert(document.lines().size(), "END:VCARD");
  const std::string joined = document.bytes();
  const std::vector<SharedBytes> pieces = document.pieces(text);
  const ContentDocument expected(joined), read(pieces);
  ASSERT_EQ(read.lines().size(), expected.lines().size() + 1);  // the line end between the last two
  ASSERT_EQ(read.root().children.size(), 1u);
  ASSERT_EQ(read.root().children[0].lines.size(), expected.root().children[0].lines.size());
  for (std::size_t i = 0; i < expected.root().children[0].lines.size(); ++i) {
    const ContentLine& a = read.content(read.root().children[0].lines[i]);
    const ContentLine& b = expected.content(expected.root().children[0].lines[i]);
    EXPECT_EQ(a.name, b.name);
    EXPECT_EQ(a.value, b.value);
  }
}

TEST(ContentDocument, FoldsNewLinesInItsStyle) {
  const std::string longer = "X:" + std::string(100, 'a');
  ContentDocument document("BEGIN:VCARD\nEND:VCARD\n");
  document.insert(1, longer);
  EXPECT_EQ(document.bytes(), "BEGIN:VCARD\n" + content_line(longer, "\n") + "END:VCARD\n");
  ContentDocument old("BEGIN:VCARD\r\nVERSION:2.1\r\nEND:VCARD\r\n");
  EXPECT_EQ(old.folds(), Folds::none);
  old.insert(2, longer);
  EXPECT_EQ(old.bytes(), "BEGIN:VCARD\r\nVERSION:2.1\r\n" + longer + "\r\nEND:VCARD\r\n");
}

TEST(ContentDocument, TakesEmptyText) {
  ContentDocument document("");
  EXPECT_EQ(document.bytes(), "");
  document.insert(0, "A:1");
  EXPECT_EQ(document.bytes(), "A:1\r\n");
  ContentDocument marked("\xEF\xBB\xBF");
  marked.insert(0, "A:1");
  EXPECT_EQ(marked.bytes(),
            "\xEF\xBB\xBF"
            "A:1\r\n");
}

TEST(ContentDocument, LeavesALineTooManyAsItIs) {
  std::string text;
  while (text.size() < 2 * most_content_lines + 20) text += "a\n";
  ContentDocument document(text);
  EXPECT_EQ(document.lines().size(), most_content_lines);
  EXPECT_FALSE(document.lines().back().content);
  EXPECT_EQ(document.bytes(), text);
}

TEST(ContentDocument, IsLinear) {
  for (const std::string_view unit : {"\r", "\n", "\r\n ", "=\n", "a:\n", "BEGIN:A\n", "END:A\n", "BEGIN:A\nEND:A\n",
                                      "BEGIN:A\nEND:B\n", ";\"", "A;ENCODING=QUOTED-PRINTABLE:=\n", "\\"}) {
    std::string text = "BEGIN:VCARD\nX:";
    while (text.size() < 250'000) text += unit;
    const auto begun = std::chrono::steady_clock::now();
    ContentDocument document(text);
    for (std::size_t line = 0; line < document.lines().size(); ++line) {
      if (line % 2 == 0) document.insert(line, "B:1");
      if (const auto& content = document.lines()[line].content) split_parameters(content->parameters);
    }
    EXPECT_GE(document.bytes().size(), text.size());
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 3s) << unit;
  }
}

/// Every line belongs to the lines that cover the text without gaps, whatever was done to it.
void expect_whole(const std::string& text) {
  ContentDocument document(text);
  EXPECT_EQ(document.bytes(), text);
  std::string joined(text.starts_with("\xEF\xBB\xBF") ? "\xEF\xBB\xBF" : "");
  for (const DocumentLine& line : document.lines()) joined += line.raw;
  EXPECT_EQ(joined, text);
  if (document.lines().empty()) return;
  const std::size_t middle = document.lines().size() / 2;
  document.remove(middle);
  EXPECT_EQ(document.bytes().size(), text.size() - document.lines()[middle].raw.size());
}

TEST(ContentDocument, KeepsAllBytesOfTheCorpusAndOfItsDamage) {
  const char* named = std::getenv("MAPISTORE_CORPUS");
  const fs::path corpus = named ? fs::path(named) : fs::path(MAPISTORE_SOURCE_DIR) / "../shared/corpus";
  std::vector<std::string> texts{std::string(card)};
  for (const std::string_view kind : {"vcf", "ics"}) {
    if (!fs::exists(corpus / kind)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(corpus / kind)) {
      std::ifstream stream(entry.path(), std::ios::binary);
      texts.emplace_back(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
    }
  }
  std::mt19937 random(4711);
  for (const std::string& text : texts) {
    expect_whole(text);
    for (int round = 0; round < 20 && !text.empty(); ++round) {
      std::string damaged = text;
      for (unsigned damage = random() % 8; damage > 0; --damage) {
        constexpr std::string_view bytes = "\r\n =:;\"\\";
        damaged[random() % damaged.size()] = bytes[random() % bytes.size()];
      }
      expect_whole(damaged);
    }
  }
}

}  // namespace
}  // namespace mapistore::codec::content_document_test
