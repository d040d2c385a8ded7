#include "fuse/look_ahead.h"

#include <algorithm>

#include "fuse/open_files.h"

namespace mapistore::fs {

namespace {

/// Two in order may be chance.
constexpr unsigned enough_in_order = 2;
/// FMIDs of neighbours in a listing are near each other; folders and local files take some in between.
constexpr std::uint64_t near = 320;
constexpr std::size_t window = 128;
/// What the reader will have asked for itself by the time it is pushed.
constexpr std::uint64_t too_near = 4;
constexpr std::uint64_t largest_file = 256 * 1024;
constexpr std::uint64_t most_bytes = 8 * 1024 * 1024;
constexpr std::chrono::seconds time_to_follow{10};

}  // namespace

void LookAhead::opened(Fmid fmid) {
  reader_at_ = fmid.value;
  std::uint64_t after = 0;
  {
    Locked locked{mutex_};
    const bool in_order = fmid.value > last_ && fmid.value - last_ <= near;
    run_ = in_order ? run_ + 1 : 0;
    last_ = fmid.value;
    if (ahead_.empty()) return;
    if (!in_order) return ahead_.clear();
    while (!ahead_.empty() && ahead_.front() <= fmid.value) ahead_.pop_front();
    if (pushing_ || ahead_.empty() || ahead_.size() > window / 2) return;
    pushing_ = true;
    after = ahead_.back();
  }
  start_pushing(after);
}

void LookAhead::missed(Fmid fmid) {
  std::uint64_t after = fmid.value;
  {
    Locked locked{mutex_};
    if (run_ < enough_in_order || pushing_ || fmid.value < last_) return;
    // One that is too large to be put ahead is missed among others that are there.
    if (ahead_.size() > window / 2) return;
    if (!ahead_.empty()) after = std::max(after, ahead_.back());
    pushing_ = true;
  }
  start_pushing(after);
}

void LookAhead::start_pushing(std::uint64_t after) {
  const auto node = store_.index().node(Fmid{after});
  const auto context = node ? store_.context(node->context) : Result<LiveContext*>{fail(Errc::not_found)};
  if (context && (*context)->workers().submit([this, after] { push(Fmid{after}); })) return;
  Locked locked{mutex_};
  pushing_ = false;
}

void LookAhead::push(Fmid after) {
  pushing_now_ = true;
  std::uint64_t bytes = 0;
  std::size_t count = 0;
  const std::uint64_t commits = store_.index().commits();
  const auto wanted = [&](const Node& node) {
    return node.size <= largest_file && node.fmid.value > reader_at_ + too_near;
  };
  const auto take = [&](const Node& node, const Body& body) {
    bytes += node.size;
    if (!push_one(node, body, commits)) return false;
    Locked locked{mutex_};
    if (ahead_.empty() || ahead_.back() < node.fmid.value) ahead_.push_back(node.fmid.value);
    return (only_misses_ || ++count < window) && bytes < most_bytes;
  };
  static_cast<void>(store_.read_following(Call::within(time_to_follow), after, wanted, take));
  pushing_now_ = false;
  Locked locked{mutex_};
  pushing_ = false;
}

bool LookAhead::push_one(const Node& node, const Body& body, std::uint64_t commits) const {
  fuse_session* session = session_;
  const auto pass = gate_.enter();
  if (session == nullptr || !pass) return false;
  if (files_.find(node.fmid)) return true;  // somebody reads or writes it: the kernel asks for what it needs
  if (body.descriptor() < 0 || body.size() != node.size || node.size == 0) return true;
  fuse_bufvec buffer = FUSE_BUFVEC_INIT(static_cast<std::size_t>(node.size));
  buffer.buf[0].flags = static_cast<fuse_buf_flags>(FUSE_BUF_IS_FD | FUSE_BUF_FD_SEEK);
  buffer.buf[0].fd = body.descriptor();
  // What the kernel does not know it does not take; the reader is then looking elsewhere.
  const bool taken = fuse_lowlevel_notify_store(session, node.fmid.value, 0, &buffer, FUSE_BUF_NO_SPLICE) == 0;
  if (!taken) return false;
  // Who wrote it meanwhile must not find there what it was.
  const auto is_changed = [&] {
    const auto now = store_.index().node(node.fmid);
    return !now || now->changed != node.changed;
  };
  const auto file = files_.find(node.fmid);
  if ((file && file->staged >= 0) || (store_.index().commits() != commits && is_changed()))
    fuse_lowlevel_notify_inval_inode(session, node.fmid.value, 0, 0);
  return true;
}

}  // namespace mapistore::fs
