#include "fuse/search_folders.h"

#include <pthread.h>

#include <algorithm>
#include <condition_variable>

#include "core/codec/names.h"

namespace mapistore::fs {

class SearchFolders::Run {
 public:
  Run(std::uint64_t last_change, std::size_t contexts) : last_change_{last_change}, to_go_{contexts} {}

  std::stop_token stopping() const { return stop_.get_token(); }
  void stop() {
    stop_.request_stop();
    Locked locked{mutex_};
    ended_.notify_all();
  }

  void add(const Node& message) {
    Locked locked{mutex_};
    if (found_.contains(message.fmid)) return;
    std::string name = message.name;
    for (unsigned n = 2; by_name_.contains(name); ++n) name = numbered(message.name, n);
    by_name_.emplace(name, message.fmid);
    found_.emplace(message.fmid, std::move(name));
  }

  void end_one(bool well) {
    Locked locked{mutex_};
    --to_go_;
    well_ = well_ && well;
    ended_.notify_all();
  }

  /// Returns once all contexts have been searched, at the deadline, or when it is stopped.
  void wait(std::chrono::steady_clock::time_point deadline) {
    Locked locked{mutex_};
    ended_.wait_until(locked, deadline,
                      [this]() MAPISTORE_REQUIRES(mutex_) { return to_go_ == 0 || stop_.stop_requested(); });
  }

  bool is_running() const {
    Locked locked{mutex_};
    return to_go_ > 0;
  }
  /// Whether it still shows all there is, as far as this machine knows, after that change.
  bool is_true(std::uint64_t last_change) const {
    Locked locked{mutex_};
    return to_go_ == 0 && well_ && last_change == last_change_;
  }

  template <class Take>
  void list(Fmid after, const Take& take) const {
    Locked locked{mutex_};
    for (auto at = found_.upper_bound(after); at != found_.end() && take(at->second, at->first); ++at) {
    }
  }
  std::optional<Fmid> find(std::string_view name) const {
    Locked locked{mutex_};
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? std::nullopt : std::optional{found->second};
  }

