#include "backends/imap/reply_reader.h"

#include <gmock/gmock.h>

#include "tests/unit/backends/imap_replies.h"
#include "tests/unit/backends/support.h"

namespace mapistore::imap::imap_reply_reader_test {
namespace {

using ::testing::ElementsAre;
using testing_backends::code;

/// Takes replies as texts.
struct Texts final : ReplyReader::Sink {
  LiteralUse literal(std::string_view, std::span<const std::size_t>, std::uint64_t size) override {
    sizes.push_back(size);
    return use;
  }
  void literal_bytes(std::string_view bytes) override { streamed += bytes; }
  void literal_end() override { streamed += '|'; }
  bool reply(std::string_view text, std::span<const std::size_t> left_out) override {
    texts.emplace_back(text);
    holes.emplace_back(left_out.begin(), left_out.end());
    return texts.size() < most;
  }

  LiteralUse use = LiteralUse::keep;
  std::size_t most = 1000;
  std::vector<std::string> texts;
  std::vector<std::vector<std::size_t>> holes;
  std::vector<std::uint64_t> sizes;
  std::string streamed;
};

Texts read(std::string_view bytes, std::size_t portion, LiteralUse use = LiteralUse::keep) {
  Texts texts;
  texts.use = use;
  ReplyReader reader{texts};
  for (std::size_t at = 0; at < bytes.size(); at += portion)
    EXPECT_TRUE(reader.feed(bytes.substr(at, portion)).has_value());
  EXPECT_FALSE(reader.is_within_reply());
  return texts;
}

TEST(ImapReplyReader, CutsLines) {
  for (const std::size_t portion : {1u, 2u, 3u, 7u, 1000u}) {
    EXPECT_THAT(read("* 1 EXISTS\r\n* 2 RECENT\n\r\na OK done\r\n", portion).texts,
                ElementsAre("* 1 EXISTS", "* 2 RECENT", "a OK done"));
  }
}

TEST(ImapReplyReader, CountsLiterals) {
  const std::string_view bytes = "* 1 FETCH (X {12}\r\na OK\r\n* 1 X Y {0}\r\n Z {3}\r\n{4})\r\na OK done\r\n";
  for (const std::size_t portion : {1u, 2u, 5u, 1000u}) {
    const Texts kept = read(bytes, portion);
    EXPECT_THAT(kept.sizes, ElementsAre(12, 0, 3));
    EXPECT_THAT(kept.texts, ElementsAre(bytes.substr(0, bytes.find("\r\na OK done")), "a OK done"));
    const Texts streamed = read(bytes, portion, LiteralUse::stream);
    EXPECT_THAT(streamed.texts, ElementsAre("* 1 FETCH (X {12}\r\nY {0}\r\n Z {3}\r\n)", "a OK done"));
    EXPECT_EQ(streamed.streamed, "a OK\r\n* 1 X ||{4}|");
    EXPECT_THAT(streamed.holes.front(), ElementsAre(19, 26, 34));
    EXPECT_EQ(read(bytes, portion, LiteralUse::skip).texts, streamed.texts);
  }
}

TEST(ImapReplyReader, TakesForLiteralsOnlyWhatIsOne) {
  for (const std::string_view line :
       {"* OK see {5}", "a OK see {5}", "+ send {5}", "* BYE {5}", "* LIST () \"/\" \"a {5}\"", "* X \"\\\" {5}",
        "* X {5", "* X {}", "* X {a}", "* X 5}", "* X {5} ", "* no {3}"})
    EXPECT_THAT(read(std::string(line) + "\r\na OK\r\n", 1000).texts, ElementsAre(line, "a OK"));
  EXPECT_THAT(read("* X \"{1}\" {3}\r\n{9}\r\na OK\r\n", 1).texts, ElementsAre("* X \"{1}\" {3}\r\n{9}", "a OK"));
  EXPECT_THAT(read("* X ~{3}\r\na\r\n\r\na OK\r\n", 1).texts, ElementsAre("* X ~{3}\r\na\r\n", "a OK"));
}

TEST(ImapReplyReader, StopsWhereItIsTold) {
  Texts texts;
  texts.most = 1;
  ReplyReader reader{texts};
  EXPECT_EQ(reader.feed("a OK begin TLS\r\nb OK injected\r\n").value(), 16u);
  EXPECT_THAT(texts.texts, ElementsAre("a OK begin TLS"));
  EXPECT_FALSE(reader.is_within_reply());
}

TEST(ImapReplyReader, RefusesALineWithoutEnd) {
  Texts texts;
  ReplyReader reader{texts, {.text = 1000, .kept = 100}};
  const std::string part(300, 'x');
  for (int count = 0; count < 3; ++count) EXPECT_TRUE(reader.feed(part).has_value());
  EXPECT_EQ(code(reader.feed(part)), Errc::corrupted);
}

TEST(ImapReplyReader, RefusesAReplyOfLiteralsWithoutEnd) {
  Texts texts;
  ReplyReader reader{texts, {.text = 1000, .kept = 400}};
  const std::string part = "{300}\r\n" + std::string(300, 'x');
  EXPECT_TRUE(reader.feed("* X " + part + part).has_value());
  EXPECT_TRUE(reader.feed(part).has_value());
  EXPECT_EQ(code(reader.feed(part)), Errc::corrupted);
}

/// The sink reads what stands before a literal each time anew.
TEST(ImapReplyReader, RefusesWhatIsReadAnewTooOften) {
  Texts texts;
  ReplyReader reader{texts, {.text = 1'000'000, .shown = 10'000}};
  const std::string reply = "* X ({0}\r\n {0}\r\n)\r\n";
  for (int count = 0; count < 900; ++count) EXPECT_TRUE(reader.feed(reply).has_value()) << "each reply by itself";
  EXPECT_TRUE(reader.feed("* X (").has_value());
  std::size_t fed = 0;
  while (fed < 1000 && reader.feed("{0}\r\n").has_value()) ++fed;
  EXPECT_GT(fed, 50u);
  EXPECT_LT(fed, 80u);
}

TEST(ImapReplyReader, RefusesSizesThatCannotBe) {
  for (const std::string_view size : {"99999999999999999999999", "18446744073709551615", "9223372036854775807"}) {
    Texts texts;
    ReplyReader reader{texts};
    EXPECT_EQ(code(reader.feed("* X {" + std::string(size) + "}\r\n")), Errc::corrupted);
  }
}

TEST(ImapReplyReader, SkipsALiteralTooLargeToKeep) {
  Texts texts;
  ReplyReader reader{texts};
  constexpr std::size_t size = (std::size_t{1} << 20) + 1;
  EXPECT_TRUE(reader.feed("* X {1048577}\r\n").has_value());
  const std::string bytes(size, 'x');
  EXPECT_TRUE(reader.feed(bytes).has_value());
  EXPECT_TRUE(reader.feed(" y\r\na OK\r\n").has_value());
  EXPECT_THAT(texts.texts, ElementsAre("* X {1048577}\r\n y", "a OK"));
  EXPECT_EQ(texts.holes.front().size(), 1u);
}

TEST(ImapReplyReader, StreamsWhatMemoryCouldNotHold) {
  Texts texts;
  texts.use = LiteralUse::stream;
  ReplyReader reader{texts};
  EXPECT_TRUE(reader.feed("* 1 FETCH (BODY[] {4000000000000}\r\n").has_value());
  const std::string part(1'000'000, 'x');
  EXPECT_TRUE(reader.feed(part).has_value());
  EXPECT_TRUE(reader.is_within_reply());
  EXPECT_EQ(texts.streamed, part);
}

}  // namespace
}  // namespace mapistore::imap::imap_reply_reader_test
