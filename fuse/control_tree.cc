#include "fuse/control_tree.h"

#include <malloc.h>
#include <mapistore/sqlite.h>
#include <unistd.h>

#include <algorithm>

#include "core/json.h"
#include "core/switcher.h"
#include "fuse/open_files.h"
#include "fuse/operation_counts.h"
#include "fuse/spool.h"
#include "fuse/unsaved_files.h"

namespace mapistore::fs {

namespace {

std::string_view name_of(LiveContext::Condition condition) noexcept {
  switch (condition) {
    case LiveContext::Condition::opening: return "opening";
    case LiveContext::Condition::syncing: return "syncing";
    case LiveContext::Condition::ready: return "ready";
    case LiveContext::Condition::down: return "down";
  }
  return "down";
}

constexpr std::size_t most_refused = 20;

/// What the daemon has of its heap: in use, of that by databases, and kept for later use.
Json memory_of_process() {
  const struct mallinfo2 heap = ::mallinfo2();
  return {{"used", heap.uordblks + heap.hblkhd}, {"databases", sqlite::memory_used()}, {"kept", heap.fordblks}};
}

/// The folders whose messages are still on their way between media.
Json moves_of(Store& store) {
  auto list = Json::array();
  const auto moves = store.index().folder_moves();
  for (const FolderMove& move : moves.value_or(std::vector<FolderMove>{})) {
    Json item;
    item["folder"] = store.path_of(move.folder).value_or("");
    item["to_go"] = store.index().count_awaiting(move).value_or(0);
    list.push_back(std::move(item));
  }
  return list;
}

std::string_view name_of(SwitchPhase phase) noexcept {
  switch (phase) {
    case SwitchPhase::replicating: return "replicating";
    case SwitchPhase::switching: return "switching";
    case SwitchPhase::switched: return "switched";
    case SwitchPhase::returning: return "returning";
    case SwitchPhase::returned: return "returned";
  }
  return "";
}

/// The contexts that have another medium beside their own.
Json switches_of(Store& store) {
  auto list = Json::array();
  const auto all = store.switcher().status();
  for (const Switcher::Status& one : all.value_or(std::vector<Switcher::Status>{})) {
    Json item;
    item["folder"] = one.folder;
    item["phase"] = name_of(one.phase);
    item["from"] = one.own_uri;
    item["to"] = one.uri;
    item["section"] = one.own_section;
    item["messages"] = one.messages;
    item["held"] = one.held;
    item["failed"] = one.failed;
    item["error"] = one.error ? Json(one.error->to_string()) : Json(nullptr);
    list.push_back(std::move(item));
  }
  return list;
}

}  // namespace

ControlTree::ControlTree(Store& store, const OpenFiles& files, const Spool& spool, const OperationCounts& counts,
                         std::string mount_source)
    : store_{store},
      files_{files},
      spool_{spool},
      counts_{counts},
      requests_{store},
      mount_source_{std::move(mount_source)},
      started_{wall_clock()} {}

std::vector<ControlTree::Item> ControlTree::children() const {
  return {{"status", status},   {"errors", errors}, {"trash", trash},
          {"control", control}, {"search", search}, {"unsaved", unsaved}};
}

std::optional<NodeId> ControlTree::child(std::string_view wanted) const {
  const auto items = children();
  const auto found = std::ranges::find(items, wanted, &Item::name);
  if (found == items.end()) return std::nullopt;
  return found->id;
}

std::string ControlTree::text(NodeId id) const {
  if (id == control) return requests_.answers();
  return id == status ? status_text() : store_.errors().text();
}

std::string_view ControlTree::piece(NodeId id, std::uint64_t offset, std::size_t size) {
  std::string& whole = being_read_[id.value];
  if (offset == 0) whole = text(id);
  return std::string_view{whole}.substr(std::min<std::size_t>(offset, whole.size()), size);
}

std::string ControlTree::status_text() const {
  Json root;
  root["version"] = MAPISTOREFS_VERSION;
  root["pid"] = ::getpid();
  root["source"] = mount_source_;
  root["store"] = store_.index().directory().native();
  root["started"] = started_.time_since_epoch() / std::chrono::seconds{1};
  root["unsaved"] = files_.unsaved() + spool_.count();
  const auto left = UnsavedFiles::total(store_.index().directory() / "unsaved");
  root["left_unsaved"] = {{"files", left.files}, {"bytes", left.bytes}};
  root["open_files"] = files_.count();
  root["memory"] = memory_of_process();
  root["errors"] = store_.errors().count();
  root["contexts"] = Json::array();
  for (const auto& context : store_.contexts()) {
    const auto health = context->health();
    const auto counts = store_.index().counts(context->row().id);
    Json item;
    item["name"] = context->settings().name;
    item["uri"] = context->uri().to_string();
    item["state"] = name_of(health.condition);
    item["error"] = health.error ? Json(health.error->to_string()) : Json(nullptr);
    item["read_only"] = !store_.writable(*context);
    item["messages"] = counts ? counts->messages : 0;
    item["folders"] = counts ? counts->folders : 0;
    item["local"] = counts ? counts->local : 0;
    item["queued"] = context->workers().waiting();
    root["contexts"].push_back(std::move(item));
  }
  root["spool"]["waiting"] = spool_.count();
  root["spool"]["refused"] = Json::array();
  for (const Spool::Refused& refused : spool_.refused(most_refused))
    root["spool"]["refused"].push_back({{"file", store_.path_of(refused.file).value_or("")}, {"error", refused.error}});
  const Store::CacheCounts cache = store_.cache_counts();
  root["cache"] = {{"hits", cache.hits}, {"misses", cache.misses}, {"fetched_bytes", cache.fetched_bytes}};
  counts_.write(root);
  root["moves"] = moves_of(store_);
  root["switches"] = switches_of(store_);
  root["left_to_remove"] = store_.index().count_removals().value_or(0);
  return padded(json_text(root, 2));
}

std::string ControlTree::padded(std::string text) const {
  // Where the kernel reads through its cache it asks for the size before each read, and goes on in a text that is
  // another by then: at the same size there is nothing to go on with.
  constexpr std::size_t step = 4096, spare = 512;
  std::size_t size = padded_size_;
  if (text.size() + 1 > size) {
    size = (text.size() + 1 + spare + step - 1) / step * step;
    padded_size_ = size;
  }
  text.resize(size - 1, ' ');
  return text + "\n";
}

}  // namespace mapistore::fs
