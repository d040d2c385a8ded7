#include "core/store.h"

#include <algorithm>

#include "core/archivist.h"
#include "core/context_sync.h"
#include "core/folder_mover.h"
#include "core/read_ahead.h"
#include "core/switcher.h"
#include "core/trash_keeper.h"

namespace mapistore {

namespace {

/// How often a message may move while it is being opened.
constexpr int most_moves = 50;
/// A smaller message costs less than it costs to ask how it is made up.
constexpr std::uint64_t least_outlined = 512 * 1024;

}  // namespace

Store::Store(Index& index, ErrorsLog& errors, StoreObserver& observer, Policy policy)
    : index_{index},
      errors_{errors},
      observer_{observer},
      policy_{std::move(policy)},
      copier_{std::make_unique<Copier>(*this, index, errors)},
      mover_{std::make_unique<FolderMover>(*this, index, *copier_, errors, observer)},
      trash_keeper_{std::make_unique<TrashKeeper>(*this, errors)},
      archivist_{std::make_unique<Archivist>(*this, errors)},
      switcher_{std::make_unique<Switcher>(*this, index, errors, observer, policy_.open_section)},
      bodies_{std::make_unique<RemoteBodies>(index, observer, errors, policy_.cache_directory, policy_.cache_size)},
      read_ahead_{std::make_unique<ReadAhead>(index, *bodies_)} {
  index_.on_foreign_change = [this](const Index::ForeignChange& change) {
    const Node& node = change.node;
    const bool moved = change.old_parent && (change.old_parent != node.parent || change.old_name != node.name);
    if (moved) observer_.vanished(change.old_parent, node.fmid, change.old_name);
    if (change.gone) {
      observer_.vanished(node.parent, node.fmid, node.name);
      if (node.is_folder()) go_on_moving();
    } else {
      observer_.appeared(node.parent, node.name);
      if (!node.is_folder()) observer_.bytes_changed(node.fmid);
    }
  };
}

Store::~Store() = default;

Result<> Store::add(LiveContext::Settings settings, Backend& backend) {
  Backend* opens = &backend;
  if (auto exchanged = MAPISTORE_TRY(switcher_->exchanged(settings.uri))) {
    opens = exchanged->backend;
    settings.uri = std::move(exchanged->uri);
    settings.options = std::move(exchanged->options);
  }
  auto writer = MAPISTORE_TRY(IndexWriter::begin(index_));
  const ContextRow row = MAPISTORE_TRY(writer->context(settings.uri.to_string()));
  MAPISTORE_CHECK(writer->commit());
  contexts_.push_back(std::make_unique<LiveContext>(std::move(settings), *opens, index_, row, observer_, errors_));
  LiveContext& context = *contexts_.back();
  context.on_folder_gone = [this] { go_on_moving(); };
  context.on_remote = [this] { remote_ = true; };
  context.on_bytes_gone = [this, id = row.id](Fmid fmid, const MessageRef& bytes) {
    if (remote_) bodies_->forget({id, fmid, bytes.key, bytes.change});
  };
  if (row.remote) remote_ = true;
  return {};
}

void Store::start() {
  for (const auto& context : contexts_) context->start();
  if (!policy_.read_only) copier_->start();
  go_on_moving();
  trash_keeper_->start();
  archivist_->start();
  if (!policy_.read_only && policy_.open_section) switcher_->start();
}

void Store::go_on_moving() {
  if (!policy_.read_only) mover_->go_on();
}

bool Store::stop(std::chrono::steady_clock::time_point deadline) {
  // First, while the media are open.
  bool all = switcher_->stop(deadline);
  all = archivist_->stop(deadline) && all;
  all = mover_->stop(deadline) && all;
  all = copier_->stop(deadline) && all;
  all = trash_keeper_->stop(deadline) && all;
  for (const auto& context : contexts_) all = context->stop(deadline) && all;
  return all;
}

Result<LiveContext*> Store::context(ContextId id) const {
  const auto found = std::ranges::find(contexts_, id, [](const auto& context) { return context->row().id; });
  if (found == contexts_.end()) return fail(Errc::not_found, "context", "is not part of this mount");
  return found->get();
}

Result<UseGate::Use> Store::use(const Call& call, ContextId id) const { return MAPISTORE_TRY(context(id))->use(call); }

Result<UseGate::Use> Store::use_of(const Call& call, Fmid folder) {
  return use(call, MAPISTORE_TRY(index_.folder_facts(folder))->context);
}

bool Store::writable(const LiveContext& context) const noexcept {
  return !policy_.read_only && !context.settings().read_only;
}

Result<bool> Store::holds(const Call& call, ContextId id, MessageKind kind) const {
  LiveContext* live = MAPISTORE_TRY(context(id));
  const auto& kinds = MAPISTORE_TRY(live->medium(call))->profile().kinds;
  return kinds.empty() || std::ranges::find(kinds, kind) != kinds.end();
}

Result<Store::Place> Store::place(const Call& call, Fmid folder) {
  const auto facts = MAPISTORE_TRY(index_.folder_facts(folder));
  if (facts->kind == NodeKind::local_folder) return fail(Errc::other_medium, {}, "is kept on this machine only");
  LiveContext* live = MAPISTORE_TRY(context(facts->context));
  Context* medium = MAPISTORE_TRY(live->medium(call));
  return Place{live, medium, MAPISTORE_TRY(live->path(call, folder))};
}

Result<Store::Place> Store::place_for_writing(const Call& call, Fmid folder) {
  Place found = MAPISTORE_TRY(place(call, folder));
  if (!writable(*found.context) || found.medium->profile().read_only)
    return fail(Errc::read_only, found.context->settings().name, "is read-only");
  MAPISTORE_CHECK(found.context->await_turn(call));
  return found;
}

void Store::tell_moved(const Node& node, Fmid parent, std::string_view name) {
  observer_.vanished(node.parent, node.fmid, node.name);
  observer_.appeared(parent, name);
}

void Store::tell_made(Fmid parent, std::string_view name) { observer_.appeared(parent, name); }

Result<std::unique_ptr<Body>> Store::open(const Call& call, Fmid fmid) {
  // What is not where the index had it a moment ago may have been moved since: it is asked again while it has it.
  for (int left = most_moves;; --left) {
    const auto use = MAPISTORE_TRY(this->use(call, MAPISTORE_TRY(index_.node(fmid)).context));
    const StoredMessage message = MAPISTORE_TRY(index_.message(fmid));
    auto body = open_where_it_was(call, message);
    if (body || body.error().code != Errc::not_found || left == 0) return body;
    MAPISTORE_CHECK(call.check());
  }
}

Result<std::unique_ptr<Body>> Store::open_where_it_was(const Call& call, const StoredMessage& message) {
  const Fmid home = MAPISTORE_TRY(index_.home(message.node));
  if (!remote_ || !is_remote(message.node.context)) return ask_medium(call, message, home);
  return bodies_->open(call, **context(message.node.context), message, [&] { return ask_medium(call, message, home); });
}

Result<std::unique_ptr<Body>> Store::ask_medium(const Call& call, const StoredMessage& message, Fmid home) {
  const Place from = MAPISTORE_TRY(place(call, home));
  auto body = from.medium->open(call, from.path, message.ref);
  const auto is_other = [&](const Body& opened) {
    return opened.change() != message.ref.change ||
           (message.node.size_trust == SizeTrust::exact && opened.size() != message.node.size);
  };
  const bool outdated = body ? is_other(**body) : body.error().code == Errc::not_found;
  if (outdated) MAPISTORE_CHECK(from.context->refresh(call, home, message.ref.key));
  return body;
}

Result<Store::Place> Store::place_unchanged(const Call& call, const StoredMessage& message) {
  const StoredMessage now = MAPISTORE_TRY(index_.message(message.node.fmid));
  if (now.node.context != message.node.context || now.ref.key != message.ref.key ||
      now.ref.change != message.ref.change)
    return fail(Errc::stale, message.node.name, "has changed meanwhile");
  return place(call, MAPISTORE_TRY(index_.home(now.node)));
}

bool Store::holds_body(const StoredMessage& message) { return bodies_->has_begun(message); }

Result<std::optional<PartReading::Outline>> Store::outline(const Call& call, const StoredMessage& message) {
  const Node& node = message.node;
  if (!remote_ || !is_remote(node.context) || node.size < least_outlined || holds_body(message)) return std::nullopt;
  const auto use = MAPISTORE_TRY(this->use(call, node.context));
  const Place from = MAPISTORE_TRY(place_unchanged(call, message));
  auto* const parts = from.medium->ability<PartReading>();
  if (parts == nullptr) return std::nullopt;
  auto told = MAPISTORE_TRY(parts->outline(call, from.path, message.ref));
  bodies_->count_asked(told.beginning.size());
  const bool is_other = told.change != message.ref.change ||
                        (node.size_trust == SizeTrust::exact && told.size != node.size) || told.size < least_outlined;
  return is_other ? std::nullopt : std::optional{std::move(told)};
}

Result<> Store::read_range(const Call& call, const StoredMessage& message, std::uint64_t offset,
                           std::span<std::byte> out) {
  const auto use = MAPISTORE_TRY(this->use(call, message.node.context));
  const Place from = MAPISTORE_TRY(place_unchanged(call, message));
  auto* const parts = from.medium->ability<PartReading>();
  if (parts == nullptr) return fail(Errc::stale, message.node.name, "is in another medium meanwhile");
  bodies_->count_asked(out.size());
  return parts->read_range(call, from.path, message.ref, offset, out);
}

bool Store::is_remote(ContextId id) const {
  const auto live = context(id);
  return live && (*live)->is_remote();
}

bool Store::rewrites_bytes(ContextId id) const {
  const auto live = context(id);
  return live && (*live)->rewrites_bytes();
}

void Store::reading(const Node& message) {
  const auto live = context(message.context);
  if (live && (*live)->is_remote() && message.kind == NodeKind::message) read_ahead_->opened(**live, message);
}

Store::CacheCounts Store::cache_counts() const noexcept {
  const RemoteBodies::Counts& counts = bodies_->counts();
  return {counts.hits.load(std::memory_order_relaxed), counts.misses.load(std::memory_order_relaxed),
          counts.fetched_bytes.load(std::memory_order_relaxed)};
}

Result<> Store::read_following(const Call& call, Fmid after, const std::function<bool(const Node&)>& wanted,
                               const std::function<bool(const Node&, const Body&)>& take) {
  const Node reader = MAPISTORE_TRY(index_.node(after));
  const Fmid folder = reader.parent;
  const auto use = MAPISTORE_TRY(use_of(call, folder));
  if (remote_ && is_remote(reader.context))
    return index_.list_messages(folder, after, [&](const StoredMessage& message) {
      if (!call.check()) return false;
      if (message.node.context != reader.context || !wanted(message.node)) return true;
      const auto body = bodies_->find(message);
      return body != nullptr && take(message.node, *body);
    });
  const Place from = MAPISTORE_TRY(place(call, folder));
  return index_.list_messages(folder, after, [&](const StoredMessage& message) {
    if (!call.check()) return false;
    // One that still lies in another medium is left to who asks for it.
    if (message.node.context != from.context->row().id || !wanted(message.node)) return true;
    const auto body = from.medium->open(call, from.path, message.ref);
    return !body || (*body)->change() != message.ref.change || take(message.node, **body);
  });
}

Result<Usage> Store::usage(const Call& call, ContextId id) const {
  const auto use = MAPISTORE_TRY(this->use(call, id));
  Context* medium = MAPISTORE_TRY(MAPISTORE_TRY(context(id))->medium(call));
  Quota* quota = medium->ability<Quota>();
  return quota != nullptr ? quota->usage(call) : Result<Usage>{Usage{}};
}

Result<std::string> Store::path_of(Fmid object, Fmid below) const {
  std::string path;
  for (Fmid at = object; at != below;) {
    const Node node = MAPISTORE_TRY(index_.node(at));
    const std::string& name = node.parent ? node.name : MAPISTORE_TRY(context(node.context))->settings().name;
    path.insert(0, path.empty() ? name : name + "/");
    if (!node.parent) break;
    at = node.parent;
  }
  return path;
}

Result<Describing::Details> Store::details(const Call& call, Fmid folder) {
  const auto use = MAPISTORE_TRY(use_of(call, folder));
  const Place at = MAPISTORE_TRY(place(call, folder));
  auto* const describing = at.medium->ability<Describing>();
  return describing != nullptr ? describing->details(call, at.path) : Result<Describing::Details>{};
}

Result<> Store::set_detail(const Call& call, Fmid folder, std::string_view name,
                           std::optional<std::string_view> value) {
  const auto use = MAPISTORE_TRY(use_of(call, folder));
  const Place at = MAPISTORE_TRY(place_for_writing(call, folder));
  auto* const describing = at.medium->ability<Describing>();
  if (describing == nullptr) return fail(Errc::unsupported, name, "this medium keeps no such thing of a folder");
  return describing->set_detail(call, at.path, name, value);
}

Result<> Store::set_attributes(Fmid fmid, const IndexWriter::Attributes& attributes) {
  auto writer = MAPISTORE_TRY(IndexWriter::begin(index_));
  MAPISTORE_CHECK(writer->set_attributes(fmid, attributes));
  return writer->commit();
}

}  // namespace mapistore
