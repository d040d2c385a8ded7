// What an archive costs, through the seam: tests/bench/archive runs it.
//
//   archive_bench ingest DIRECTORY ARCHIVE THREADS    saves every file below DIRECTORY
//   archive_bench read ARCHIVE COUNT                  opens and reads COUNT messages at random, without caches
//   archive_bench many ARCHIVE COUNT                  saves COUNT made-up messages, lists them, tells its memory
//
// Each prints one JSON object.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>
#include <thread>

#include "backends/archive/backend.h"
#include "tests/bench/seam.h"

namespace mapistore::bench {
namespace {

namespace fs = std::filesystem;

/// Of the line "VmHWM:  1234 kB" in /proc/self/status.
long status_value(const std::string& name) {
  std::ifstream status{"/proc/self/status"};
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(name)) return std::stol(line.substr(line.find_first_of("0123456789")));
  return 0;
}

int ingest(Context& context, const fs::path& directory, unsigned threads) {
  std::vector<std::pair<std::string, std::string>> mails;
  std::uintmax_t total = 0;
  for (const auto& item : fs::recursive_directory_iterator{directory}) {
    if (!item.is_regular_file()) continue;
    std::ifstream stream{item.path(), std::ios::binary};
    mails.emplace_back(item.path().filename(), std::string{std::istreambuf_iterator<char>{stream}, {}});
    total += mails.back().second.size();
  }
  std::ranges::sort(mails);
  const auto begin = Clock::now();
  std::atomic<std::size_t> next = 0;
  {
    std::vector<std::jthread> savers;
    for (unsigned thread = 0; thread < threads; ++thread)
      savers.emplace_back([&] {
        for (std::size_t i = next++; i < mails.size(); i = next++)
          save(context, kind_of_name(mails[i].first), mails[i].first, mails[i].second);
      });
  }
  const double took = seconds_since(begin);
  std::cout << "{\"messages\": " << mails.size() << ", \"bytes\": " << total << ", \"seconds\": " << took
            << ", \"rate\": " << static_cast<double>(mails.size()) / took << "}\n";
  return 0;
}

/// The kernel keeps no page of `file`.
void forget(const std::string& file) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  ::fdatasync(fd);
  ::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  ::close(fd);
}

int read(Backend& backend, const ContextUri& uri, const std::string& file, std::size_t count) {
  const std::vector<MessageRef> messages = list(*need(backend.open({}, uri, {})), true).messages;
  std::mt19937_64 random{1};
  std::vector<double> times;
  for (std::size_t i = 0; i < count; ++i) {
    forget(file);  // nothing is open: no lock is lost
    const auto context = need(backend.open({}, uri, {}));
    const MessageRef& message = messages[random() % messages.size()];
    const auto begin = Clock::now();
    const auto body = need(context->open({}, {}, message));
    std::vector<std::byte> bytes(body->size());
    need(body->read_at({}, 0, bytes));
    times.push_back(seconds_since(begin) * 1000);
  }
  std::ranges::sort(times);
  std::cout << "{\"p50\": " << times[times.size() / 2] << ", \"p99\": " << times[times.size() * 99 / 100]
            << ", \"worst\": " << times.back() << "}\n";
  return 0;
}

int many(Context& context, std::size_t count) {
  constexpr unsigned threads = 16;
  const auto begin = Clock::now();
  std::atomic<std::size_t> next = 0;
  {
    std::vector<std::jthread> savers;
    for (unsigned thread = 0; thread < threads; ++thread)
      savers.emplace_back([&] {
        for (std::size_t i = next++; i < count; i = next++) {
          const std::string number = std::to_string(i);
          save(context, MessageKind::mail, number + ".eml",
               "From: anna@example.org\r\nTo: ben@example.org\r\nSubject: number " + number + "\r\nMessage-ID: <" +
                   number + "@example.org>\r\n\r\nThe " + std::to_string(i * 7919 % 100'003) + "th message.\r\n");
        }
      });
  }
  const double took = seconds_since(begin);
  const auto listing = Clock::now();
  const std::size_t listed = list(context).count;
  const double listed_in = seconds_since(listing);
  std::cout << "{\"messages\": " << listed << ", \"rate\": " << static_cast<double>(count) / took
            << ", \"listed_in\": " << listed_in << ", \"resident_kib\": " << status_value("VmRSS")
            << ", \"most_kib\": " << status_value("VmHWM") << "}\n";
  return 0;
}

int run(const std::vector<std::string>& words) {
  const bool is_ingest = words.size() == 4 && words[0] == "ingest";
  if (!is_ingest && !(words.size() == 3 && (words[0] == "read" || words[0] == "many"))) {
    std::cerr << "archive_bench ingest DIRECTORY ARCHIVE THREADS | read ARCHIVE COUNT | many ARCHIVE COUNT\n";
    return 64;
  }
  BenchHost host;
  const auto backend = archive::make_backend(host);
  const std::string file = words[is_ingest ? 2 : 1];
  const ContextUri uri = need(ContextUri::parse("archive://" + fs::absolute(file).native())).uri;
  if (words[0] == "read") return read(*backend, uri, file, std::stoul(words[2]));
  const auto context = need(backend->open({}, uri, {}));
  if (is_ingest) return ingest(*context, words[1], static_cast<unsigned>(std::stoul(words[3])));
  return many(*context, std::stoul(words[2]));
}

}  // namespace
}  // namespace mapistore::bench

int main(int count, char** words) { return mapistore::bench::run({words + 1, words + count}); }
