#include "core/mime/splice.h"

#include <gtest/gtest.h>

#include "core/mime/content.h"

namespace mapistore::mime::splice_test {
namespace {

class Edited {
 public:
  explicit Edited(std::string message)
      : bytes_{SharedBytes::of(std::move(message))}, part_{read_structure(bytes_.view())}, splice_{bytes_} {}

  const Part& part() const { return part_; }
  Splice& splice() { return splice_; }

  std::string text() const {
    const auto content = splice_.content();
    EXPECT_TRUE(content);
    return content ? content->content->text(1 << 30).value_or("unreadable") : "";
  }

 private:
  SharedBytes bytes_;
  Part part_;
  Splice splice_;
};

TEST(LineEndOf, IsThatOfTheFirstLine) {
  EXPECT_EQ(line_end_of("a\nb\r\n"), "\n");
  EXPECT_EQ(line_end_of("a\r\nb\n"), "\r\n");
  EXPECT_EQ(line_end_of("a\rb\n"), "\r");
  EXPECT_EQ(line_end_of("a\r\r\nb\n"), "\r\n");
  EXPECT_EQ(line_end_of(""), "\r\n");
}

TEST(Splice, WithoutEditsNothingChanges) {
  for (const std::string text : {"", "A: b\n\nc", "\r\n\r\n"}) EXPECT_EQ(Edited(text).text(), text);
}

TEST(Splice, SetsFields) {
  Edited edited("From x Mon\nA: 1\nSubject: old\n folded\nB: 2\nsubject: again\n\nbody");
  edited.splice().set_field(edited.part(), "Subject", "Subject: new\n");
  edited.splice().set_field(edited.part(), "X", "X: y\n");
  edited.splice().append_field(edited.part(), "Z: z\n");
  edited.splice().remove_fields(edited.part(), "b");
  EXPECT_EQ(edited.text(), "From x Mon\nA: 1\nSubject: new\nX: y\nZ: z\n\nbody");
}

TEST(Splice, GivesAHeaderToWhatHasNone) {
  const auto appended = [](std::string text) {
    Edited edited(std::move(text));
    edited.splice().replace_text(edited.part(), "new");
    edited.splice().append_field(edited.part(), "A: 1\n");
    edited.splice().append_field(edited.part(), "B: 2\n");
    return edited.text();
  };
  EXPECT_EQ(appended("no field\n\nbody"), "A: 1\nB: 2\n\nnew");
  EXPECT_EQ(appended("\n\nbody"), "A: 1\nB: 2\n\nnew");
  Edited unended("A: 1");
  unended.splice().append_field(unended.part(), "B: 2\r\n");
  EXPECT_EQ(unended.text(), "A: 1\r\nB: 2\r\n");
}

/// `header`, with a text in place of its body; the new header and body.
std::string with_text(const std::string& header, std::string_view text, std::string_view old = "old") {
  Edited edited(header + "\n" + std::string(old));
  edited.splice().replace_text(edited.part(), text);
  const std::string result = edited.text();
  const Part read = read_structure(result);
  EXPECT_EQ(decoded_text(read.body, read.encoding, read.type), text);
  return result;
}

TEST(Splice, ReplacesTextInItsEncoding) {
  const std::string plain = "Content-Type: text/plain; charset=";
  EXPECT_EQ(with_text("", "new\n"), "\nnew\n");
  EXPECT_EQ(with_text(plain + "iso-8859-1\nContent-Transfer-Encoding: 8bit\n", "\xc3\xbc"),
            plain + "iso-8859-1\nContent-Transfer-Encoding: 8bit\n\n\xfc");
  EXPECT_EQ(with_text(plain + "iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n", "\xc3\xbc="),
            plain + "iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\n=FC=3D");
  EXPECT_EQ(with_text(plain + "utf-8\nContent-Transfer-Encoding: base64\n", "\xc3\xbc", "QQ==\n"),
            plain + "utf-8\nContent-Transfer-Encoding: base64\n\nw7w=\n");
  EXPECT_EQ(with_text(plain + "iso-2022-jp\n", "\xe3\x81\x82"), plain + "iso-2022-jp\n\n\x1b$B$\"\x1b(B");
}

TEST(Splice, ReplacesTextThatItsCharsetOrEncodingCannotHold) {
  EXPECT_EQ(with_text("A: 1\n", "x x x x x x x x x x \xc3\xbc"),
            "A: 1\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\nx x x x x x "
            "x x x x =C3=BC");
  EXPECT_EQ(
      with_text("Content-Type: text/html; charset=iso-8859-1; x=y\nContent-Transfer-Encoding: 8bit\n", "\xe2\x82\xac"),
      "Content-Type: text/html; charset=utf-8; x=y\nContent-Transfer-Encoding: 8bit\n\n\xe2\x82\xac");
  EXPECT_EQ(with_text("Content-Type: text/plain; charset=utf-16\n", "a").substr(0, 39),
            "Content-Type: text/plain; charset=utf-8");
  EXPECT_TRUE(with_text("Content-Transfer-Encoding: 8bit\n", std::string(2'000, 'x')).contains("quoted-printable"));
  EXPECT_TRUE(with_text("Content-Transfer-Encoding: x-uuencode\n", "a").contains("7bit"));
}

TEST(Splice, ReplacesFlowedText) {
  const std::string header = "Content-Type: text/plain; charset=utf-8; format=flowed\n";
  EXPECT_EQ(with_text(header, "a\n b\n> c\nFrom d\n-- \ne\n"), header + "\na\n  b\n> c\n From d\n-- \ne\n");
}

TEST(Splice, TextTakesTheLineEndOfTheMessage) {
  Edited edited("A: 1\r\n\r\nold\r\n");
  edited.splice().replace_text(edited.part(), "a\nb\r\nc\r");
  EXPECT_EQ(edited.text(), "A: 1\r\n\r\na\r\nb\r\nc\r\n");
}

TEST(Splice, ReplacesData) {
  Edited edited("Content-Type: a/b\n\nold\n");
  edited.splice().replace_data(edited.part(), held_content("new"));
  EXPECT_EQ(edited.text(), "Content-Type: a/b\nContent-Transfer-Encoding: base64\n\nbmV3\n");
}

const std::string mixed =
    "Content-Type: multipart/mixed; boundary=b\n\npreamble\n--b\n\none\n--b \nContent-Type: "
    "text/html\n--b\n\nthree\n--b--\nepilogue\n";

std::string told(const std::string& text) {
  const Part part = read_structure(text);
  std::string out = part.type.subtype;
  for (const Part& child : part.children) out += "[" + std::string(child.body) + "]";
  return out;
}

LargeValue part_of(std::string_view text) { return held_content("Content-Type: text/plain\n\n" + std::string(text)); }

TEST(Splice, AddsAPartToAMultipart) {
  Edited edited(mixed);
  edited.splice().add_part(edited.part(), part_of("four"), "unused");
  edited.splice().add_part(edited.part(), part_of("five"), "unused");
  const std::string text = edited.text();
  EXPECT_EQ(told(text), "mixed[one][][three][four][five]");
  EXPECT_TRUE(text.starts_with(mixed.substr(0, mixed.find("--b--"))));
  EXPECT_TRUE(text.ends_with("--b--\nepilogue\n"));
}

TEST(Splice, AddsAPartWhereTheCloseDelimiterIsMissing) {
  const std::string head = "Content-Type: multipart/mixed; boundary=b\n\n";
  for (const auto& [text, expected] : {std::pair{head + "--b\n\none", "mixed[one][two]"},
                                       {head + "--b\n\none\n", "mixed[one\n][two]"},
                                       {head, "mixed[two]"},
                                       {head + "--b--\n", "mixed[two]"},
                                       {head + "preamble", "mixed[two]"}}) {
    Edited edited(text);
    edited.splice().add_part(edited.part(), part_of("two"), "unused");
    EXPECT_EQ(told(edited.text()), expected) << text;
  }
}

TEST(Splice, RemovesParts) {
  const auto without = [](std::initializer_list<std::size_t> indices) {
    Edited edited(mixed);
    for (const std::size_t index : indices) edited.splice().remove_part(edited.part(), index);
    return edited.text();
  };
  EXPECT_EQ(told(without({0})), "mixed[][three]");
  EXPECT_EQ(told(without({1})), "mixed[one][three]");
  EXPECT_EQ(told(without({2})), "mixed[one][]");
  EXPECT_EQ(told(without({0, 1})), "mixed[three]");
  EXPECT_EQ(told(without({2, 1})), "mixed[one]");
  EXPECT_EQ(without({1}),
            "Content-Type: multipart/mixed; boundary=b\n\npreamble\n--b\n\none\n--b\n\nthree\n--b--\nepilogue\n");
  Edited single("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nA: 1\r\n\r\none\r\n--b--");
  single.splice().remove_part(single.part(), 0);
  EXPECT_EQ(told(single.text()), "mixed[]");
}

TEST(Splice, ReplacesTheLastPartByAnother) {
  Edited edited(mixed);
  edited.splice().remove_part(edited.part(), 2);
  edited.splice().add_part(edited.part(), part_of("new"), "unused");
  EXPECT_EQ(told(edited.text()), "mixed[one][][new]");
}

TEST(Splice, WrapsWhatIsNoMultipart) {
  Edited edited(
      "Subject: x\r\nContent-Type: text/html;\r\n charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nb1 body\r\n");
  edited.splice().set_field(edited.part(), "Subject", "Subject: y\r\n");
  edited.splice().add_part(edited.part(), held_content("\r\nnew"), "b1");
  EXPECT_EQ(edited.text(),
            "Subject: y\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; "
            "boundary=b10\r\n\r\n--b10\r\nContent-Type: text/html;\r\n "
            "charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nb1 body\r\n\r\n--b10\r\n\r\nnew\r\n--b10--\r\n");
  EXPECT_EQ(told(edited.text()), "mixed[b1 body\r\n][new]");
}

TEST(Splice, WrapsWhatLacksHeaderOrBody) {
  for (const std::string text : {"", "\n", "A: 1\n", "A: 1", "no field\n\nx", "A: 1\n\n", "\n\nx"}) {
    Edited edited(text);
    edited.splice().add_part(edited.part(), held_content("\nnew"), "b");
    edited.splice().append_field(edited.part(), "X: y" + std::string(edited.splice().line_end()));
    const std::string result = edited.text();
    const Part part = read_structure(result);
    ASSERT_EQ(part.children.size(), 2u) << result;
    EXPECT_EQ(part.children[0].body, Edited(text).part().body) << result;
    EXPECT_EQ(part.children[1].body, "new");
    EXPECT_NE(find_field(read_fields(part.header), "X"), nullptr);
  }
}

TEST(Splice, WrapsAnotherMultipart) {
  Edited edited("MIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=a\n\n--a\n\none\n--a--\n");
  edited.splice().add_part(edited.part(), part_of("new"), "b");
  const std::string text = edited.text();
  const Part part = read_structure(text);
  ASSERT_EQ(part.children.size(), 2u);
  EXPECT_EQ(part.children[0].type.subtype, "alternative");
  EXPECT_EQ(part.children[0].children.size(), 1u);
  EXPECT_EQ(text.find("MIME-Version"), text.rfind("MIME-Version"));
}

TEST(Splice, WrapsAMultipartThatCannotTakeMore) {
  for (const std::string text : {"Content-Type: multipart/mixed\n\nx",
                                 "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/mixed; "
                                 "boundary=b\n\n--b\n\nx\n"}) {
    Edited edited(text);
    edited.splice().add_part(edited.part(), part_of("new"), "c");
    const std::string result = edited.text();
    const Part part = read_structure(result);
    ASSERT_EQ(part.children.size(), 2u) << result;
    EXPECT_EQ(part.children[0].body, edited.part().body);
    EXPECT_EQ(part.children[1].body, "new");
  }
}

TEST(Splice, RefusesTwoEditsOfOnePlace) {
  Edited edited("A: 1\n\nx");
  edited.splice().replace_text(edited.part(), "a");
  edited.splice().replace_text(edited.part(), "b");
  EXPECT_EQ(edited.splice().content().error().code, Errc::invalid_argument);
}

TEST(Splice, BytesOfOtherPartsAreNotCopied) {
  const std::string big(8'000'000, 'x');
  const auto bytes =
      SharedBytes::of("Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\n\n" + big + "\n--b--\n");
  const Part part = read_structure(bytes.view());
  Splice splice(bytes);
  splice.replace_text(part.children[0], "two");
  const auto content = splice.content();
  ASSERT_TRUE(content);
  EXPECT_EQ(content->content->size().value_or(0), bytes.view().size());
  const auto reader = content->content->reader();
  std::array<std::byte, 1000> out;
  EXPECT_EQ(reader->read(out).value_or(0), out.size());
}

}  // namespace
}  // namespace mapistore::mime::splice_test
