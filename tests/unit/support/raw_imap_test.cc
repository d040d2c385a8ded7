#include "tests/support/raw_imap.h"

#include <stdexcept>

#include <gtest/gtest.h>

#include "tests/support/scripted_server.h"

namespace mapistore::testing::raw_imap_test {

TEST(RawImap, ReadsLiteralsByTheirLength) {
  ScriptedServer server;
  server.answer(
      "UID FETCH",
      "* 1 FETCH (BODY[] {14}\r\nraw1 OK\r\n{9}\r\n UID 7)\r\n* 2 FETCH (BODY[] {0}\r\n)\r\n$TAG OK done\r\n");
  RawImap client{server.port()};
  EXPECT_EQ(client.greeting(), "* OK [CAPABILITY IMAP4rev1] ready\r\n");
  const RawImap::Reply reply = client.command("UID FETCH 1:* BODY[]");
  EXPECT_TRUE(reply.ok());
  EXPECT_EQ(reply.text,
            "* 1 FETCH (BODY[] {14}\r\nraw1 OK\r\n{9}\r\n UID 7)\r\n* 2 FETCH (BODY[] {0}\r\n)\r\nraw1 OK done\r\n");
}

TEST(RawImap, AsksForWhatMustSucceed) {
  ScriptedServer server;
  server.answer("NOOP", "* 3 EXISTS\r\n$TAG OK done\r\n");
  server.answer("CREATE", "$TAG NO no\r\n");
  RawImap client{server.port()};
  EXPECT_EQ(client.ask("NOOP"), "* 3 EXISTS\r\n");
  EXPECT_EQ(client.command("CREATE x").status, "NO");
  EXPECT_THROW(client.ask("CREATE x"), std::runtime_error);
}

TEST(RawImap, AppendsByALiteral) {
  ScriptedServer server;
  RawImap client{server.port()};
  EXPECT_TRUE(client.append("a \"b\" \\c", "Subject: {3}\r\n\r\n", "(\\Seen)").ok());
  EXPECT_EQ(server.commands().at(0), "APPEND \"a \\\"b\\\" \\\\c\" (\\Seen) {16+}\r\nSubject: {3}\r\n\r\n");
}

TEST(RawImap, TellsThatTheConnectionEnded) {
  ScriptedServer server;
  server.answer("NOOP", "* BYE\r\n", ScriptedServer::After::close);
  RawImap client{server.port()};
  EXPECT_THROW(client.command("NOOP"), std::runtime_error);
}

}  // namespace mapistore::testing::raw_imap_test
