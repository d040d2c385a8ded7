#include "backends/dav/object_reader.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <stop_token>
#include <thread>

#include "backends/dav/failure.h"
#include "backends/dav/object_text.h"
#include "backends/dav/requests.h"

namespace mapistore::dav {
namespace {

constexpr int reading_threads = 2;
/// Of batches that were read and not yet used.
constexpr std::size_t most_waiting = 2;

/// The bytes whose text XML gave, if its line ends can be told.
std::optional<std::string> restored(std::string text, std::optional<std::uint64_t> length) {
  if (length && text.size() == *length) return text;
  std::string crlf = with_crlf(text);
  if (!length || crlf.size() == *length) return crlf;
  if (std::string lf = with_lf(text); lf.size() == *length) return lf;
  return std::nullopt;
}

Result<std::string> get(const Call& call, Server& server, const Url& url, std::string_view object) {
  Response response = MAPISTORE_TRY(server.send(call, {.method = "GET", .url = url}));
  if (response.status != 200) return std::unexpected(refusal(response, object));
  return std::move(response.body);
}

/// Splits a batch that a server answers with more than is taken, down to single objects.
Result<Multistatus> multiget(const Call& call, Server& server, const Collection& collection,
                             std::span<const Url> urls) {
  auto answer = server.ask(call, "REPORT", collection.url, "1", requests::multiget(collection.of_cards(), urls));
  if (answer || answer.error().code != Errc::too_large || urls.size() < 2) return answer;
  const std::size_t half = urls.size() / 2;
  auto first = MAPISTORE_TRY(multiget(call, server, collection, urls.first(half)));
  auto rest = MAPISTORE_TRY(multiget(call, server, collection, urls.subspan(half)));
  std::ranges::move(rest.resources, std::back_inserter(first.resources));
  return first;
}

/// Reads batches in threads of its own, some ahead of who takes them.
class Batches {
 public:
  using Read = std::function<Result<std::vector<Fetched>>(const Call&, std::size_t batch)>;

  Batches(const Call& call, std::size_t count, Read read) : read_{std::move(read)}, count_{count} {
    const std::size_t threads = std::min<std::size_t>(count, reading_threads);
    running_ = threads;
    for (std::size_t i = 0; i < threads; ++i)
      threads_.emplace_back([this, call](const std::stop_token& own) { run(call, own); });
  }
  ~Batches() {
    for (std::jthread& thread : threads_) thread.request_stop();
    changed_.notify_all();
  }

  /// The next that is there, or nothing after the last.
  std::optional<Result<std::vector<Fetched>>> take() {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return !ready_.empty() || running_ == 0; });
    if (ready_.empty()) return std::nullopt;
    auto batch = std::move(ready_.front());
    ready_.pop_front();
    changed_.notify_all();
    return batch;
  }

 private:
  void run(const Call& call, const std::stop_token& own) {
    // Ends with the caller, and with who no longer takes what is read.
    std::stop_source either;
    const auto end = [&either] { either.request_stop(); };
    const std::stop_callback with_caller{call.stop, end}, with_owner{own, end};
    const Call mine{call.deadline, either.get_token()};
    std::unique_lock lock{mutex_};
    while (next_ < count_ && !own.stop_requested()) {
      const std::size_t batch = next_++;
      lock.unlock();
      auto read = read_(mine, batch);
      lock.lock();
      if (!read) next_ = count_;
      changed_.wait(lock, own, [this] { return ready_.size() < most_waiting; });
      ready_.push_back(std::move(read));
      changed_.notify_all();
    }
    --running_;
    changed_.notify_all();
  }

  const Read read_;
  const std::size_t count_;
  std::mutex mutex_;  ///< rank: leaf
  std::condition_variable_any changed_;
  std::deque<Result<std::vector<Fetched>>> ready_;
  std::size_t next_ = 0, running_ = 0;
  std::vector<std::jthread> threads_;
};

}  // namespace

bool is_safe_name(const ServerProfile& profile, std::string_view name) noexcept {
  return !name.empty() && name != "." && name != ".." && name.find('\0') == std::string_view::npos &&
         !(profile.mistakes_quotes && name.contains('\''));
}

Result<std::vector<Fetched>> fetch(const Call& call, Server& server, const Collection& collection,
                                   std::span<const std::string> names) {
  std::vector<Url> urls;
  for (const std::string& name : names) urls.push_back(collection.url.child(name, false));
  if (urls.empty()) return std::vector<Fetched>{};
  Multistatus answer = MAPISTORE_TRY(multiget(call, server, collection, urls));
  const ServerProfile& profile = server.profile();
  std::vector<Fetched> objects;
  for (Resource& resource : answer.resources) {
    const auto asked = std::ranges::find(urls, resource.url.path, &Url::path);
    if (asked == urls.end() || resource.status >= 400 || !resource.data) continue;
    Fetched object;
    object.key.bytes = names[static_cast<std::size_t>(asked - urls.begin())];
    auto bytes = restored(*std::move(resource.data), resource.length);
    if (!bytes) {
      auto got = get(call, server, *asked, object.key.bytes);
      if (!got && got.error().code == Errc::not_found) continue;
      bytes = MAPISTORE_TRY(std::move(got));
    }
    object.bytes = *std::move(bytes);
    object.change = change_of(profile, resource.etag, object.bytes);
    object.modified = resource.modified ? *resource.modified : time_in(object.bytes);
    if (std::ranges::find(objects, object.key, &Fetched::key) == objects.end()) objects.push_back(std::move(object));
  }
  return objects;
}

Result<> fetch_all(const Call& call, Server& server, const Collection& collection, std::span<const std::string> names,
                   const std::function<Result<>(Fetched&&)>& use) {
  const std::size_t size = server.profile().batch;
  const auto read = [&](const Call& reading, std::size_t batch) {
    return fetch(reading, server, collection, names.subspan(batch * size, std::min(size, names.size() - batch * size)));
  };
  Batches batches{call, (names.size() + size - 1) / size, read};
  while (auto batch = batches.take()) {
    if (!*batch) return std::unexpected(std::move(*batch).error());
    for (Fetched& object : **batch) MAPISTORE_CHECK(use(std::move(object)));
  }
  return call.check();
}

}  // namespace mapistore::dav
