#include "core/searcher.h"

#include <algorithm>

#include "core/live_context.h"

namespace mapistore {

struct Searcher::Run {
  const std::stop_token& stop;
  LiveContext& context;
  const Restriction& restriction;
  const Take& take;
  std::optional<Error> failed{};

  Call call() const { return Call::within(context.settings().deadline, stop); }
};

Result<> Searcher::search(const std::stop_token& stop, LiveContext& context, const Restriction& restriction,
                          const Take& take) {
  Run run{stop, context, restriction, take};
  MAPISTORE_CHECK(context.await_ready(run.call()));
  std::vector<Fmid> folders{context.row().root};
  while (!folders.empty()) {
    const Fmid folder = folders.back();
    folders.pop_back();
    if (auto searched = search_folder(run, folder); !searched && searched.error().code != Errc::not_found)
      return searched;
    for (const StoredFolder& child : MAPISTORE_TRY(store_.index().subfolders(folder)))
      if (child.role != Role::trash && child.node.fmid != context.row().trash) folders.push_back(child.node.fmid);
  }
  if (run.failed) return std::unexpected(*std::move(run.failed));
  return {};
}

Result<> Searcher::search_folder(Run& run, Fmid folder) {
  MAPISTORE_CHECK(run.call().check());
  MAPISTORE_CHECK(run.context.ensure_listed(run.call(), folder));
  std::vector<StoredMessage> doubtful;
  MAPISTORE_CHECK(store_.index().list_messages(folder, {}, [&](const StoredMessage& message) {
    const Truth known = matches(run.restriction, message);
    if (known == Truth::yes) run.take(message.node);
    if (known == Truth::unknown) doubtful.push_back(message);
    return true;
  }));
  if (doubtful.empty()) return {};
  const auto found = MAPISTORE_TRY(ask_medium(run, folder));
  std::vector<std::string> keys;
  if (found) {
    for (const Key& key : found->keys) keys.push_back(key.bytes);
    std::ranges::sort(keys);
  }
  for (const StoredMessage& message : doubtful) {
    MAPISTORE_CHECK(run.call().check());
    // What is still on its way lies in another medium than was asked.
    const bool was_asked_for = found && message.node.context == run.context.row().id;
    if (was_asked_for && !std::ranges::binary_search(keys, message.ref.key.bytes)) continue;
    if (was_asked_for && found->decided)
      run.take(message.node);
    else
      read(run, message.node.fmid);
  }
  return {};
}

Result<std::optional<Searching::Found>> Searcher::ask_medium(Run& run, Fmid folder) {
  const Call call = run.call();
  const auto use = MAPISTORE_TRY(store_.use(call, run.context.row().id));
  const Store::Place place = MAPISTORE_TRY(store_.place(call, folder));
  auto* searching = place.medium->ability<Searching>();
  if (searching == nullptr) return std::nullopt;
  auto found = searching->search(call, place.path, without_indexed(run.restriction));
  if (!found && found.error().code == Errc::unsupported) return std::nullopt;
  if (!found) return std::unexpected(std::move(found).error());
  return *std::move(found);
}

void Searcher::read(Run& run, Fmid message) {
  const auto view = views_.view(run.call(), message);
  if (view) {
    if (matches(run.restriction, **view)) run.take((*view)->stored.node);
  } else if (view.error().code != Errc::not_found && !run.failed) {
    run.failed = view.error();
  }
}

}  // namespace mapistore
