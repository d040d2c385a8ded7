// What an archive costs, through the seam: tests/bench/archive runs it.
//
//   archive_bench ingest DIRECTORY ARCHIVE THREADS    saves every file below DIRECTORY
//   archive_bench read ARCHIVE COUNT                  opens and reads COUNT messages at random, without caches
//   archive_bench many ARCHIVE COUNT                  saves COUNT made-up messages, lists them, tells its memory
//
// Each prints one JSON object.
#include <mapistore/summarize.h>
#include <mapistore/uri.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>
#include <thread>

#include "backends/archive/backend.h"

namespace {

using namespace mapistore;
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

class BenchHost final : public Host {
 public:
  void log(LogLevel, std::string_view object, std::string_view text) noexcept override {
    std::cerr << object << ": " << text << '\n';
  }
  Result<std::string> secret(const ContextUri&) override { return fail(Errc::not_found); }
  Result<fs::path> state_directory(std::string_view) override { return fail(Errc::not_found); }
  Time now() const noexcept override { return std::chrono::system_clock::now(); }
};

class TextBody final : public Body {
 public:
  explicit TextBody(std::string_view text) : text_{text} {}
  const ChangeKey& change() const noexcept override { return change_; }
  std::uint64_t size() const noexcept override { return text_.size(); }
  Result<std::size_t> read_at(const Call&, std::uint64_t offset, std::span<std::byte> out) override {
    const std::string_view part = text_.substr(std::min<std::uint64_t>(offset, text_.size()), out.size());
    if (!part.empty()) std::memcpy(out.data(), part.data(), part.size());
    return part.size();
  }

 private:
  std::string_view text_;
  ChangeKey change_;
};

/// Ends the program with the error, if there is one.
template <class T>
T must(Result<T> result) {
  if (!result) {
    std::cerr << "archive_bench: " << result.error().to_string() << '\n';
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

void save(Context& context, const std::string& name, std::string_view bytes) {
  TextBody body{bytes};
  Draft draft;
  draft.body = &body;
  draft.name = name;
  draft.summary = summarize(kind_of_name(name), name, bytes);
  must(context.save({}, {}, draft, nullptr));
}

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

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
        for (std::size_t i = next++; i < mails.size(); i = next++) save(context, mails[i].first, mails[i].second);
      });
  }
  const double took = seconds_since(begin);
  std::cout << "{\"messages\": " << mails.size() << ", \"bytes\": " << total << ", \"seconds\": " << took
            << ", \"rate\": " << static_cast<double>(mails.size()) / took << "}\n";
  return 0;
}

struct Keys final : ChangeSink {
  std::vector<MessageRef> messages;
  std::size_t count = 0;
  bool keep = true;
  bool known(const Key&, const ChangeKey&, const ChangeKey&) override { return false; }
  Result<> message(Entry entry) override {
    ++count;
    if (keep) messages.push_back({entry.key, entry.change, entry.state_change});
    return {};
  }
  Result<> folder(FolderEntry) override { return {}; }
  Result<> removed(const Key&) override { return {}; }
};

/// The kernel keeps no page of `file`.
void forget(const std::string& file) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  ::fdatasync(fd);
  ::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  ::close(fd);
}

int read(Backend& backend, const ContextUri& uri, const std::string& file, std::size_t count) {
  Keys keys;
  must(must(backend.open({}, uri, {}))->changes({}, {}, {}, keys));
  std::mt19937_64 random{1};
  std::vector<double> times;
  for (std::size_t i = 0; i < count; ++i) {
    forget(file);  // nothing is open: no lock is lost
    const auto context = must(backend.open({}, uri, {}));
    const MessageRef& message = keys.messages[random() % keys.messages.size()];
    const auto begin = Clock::now();
    const auto body = must(context->open({}, {}, message));
    std::vector<std::byte> bytes(body->size());
    must(body->read_at({}, 0, bytes));
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
          save(context, number + ".eml",
               "From: anna@example.org\r\nTo: ben@example.org\r\nSubject: number " + number + "\r\nMessage-ID: <" +
                   number + "@example.org>\r\n\r\nThe " + std::to_string(i * 7919 % 100'003) + "th message.\r\n");
        }
      });
  }
  const double took = seconds_since(begin);
  Keys keys;
  keys.keep = false;
  const auto listing = Clock::now();
  must(context.changes({}, {}, {}, keys));
  std::cout << "{\"messages\": " << keys.count << ", \"rate\": " << static_cast<double>(count) / took
            << ", \"listed_in\": " << seconds_since(listing) << ", \"resident_kib\": " << status_value("VmRSS")
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
  const ContextUri uri = must(ContextUri::parse("archive://" + fs::absolute(file).native())).uri;
  if (words[0] == "read") return read(*backend, uri, file, std::stoul(words[2]));
  const auto context = must(backend->open({}, uri, {}));
  if (is_ingest) return ingest(*context, words[1], static_cast<unsigned>(std::stoul(words[3])));
  return many(*context, std::stoul(words[2]));
}

}  // namespace

int main(int count, char** words) { return run({words + 1, words + count}); }
