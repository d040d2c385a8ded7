#include "tests/support/scripted_server.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/loopback.h"
#include "tests/support/raw_imap.h"

namespace mapistore::testing::scripted_server_test {

TEST(ScriptedServer, AnswersByTheLatestRuleThatFits) {
  ScriptedServer server{"* PREAUTH hello\r\n"};
  server.answer("UID", "$TAG BAD first\r\n");
  server.answer("uid fetch", "* OK $TAG\r\n$TAG OK second\r\n");
  RawImap client{server.port()};
  EXPECT_EQ(client.greeting(), "* PREAUTH hello\r\n");
  EXPECT_EQ(client.command("UID STORE 1").text, "raw1 BAD first\r\n");
  EXPECT_EQ(client.command("UID FETCH 1").text, "* OK raw2\r\nraw2 OK second\r\n");
  EXPECT_EQ(client.command("NOOP").text, "raw3 OK done\r\n");
  EXPECT_EQ(server.commands(), (std::vector<std::string>{"UID STORE 1", "UID FETCH 1", "NOOP"}));
}

TEST(ScriptedServer, MakesRepliesOfCommands) {
  ScriptedServer server;
  server.answer("ECHO", [](const std::string& command) { return "* " + command + "\r\n$TAG OK done\r\n"; });
  RawImap client{server.port()};
  EXPECT_EQ(client.command("ECHO one").text, "* ECHO one\r\nraw1 OK done\r\n");
  EXPECT_EQ(client.command("ECHO two").text, "* ECHO two\r\nraw2 OK done\r\n");
}

TEST(ScriptedServer, TakesLinesThatBelongToACommand) {
  ScriptedServer server;
  server.answer("AUTHENTICATE", "+ \r\n");
  server.answer("AGFi", "+ ZXJyb3I=\r\n");
  RawImap client{server.port()};
  client.send("a AUTHENTICATE PLAIN\r\n");
  EXPECT_EQ(client.read_line(), "+ \r\n");
  client.send("AGFi\r\n");
  EXPECT_EQ(client.read_line(), "+ ZXJyb3I=\r\n");
  client.send("\r\n");
  EXPECT_EQ(client.read_line(), "a OK done\r\n");
}

TEST(ScriptedServer, InvitesASynchronizingLiteral) {
  ScriptedServer server;
  RawImap client{server.port()};
  client.send("a LOGIN {3}\r\n");
  EXPECT_EQ(client.read_line(), "+ go ahead\r\n");
  client.send("x\ny {2+}\r\nzz\r\n");
  EXPECT_EQ(client.read_line(), "a OK done\r\n");
  EXPECT_EQ(server.commands(), std::vector<std::string>{"LOGIN {3}\r\nx\ny {2+}\r\nzz"});
}

TEST(ScriptedServer, ServesManyAndEndsWithThemOpen) {
  ScriptedServer server;
  RawImap one{server.port()}, other{server.port()};
  EXPECT_TRUE(one.command("NOOP").ok());
  EXPECT_TRUE(other.command("NOOP").ok());
  server.answer("LOGOUT", "* BYE\r\n", ScriptedServer::After::close);
  const posix::UniqueFd plain = loopback::connect(server.port());
  EXPECT_FALSE(loopback::receive(plain).empty());
  loopback::send_all(plain, "a LOGOUT\r\n");
  EXPECT_EQ(loopback::receive(plain), "* BYE\r\n");
  EXPECT_EQ(loopback::receive(plain), "");
}

}  // namespace mapistore::testing::scripted_server_test
