// Staging what is written, and committing it to the medium.

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <mapistore/summarize.h>

#include "core/codec/names.h"
#include "fuse/errno.h"
#include "fuse/filesystem.h"
#include "fuse/message_xattrs.h"

namespace mapistore::fs {

namespace {

constexpr double long_timeout = 3600;

/// The staged bytes, as a medium takes them.
class StagedBody final : public Body {
 public:
  StagedBody(int fd, std::uint64_t size) : fd_{fd}, size_{size} {}

  const ChangeKey& change() const noexcept override { return change_; }
  std::uint64_t size() const noexcept override { return size_; }
  int descriptor() const noexcept override { return fd_; }
  Result<std::size_t> read_at(const Call&, std::uint64_t offset, std::span<std::byte> out) override {
    const ssize_t count = ::pread(fd_, out.data(), out.size(), static_cast<off_t>(offset));
    if (count < 0) return std::unexpected(system_error(errno, "staged file"));
    return static_cast<std::size_t>(count);
  }

 private:
  int fd_;
  std::uint64_t size_;
  ChangeKey change_;
};

Result<struct stat> status_of(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return std::unexpected(system_error(errno, "staged file"));
  return status;
}

}  // namespace

bool Filesystem::is_local_place(const FolderFacts& parent, std::string_view name) {
  return parent.kind == NodeKind::local_folder || is_scratch_name(name);
}

bool Filesystem::may_be_empty(std::string_view name) {
  const MessageKind kind = kind_of_name(name);
  return kind == MessageKind::note || kind == MessageKind::document;
}

Result<Node> Filesystem::place_of(OpenFile& file) {
  {
    Locked locked{file.mutex};
    if (file.home == OpenFile::Home::created) return file.node;
  }
  if (auto stored = index_.node(file.fmid)) return stored;
  Locked locked{file.mutex};
  Node node = file.node;
  node.fmid = file.fmid;
  return node;
}

Result<> Filesystem::stage(const Call& call, OpenFile& file, bool empty) {
  if (file.staged >= 0) {
    if (empty && ::ftruncate(file.staged, 0) != 0) return std::unexpected(system_error(errno, "staged file"));
    return {};
  }
  Locked committing{file.commit_mutex};
  if (file.staged >= 0) return {};
  bool local = false;
  {
    Locked locked{file.mutex};
    local = file.home == OpenFile::Home::local;
  }
  if (!local)
    if (const auto stored = index_.node(file.fmid)) local = stored->is_local();
  if (local) {
    auto fd = MAPISTORE_TRY(staging_.reopen(file.fmid));
    if (empty && ::ftruncate(fd.get(), 0) != 0) return std::unexpected(system_error(errno, "staged file"));
    file.staged_owner = std::move(fd);
    file.staged = file.staged_owner.get();
    return {};
  }
  auto fd = MAPISTORE_TRY(staging_.create(file.fmid));
  if (!empty) {
    MAPISTORE_CHECK(load_body(call, file));
    MAPISTORE_CHECK(posix::copy_body(call, *file.body_owner, fd.get()));
  }
  file.staged_owner = std::move(fd);
  file.staged = file.staged_owner.get();
  return {};
}

void Filesystem::create(fuse_req_t request, NodeId parent, std::string_view name, mode_t mode, fuse_file_info info) {
  const auto folder = parent_for_change(parent, name);
  if (!folder) return refuse(request, name, folder.error());
  const auto fmid = index_.take_fmid();
  if (!fmid) return static_cast<void>(fuse_reply_err(request, EAGAIN));
  auto staged = staging_.create_nameless();
  if (!staged) return refuse(request, name, staged.error());

  const fuse_ctx* caller = fuse_req_ctx(request);
  Node node;
  node.fmid = *fmid;
  node.parent = (*folder)->fmid;
  node.context = (*folder)->context;
  node.name = name;
  node.modified = node.changed = wall_clock();
  node.mode = mode & 07777u;
  if (caller->uid != attributes_.generated(root_node, true, 0, {}).st_uid) node.uid = caller->uid;
  if (caller->gid != attributes_.generated(root_node, true, 0, {}).st_gid) node.gid = caller->gid;

  const OpenFilePtr file = files_.open(*fmid);
  {
    Locked locked{file->mutex};
    file->home = OpenFile::Home::created;
    file->node = node;
  }
  file->staged_owner = std::move(*staged);
  file->staged = file->staged_owner.get();
  file->nameless = true;
  file->dirty = true;
  if (!files_.add_pending((*folder)->fmid, name, file)) {
    files_.release(*fmid);
    return static_cast<void>(fuse_reply_err(request, EEXIST));
  }
  const fuse_entry_param entry = entry_of(overlay(node));
  fuse_reply_create(request, &entry, &info);
}

void Filesystem::write(fuse_req_t request, NodeId id, std::span<const char> bytes, std::uint64_t offset) {
  const OpenFilePtr file = files_.find(fmid_of(id));
  if (!file) return static_cast<void>(fuse_reply_err(request, EBADF));
  const auto write_now = [](fuse_req_t to, OpenFile& into, std::span<const char> what, std::uint64_t where) {
    const ssize_t count = ::pwrite(into.staged, what.data(), what.size(), static_cast<off_t>(where));
    if (count < 0) return static_cast<void>(fuse_reply_err(to, errno));
    into.dirty = true;
    fuse_reply_write(to, static_cast<std::size_t>(count));
  };
  if (file->staged >= 0) return write_now(request, *file, bytes, offset);
  const auto found = node(file->fmid);
  if (!found) return refuse(request, "write", found.error());
  later(request, found->context, Request::Effect::changes, found->name,
        [this, file, write_now, offset, copy = std::string(bytes.data(), bytes.size())](const Call& call) mutable
        -> Result<Answer> {
          MAPISTORE_CHECK(stage(call, *file, false));
          return [file, write_now, offset, copy = std::move(copy)](fuse_req_t to) {
            write_now(to, *file, copy, offset);
          };
        });
}

Result<> Filesystem::keep_local(OpenFile& file, Node node) {
  const struct stat status = MAPISTORE_TRY(status_of(file.staged));
  {
    Locked locked{file.mutex};
    node.kind = NodeKind::local_file;
    node.size = static_cast<std::uint64_t>(status.st_size);
    node.modified = file.received.value_or(to_time(status.st_mtim));
  }
  // From now on it has to be found again after a restart.
  MAPISTORE_CHECK(staging_.give_name(file.staged, node.fmid));
  auto writer = MAPISTORE_TRY(IndexWriter::begin(index_));
  if (const auto known = index_.node(node.fmid); known && known->is_local()) {
    MAPISTORE_CHECK(writer->set_size(node.fmid, node.size, node.modified));
  } else {
    MAPISTORE_CHECK(writer->add_local(node));
    Locked locked{file.mutex};
    for (const auto& [name, value] : file.properties) MAPISTORE_CHECK(writer->set_property(node.fmid, name, value));
    file.properties.clear();
  }
  MAPISTORE_CHECK(writer->commit());
  Locked locked{file.mutex};
  file.home = OpenFile::Home::local;
  file.received.reset();
  return {};
}

Result<> Filesystem::save_staged(const Call& call, OpenFile& file, const Node& at, std::string_view name,
                                 Fmid parent) {
  const struct stat status = MAPISTORE_TRY(status_of(file.staged));
  StagedBody body{file.staged, static_cast<std::uint64_t>(status.st_size)};
  Store::Save what{.fmid = file.fmid, .parent = parent, .name = std::string(name), .body = &body, .received = {},
                   .like = at};
  std::map<std::string, std::string> properties;
  {
    Locked locked{file.mutex};
    what.received = file.received;
    properties = file.properties;
  }
  if (at.kind == NodeKind::local_file) {
    what.received = at.modified;
    for (const std::string& property : MAPISTORE_TRY(index_.property_names(file.fmid)))
      properties[property] = MAPISTORE_TRY(index_.property(file.fmid, property));
  }
  MAPISTORE_CHECK(store_.save(call, what));
  {
    Locked locked{file.mutex};
    file.home = OpenFile::Home::message;
    file.received.reset();
    file.properties.clear();
  }
  return apply_properties(call, file.fmid, std::move(properties));
}

Result<> Filesystem::apply_properties(const Call& call, Fmid fmid, std::map<std::string, std::string> properties) {
  if (properties.empty()) return {};
  StateChange change{.state = MAPISTORE_TRY(index_.message(fmid)).state, .received = {}};
  auto writer = MAPISTORE_TRY(IndexWriter::begin(index_));
  for (const auto& [name, value] : properties) {
    if (!is_state_xattr(name)) {
      MAPISTORE_CHECK(writer->set_property(fmid, name, value));
      continue;
    }
    MAPISTORE_CHECK(set_state_xattr(*change.state, name, value));
    static_cast<void>(writer->remove_property(fmid, name));
  }
  MAPISTORE_CHECK(writer->commit());
  writer.reset();
  return store_.change_state(call, fmid, change);
}

Result<> Filesystem::commit(const Call& call, OpenFile& file) {
  Locked committing{file.commit_mutex};
  if (!file.dirty || file.staged < 0) return {};
  {
    Locked locked{file.mutex};
    if (file.home == OpenFile::Home::unlinked) return {};
  }
  const Node at = MAPISTORE_TRY(place_of(file));
  auto result = commit_at(call, file, at);
  if (!result) keep_failed(file, at, result.error());
  return result;
}

Result<> Filesystem::commit_at(const Call& call, OpenFile& file, const Node& at) {
  bool created = false;
  {
    Locked locked{file.mutex};
    created = file.home == OpenFile::Home::created;
  }
  const FolderPtr parent = MAPISTORE_TRY(index_.folder_facts(at.parent));
  const struct stat status = MAPISTORE_TRY(status_of(file.staged));
  const bool known_message = !created && at.kind == NodeKind::message;
  const bool empty = status.st_size == 0 && !may_be_empty(at.name);
  // A shell truncates, closes a duplicate, and only then writes: an existing message waits for its bytes.
  if (empty && known_message) return {};
  // Cleared first: what is written meanwhile needs another commit.
  file.dirty = false;
  auto committed = empty || is_local_place(*parent, at.name) ? keep_local(file, at)
                                                            : save_staged(call, file, at, at.name, at.parent);
  if (!committed) {
    file.dirty = true;
    return committed;
  }
  if (created) files_.remove_pending(at.parent, at.name);
  if (session_ != nullptr) {
    // Before the answer, so that who closes the file and then looks sees it: this thread is nobody's reader.
    fuse_lowlevel_notify_inval_inode(session_, node_of(file.fmid).value, -1, 0);
    if (created) fuse_lowlevel_notify_inval_inode(session_, node_of(at.parent).value, 0, 0);
  }
  return {};
}

void Filesystem::keep_failed(OpenFile& file, const Node& at, const Error& error) {
  Error named = error;
  if (named.object.empty()) named.object = at.name;
  if (const auto kept = staging_.keep_unsaved(file.staged, file.fmid, at.name))
    named.hint += (named.hint.empty() ? "" : "; ") + std::string("the bytes are kept in ") + kept->native();
  store_.errors().record(named);
  bool created = false;
  {
    Locked locked{file.mutex};
    created = file.home == OpenFile::Home::created;
    if (created) file.home = OpenFile::Home::unlinked;
  }
  file.dirty = false;
  if (created) {
    files_.remove_pending(at.parent, at.name);
    invalidator_.vanished(at.parent, file.fmid, at.name);
  } else {
    invalidator_.bytes_changed(file.fmid);
  }
}

void Filesystem::flush(fuse_req_t request, NodeId id) {
  if (without_open_) return static_cast<void>(fuse_reply_err(request, ENOSYS));
  const OpenFilePtr file = files_.find(fmid_of(id));
  if (!file || !file->dirty) return static_cast<void>(fuse_reply_err(request, 0));
  const auto found = place_of(*file);
  if (!found) return refuse(request, "close", found.error());
  later(request, found->context, Request::Effect::changes, found->name,
        [this, file](const Call& call) -> Result<Answer> {
          MAPISTORE_CHECK(commit(call, *file));
          return done();
        });
}

Result<> Filesystem::make_durable(const Call& call, OpenFile& file) {
  std::unique_ptr<Body> saved;
  int fd = file.staged;
  if (const auto stored = index_.node(file.fmid); stored && !stored->is_local()) {
    // A server has made its copy safe itself; a local medium's file is the one to sync.
    saved = MAPISTORE_TRY(store_.open(call, file.fmid));
    fd = saved->descriptor();
  }
  if (fd >= 0 && ::fsync(fd) != 0) return std::unexpected(system_error(errno, "fsync"));
  return {};
}

void Filesystem::fsync(fuse_req_t request, NodeId id) {
  const OpenFilePtr file = files_.find(fmid_of(id));
  if (!file || file->staged < 0) return static_cast<void>(fuse_reply_err(request, 0));
  const auto found = node(file->fmid);
  if (!found) return refuse(request, "fsync", found.error());
  later(request, found->context, Request::Effect::changes, found->name,
        [this, file](const Call& call) -> Result<Answer> {
          MAPISTORE_CHECK(commit(call, *file));
          MAPISTORE_CHECK(make_durable(call, *file));
          return done();
        });
}

void Filesystem::release(fuse_req_t request, NodeId id) {
  fuse_reply_err(request, 0);
  const OpenFilePtr file = files_.find(fmid_of(id));
  if (!file) return;
  {
    Locked locked{file->mutex};
    // Nothing left to do: what was written is in the medium, and its staged bytes go with the descriptor.
    const bool saved = file->nameless && file->home == OpenFile::Home::message && !file->dirty;
    if (file->staged < 0 || saved) {
      locked.unlock();
      return static_cast<void>(files_.release(file->fmid));
    }
  }
  const auto found = node(file->fmid);
  const auto context = found ? store_.context(found->context) : Result<LiveContext*>{fail(Errc::not_found)};
  WorkerPool::Job job = [this, file] {
    // A mapping may have written after the last close; its bytes are saved all the same, though nobody can be told.
    const Call call = Call::within(view_.options.deadline);
    if (files_.release(file->fmid)) finish(call, *file);
  };
  if (!context || !(*context)->workers().submit(std::move(job))) files_.release(file->fmid);
}

void Filesystem::finish(const Call& call, OpenFile& file) {
  const Node at = place_of(file).value_or(Node{});
  if (file.dirty && at.kind == NodeKind::message && at.size > 0 && index_.message(file.fmid)) {
    const auto status = status_of(file.staged);
    if (status && status->st_size == 0 && !may_be_empty(at.name)) {
      // Truncated and left so: what it held goes where deleted messages go, an empty local file takes its name.
      Node empty = at;
      if (const auto fmid = index_.take_fmid(); fmid && store_.remove(call, at)) {
        empty.fmid = *fmid;
        empty.kind = NodeKind::local_file;
        empty.size = 0;
        auto writer = IndexWriter::begin(index_);
        if (staging_.create(*fmid) && writer && (*writer)->add_local(empty)) static_cast<void>((*writer)->commit());
        invalidator_.vanished(at.parent, file.fmid, at.name);
      }
      staging_.remove(file.fmid);
      return;
    }
  }
  static_cast<void>(commit(call, file));
  if (const auto now = index_.node(file.fmid); !now || !now->is_local()) staging_.remove(file.fmid);
}

void Filesystem::fallocate(fuse_req_t request, NodeId id, int mode, std::uint64_t offset, std::uint64_t length) {
  const OpenFilePtr file = files_.find(fmid_of(id));
  const auto found = file ? node(file->fmid) : Result<Node>{fail(Errc::not_found)};
  if (!found) return static_cast<void>(fuse_reply_err(request, EBADF));
  later(request, found->context, Request::Effect::changes, found->name,
        [=, this](const Call& call) -> Result<Answer> {
          MAPISTORE_CHECK(stage(call, *file, false));
          if (::fallocate(file->staged, mode, static_cast<off_t>(offset), static_cast<off_t>(length)) != 0)
            return std::unexpected(system_error(errno, "staged file"));
          file->dirty = true;
          return done();
        });
}

Result<> Filesystem::truncate(const Call& call, const Node& target, std::uint64_t size) {
  const OpenFilePtr file = files_.open(target.fmid);
  const auto shorten = [&]() -> Result<> {
    MAPISTORE_CHECK(stage(call, *file, size == 0));
    if (::ftruncate(file->staged, static_cast<off_t>(size)) != 0)
      return std::unexpected(system_error(errno, target.name));
    file->dirty = true;
    return {};
  };
  auto result = shorten();
  // The last handle's release commits; this may be the only one.
  if (files_.release(target.fmid)) {
    if (result) result = commit(call, *file);
    finish(call, *file);
  }
  return result;
}

Result<> Filesystem::set_times_and_modes(const Call& call, const Node& target, const struct stat& wanted, int which,
                                         const fuse_ctx& caller) {
  IndexWriter::Attributes change;
  const struct stat now = stat_of(target);
  const bool owner = caller.uid == 0 || caller.uid == now.st_uid;
  if ((which & (FUSE_SET_ATTR_MODE | FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID)) != 0 && !owner)
    return fail(Errc::not_permitted, target.name, "belongs to another user");
  if ((which & FUSE_SET_ATTR_MODE) != 0) change.mode = wanted.st_mode & 07777u;
  if ((which & FUSE_SET_ATTR_UID) != 0 && wanted.st_uid != now.st_uid) {
    if (caller.uid != 0) return fail(Errc::not_permitted, target.name, "only root may give files away");
    change.uid = wanted.st_uid;
  }
  if ((which & FUSE_SET_ATTR_GID) != 0 && wanted.st_gid != now.st_gid) {
    if (caller.uid != 0 && wanted.st_gid != caller.gid)
      return fail(Errc::not_permitted, target.name, "only root may give files to another group");
    change.gid = wanted.st_gid;
  }
  std::optional<Time> modified;
  if ((which & FUSE_SET_ATTR_MTIME_NOW) != 0)
    modified = wall_clock();
  else if ((which & FUSE_SET_ATTR_MTIME) != 0)
    modified = to_time(wanted.st_mtim);

  const OpenFilePtr file = files_.find(target.fmid);
  bool created = false;
  if (file) {
    Locked locked{file->mutex};
    created = file->home == OpenFile::Home::created;
    if (modified && (created || file->dirty)) file->received = std::exchange(modified, std::nullopt);
    if (created) {
      if (change.mode) file->node.mode = change.mode;
      if (change.uid) file->node.uid = change.uid;
      if (change.gid) file->node.gid = change.gid;
    }
  }
  if (created) return {};
  if (modified && target.kind == NodeKind::message)
    MAPISTORE_CHECK(store_.change_state(call, target.fmid, {.state = {}, .received = modified}));
  else
    change.modified = modified;
  if (change.mode || change.uid || change.gid || change.modified)
    return store_.set_attributes(target.fmid, change);
  return {};
}

void Filesystem::setattr(fuse_req_t request, NodeId id, const struct stat& wanted, int which) {
  if (is_store_root(id) || ControlTree::owns(id))
    return refuse(request, "attributes", Errc::not_permitted, "of the mount itself are fixed");
  const auto target = node(fmid_of(id));
  if (!target) return refuse(request, "setattr", target.error());
  if (!writable(target->context)) return refuse(request, target->name, Errc::read_only, "is read-only");
  later(request, target->context, Request::Effect::changes, target->name,
        [this, id, target = *target, wanted, which, caller = *fuse_req_ctx(request)](const Call& call)
        -> Result<Answer> {
          if ((which & FUSE_SET_ATTR_SIZE) != 0)
            MAPISTORE_CHECK(truncate(call, target, static_cast<std::uint64_t>(wanted.st_size)));
          MAPISTORE_CHECK(set_times_and_modes(call, target, wanted, which, caller));
          struct stat attributes = stat_of(MAPISTORE_TRY(node(target.fmid)));
          attributes.st_ino = id.value;
          return [attributes](fuse_req_t to) { fuse_reply_attr(to, &attributes, long_timeout); };
        });
}

}  // namespace mapistore::fs
