#include <gtest/gtest.h>

#include "core/mime/part.h"

namespace mapistore::mime::structure_test {
namespace {

/// `type/subtype(children)`, and the body of each leaf.
std::string told(const Part& part) {
  std::string out = part.type.type + "/" + part.type.subtype;
  if (part.truncated) out += "!";
  if (part.children.empty()) return out + "[" + std::string(part.body) + "]";
  out += "(";
  for (const Part& child : part.children) {
    if (&child != part.children.data()) out += " ";
    out += told(child);
  }
  return out + ")";
}

std::string told(std::string_view message, const Limits& limits = {}) { return told(read_structure(message, limits)); }

std::string with_line_ends(std::string_view text, std::string_view line_end) {
  std::string out;
  for (const char c : text) c == '\n' ? out += line_end : out += c;
  return out;
}

TEST(Structure, OfAPlainMessage) {
  EXPECT_EQ(told("A: 1\n\nbody\n"), "text/plain[body\n]");
  EXPECT_EQ(told("A: 1\n"), "text/plain[]");
  EXPECT_EQ(told(""), "text/plain[]");
  EXPECT_EQ(told("\n"), "text/plain[]");
  EXPECT_EQ(told("\n\nA: 1\n\nbody"), "text/plain[body]");
  EXPECT_EQ(told("\n\nbody"), "text/plain[\nbody]");
  EXPECT_EQ(told("no field\n\nbody"), "text/plain[no field\n\nbody]");
  EXPECT_EQ(told("From anna Mon\nContent-Type: text/html\n\n<p>"), "text/html[<p>]");
  EXPECT_EQ(told("\xEF\xBB\xBF"
                 "Content-Type: text/html\n\n<p>"),
            "text/html[<p>]");
  EXPECT_EQ(told("Content-Type: TEXT/Html\nContent-Type: a/b\n\n"), "text/html[]");
  EXPECT_EQ(told("Content-Type: nonsense\n\nx"), "text/plain[x]");
}

TEST(Structure, ReadsWhatTheFieldsSay) {
  const Part part = read_structure(
      "Content-Type: text/plain; charset=\"utf-8\"; format=Flowed; delsp=YES; name=a.txt\n"
      "Content-Transfer-Encoding: Base64 (as said)\nContent-Disposition: Attachment; filename*=utf-8''%C3%BC.txt\n"
      "Content-ID: <1@x>\n\nYQ==\n");
  EXPECT_EQ(part.type.charset, "utf-8");
  EXPECT_TRUE(part.type.format_flowed);
  EXPECT_TRUE(part.type.delete_space);
  EXPECT_EQ(part.type.name, "a.txt");
  EXPECT_EQ(part.encoding, Encoding::base64);
  EXPECT_EQ(part.disposition, "attachment");
  EXPECT_EQ(part.file_name, "\xc3\xbc.txt");
  EXPECT_EQ(part.content_id, "1@x");
  EXPECT_EQ(part.body, "YQ==\n");
  EXPECT_EQ(read_structure("Content-Type: a/b; name=n\n\n").file_name, "n");
  EXPECT_EQ(read_structure("Content-Transfer-Encoding: x-other\n\n").encoding, Encoding::unknown);
  EXPECT_EQ(read_structure("Content-Transfer-Encoding: 8BIT\n\n").encoding, Encoding::identity);
  EXPECT_EQ(read_structure("Content-Transfer-Encoding: x-uue\n\n").encoding, Encoding::uuencode);
}

constexpr std::string_view two_parts =
    "Content-Type: multipart/mixed; boundary=b\n\npreamble\n--b\n\none\n\n--b\nContent-Type: text/html\n\ntwo\n--b--\n"
    "epilogue\n";

TEST(Structure, OfAMultipartWithAnyLineEnd) {
  EXPECT_EQ(told(two_parts), "multipart/mixed(text/plain[one\n] text/html[two])");
  EXPECT_EQ(told(with_line_ends(two_parts, "\r\n")), "multipart/mixed(text/plain[one\r\n] text/html[two])");
  EXPECT_EQ(told(with_line_ends(two_parts, "\r")), "multipart/mixed(text/plain[one\r] text/html[two])");
  EXPECT_EQ(told("Content-Type: multipart/mixed; boundary=b\r\n\n--b\r\n\none\r\n--b\n\r\ntwo\r--b--"),
            "multipart/mixed(text/plain[one] text/plain[two])");
}

TEST(Structure, RangesCoverThePart) {
  const std::string message(two_parts);
  const Part part = read_structure(message);
  EXPECT_EQ(part.whole, message);
  EXPECT_EQ(part.header, "Content-Type: multipart/mixed; boundary=b\n");
  EXPECT_TRUE(part.body.starts_with("preamble") && part.body.ends_with("epilogue\n"));
  ASSERT_EQ(part.children.size(), 2u);
  EXPECT_EQ(part.children[0].whole, "\none\n");
  EXPECT_EQ(part.children[0].header, "");
  EXPECT_EQ(part.children[1].whole, "Content-Type: text/html\n\ntwo");
  EXPECT_EQ(part.children[1].header, "Content-Type: text/html\n");
  EXPECT_EQ(part.children[1].whole.data(), message.data() + message.find("Content-Type: text/html"));
}

TEST(Structure, DelimitersAreWholeLines) {
  const std::string head = "Content-Type: multipart/mixed; boundary=\"b \"\n\n";
  EXPECT_EQ(told(head + "--b\n\n--bb\n--b--c\n --b\nx--b\n--b-\n--b \t\n\ny\n--b-- \nz"),
            "multipart/mixed(text/plain[--bb\n--b--c\n --b\nx--b\n--b-] text/plain[y])");
  EXPECT_EQ(told("Content-Type: multipart/mixed; boundary=\"b--\"\n\n--b--\n\nx\n--b----"),
            "multipart/mixed(text/plain[x])");
  EXPECT_EQ(told("Content-Type: multipart/mixed; boundary=b\n--other\nA: 1\n\n--b\n\nx"),
            "multipart/mixed(text/plain[x])");
  EXPECT_EQ(told("Content-Type: multipart/mixed; boundary=\"-\"\n\n---\n\n----\n---\n\nx\n-----"),
            "multipart/mixed(text/plain[----] text/plain[x])");
}

TEST(Structure, AMissingCloseDelimiterEndsWithTheMessage) {
  const std::string head = "Content-Type: multipart/mixed; boundary=b\n\n";
  EXPECT_EQ(told(head + "--b\n\nx\n"), "multipart/mixed(text/plain[x\n])");
  EXPECT_EQ(told(head + "--b\n\nx\n--b"), "multipart/mixed(text/plain[x] text/plain[])");
  EXPECT_EQ(told(head + "no delimiter"), "multipart/mixed[no delimiter]");
  EXPECT_EQ(told("Content-Type: multipart/mixed\n\n--b\n\nx"), "multipart/mixed[--b\n\nx]");
}

TEST(Structure, PartsWithoutHeaderOrBody) {
  const std::string head = "Content-Type: multipart/mixed; boundary=b\n\n";
  EXPECT_EQ(told(head + "--b\nContent-Type: a/b\n--b\n--b\ntext: not\nx\n--b\nHello there\nA: b\n\nx\n--b--"),
            "multipart/mixed(a/b[] text/plain[] text/plain[] text/plain[Hello there\nA: b\n\nx])");
  EXPECT_EQ(told("Content-Type: multipart/mixed; boundary=b\n--b\n\nx"), "multipart/mixed(text/plain[x])");
}

TEST(Structure, NestedMultiparts) {
  const std::string head = "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/alternative; ";
  EXPECT_EQ(told(head + "boundary=bc\n\n--bc\n\nx\n--bc--\nepilogue\n--b\n\ny\n--b--"),
            "multipart/mixed(multipart/alternative(text/plain[x]) text/plain[y])");
  EXPECT_EQ(told(head + "boundary=bc\n\n--bc\n\nx\n--b\n\ny\n--bc\nz\n--b--"),
            "multipart/mixed(multipart/alternative(text/plain[x]) text/plain[y\n--bc\nz])")
      << "the outer delimiter ends the inner multipart";
  EXPECT_EQ(told(head + "boundary=b\n\n--b\n\nx\n--b--\n--b\n\ny\n--b--"),
            "multipart/mixed(multipart/alternative(text/plain[x]) text/plain[y])")
      << "both have one boundary";
}

TEST(Structure, EmbeddedMessages) {
  EXPECT_EQ(told("Content-Type: message/rfc822\n\nSubject: x\n\ninner"), "message/rfc822(text/plain[inner])");
  EXPECT_EQ(told("Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3ViamVjdDogeAoKeQ=="),
            "message/rfc822[U3ViamVjdDogeAoKeQ==]");
  EXPECT_EQ(told("Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: x\n\none\n--b\nContent-Type: "
                 "text/plain\n\ntwo\n--b--"),
            "multipart/digest(message/rfc822(text/plain[one]) text/plain[two])");
  EXPECT_EQ(told("Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\nContent-Type: "
                 "multipart/mixed; boundary=b\n\n--b\n\nx\n--b--\n--b\n\ny\n--b--\n"),
            "multipart/mixed(message/rfc822(multipart/mixed(text/plain[x])) text/plain[y])");
  EXPECT_EQ(told("Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\nFrom a Mon\n--b--"),
            "multipart/mixed(message/rfc822(text/plain[]))");
}

TEST(Structure, SignedAndEncryptedPartsAreVerbatim) {
  const Part mixed = read_structure(
      "Content-Type: multipart/mixed; boundary=a\n\n--a\n\nfree\n--a\nContent-Type: multipart/signed; boundary=b\n\n"
      "--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\nx\n--c--\n--b\nContent-Type: "
      "application/pgp-signature\n\ns\n--b--\n--a--\n");
  ASSERT_EQ(mixed.children.size(), 2u);
  EXPECT_FALSE(mixed.verbatim);
  EXPECT_FALSE(mixed.children[0].verbatim);
  const Part& signed_part = mixed.children[1];
  EXPECT_TRUE(signed_part.verbatim);
  ASSERT_EQ(signed_part.children.size(), 2u);
  EXPECT_TRUE(signed_part.children[0].verbatim);
  EXPECT_TRUE(signed_part.children[0].children.at(0).verbatim);
  EXPECT_TRUE(read_structure("Content-Type: application/x-pkcs7-mime\n\n").verbatim);
  EXPECT_TRUE(read_structure("Content-Type: multipart/encrypted; boundary=x\n\n").verbatim);
}

TEST(Structure, LimitsEndIt) {
  EXPECT_EQ(told(two_parts, {.depth = 100, .parts = 2}), "multipart/mixed!(text/plain[one\n])");
  EXPECT_EQ(told(two_parts, {.depth = 1, .parts = 100}).substr(0, 17), "multipart/mixed![");
  EXPECT_EQ(told("Content-Type: message/rfc822\n\nA: 1\n\nx", {.depth = 1, .parts = 9}), "message/rfc822![A: 1\n\nx]");
  EXPECT_EQ(told("Content-Type: message/rfc822\n\nA: 1\n\nx", {.depth = 9, .parts = 1}), "message/rfc822![A: 1\n\nx]");
}

TEST(Structure, KeepsAnEmptyPartThatOnlyTheOuterDelimiterEndsWithinItsParent) {
  const std::string_view message =
      "Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\nContent-Type: multipart/mixed; "
      "boundary=i\r\n\r\n--i\r\n\r\n--o--\r\n";
  const Part root = read_structure(message);
  ASSERT_EQ(root.children.size(), 1u);
  const Part& inner = root.children[0];
  ASSERT_EQ(inner.children.size(), 1u);
  const Part& empty = inner.children[0];
  EXPECT_LE(empty.whole.data() + empty.whole.size(), inner.body.data() + inner.body.size());
}

}  // namespace
}  // namespace mapistore::mime::structure_test
