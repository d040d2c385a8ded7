#include "backends/maildir/context.h"
#include "backends/maildir/folder_name.h"

namespace mapistore::maildir {
namespace {

bool holds_messages(const Key& directory) {
  return directory.bytes == "cur" || directory.bytes == "new" || directory.bytes == state_directory;
}

bool is_wanted(const FolderPath& path) {
  if (path.size() == 1 && path[0].bytes.starts_with('.')) return folder_of(path[0].bytes).has_value();
  const bool in_folder = path.size() == 2 && path[0].bytes.starts_with('.');
  return (path.size() == 1 || in_folder) && holds_messages(path.back());
}

/// The folder whose directory, or one of whose three directories, is at `path`.
FolderPath folder_at(const FolderPath& path) {
  if (path.empty() || !path.front().bytes.starts_with('.')) return {};
  return folder_of(path.front().bytes).value_or(FolderPath{});
}

/// Whether the event is about a message's file, and not about its state or a folder.
bool is_of_message(const posix::TreeEvent& event) {
  return event.kind == posix::TreeEvent::Kind::file && !event.directory.empty() &&
         holds_messages(event.directory.back()) && event.directory.back().bytes != state_directory &&
         !event.name.bytes.starts_with('.');
}

/// Tells of one event in the words of folders and messages.
void report(const posix::TreeEvent& event, WatchSink& sink) {
  using Kind = posix::TreeEvent::Kind;
  if (event.kind == Kind::lost) return sink.everything_changed();
  const FolderPath folder = folder_at(event.directory);
  if (event.kind == Kind::directory) {
    sink.folder_changed(folder);
    // A folder came or went: each of its parents may list a child more or less.
    FolderPath child = event.directory.empty() ? folder_at({event.name}) : FolderPath{};
    for (; child.size() > 1; child.pop_back()) sink.folder_changed(parent_of(child));
    return;
  }
  if (event.directory.empty() || !holds_messages(event.directory.back())) return;
  if (event.name.bytes.starts_with('.')) return;
  if (event.directory.back().bytes != state_directory)
    sink.message_changed(folder, Key{FileName::parse(event.name.bytes).base});
  else if (const auto message = StateFiles::message_name(event.name.bytes))
    sink.message_changed(folder, Key{*message});
}

}  // namespace

Result<> MaildirContext::start(const Call& call) {
  if (watcher_) return fail(Errc::busy, root_.path(), "is watched already");
  watcher_ = MAPISTORE_TRY(posix::TreeWatcher::start(call, root_, is_wanted));
  return {};
}

Result<> MaildirContext::watch(const Call& call, WatchSink& sink) {
  if (!watcher_) return fail(Errc::invalid_argument, root_.path(), "is not watched yet");
  while (true) {
    const auto events = MAPISTORE_TRY(watcher_->wait(call));
    note_burst(events);
    for (const posix::TreeEvent& event : events) report(event, sink);
    const std::lock_guard lock{burst_mutex_};
    burst_.clear();
  }
}

void MaildirContext::note_burst(const std::vector<posix::TreeEvent>& events) {
  std::map<FolderPath, Result<MailFolder>> folders;
  for (const posix::TreeEvent& event : events) {
    if (!is_of_message(event)) continue;
    const FolderPath path = folder_at(event.directory);
    const Place place{event.directory.back().bytes == "new", FileName::parse(event.name.bytes)};
    auto known = folders.find(path);
    if (known == folders.end()) known = folders.emplace(path, open_folder(path)).first;
    const bool there = known->second && known->second->of(place).facts(event.name.bytes);
    const std::lock_guard lock{burst_mutex_};
    // A renamed file has two names in the burst: one that is there outweighs one that is not.
    auto& [noted, flags] = burst_[{path, Key{place.name.base}}];
    flags = place.name.flags;
    if (there) noted = place;
  }
}

}  // namespace mapistore::maildir