 private:
  const std::uint64_t last_change_;  ///< of the index, when it began
  std::stop_source stop_;
  mutable Mutex mutex_{LockRank::search_run};
  std::condition_variable_any ended_;
  std::size_t to_go_ MAPISTORE_GUARDED_BY(mutex_);  ///< contexts
  bool well_ MAPISTORE_GUARDED_BY(mutex_) = true;
  std::map<Fmid, std::string> found_ MAPISTORE_GUARDED_BY(mutex_);
  std::map<std::string, Fmid, std::less<>> by_name_ MAPISTORE_GUARDED_BY(mutex_);
};

void SearchFolders::stop() {
  std::list<Waiter> waiters;
  {
    Locked locked{mutex_};
    stopped_ = true;
    for (const auto& [name, folder] : folders_)
      if (folder.run) folder.run->stop();
    waiters.swap(waiters_);
  }
}

Result<NodeId> SearchFolders::folder(std::string_view text) {
  {
    Locked locked{mutex_};
    if (const auto found = folders_.find(text); found != folders_.end()) return found->second.id;
  }
  MAPISTORE_TRY(contexts_of(MAPISTORE_TRY(read_search_expression(text, wall_clock()))));
  Locked locked{mutex_};
  if (folders_.size() >= most_folders) {
    const auto oldest = std::ranges::min_element(folders_, {}, [](const auto& one) { return one.second.id; });
    if (oldest->second.run) oldest->second.run->stop();
    folders_.erase(oldest);
  }
  // A number is given again only after all others.
  NodeId id;
  do {
    next_id_ = next_id_ % last_folder + 1;
    id = {next_id_ | mark};
  } while (std::ranges::any_of(folders_, [id](const auto& one) { return one.second.id == id; }));
  return folders_.try_emplace(std::string(text), Folder{id}).first->second.id;
}

Result<> SearchFolders::forget(std::string_view expression) {
  Locked locked{mutex_};
  const auto found = folders_.find(expression);
  if (found == folders_.end()) return fail(Errc::not_found, expression);
  if (found->second.run) found->second.run->stop();
  folders_.erase(found);
  return {};
}

std::vector<ControlTree::Item> SearchFolders::folders() const {
  Locked locked{mutex_};
  std::vector<ControlTree::Item> all;
  // A name that was only looked up, as shells do, was not searched for.
  for (const auto& [name, folder] : folders_)
    if (folder.run) all.push_back({name, folder.id});
  return all;
}

Result<std::vector<LiveContext*>> SearchFolders::contexts_of(const SearchExpression& expression) const {
  std::vector<LiveContext*> contexts;
  for (const auto& context : store_.contexts())
    if (expression.top_folders.empty() || std::ranges::count(expression.top_folders, context->settings().name) > 0)
      contexts.push_back(context.get());
  if (contexts.size() < expression.top_folders.size())
    return fail(Errc::invalid_argument, "in:" + expression.top_folders.front(), "is no top folder of this mount",
                "name one of those at the mount's root, each once");
  return contexts;
}

Result<std::shared_ptr<SearchFolders::Run>> SearchFolders::start(const std::string& name) {
  // Read again, since it may count back from now.
  const SearchExpression expression = MAPISTORE_TRY(read_search_expression(name, wall_clock()));
  const std::vector<LiveContext*> contexts = MAPISTORE_TRY(contexts_of(expression));
  auto run = std::make_shared<Run>(MAPISTORE_TRY(store_.index().last_change()), contexts.size());
  for (LiveContext* context : contexts) {
    const bool taken = context->fetchers().submit([this, run, context, name, restriction = expression.restriction] {
      std::stop_source stop;
      const std::stop_callback forgotten{run->stopping(), [&] { stop.request_stop(); }};
      const std::stop_callback ending{context->fetching(), [&] { stop.request_stop(); }};
      auto searched =
          searcher_.search(stop.get_token(), *context, restriction, [&](const Node& node) { run->add(node); });
      if (!searched && searched.error().code != Errc::cancelled)
        store_.errors().record({searched.error().code,
                                context->settings().name,
                                "not all of it was searched for " + name + ": " + searched.error().to_string(),
                                {}});
      run->end_one(searched.has_value());
    });
    if (taken) continue;
    store_.errors().record({Errc::busy, context->settings().name, "has too much to do to be searched for " + name, {}});
    run->end_one(false);
  }
  return run;
}

Result<> SearchFolders::await(std::shared_ptr<Run> run, Done& done) {
  std::erase_if(waiters_, [](const Waiter& waiter) { return waiter.ended->load(); });
  if (stopped_ || waiters_.size() >= most_waiting)
    return fail(Errc::busy, "search", "too many wait for what is being searched for", "wait for one of them");
  auto ended = std::make_shared<std::atomic<bool>>(false);
  const auto deadline = std::chrono::steady_clock::now() + deadline_;
  waiters_.push_back({ended, std::jthread{[run = std::move(run), ended, deadline, done = std::move(done)]() mutable {
                        ::pthread_setname_np(::pthread_self(), "search");
                        run->wait(deadline);
                        done({});
                        *ended = true;
                      }}});
  return {};
}

Result<bool> SearchFolders::begin(NodeId id, Done& done) {
  Locked locked{mutex_};
  const auto found = std::ranges::find(folders_, id, [](const auto& one) { return one.second.id; });
  if (found == folders_.end()) return fail(Errc::stale, "search", "has been forgotten");
  auto& [name, folder] = *found;
  if (folder.run && folder.run->is_true(MAPISTORE_TRY(store_.index().last_change()))) return false;
  if (!folder.run || !folder.run->is_running()) folder.run = MAPISTORE_TRY(start(name));
  MAPISTORE_CHECK(await(folder.run, done));
  return true;
}

void SearchFolders::search(NodeId folder, Done done) {
  const auto begun = begin(folder, done);
  if (!begun) return done(std::unexpected(begun.error()));
  if (!*begun) done({});
}

std::shared_ptr<SearchFolders::Run> SearchFolders::run_of(NodeId id) const {
  Locked locked{mutex_};
  const auto found = std::ranges::find(folders_, id, [](const auto& one) { return one.second.id; });
  return found == folders_.end() ? nullptr : found->second.run;
}

void SearchFolders::list(NodeId id, Fmid after,
                         const std::function<bool(const std::string& name, Fmid message)>& take) const {
  if (const auto run = run_of(id)) run->list(after, take);
}

Result<Fmid> SearchFolders::find(NodeId id, std::string_view name) const {
  const auto run = run_of(id);
  const auto message = run ? run->find(name) : std::nullopt;
  if (!message) return fail(Errc::not_found, name);
  return *message;
}

bool SearchFolders::was_searched(NodeId id) const { return run_of(id) != nullptr; }

}  // namespace mapistore::fs
