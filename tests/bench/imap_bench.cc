// Measures the mail client alone, without a mount, against a bare socket that is told the same and looks at nothing:
//
//   imap_bench PORT USER MAILBOX ITEMS    password: MAPISTORE_PASSWORD; ITEMS: those of a listing
//
// Each time is the median of nine, taken in turn; neither counts connecting and signing in. The exit code is 0 when
// both aims are met, else 1.
#include <sys/socket.h>

#include <array>
#include <functional>
#include <span>

#include <mapistore/ability.h>

#include "backends/imap/backend.h"
#include "tests/bench/seam.h"
#include "tests/support/loopback.h"

namespace mapistore::bench {
namespace {

constexpr int rounds = 9;

/// A connection that is signed in and has its mailbox open, by nobody's client.
class BareSocket {
 public:
  BareSocket(std::uint16_t port, const std::string& user, const std::string& password, const std::string& mailbox)
      : socket_{testing::loopback::connect(port)} {
    ask("LOGIN " + user + " " + password);
    examine(mailbox);
  }

  void examine(const std::string& mailbox) { ask("EXAMINE \"" + mailbox + "\""); }

  /// Waits for the end of the command's reply; the bytes of it.
  std::uint64_t ask(const std::string& command) {
    const std::string tag = "t" + std::to_string(++tags_);
    testing::loopback::send_all(socket_, tag + " " + command + "\r\n");
    std::uint64_t told = 0;
    std::string end;
    while (!end.ends_with("\r\n") || end.find("\n" + tag + " OK") == std::string::npos) {
      const ssize_t count = ::recv(socket_.get(), buffer_.data(), buffer_.size(), 0);
      if (count <= 0) give_up("the server told less to a bare socket than it was asked for");
      told += static_cast<std::uint64_t>(count);
      const std::string_view arrived(buffer_.data(), static_cast<std::size_t>(count));
      end.append(arrived.substr(arrived.size() - std::min(arrived.size(), kept)));
      end.erase(0, end.size() - std::min(end.size(), kept));
      if (end.find("\n" + tag + " NO") != std::string::npos || end.find("\n" + tag + " BAD") != std::string::npos)
        give_up("the server refuses: " + command.substr(0, command.find(' ')));
    }
    return told;
  }

 private:
  static constexpr std::size_t kept = 512;  ///< more than a tagged line

  posix::UniqueFd socket_;
  int tags_ = 0;
  std::vector<char> buffer_ = std::vector<char>(1 << 20);
};

/// Takes bodies as the cache does, but keeps nothing.
struct Drain final : BodySink {
  std::uint64_t bytes = 0;
  std::size_t complete = 0;
  Result<> begin(std::size_t, const ChangeKey&, std::uint64_t) override { return {}; }
  Result<> data(std::span<const std::byte> piece) override { return bytes += piece.size(), Result<>{}; }
  Result<> end(bool whole) override { return complete += whole, Result<>{}; }
};

struct Medians {
  double ours, bare;
};

Medians in_turn(const std::function<void()>& ours, const std::function<void()>& bare) {
  std::array<std::array<double, rounds>, 2> times{};
  for (std::size_t round = 0; round < rounds; ++round)
    for (const std::size_t which : {0u, 1u}) {
      const auto begin = Clock::now();
      which == 0 ? ours() : bare();
      times[which][round] = seconds_since(begin);
    }
  for (auto& each : times) std::ranges::sort(each);
  return {times[0][rounds / 2], times[1][rounds / 2]};
}

bool tell(const std::string& what, const Medians& medians, double aim) {
  const double ratio = medians.ours / medians.bare;
  std::printf("%s: %.3f s, by a bare socket %.3f s\n", what.c_str(), medians.ours, medians.bare);
  std::printf("the client alone, %s, times a bare socket: %.2f (aim %.1f)\n", what.c_str(), ratio, aim);
  return ratio <= aim;
}

int run(std::span<char*> words) {
  const char* password = std::getenv("MAPISTORE_PASSWORD");
  if (words.size() != 4 || password == nullptr) {
    std::fputs("usage: MAPISTORE_PASSWORD=... imap_bench PORT USER MAILBOX ITEMS\n", stderr);
    return 64;
  }
  const std::string port = words[0], user = words[1], mailbox = words[2], items = words[3];
  BenchHost host;
  host.password = password;
  const auto backend = imap::make_backend(host);
  const auto context = open(*backend, "imap://" + user + "@localhost:" + port + "/" + mailbox);
  BareSocket bare{static_cast<std::uint16_t>(std::stoi(port)), user, password, mailbox};

  const std::vector<MessageRef> messages = list(*context, true).messages;
  if (messages.empty()) give_up("the mailbox is empty");
  const std::string of = std::to_string(messages.size()) + " messages";
  const Medians metadata = in_turn(
      [&] {
        if (list(*context).count != messages.size()) give_up("a listing misses messages");
      },
      [&] {
        // A listing opens the mailbox anew.
        bare.examine(mailbox);
        bare.ask("UID FETCH 1:* " + items);
      });
  const Medians bodies = in_turn(
      [&] {
        Drain drain;
        need(context->ability<Reading>()->read_many(Call{}, {}, messages, drain));
        if (drain.complete != messages.size()) give_up("bodies are missing");
      },
      [&] { bare.ask("UID FETCH 1:* BODY.PEEK[]"); });
  const bool met = tell("metadata of " + of, metadata, 1.3);
  return tell("bodies of " + of, bodies, 1.2) && met ? 0 : 1;
}

}  // namespace
}  // namespace mapistore::bench

int main(int count, char** words) { return mapistore::bench::run({words + 1, words + count}); }
