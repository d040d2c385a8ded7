// Creating, writing and changing attributes.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "fuse/filesystem.h"

namespace mapistore::fs {

namespace {

/// So that the reader thread, which copies what lies on this machine, is soon back.
constexpr std::size_t most_copied_at_once = std::size_t{1024} * 1024;

}  // namespace

void Filesystem::create(fuse_req_t request, NodeId parent, std::string_view name, mode_t mode, fuse_file_info info) {
  if (is_face(parent)) return create_face(request, parent, name, info);
  const auto folder = parent_for_change(parent, name);
  if (!folder) return refuse(request, name, folder.error());
  // The kernel does not know yet what has come in the meantime. It looks again for ESTALE, and then opens that.
  if (index_.find((*folder)->fmid, name))
    return static_cast<void>(fuse_reply_err(request, (info.flags & O_EXCL) != 0 ? EEXIST : ESTALE));
  if (const auto fmid = index_.take_fmid()) return create_as(request, *fmid, **folder, name, mode, info);
  later(request, (*folder)->context, Request::Effect::changes, std::string(name),
        [this, folder = *folder, name = std::string(name), mode, info](const Call&) -> Result<Answer> {
          const Fmid fmid = MAPISTORE_TRY(index_.new_fmid());
          return [=, this](fuse_req_t to) { create_as(to, fmid, *folder, name, mode, info); };
        });
}

void Filesystem::create_as(fuse_req_t request, Fmid fmid, const FolderFacts& folder, std::string_view name,
                           mode_t mode, fuse_file_info info) {
  auto staged = staging_.nameless_files()->take();
  if (!staged) return refuse(request, name, staged.error());

  const fuse_ctx* caller = fuse_req_ctx(request);
  Node node;
  node.fmid = fmid;
  node.parent = folder.fmid;
  node.context = folder.context;
  node.name = name;
  node.modified = node.changed = wall_clock();
  node.mode = mode & 07777u;
  if (caller->uid != attributes_.generated(root_node, true, 0, {}).st_uid) node.uid = caller->uid;
  if (caller->gid != attributes_.generated(root_node, true, 0, {}).st_gid) node.gid = caller->gid;

  const OpenFilePtr file = files_.open(fmid);
  {
    Locked locked{file->mutex};
    file->home = OpenFile::Home::created;
    file->node = node;
  }
  file->staged_owner = std::move(*staged);
  file->staged = file->staged_owner.get();
  file->nameless = staging_.nameless_files();
  file->dirty = true;
  if (!files_.add_pending(folder.fmid, name, file)) {
    files_.release(fmid);
    return static_cast<void>(fuse_reply_err(request, EEXIST));
  }
  fuse_entry_param entry = nodes_.entry_of(nodes_.overlay(node));
  entry.entry_timeout = 0;  // a save that fails takes the name away again
  info.fh = files_.add_writer(*file);
  OpenFiles::Handle handle{files_, fmid, info.fh};
  if (fuse_reply_create(request, &entry, &info) != -ENOENT) return handle.keep();
  files_.remove_pending(folder.fmid, name);
}

void Filesystem::write(fuse_req_t request, NodeId id, std::span<const char> bytes, std::uint64_t offset, bool append) {
  if (id == ControlTree::control) {
    if (!may_control(request, id)) return static_cast<void>(fuse_reply_err(request, EACCES));
    control_.take({bytes.data(), bytes.size()});
    return static_cast<void>(fuse_reply_write(request, bytes.size()));
  }
  if (is_face(id)) return write_face(request, id, bytes, offset);
  const OpenFilePtr file = files_.find(nodes_.fmid_of(id));
  if (!file) return static_cast<void>(fuse_reply_err(request, EBADF));
  const auto write_now = [this, offset, append](fuse_req_t to, OpenFile& into, std::span<const char> what) {
    struct stat now {};
    auto where = static_cast<off_t>(offset);
    if (append && ::fstat(into.staged, &now) == 0 && now.st_size != where) {
      where = now.st_size;
      into.misplaced = true;
    }
    const ssize_t count = ::pwrite(into.staged, what.data(), what.size(), where);
    if (count < 0) return refuse_write(to, into.fmid, errno);
    into.dirty = true;
    fuse_reply_write(to, static_cast<std::size_t>(count));
  };
  if (file->staged >= 0) return write_now(request, *file, bytes);
  const auto found = nodes_.find(file->fmid);
  if (!found) return refuse(request, "write", found.error());
  later(request, found->context, Request::Effect::changes, found->name,
        [this, file, write_now,
         copy = std::string(bytes.data(), bytes.size())](const Call& call) mutable -> Result<Answer> {
          MAPISTORE_CHECK(saver_.stage(call, *file, false));
          return [file, write_now, copy = std::move(copy)](fuse_req_t to) { write_now(to, *file, copy); };
        });
}

void Filesystem::refuse_write(fuse_req_t request, Fmid fmid, int error) {
  const Node at = nodes_.find(fmid).value_or(Node{});
  refuse(request, at.name, saver_.about_save(system_error(error, index_.directory().native()), at.parent, at.name));
}

void Filesystem::copy_file_range(fuse_req_t request, NodeId from, std::uint64_t from_offset, NodeId to,
                                 std::uint64_t to_offset, std::size_t length) {
  // The kernel then reads and writes the bytes itself.
  if (is_face(from) || is_face(to) || is_of_mount(from)) return static_cast<void>(fuse_reply_err(request, EOPNOTSUPP));
  const OpenFilePtr source = files_.find(nodes_.fmid_of(from)), target = files_.find(nodes_.fmid_of(to));
  if (!source || !target) return static_cast<void>(fuse_reply_err(request, EBADF));
  const auto copy_now = [=](fuse_req_t answer_to) {
    auto in = static_cast<off_t>(from_offset), out = static_cast<off_t>(to_offset);
    const int fd = source->readable_descriptor();
    const ssize_t count =
        fd < 0 ? -1 : ::copy_file_range(fd, &in, target->staged, &out, std::min(length, most_copied_at_once), 0);
    if (count < 0) return static_cast<void>(fuse_reply_err(answer_to, EOPNOTSUPP));
    target->dirty = true;
    fuse_reply_write(answer_to, static_cast<std::size_t>(count));
  };
  if (source->readable_descriptor() >= 0 && target->staged >= 0) return copy_now(request);
  const auto found = nodes_.find(source->fmid);
  if (!found) return refuse(request, "copy", found.error());
  later(request, found->context, Request::Effect::changes, found->name,
        [this, source, target, copy_now, local = found->is_local()](const Call& call) -> Result<Answer> {
          if (local)
            MAPISTORE_CHECK(saver_.stage(call, *source, false));
          else
            MAPISTORE_CHECK(source->load_body(call, store_));
          MAPISTORE_CHECK(saver_.stage(call, *target, false));
          return copy_now;
        });
}

Result<> Filesystem::commit_for(const Call& call, OpenFile& file, std::uint64_t writer) {
  unsigned told = files_.told(file, writer);
  auto result = saver_.commit(call, file, told);
  files_.set_told(writer, told);
  return result;
}

void Filesystem::flush(fuse_req_t request, NodeId id, std::uint64_t writer) {
  if (is_face(id)) return commit_face_later(request, id);
  if (without_open_) return static_cast<void>(fuse_reply_err(request, ENOSYS));
  const OpenFilePtr file = files_.find(nodes_.fmid_of(id));
  if (!file || (!file->dirty && !file->is_committing && file->refusals == files_.told(*file, writer)))
    return static_cast<void>(fuse_reply_err(request, 0));
  const auto found = saver_.place_of(*file);
  if (!found) return refuse(request, "close", found.error());
  later(request, found->context, Request::Effect::commits, found->name,
        [this, file, writer](const Call& call) -> Result<Answer> {
          MAPISTORE_CHECK(commit_for(call, *file, writer));
          return done();
        });
}

void Filesystem::fsync(fuse_req_t request, NodeId id, std::uint64_t writer) {
  if (is_face(id)) return commit_face_later(request, id);
  const OpenFilePtr file = files_.find(nodes_.fmid_of(id));
  if (!file) return static_cast<void>(fuse_reply_err(request, 0));
  const auto found = nodes_.find(file->fmid);
  if (!found) return refuse(request, "fsync", found.error());
  later(request, found->context, Request::Effect::commits, found->name,
        [this, file, writer](const Call& call) -> Result<Answer> {
          MAPISTORE_CHECK(commit_for(call, *file, writer));
          MAPISTORE_CHECK(saver_.make_durable(call, *file));
          return done();
        });
}

void Filesystem::release(fuse_req_t request, NodeId id, std::uint64_t writer) {
  fuse_reply_err(request, 0);
  files_.remove_writer(writer);
  if (is_face(id)) return release_face(id);
  const OpenFilePtr file = files_.find(nodes_.fmid_of(id));
  if (!file) return;
  {
    Locked locked{file->mutex};
    // Nothing left to do: what was written is in the medium, and its staged bytes go with the descriptor.
    const bool saved = file->nameless != nullptr && file->home == OpenFile::Home::message && !file->dirty;
    if (file->staged < 0 || saved) {
      locked.unlock();
      return files_.release(file->fmid);
    }
  }
  const auto found = nodes_.find(file->fmid);
  const auto context = found ? store_.context(found->context) : Result<LiveContext*>{fail(Errc::not_found)};
  WorkerPool::Job job = [this, file] {
    // A mapping may have written after the last close; its bytes are saved all the same, though nobody can be told.
    const Call call = Call::within(view_.options.deadline);
    saver_.close_handle(call, *file);
  };
  if (!context || !(*context)->workers().submit(std::move(job))) files_.release(file->fmid);
}

void Filesystem::fallocate(fuse_req_t request, NodeId id, int mode, std::uint64_t offset, std::uint64_t length) {
  if (is_face(id)) return static_cast<void>(fuse_reply_err(request, EOPNOTSUPP));
  const OpenFilePtr file = files_.find(nodes_.fmid_of(id));
  const auto found = file ? nodes_.find(file->fmid) : Result<Node>{fail(Errc::not_found)};
  if (!found) return static_cast<void>(fuse_reply_err(request, EBADF));
  later(request, found->context, Request::Effect::changes, found->name, [=, this](const Call& call) -> Result<Answer> {
    MAPISTORE_CHECK(saver_.stage(call, *file, false));
    if (::fallocate(file->staged, mode, static_cast<off_t>(offset), static_cast<off_t>(length)) != 0)
      return std::unexpected(system_error(errno, "staged file"));
    file->dirty = true;
    return done();
  });
}

Result<> Filesystem::truncate(const Call& call, const Node& target, std::uint64_t size) {
  const OpenFilePtr file = files_.open(target.fmid);
  const auto shorten = [&]() -> Result<> {
    MAPISTORE_CHECK(saver_.stage(call, *file, size == 0));
    if (::ftruncate(file->staged, static_cast<off_t>(size)) != 0)
      return std::unexpected(system_error(errno, target.name));
    file->dirty = true;
    return {};
  };
  auto result = shorten();
  // Who has the file open commits when closing it; here there may be nobody else.
  unsigned told = file->refusals;
  if (result && files_.is_last(target.fmid)) result = saver_.commit(call, *file, told);
  saver_.close_handle(call, *file);
  return result;
}

Result<> Filesystem::set_times_and_modes(const Call& call, const Node& target, const struct stat& wanted, int which,
                                         const fuse_ctx& caller) {
  IndexWriter::Attributes change;
  const struct stat now = nodes_.stat_of(target);
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
  if (is_store_root(id) || is_of_mount(id))
    return refuse(request, "attributes", Errc::not_permitted, "of the mount itself are fixed");
  if (is_face(id)) return setattr_of_face(request, id, wanted, which);
  const auto target = nodes_.find(id);
  if (!target) return refuse(request, "setattr", target.error());
  if (!nodes_.is_writable(target->context)) return refuse(request, target->name, Errc::read_only, "is read-only");
  later(request, target->context, Request::Effect::changes, target->name,
        [this, id, target = *target, wanted, which,
         caller = *fuse_req_ctx(request)](const Call& call) mutable -> Result<Answer> {
          const auto held = MAPISTORE_TRY(saver_.hold_spooled(call, target));
          if (held) target = MAPISTORE_TRY(nodes_.find(target.fmid));
          if ((which & FUSE_SET_ATTR_SIZE) != 0)
            MAPISTORE_CHECK(truncate(call, target, static_cast<std::uint64_t>(wanted.st_size)));
          MAPISTORE_CHECK(set_times_and_modes(call, target, wanted, which, caller));
          struct stat attributes = nodes_.stat_of(MAPISTORE_TRY(nodes_.find(target.fmid)));
          attributes.st_ino = id.value;
          return [attributes](fuse_req_t to) { fuse_reply_attr(to, &attributes, Nodes::long_timeout); };
        });
}

}  // namespace mapistore::fs
