#include "tests/support/wire_proxy.h"

#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/loopback.h"

namespace mapistore::testing::wire_proxy_test {

namespace {

using namespace std::literals;
using Direction = WireProxy::Direction;
using Clock = std::chrono::steady_clock;

/// Sends back what it gets, until the client has ended.
class EchoServer {
 public:
  EchoServer() : listener_{loopback::listen()}, thread_{[this] { serve(); }} {}
  ~EchoServer() { ::shutdown(listener_.get(), SHUT_RDWR); }

  std::uint16_t port() const { return loopback::port_of(listener_); }
  /// What came on the connection that ended first, once it has ended.
  std::string first_received() {
    std::unique_lock lock{mutex_};
    ended_.wait_for(lock, 10s, [&] { return !received_.empty(); });
    return received_.empty() ? "nothing ended" : received_.front();
  }

 private:
  void serve() {
    std::vector<std::jthread> echoes;
    for (;;) {
      posix::UniqueFd connection{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
      if (!connection) return;
      echoes.emplace_back([this, connection = std::move(connection)] {
        std::string all;
        try {
          for (std::string bytes = loopback::receive(connection); !bytes.empty();
               bytes = loopback::receive(connection)) {
            all += bytes;
            loopback::send_all(connection, bytes);
          }
        } catch (const std::system_error&) {
          all += "<reset>";
        }
        const std::lock_guard lock{mutex_};
        received_.push_back(all);
        ended_.notify_all();
      });
    }
  }

  posix::UniqueFd listener_;
  std::mutex mutex_;
  std::condition_variable ended_;
  std::vector<std::string> received_;
  std::jthread thread_;
};

/// Until `size` bytes have come, or the end.
std::string receive(const posix::UniqueFd& socket, std::size_t size) {
  std::string bytes;
  while (bytes.size() < size) {
    const std::string some = loopback::receive(socket);
    if (some.empty()) break;
    bytes += some;
  }
  return bytes;
}

std::string echo(const posix::UniqueFd& socket, const std::string& text) {
  loopback::send_all(socket, text);
  return receive(socket, text.size());
}

/// What comes until the end, be it an orderly one or not.
std::string rest(const posix::UniqueFd& socket) {
  std::string bytes;
  try {
    for (std::string some = loopback::receive(socket); !some.empty(); some = loopback::receive(socket)) bytes += some;
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), std::errc::connection_reset);
  }
  return bytes;
}

class WireProxyTest : public ::testing::Test {
 protected:
  EchoServer server_;
  WireProxy proxy_{server_.port()};
};

TEST_F(WireProxyTest, HandsOnAndCounts) {
  const posix::UniqueFd client = loopback::connect(proxy_.port());
  EXPECT_EQ(echo(client, "hello"), "hello");
  const WireProxy::Counts before = proxy_.counts();
  EXPECT_EQ(before.connections, 1U);
  EXPECT_EQ(before.up, 5U);
  EXPECT_EQ(before.down, 5U);
  EXPECT_EQ(before.round_trips, 1U);
  EXPECT_EQ(echo(client, "again"), "again");
  EXPECT_EQ((proxy_.counts() - before).round_trips, 1U);
  EXPECT_EQ((proxy_.counts() - before).up, 5U);
}

TEST_F(WireProxyTest, HandsOnTheEndOfEitherSide) {
  const posix::UniqueFd client = loopback::connect(proxy_.port());
  loopback::send_all(client, "last");
  ::shutdown(client.get(), SHUT_WR);
  EXPECT_EQ(rest(client), "last");
  EXPECT_EQ(server_.first_received(), "last");
}

TEST_F(WireProxyTest, DelaysWithoutSlowing) {
  proxy_.set_round_trip(200ms);
  const posix::UniqueFd client = loopback::connect(proxy_.port());
  Clock::duration fastest = 1h;
  for (int i = 0; i < 3; ++i) {
    const auto begin = Clock::now();
    EXPECT_EQ(echo(client, "x"), "x");
    fastest = std::min(fastest, Clock::now() - begin);
  }
  EXPECT_GE(fastest, 200ms);
  EXPECT_LT(fastest, 390ms) << "one round trip, not two";

  // 20 MB at one buffer a round trip would take 16 s.
  std::string much;
  much.assign(20'000'000, 'm');
  std::jthread sender{[&] { loopback::send_all(client, much); }};
  const auto start = Clock::now();
  EXPECT_EQ(receive(client, much.size()).size(), much.size());
  EXPECT_LT(Clock::now() - start, 10s);
}

TEST_F(WireProxyTest, CountsWhatIsSentTogetherAsOneRoundTrip) {
  proxy_.set_round_trip(200ms);
  const posix::UniqueFd client = loopback::connect(proxy_.port());
  for (int i = 0; i < 10; ++i) loopback::send_all(client, "command\r\n");
  EXPECT_EQ(receive(client, 90).size(), 90U);
  EXPECT_EQ(proxy_.counts().round_trips, 1U);
  echo(client, "command\r\n");
  EXPECT_EQ(proxy_.counts().round_trips, 2U);
}

TEST_F(WireProxyTest, CutsUpwardsAfterExactlySoManyBytes) {
  const posix::UniqueFd client = loopback::connect(proxy_.port());
  EXPECT_EQ(echo(client, "before"), "before");
  proxy_.cut_after(Direction::up, 4);
  loopback::send_all(client, "abcdef");
  EXPECT_EQ(rest(client), "");
  EXPECT_EQ(server_.first_received(), "beforeabcd");
  EXPECT_EQ(proxy_.counts().cuts, 1U);
  const posix::UniqueFd next = loopback::connect(proxy_.port());
  EXPECT_EQ(echo(next, "abcdef"), "abcdef") << "one cut, once";
}

TEST_F(WireProxyTest, CutsDownwardsAfterExactlySoManyBytes) {
  proxy_.set_round_trip(10ms);
  const posix::UniqueFd client = loopback::connect(proxy_.port());
  proxy_.cut_after(Direction::down, 3);
  loopback::send_all(client, "abcdef");
  EXPECT_EQ(rest(client), "abc");
  EXPECT_EQ(server_.first_received(), "abcdef");
}

TEST_F(WireProxyTest, CutsBeforeTheReply) {
  const posix::UniqueFd client = loopback::connect(proxy_.port());
  proxy_.cut_after(Direction::down, 0);
  loopback::send_all(client, "abcdef");
  EXPECT_EQ(rest(client), "");
  EXPECT_EQ(server_.first_received(), "abcdef");
}

TEST_F(WireProxyTest, CountsACutFromAPatternThatComesInPieces) {
  const posix::UniqueFd client = loopback::connect(proxy_.port()), other = loopback::connect(proxy_.port());
  proxy_.cut_after(Direction::up, 2, "APPEND");
  EXPECT_EQ(echo(client, "a AP"), "a AP");
  EXPECT_EQ(echo(other, "PEND 12"), "PEND 12") << "not on this connection";
  EXPECT_EQ(echo(client, "PEND"), "PEND");
  EXPECT_EQ(echo(other, "more"), "more") << "the count is that of the connection with the pattern";
  loopback::send_all(client, "12345");
  EXPECT_EQ(rest(client), "");
  EXPECT_EQ(server_.first_received(), "a APPEND12");
}

TEST_F(WireProxyTest, CutsAllThatAreOpen) {
  const posix::UniqueFd one = loopback::connect(proxy_.port()), other = loopback::connect(proxy_.port());
  EXPECT_EQ(echo(one, "x"), "x");
  EXPECT_EQ(echo(other, "x"), "x");
  proxy_.cut_now();
  EXPECT_EQ(rest(one), "");
  EXPECT_EQ(rest(other), "");
  EXPECT_EQ(proxy_.counts().cuts, 2U);
}

TEST_F(WireProxyTest, RefusesAndTakesAgain) {
  const posix::UniqueFd open = loopback::connect(proxy_.port());
  EXPECT_EQ(echo(open, "x"), "x");
  proxy_.set_mode(WireProxy::Mode::refuse);
  EXPECT_THROW(loopback::connect(proxy_.port()), std::system_error);
  EXPECT_EQ(echo(open, "y"), "y");
  proxy_.set_mode(WireProxy::Mode::forward);
  EXPECT_EQ(echo(loopback::connect(proxy_.port()), "z"), "z");
}

TEST_F(WireProxyTest, StallsAndGoesOn) {
  const posix::UniqueFd open = loopback::connect(proxy_.port());
  EXPECT_EQ(echo(open, "x"), "x");
  proxy_.set_mode(WireProxy::Mode::stall);
  const posix::UniqueFd late = loopback::connect(proxy_.port(), 1s);
  loopback::send_all(late, "hello");
  loopback::send_all(open, "y");
  EXPECT_THROW(loopback::receive(late), std::system_error);
  EXPECT_EQ(proxy_.counts().up, 1U);
  proxy_.set_mode(WireProxy::Mode::forward);
  EXPECT_EQ(receive(late, 5), "hello");
  EXPECT_EQ(receive(open, 1), "y");
}

TEST(WireProxy, EndsAConnectionToAServerThatIsAway) {
  std::uint16_t nobody = 0;
  {
    const posix::UniqueFd listener = loopback::listen();
    nobody = loopback::port_of(listener);
  }
  WireProxy proxy{nobody};
  EXPECT_EQ(rest(loopback::connect(proxy.port())), "");
}

}  // namespace
}  // namespace mapistore::testing::wire_proxy_test
