#include "backends/imap/body_structure.h"

#include <gmock/gmock.h>

#include "tests/unit/backends/imap_replies.h"

namespace mapistore::imap::imap_body_structure_test {
namespace {

using namespace std::string_literals;
using Octets = std::vector<std::uint64_t>;
using ::testing::ElementsAre;

std::optional<Octets> octets_of(std::string_view value) {
  Scanner scanner{value};
  return read_leaf_octets(scanner);
}

std::string repeated(std::string_view text, std::size_t count) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += text;
  return all;
}

const std::string text_part = R"(("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 2279 48))";
const std::string zip_part =
    R"(("APPLICATION" "ZIP" ("NAME" "a (1).zip") "<id>" "a \")(" "BASE64" 4554 NIL ("ATTACHMENT" NIL) NIL NIL))";

struct Told {
  std::string_view name;
  std::string value;
  Octets octets;
};

const Told told[] = {
    {"RFC 3501, one part", text_part, {2279}},
    {"two", "(" + text_part + zip_part + R"( "MIXED"))", {2279, 4554}},
    {"with extension data",
     "(" + text_part + zip_part + R"( "MIXED" ("BOUNDARY" "b") ("INLINE" NIL) NIL "loc" (1 2)))",
     {2279, 4554}},
    {"a space between the parts", "(" + text_part + " " + zip_part + R"( "MIXED"))", {2279, 4554}},
    {"nested",
     "((" + text_part + "(" + text_part + text_part + R"("ALTERNATIVE") "RELATED"))" + zip_part + R"("MIXED"))",
     {2279, 2279, 2279, 4554}},
    {"a message in the message",
     "(" + text_part +
         R"(("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 9000 ("date" "sub" ((NIL NIL "a" "b")) NIL NIL NIL NIL)"
         R"( NIL NIL "<id>") ()" +
         text_part + zip_part + R"("MIXED") 120 NIL) "MIXED"))",
     {2279, 2279, 4554}},
    {"a message of one part", R"(("message" "rfc822" NIL NIL NIL "7bit" 342 (NIL NIL) )" + text_part + " 12)", {2279}},
    {"a message that is not looked into", R"(("message" "rfc822" NIL NIL NIL "base64" 342 NIL NIL 12))", {342}},
    {"a report", R"(("message" "delivery-status" NIL NIL NIL "7bit" 111))", {111}},
    {"no parameters, as an empty list", R"(("image" "png" () NIL NIL "base64" 77))", {77}},
    {"a type that is not known", R"((NIL NIL NIL NIL NIL NIL 5))", {5}},
    {"literals", "({4}\r\nTEXT {5}\r\nPLAIN ({4}\r\nNAME {3}\r\n)( ) NIL NIL \"7BIT\" 31 1)", {31}},
    {"over 4 GiB", R"(("video" "mp4" NIL NIL NIL "base64" 5000000000))", {5'000'000'000}},
    {"nothing in it", R"(("text" "plain" NIL NIL NIL "7bit" 0 0))", {0}},
};

TEST(ImapBodyStructure, TellsTheOctetsOfLeaves) {
  for (const Told& one : told) {
    // As it is read: by its own, and in a reply that goes on.
    EXPECT_EQ(octets_of(one.value), one.octets) << one.name;
    const auto replies =
        read_replies("* 1 FETCH (UID 7 BODYSTRUCTURE " + one.value + " RFC822.SIZE 10 FLAGS ())\r\n", 1);
    const auto& fetched = std::get<FetchReply>(replies.replies.at(0));
    EXPECT_EQ(fetched.leaf_octets, one.octets) << one.name;
    EXPECT_EQ(fetched.size, 10u) << one.name;
    EXPECT_TRUE(fetched.flags) << one.name;
  }
}

TEST(ImapBodyStructure, StandsBeforeAndBehindABody) {
  const std::string structure = "BODYSTRUCTURE (" + text_part + zip_part + " \"MIXED\")";
  for (const LiteralUse use : {LiteralUse::keep, LiteralUse::stream})
    for (const std::string& items : {structure + " BODY[]<0> {5}\r\nabc)(", "BODY[]<0> {5}\r\nabc)( " + structure}) {
      const auto replies = read_replies("* 1 FETCH (UID 7 " + items + ")\r\n", 3, use);
      const auto& fetched = std::get<FetchReply>(replies.replies.at(0));
      EXPECT_EQ(fetched.leaf_octets, (Octets{2279, 4554})) << items;
      EXPECT_EQ(fetched.bodies.at(0).size, 5u) << items;
    }
}

TEST(ImapBodyStructure, WhatIsNotUnderstoodTellsNothing) {
  for (const std::string& value :
       {"NIL"s, "()"s, "(("s, "(()"s, "\"TEXT\""s, "(\"TEXT\")"s, "(\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\")"s,
        "(\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" many 3)"s, "(\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" -1 3)"s,
        "(\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 99999999999999999999999 3)"s,
        "(\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 12"s, "(" + text_part + "NIL"s, "(" + text_part + "() \"MIXED\")",
        "(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 342 (NIL NIL) (\"text\" \"plain\") 12)"s}) {
    EXPECT_EQ(octets_of(value), std::nullopt) << value;
    // The rest of the reply is read all the same, where there is one.
    const auto replies = read_replies("* 1 FETCH (UID 7 FLAGS (\\Seen) BODYSTRUCTURE " + value + ")\r\n", 5);
    for (const Reply& reply : replies.replies) {
      const auto* fetched = std::get_if<FetchReply>(&reply);
      EXPECT_TRUE(fetched == nullptr || fetched->uid == 7) << value;
    }
  }
}

TEST(ImapBodyStructure, IsBounded) {
  const std::size_t many = 200'000;
  EXPECT_EQ(octets_of(repeated("(", many)), std::nullopt);
  EXPECT_EQ(octets_of(repeated("(", many) + text_part + repeated(" \"MIXED\")", many)), std::nullopt);
  EXPECT_EQ(octets_of("(" + repeated(text_part, 20'000) + "\"MIXED\")"), std::nullopt);
  EXPECT_EQ(octets_of("(" + repeated(text_part, 9'000) + "\"MIXED\")")->size(), 9'000u);
  const std::string message = R"(("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 9000 (NIL) )";
  EXPECT_EQ(octets_of(repeated(message, many)), std::nullopt);
  EXPECT_EQ(octets_of(repeated(message, 50) + text_part + repeated(" 1)", 50)), (Octets{2279}));
  // Depth beside the parts costs nothing.
  EXPECT_EQ(octets_of("(\"TEXT\" \"PLAIN\" " + repeated("(", many) + repeated(")", many) + " NIL NIL \"7BIT\" 4 1)"),
            (Octets{4}));
}

}  // namespace
}  // namespace mapistore::imap::imap_body_structure_test
