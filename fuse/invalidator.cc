#include "fuse/invalidator.h"

#include <pthread.h>

#include "fuse/private_device.h"

namespace mapistore::fs {

namespace {

/// Beyond this many waiting events single names are no longer told, only the directories they are in.
constexpr std::size_t most_waiting = 10'000;

}  // namespace

Invalidator::Invalidator(Fmid root) : root_{root.value}, thread_{[this](const std::stop_token& stop) {
  ::pthread_setname_np(::pthread_self(), "invalidator");
  run(stop);
}} {}

Invalidator::~Invalidator() {
  thread_.request_stop();
  Locked locked{mutex_};
  changed_.notify_all();
}

void Invalidator::attach(fuse_session* session) {
  Locked locked{mutex_};
  events_.clear();
  session_ = session;
}

void Invalidator::detach() {
  Locked locked{mutex_};
  session_ = nullptr;
  while (telling_) changed_.wait(locked);
}

void Invalidator::set_root(Fmid root) { root_ = root.value; }

void Invalidator::appeared(Fmid parent, std::string_view name) {
  push({Event::Kind::appeared, parent, {}, std::string(name)});
}
void Invalidator::vanished(Fmid parent, Fmid child, std::string_view name) {
  push({Event::Kind::vanished, parent, child, std::string(name)});
}
void Invalidator::bytes_changed(Fmid fmid) { push({Event::Kind::bytes, {}, fmid, {}}); }
void Invalidator::attributes_changed(Fmid fmid) { push({Event::Kind::attributes, {}, fmid, {}}); }

void Invalidator::push(Event event) {
  Locked locked{mutex_};
  if (session_ == nullptr) return;
  // A burst in one directory costs one line once nobody could follow it name by name.
  if (events_.size() >= most_waiting) {
    if (event.parent && events_.back().name.empty() && events_.back().parent == event.parent) return;
    event.name.clear();
  }
  events_.push_back(std::move(event));
  changed_.notify_all();
}

void Invalidator::run(const std::stop_token& stop) {
  bool separate = false;
  Locked locked{mutex_};
  while (!stop.stop_requested()) {
    if (events_.empty() || session_ == nullptr) {
      changed_.wait(locked);
      continue;
    }
    const Event event = std::move(events_.front());
    events_.pop_front();
    fuse_session* session = session_;
    telling_ = true;
    locked.unlock();
    if (!separate) {
      separate = true;
      take_private_device(fuse_session_fd(session));
    }
    tell(session, event);
    locked.lock();
    telling_ = false;
    if (session_ == nullptr) changed_.notify_all();
  }
}

NodeId Invalidator::node_of(Fmid fmid) const { return fmid.value == root_ ? root_node : NodeId{fmid.value}; }

void Invalidator::tell(fuse_session* session, const Event& event) const {
  // An error means that the kernel holds nothing of the kind: then there is nothing to drop.
  const fuse_ino_t parent = node_of(event.parent).value;
  const fuse_ino_t child = node_of(event.child).value;
  switch (event.kind) {
    case Event::Kind::appeared:
      fuse_lowlevel_notify_inval_inode(session, parent, 0, 0);
      if (!event.name.empty())
        fuse_lowlevel_notify_inval_entry(session, parent, event.name.data(), event.name.size());
      break;
    case Event::Kind::vanished:
      fuse_lowlevel_notify_inval_inode(session, parent, 0, 0);
      if (!event.name.empty() &&
          fuse_lowlevel_notify_delete(session, parent, child, event.name.data(), event.name.size()) != 0)
        fuse_lowlevel_notify_inval_entry(session, parent, event.name.data(), event.name.size());
      break;
    case Event::Kind::bytes: fuse_lowlevel_notify_inval_inode(session, child, 0, 0); break;
    case Event::Kind::attributes: fuse_lowlevel_notify_inval_inode(session, child, -1, 0); break;
  }
}

}  // namespace mapistore::fs
