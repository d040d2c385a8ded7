#include "fuse/open_files.h"

#include <algorithm>

#include "core/store.h"

namespace mapistore::fs {

namespace {

constexpr std::size_t kept_recent = 64;
constexpr std::size_t kept_gone = 32;

}  // namespace

void OpenFile::set_unlinked() {
  const Locked locked{mutex};
  home = Home::unlinked;
  dirty = false;
}

void OpenFile::give_up_namelessness() {
  const Locked locked{mutex};
  nameless = nullptr;
}

Result<Body*> OpenFile::load_body(const Call& call, Store& store) {
  if (Body* const loaded = body) return loaded;
  auto opened = store.open(call, fmid);
  const Locked locked{mutex};
  // Another may have opened it meanwhile, just before it went.
  if (body == nullptr) {
    body_owner = MAPISTORE_TRY(std::move(opened));
    body = body_owner.get();
  }
  return body.load();
}

void OpenFile::retire_staged() {
  staged = -1;
  const Locked locked{mutex};
  nameless = nullptr;
  retired_staged_.push_back(std::move(staged_owner));
}

void OpenFile::retire_body() {
  const Locked locked{mutex};
  body = nullptr;
  if (body_owner) retired_bodies_.push_back(std::move(body_owner));
}

OpenFilePtr OpenFiles::open(Fmid fmid) {
  Locked locked{mutex_};
  Counted& counted = files_[fmid.value];
  if (!counted.file) {
    counted.file = find_gone(fmid);
    if (!counted.file) counted.file = std::make_shared<OpenFile>(fmid);
  }
  ++counted.handles;
  return counted.file;
}

std::uint64_t OpenFiles::add_writer(const OpenFile& file) {
  const Locked locked{mutex_};
  told_.emplace(++last_writer_, file.refusals);
  return last_writer_;
}

unsigned OpenFiles::told(const OpenFile& file, std::uint64_t writer) const {
  const Locked locked{mutex_};
  const auto found = told_.find(writer);
  return found == told_.end() ? file.refusals.load() : found->second;
}

void OpenFiles::set_told(std::uint64_t writer, unsigned refusals) {
  const Locked locked{mutex_};
  if (const auto found = told_.find(writer); found != told_.end()) found->second = refusals;
}

void OpenFiles::remove_writer(std::uint64_t writer) {
  const Locked locked{mutex_};
  told_.erase(writer);
}

void OpenFiles::release(Fmid fmid, const std::function<void()>& if_last) {
  OpenFilePtr last;  // closes its descriptors, if it is the last, without the lock
  Locked locked{mutex_};
  const auto found = files_.find(fmid.value);
  if (found == files_.end() || --found->second.handles > 0) return;
  if (if_last) if_last();
  ++closed_;
  last = std::move(found->second.file);
  files_.erase(found);
  locked.unlock();
}

bool OpenFiles::is_last_released(Fmid fmid) {
  const Locked locked{mutex_};
  const auto found = files_.find(fmid.value);
  if (found == files_.end()) return false;
  if (found->second.handles == 1) return true;
  --found->second.handles;
  return false;
}

bool OpenFiles::is_last(Fmid fmid) const {
  const Locked locked{mutex_};
  const auto found = files_.find(fmid.value);
  return found == files_.end() || found->second.handles <= 1;
}

OpenFilePtr OpenFiles::find(Fmid fmid) const {
  Locked locked{mutex_};
  const auto found = files_.find(fmid.value);
  return found == files_.end() ? nullptr : found->second.file;
}

OpenFilePtr OpenFiles::recent(Fmid fmid, bool anew) {
  Locked locked{mutex_};
  const auto found = std::ranges::find(recent_, fmid, [](const OpenFilePtr& file) { return file->fmid; });
  if (found != recent_.end() && !anew) {
    recent_.splice(recent_.begin(), recent_, found);
    return recent_.front();
  }
  if (found != recent_.end()) recent_.erase(found);
  recent_.push_front(std::make_shared<OpenFile>(fmid));
  if (recent_.size() > kept_recent) recent_.pop_back();
  return recent_.front();
}

Result<OpenFiles::Turn> OpenFiles::take_turn(const Call& call, Fmid parent, std::string_view name) {
  std::pair<std::uint64_t, std::string> taken{parent.value, name};
  Locked locked{mutex_};
  while (turns_.contains(taken))
    if (turn_ended_.wait_until(locked, call.deadline) == std::cv_status::timeout) MAPISTORE_CHECK(call.check());
  turns_.insert(taken);
  return Turn{*this, std::move(taken)};
}

OpenFiles::Turn::~Turn() {
  if (files_ == nullptr) return;
  const Locked locked{files_->mutex_};
  files_->turns_.erase(name_);
  files_->turn_ended_.notify_all();
}

void OpenFiles::set_gone(const OpenFilePtr& file) {
  OpenFilePtr oldest;  // closes its descriptors without the lock
  Locked locked{mutex_};
  gone_.push_back(file);
  if (gone_.size() <= kept_gone) return;
  oldest = std::move(gone_.front());
  gone_.pop_front();
  locked.unlock();
}

OpenFilePtr OpenFiles::find_gone(Fmid fmid) const {
  const auto found = std::ranges::find(gone_, fmid, [](const OpenFilePtr& file) { return file->fmid; });
  return found != gone_.end() ? *found : nullptr;
}

bool OpenFiles::is_gone(Fmid fmid) const {
  const Locked locked{mutex_};
  return find_gone(fmid) != nullptr;
}

bool OpenFiles::add_pending(Fmid parent, std::string_view name, const OpenFilePtr& file) {
  Locked locked{mutex_};
  return pending_.try_emplace({parent.value, std::string(name)}, file).second;
}

void OpenFiles::remove_pending(Fmid parent, std::string_view name) {
  Locked locked{mutex_};
  pending_.erase({parent.value, std::string(name)});
}

OpenFilePtr OpenFiles::pending(Fmid parent, std::string_view name) const {
  Locked locked{mutex_};
  if (pending_.empty()) return nullptr;
  const auto found = pending_.find({parent.value, std::string(name)});
  return found == pending_.end() ? nullptr : found->second;
}

bool OpenFiles::has_pending(Fmid parent) const {
  Locked locked{mutex_};
  const auto first = pending_.lower_bound({parent.value, {}});
  return first != pending_.end() && first->first.first == parent.value;
}

std::size_t OpenFiles::count() const {
  Locked locked{mutex_};
  return files_.size();
}

std::size_t OpenFiles::unsaved() const {
  Locked locked{mutex_};
  return static_cast<std::size_t>(
      std::ranges::count_if(files_, [](const auto& item) { return item.second.file->dirty.load(); }));
}

}  // namespace mapistore::fs
