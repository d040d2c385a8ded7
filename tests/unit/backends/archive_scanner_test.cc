#include <random>

#include "backends/archive/format.h"
#include "backends/archive/part_scanner.h"
#include "tests/unit/backends/archive_support.h"

namespace mapistore::archive::archive_scanner_test {
namespace {

/// Puts together again what a scanner finds, and notes the parts.
struct Rebuilt final : PartSink {
  std::string text;
  std::vector<std::string> parts;
  std::vector<Layout> layouts;

  Result<> literal(std::string_view bytes) override {
    text += bytes;
    return {};
  }
  Result<> begin_part(const Layout& layout) override {
    layouts.push_back(layout);
    parts.emplace_back();
    begin_ = text.size();
    return {};
  }
  Result<> part_data(std::string_view bytes) override {
    const Layout& layout = layouts.back();
    if (layout.coding == Coding::base64) text += encode_base64(layout, parts.back().size(), bytes);
    parts.back() += bytes;
    return {};
  }
  Result<> end_part(std::uint64_t size) override {
    if (layouts.back().coding == Coding::quoted_printable)
      text += encode_quoted_printable(layouts.back(), parts.back());
    EXPECT_EQ(text.size() - begin_, size);
    return {};
  }

 private:
  std::size_t begin_ = 0;
};

/// What is found in `text`, given whole and in pieces: the same, and always all of it.
Rebuilt scan(const std::string& text) {
  Rebuilt whole;
  for (const std::size_t piece : {text.size() + 1, std::size_t{1}, std::size_t{57}}) {
    Rebuilt rebuilt;
    PartScanner scanner{rebuilt};
    for (std::size_t at = 0; at < text.size(); at += piece)
      EXPECT_TRUE(scanner.take(std::string_view(text).substr(at, piece)));
    EXPECT_TRUE(scanner.finish());
    EXPECT_EQ(rebuilt.text, text);
    if (piece > text.size()) whole = rebuilt;
    EXPECT_EQ(rebuilt.parts, whole.parts);
    EXPECT_EQ(rebuilt.layouts, whole.layouts);
  }
  return whole;
}

std::string encoded(const std::string& bytes, std::uint32_t width, const std::string& end,
                    const std::string& prefix = {}) {
  return encode_base64({Coding::base64, width, end, prefix}, 0, bytes);
}

TEST(ArchiveScanner, FindsBase64OfAnyWidthAndLineEnd) {
  for (const std::uint32_t width : {76u, 72u, 60u, 64u, 75u, 77u, 998u})
    for (const std::string end : {"\r\n", "\n"})
      for (const std::size_t size : {2048u, 2049u, 2050u, 5000u, 200'001u}) {
        const std::string bytes = noise(size, width);
        const std::string text = "Header: x" + end + end + encoded(bytes, width, end) + end + "--end--" + end;
        const Rebuilt found = scan(text);
        ASSERT_EQ(found.parts.size(), 1u) << width << ' ' << size;
        EXPECT_EQ(found.parts[0], bytes) << width << ' ' << size;
        EXPECT_EQ(found.layouts[0], (Layout{Coding::base64, width, end, ""}));
      }
}

TEST(ArchiveScanner, FindsTheSameBytesHoweverTheyAreEncoded) {
  const std::string bytes = noise(30'000, 1);
  const std::string text = encoded(bytes, 76, "\r\n") + "\r\n.\r\n" + encoded(bytes, 60, "\n") + "\n.\n";
  const Rebuilt found = scan(text);
  ASSERT_EQ(found.parts.size(), 2u);
  EXPECT_EQ(found.parts[0], found.parts[1]);
}

TEST(ArchiveScanner, FindsWhatIsFoldedInCalendarsAndCards) {
  const std::string bytes = noise(9000, 2);
  const std::string photo = encoded(bytes, 74, "\r\n", " ");
  const Rebuilt found = scan("BEGIN:VCARD\r\nPHOTO;ENCODING=b:\r\n " + photo + "\r\nEND:VCARD\r\n");
  ASSERT_EQ(found.parts.size(), 1u);
  EXPECT_EQ(found.parts[0], bytes);
  EXPECT_EQ(found.layouts[0].prefix, " ");
}

TEST(ArchiveScanner, LeavesAloneWhatIsSmall) {
  EXPECT_TRUE(scan(encoded(noise(smallest_part - 3, 3), 76, "\n")).parts.empty());
  EXPECT_EQ(scan(encoded(noise(smallest_part + 2, 3), 76, "\n")).parts.size(), 1u);
}

TEST(ArchiveScanner, KeepsBase64ThatNoEncoderWrites) {
  const std::string good = encoded(noise(3001, 4), 76, "\r\n");
  std::string bits = good;  // bits behind the padding that are not zero
  const std::size_t last = bits.find_last_not_of('=');
  bits[last] = bits[last] == '/' ? '+' : '/';
  std::string unpadded = good.substr(0, good.find('='));
  std::string cut = good.substr(0, good.size() - 5);
  std::string odd_line = good;
  odd_line.erase(76 * 10 + 30, 3);  // a line that is shorter
  std::string mixed = good;
  mixed.erase(mixed.find('\r', 1500), 1);
  for (const std::string& text : {bits, unpadded, cut, odd_line, mixed, good + "\r\n====\r\n", good + good,
                                  "\r\n" + good + "\r\nAAAA\r\n", good.substr(0, 76 * 20 + 7)})
    scan("Header: x\r\n\r\n" + text + "\r\n--x\r\n");
}

TEST(ArchiveScanner, FindsQuotedPrintableThatEncodesAgain) {
  std::string plain;
  for (int line = 0; line < 60; ++line)
    plain +=
        "Gr\xc3\xbc\xc3\x9f"
        "e an alle = Leser, Zeile " +
        std::to_string(line) + std::string(line % 7 * 20, 'x') + " \n";
  const Layout layout{Coding::quoted_printable, 76, "\n", ""};
  const std::string text = "Content-Transfer-Encoding: Quoted-Printable\n\n" + encode_quoted_printable(layout, plain) +
                           "\n--boundary--\nmore\n";
  const Rebuilt found = scan(text);
  ASSERT_EQ(found.parts.size(), 1u);
  EXPECT_EQ(found.parts[0], plain);

  std::string lower = text;  // an encoder that writes small digits
  lower.replace(lower.find("=C3"), 3, "=c3");
  EXPECT_TRUE(scan(lower).parts.empty());
  EXPECT_TRUE(scan("Content-Transfer-Encoding: 7bit\n\n" + encode_quoted_printable(layout, plain)).parts.empty());
}

TEST(ArchiveScanner, PassesOverLongLinesAndBinary) {
  const std::string bytes = noise(400'000, 5);
  EXPECT_TRUE(scan(bytes).parts.empty());
  EXPECT_TRUE(scan(std::string(300'000, 'A')).parts.empty());
  EXPECT_EQ(scan(std::string(300'000, 'A') + "\n" + encoded(noise(5000, 6), 76, "\n") + "\n").parts.size(), 1u);
}

TEST(ArchiveScanner, GivesBackWhateverComes) {
  std::mt19937 random{7};
  const std::string pieces[] = {"\r\n",
                                "\n",
                                "=",
                                "--",
                                " ",
                                "AAAA",
                                "QUJD",
                                "=\r\n",
                                "=3D",
                                "\t",
                                "\r",
                                "Content-Transfer-Encoding: quoted-printable\r\n\r\n",
                                encoded(noise(1500, 8), 76, "\r\n"),
                                encoded(noise(1100, 9), 20, "\n"),
                                std::string(76, 'B') + "\r\n"};
  for (int round = 0; round < 400; ++round) {
    std::string text;
    for (int piece = 0; piece < 40; ++piece) text += pieces[random() % std::size(pieces)];
    scan(text);
  }
}

}  // namespace
}  // namespace mapistore::archive::archive_scanner_test
