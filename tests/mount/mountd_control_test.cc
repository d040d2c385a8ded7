// The control socket: what it answers, and that no client harms it.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "tests/mount/mountd_fixture.h"
#include "tests/support/memory.h"

namespace mapistore::mount_tests::mountd_control_test {
namespace {

using testing::eventually;
using namespace std::chrono_literals;

class MountdControl : public MountdTest {
 protected:
  posix::UniqueFd connect() const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, socket().c_str(), socket().native().size());
    posix::UniqueFd made{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    EXPECT_EQ(::connect(made.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    return made;
  }
  static void say(const posix::UniqueFd& socket, std::string_view text) {
    ::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL);
  }
  /// All that comes until `lines` have come, the other side closes, or 5 s are over.
  static std::string hear(const posix::UniqueFd& socket, long lines) {
    const timeval limit{5, 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    std::string heard;
    char buffer[4096];
    while (std::ranges::count(heard, '\n') < lines) {
      const ssize_t count = ::recv(socket.get(), buffer, sizeof(buffer), 0);
      if (count <= 0) break;
      heard.append(buffer, static_cast<std::size_t>(count));
    }
    return heard;
  }
  static bool is_closed(const posix::UniqueFd& socket) {
    char byte = 0;
    return eventually([&] { return ::recv(socket.get(), &byte, 1, MSG_DONTWAIT) == 0 || errno == ECONNRESET; }, 5s);
  }
  std::string error_code(const std::string& line) {
    const auto socket = connect();
    say(socket, line + "\n");
    const Json answer = Json::parse(hear(socket, 1), nullptr, false);
    return answer.is_object() && answer["ok"] == false ? answer["error"]["code"].get<std::string>() : "none";
  }
};

TEST_F(MountdControl, AnswersEachLineInTurn) {
  configure(quick + mount_table("a"));
  start();
  ASSERT_TRUE(wait_up({"a"}));
  const auto socket = connect();
  say(socket, R"({"version":1,"verb":"unmount","name":"a"})"
              "\n"
              R"({"version":1,"verb":"mount","name":"a"})"
              "\n"
              R"({"version":1,"verb":"status"})"
              "\n");
  ::shutdown(socket.get(), SHUT_WR);
  const std::string heard = hear(socket, 3);
  std::vector<std::string> states;
  for (std::size_t at = 0; at < heard.size(); at = heard.find('\n', at) + 1)
    states.push_back(Json::parse(heard.substr(at, heard.find('\n', at) - at))["result"]["mounts"][0]["state"]);
  EXPECT_EQ(states, (std::vector<std::string>{"down", "up", "up"})) << heard;
  EXPECT_TRUE(is_closed(socket));
}

TEST_F(MountdControl, StatusHoldsWhatTheMountTells) {
  configure(quick + mount_table("a"));
  start();
  ASSERT_TRUE(wait_up({"a"}));
  const auto answer = ask("status", "a");
  ASSERT_TRUE(answer) << answer.error().to_string();
  const Json& status = (*answer)["mounts"][0]["status"];
  EXPECT_EQ(status["pid"], daemon("a"));
  EXPECT_EQ(status["contexts"].size(), 1u);
}

TEST_F(MountdControl, RefusesWhatIsNoRequest) {
  configure(quick);
  start();
  for (const char* line :
       {"", "{", "[]", "{}", R"({"version":1})", R"({"version":1,"verb":3})",
        R"({"version":1,"verb":"status","colour":"red"})", R"({"version":1,"verb":"unmount","force":"yes"})"})
    EXPECT_EQ(error_code(line), "invalid_argument") << line;
  EXPECT_EQ(error_code(R"({"version":2,"verb":"status"})"), "incompatible");
  EXPECT_EQ(error_code(R"({"version":1,"verb":"dance"})"), "unsupported");
  EXPECT_EQ(error_code(R"({"version":1,"verb":"mount","name":"b"})"), "not_found");
  EXPECT_EQ(error_code(std::string(10'000, '[')), "invalid_argument");
  EXPECT_EQ(error_code(std::string(20'000, '[')), "too_large");
}

TEST_F(MountdControl, NoClientHarmsIt) {
  configure(quick + mount_table("a"));
  start();
  ASSERT_TRUE(wait_up({"a"}));
  const auto endless = connect();
  for (int i = 0; i < 40; ++i) say(endless, std::string(1024, 'x'));
  EXPECT_TRUE(hear(endless, 1).contains("too_large"));
  EXPECT_TRUE(is_closed(endless));

  // One who asks and never listens, and one who goes in the middle.
  const auto deaf = connect();
  ::fcntl(deaf.get(), F_SETFL, O_NONBLOCK);
  for (int i = 0; i < 2000; ++i) say(deaf, "{\"version\":1,\"verb\":\"status\"}\n");
  say(connect(), R"({"version":1,"verb":"status")");
  say(connect(), "{\"version\":1,\"verb\":\"unmount\",\"name\":\"a\"}\n");
  EXPECT_TRUE(eventually([&] { return state("a") == "down"; }, 10s)) << log();

  std::vector<posix::UniqueFd> many;
  for (int i = 0; i < 100; ++i) many.push_back(connect());
  EXPECT_TRUE(is_closed(many.back())) << "there is a limit";
  many.clear();
  EXPECT_TRUE(eventually([&] { return ask("mount", "a").has_value(); }, 10s));
  EXPECT_LT(testing::most_resident(pid()), testing::memory_limit(40'000));
}

TEST_F(MountdControl, MetricsOnTheSocketAndOnLoopback) {
  configure(quick + std::string("metrics_port = 19471\n") + mount_table("a") + mount_table("b"));
  start();
  ASSERT_TRUE(wait_up({"a", "b"}));
  testing::read_file(mnt("a") / "hello.eml");
  const auto answer = ask("metrics");
  ASSERT_TRUE(answer);
  const std::string text = (*answer)["text"];
  EXPECT_TRUE(text.contains("mapistorefs_mount_up{mount=\"a\",user=\"root\"} 1\n")) << text;
  EXPECT_TRUE(text.contains("# TYPE mapistorefs_context_messages gauge\n")) << text;
  const auto http = testing::run("curl -s -i http://127.0.0.1:19471/metrics");
  EXPECT_TRUE(http.output.contains("HTTP/1.1 200 OK")) << http.output;
  EXPECT_TRUE(http.output.contains("text/plain; version=0.0.4")) << http.output;
  EXPECT_TRUE(http.output.contains("mapistorefs_mount_up{mount=\"b\",user=\"root\"} 1\n")) << http.output;
  EXPECT_TRUE(testing::run("curl -s -i http://127.0.0.1:19471/").output.contains("404 Not Found"));
  EXPECT_TRUE(testing::run("ss -Hltn 'sport = 19471'").output.contains("127.0.0.1:19471"));
  configure(quick + mount_table("a"));
  ASSERT_TRUE(ask("reload"));
  EXPECT_TRUE(testing::eventually([&] { return testing::run("curl -s http://127.0.0.1:19471/metrics").code == 7; }))
      << "no longer";
}

}  // namespace
}  // namespace mapistore::mount_tests::mountd_control_test
