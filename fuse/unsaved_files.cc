#include "fuse/unsaved_files.h"

#include <sys/stat.h>

#include <algorithm>

#include "core/copier.h"
#include "fuse/staged_body.h"
#include "fuse/staging_area.h"

namespace mapistore::fs {

namespace {

/// Whether a file called `kept` keeps bytes that were to be saved as `name`, or was copied back under its own name.
bool is_kept_of(std::string_view kept, std::string_view name) {
  if (kept == name) return true;
  const std::size_t dash = kept.find('-');
  return dash != 0 && dash == kept.find_first_not_of("0123456789") &&
         kept.substr(dash + 1) == StagingArea::kept_name(name);
}

}  // namespace

UnsavedFiles::Total UnsavedFiles::total(const std::filesystem::path& directory) {
  Total total;
  const auto kept = posix::Directory::open(directory.native());
  const auto items = kept ? kept->list(Call{}) : Result<std::vector<posix::DirectoryItem>>{};
  for (const auto& item : items.value_or(std::vector<posix::DirectoryItem>{})) {
    const auto facts = kept->facts(item.name);
    if (!facts || !facts->is_file()) continue;
    ++total.files;
    total.bytes += facts->size;
  }
  return total;
}

NodeId UnsavedFiles::id_of(const std::string& name) {
  const auto [place, added] = numbers_.try_emplace(name, NodeId{(mark << mark_shift) | (last_number_ + 1)});
  if (added) names_.emplace(NodeId{(mark << mark_shift) | ++last_number_}, name);
  return place->second;
}

Result<std::string> UnsavedFiles::name_of(NodeId id) const {
  const auto found = names_.find(id);
  if (found == names_.end()) return fail(Errc::not_found, "unsaved", "has no such file any more");
  return found->second;
}

bool UnsavedFiles::was_saved_lately(const std::string& name) const {
  const std::lock_guard lock{mutex_};
  const auto found = saved_.find(name);
  return found != saved_.end() && std::chrono::steady_clock::now() - found->second < remembered;
}

std::vector<ControlTree::Item> UnsavedFiles::list() {
  std::vector<std::string> names;
  if (const auto kept = posix::Directory::open(directory_.native()))
    for (auto& item : kept->list(Call{}).value_or(std::vector<posix::DirectoryItem>{}))
      if (const auto facts = kept->facts(item.name); facts && facts->is_file()) names.push_back(std::move(item.name));
  std::ranges::sort(names);
  // What is gone is not remembered for ever.
  std::erase_if(numbers_, [&](const auto& known) {
    const bool gone = !std::ranges::binary_search(names, known.first) && !was_saved_lately(known.first);
    if (gone) names_.erase(known.second);
    return gone;
  });
  std::vector<ControlTree::Item> items;
  for (const std::string& name : names) items.push_back({name, id_of(name)});
  return items;
}

Result<UnsavedFiles::File> UnsavedFiles::find(std::string_view name) {
  const std::string text{name};
  const auto facts = MAPISTORE_TRY(posix::Directory::open(directory_.native())).facts(name);
  if (facts && facts->is_file()) return File{id_of(text), facts->size, facts->modified};
  if (was_saved_lately(text)) return File{id_of(text)};
  return fail(Errc::not_found, name);
}

Result<UnsavedFiles::File> UnsavedFiles::file(NodeId id) const {
  const std::string name = MAPISTORE_TRY(name_of(id));
  const auto facts = MAPISTORE_TRY(posix::Directory::open(directory_.native())).facts(name);
  if (facts) return File{id, facts->size, facts->modified};
  if (was_saved_lately(name)) return File{id};
  return std::unexpected(facts.error());
}

Result<posix::UniqueFd> UnsavedFiles::open(NodeId id) const {
  return MAPISTORE_TRY(posix::Directory::open(directory_.native())).open_file(MAPISTORE_TRY(name_of(id)));
}

Result<> UnsavedFiles::remove(std::string_view name) {
  auto removed = MAPISTORE_TRY(posix::Directory::open(directory_.native())).remove_file(name);
  const std::string text{name};
  const bool known = removed || was_saved_lately(text);
  {
    const std::lock_guard lock{mutex_};
    saved_.erase(text);
  }
  return known ? Result<>{} : removed;
}

void UnsavedFiles::saved(const Call& call, std::string_view name, Body& body) {
  struct stat now{};
  if (::stat(directory_.c_str(), &now) != 0) return;
  {
    const std::lock_guard lock{mutex_};
    if (empty_since_ == to_time(now.st_mtim)) return;
  }
  const auto kept = posix::Directory::open(directory_.native());
  const auto items = kept ? kept->list(call) : Result<std::vector<posix::DirectoryItem>>{fail(Errc::io)};
  if (!items) return;
  for (const auto& item : *items) {
    if (!is_kept_of(item.name, name)) continue;
    const auto fd = kept->open_file(item.name);
    auto bytes = fd ? StagedBody::of(fd->get()) : Result<StagedBody>{fail(Errc::not_found)};
    if (!bytes || !is_same(call, body, *bytes).value_or(false) || !kept->remove_file(item.name)) continue;
    const std::lock_guard lock{mutex_};
    const auto then = std::chrono::steady_clock::now();
    std::erase_if(saved_, [&](const auto& one) { return then - one.second >= remembered; });
    saved_[item.name] = then;
  }
  const std::lock_guard lock{mutex_};
  if (items->empty()) empty_since_ = to_time(now.st_mtim);
}

}  // namespace mapistore::fs
