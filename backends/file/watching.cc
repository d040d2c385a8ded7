#include "backends/file/context.h"

namespace mapistore::file {
namespace {

bool is_state_directory(const FolderPath& path) { return !path.empty() && path.back().bytes == state_directory; }

bool is_wanted(const FolderPath& path) {
  const std::string& name = path.back().bytes;
  return !is_hidden(name) || name == state_directory || (path.size() == 1 && name == trash_name);
}

/// Tells of one event in the words of folders and messages; changed state is a changed message.
void report(const posix::TreeEvent& event, WatchSink& sink) {
  using Kind = posix::TreeEvent::Kind;
  if (event.kind == Kind::lost) return sink.everything_changed();
  FolderPath folder = event.directory;
  const bool state = is_state_directory(folder);
  if (state) folder.pop_back();
  if (event.kind == Kind::directory) return sink.folder_changed(folder);
  if (is_hidden(event.name.bytes)) return;
  if (!state) return sink.message_changed(folder, event.name);
  if (const auto message = StateFiles::message_name(event.name.bytes))
    sink.message_changed(folder, Key{*message});
  else
    sink.folder_changed(folder);
}

}  // namespace

Result<> FileContext::start(const Call& call) {
  if (watcher_) return fail(Errc::busy, root_.path(), "is watched already");
  watcher_ = MAPISTORE_TRY(posix::TreeWatcher::start(call, root_, is_wanted));
  return {};
}

Result<> FileContext::watch(const Call& call, WatchSink& sink) {
  if (!watcher_) return fail(Errc::invalid_argument, root_.path(), "is not watched yet");
  while (true)
    for (const posix::TreeEvent& event : MAPISTORE_TRY(watcher_->wait(call))) report(event, sink);
}

}  // namespace mapistore::file
