// Finding, listing and reading.

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "fuse/directory_buffer.h"
#include "fuse/errno.h"
#include "fuse/filesystem.h"

namespace mapistore::fs {

namespace {

/// A name that was not there may be created in the medium by someone whom no watcher sees.
constexpr double negative_timeout = 60;

fuse_entry_param negative_entry(std::string_view name = {}) {
  fuse_entry_param entry{};
  // A face comes with its message, and nobody is told of it.
  if (!name.ends_with(Face::property_file_suffix) && !name.ends_with(Face::parts_suffix))
    entry.entry_timeout = negative_timeout;
  return entry;
}

}  // namespace

void Filesystem::lookup(fuse_req_t request, NodeId parent, std::string_view name) {
  if (name.size() > 255) return static_cast<void>(fuse_reply_err(request, ENAMETOOLONG));
  if (SearchFolders::owns(parent)) return lookup_found(request, parent, name);
  if (is_store_root(parent) || ControlTree::owns(parent) || (parent == root_node && name == ControlTree::name))
    return lookup_in_mount(request, parent, name);
  if (is_face(parent)) return lookup_face(request, parent, name);
  const Fmid folder = nodes_.fmid_of(parent);
  if (const auto found = nodes_.child(folder, name)) return reply_entry(request, nodes_.entry_of(*found));
  if (const auto face = face_beside(folder, name)) return lookup_beside(request, *face);
  const auto sought = index_.seek(folder, name);
  if (!sought) return refuse(request, name, sought.error());
  if (sought->child) return reply_entry(request, nodes_.entry_of(nodes_.overlay(*sought->child)));
  if (sought->all_known) return reply_entry(request, negative_entry(name));
  later(request, sought->context, Request::Effect::reads, std::string(name),
        [this, folder, context = sought->context, name = std::string(name)](const Call& call) -> Result<Answer> {
          LiveContext* live = MAPISTORE_TRY(store_.context(context));
          MAPISTORE_CHECK(live->ensure_listed(call, folder));
          const auto found = nodes_.child(folder, name);
          fuse_entry_param entry = found ? nodes_.entry_of(*found) : negative_entry(name);
          if (const auto face = found ? std::nullopt : face_beside(folder, name))
            entry = MAPISTORE_TRY(entry_of_face(
                *MAPISTORE_TRY(faces_.tree(call, face->message.fmid, FaceTrees::extent_of(face->face))), face->face));
          return [entry](fuse_req_t to) { fuse_reply_entry(to, &entry); };
        });
}

void Filesystem::lookup_in_mount(fuse_req_t request, NodeId parent, std::string_view name) {
  fuse_entry_param entry{};
  if (parent == root_node && name != ControlTree::name) {
    const LiveContext* context = nodes_.top_folder(name);
    if (context == nullptr) return reply_entry(request, negative_entry());
    entry.attr = nodes_.stat_of_top(*context);
    entry.ino = entry.attr.st_ino;
    entry.attr_timeout = entry.entry_timeout = Nodes::long_timeout;
    return reply_entry(request, entry);
  }
  if (parent == ControlTree::trash) {
    LiveContext* context = nodes_.top_folder(name);
    if (context == nullptr) return reply_entry(request, negative_entry());
    return later(request, context->row().id, Request::Effect::reads, std::string(name),
                 [this, context](const Call& call) -> Result<Answer> {
                   const Fmid folder = MAPISTORE_TRY(context->trash(call));
                   fuse_entry_param trash{};
                   trash.attr = nodes_.stat_of(MAPISTORE_TRY(index_.node(folder)));
                   trash.ino = trash.attr.st_ino = Nodes::trash_id_of(folder).value;
                   return [trash](fuse_req_t to) { fuse_reply_entry(to, &trash); };
                 });
  }
  if (parent == ControlTree::search) return lookup_search(request, name);
  if (parent == ControlTree::unsaved) return lookup_unsaved(request, name);
  const auto id = parent == root_node ? std::optional{ControlTree::directory} : control_.child(name);
  if (!id) return reply_entry(request, negative_entry());
  entry.ino = id->value;
  entry.attr = nodes_.stat_of_mount_node(*id);
  entry.entry_timeout = Nodes::long_timeout;
  reply_entry(request, entry);
}

void Filesystem::opendir(fuse_req_t request, NodeId id, fuse_file_info info) {
  if (without_open_) return static_cast<void>(fuse_reply_err(request, ENOSYS));
  // What is seen under two nodes, or made up on the spot, the kernel is not told about: it must ask.
  if (is_face(id)) return static_cast<void>(fuse_reply_open(request, &info));
  const bool cached = !is_store_root(id) && !is_of_mount(id) && !Nodes::is_of_trash(id);
  info.cache_readdir = info.keep_cache = cached ? 1 : 0;
  if (is_store_root(id) || is_of_mount(id)) return static_cast<void>(fuse_reply_open(request, &info));
  const auto stored = index_.folder(nodes_.fmid_of(id));
  if (!stored) return refuse(request, "opendir", stored.error());
  if (stored->listed) return static_cast<void>(fuse_reply_open(request, &info));
  later(request, stored->node.context, Request::Effect::reads, stored->node.name,
        [this, info, folder = stored->node.fmid, context = stored->node.context](const Call& call) -> Result<Answer> {
          MAPISTORE_CHECK(MAPISTORE_TRY(store_.context(context))->ensure_listed(call, folder));
          return [info](fuse_req_t to) { fuse_reply_open(to, &info); };
        });
}

void Filesystem::readdir(fuse_req_t request, NodeId id, std::size_t size, std::uint64_t offset, bool plus) {
  const auto reply = [this](fuse_req_t to, const Result<std::string>& bytes) {
    if (!bytes) return refuse(to, "readdir", bytes.error());
    fuse_reply_buf(to, bytes->data(), bytes->size());
  };
  if (SearchFolders::owns(id)) return readdir_of_search(request, id, size, offset, plus);
  if (is_store_root(id) || ControlTree::owns(id))
    return reply(request, fill_mount_directory(request, id, size, offset, plus));
  if (is_face(id)) return readdir_of_face(request, id, size, offset, plus);
  const Fmid folder = nodes_.fmid_of(id);
  // With opendir the folder is listed by now; without it, the first piece of a stream finds out.
  if (const auto stored = index_.folder(folder); !stored || !stored->listed) {
    if (!stored) return refuse(request, "readdir", stored.error());
    return later(request, stored->node.context, Request::Effect::reads, stored->node.name,
                 [=, this, context = stored->node.context](const Call& call) -> Result<Answer> {
                   MAPISTORE_CHECK(MAPISTORE_TRY(store_.context(context))->ensure_listed(call, folder));
                   return [=, this](fuse_req_t to) { reply(to, fill_directory(to, folder, id, size, offset, plus)); };
                 });
  }
  reply(request, fill_directory(request, folder, id, size, offset, plus));
}

Result<std::string> Filesystem::fill_directory(fuse_req_t request, Fmid folder, NodeId id, std::size_t size,
                                               std::uint64_t offset, bool plus) {
  DirectoryBuffer buffer{request, size, plus};
  if (offset < after_dot && !buffer.add(".", dot_entry(id.value), after_dot)) return std::string{};
  if (offset < after_dot_dot && !buffer.add("..", dot_entry(root_node.value), after_dot_dot)) return buffer.take();
  const Fmid after{offset <= after_dot_dot ? 0 : message_of_face({offset}).value};
  if (after && !add_faces(buffer, after, face_number({offset}))) return buffer.take();
  MAPISTORE_CHECK(index_.list(folder, after, [&](const Node& node) {
    return buffer.add(node.name, nodes_.entry_of(node.kind == NodeKind::folder ? node : nodes_.overlay(node)),
                      node.fmid.value) &&
           add_faces(buffer, node.fmid, 0);
  }));
  return buffer.take();
}

bool Filesystem::add_faces(DirectoryBuffer& buffer, Fmid message, std::uint32_t after) const {
  if (!view_.options.list_property_files && !view_.options.list_parts) return true;
  const auto node = index_.node(message);
  if (!node || node->kind != NodeKind::message) return true;
  for (const auto& [number, suffix, listed] :
       {std::tuple{Face::property_file_number, Face::property_file_suffix, view_.options.list_property_files},
        std::tuple{Face::parts_number, Face::parts_suffix, view_.options.list_parts}}) {
    const std::string name = node->name + std::string(suffix);
    // What a user called so himself goes before.
    if (!listed || number <= after || name.size() > 255 || index_.find(node->parent, name)) continue;
    fuse_entry_param entry{};
    entry.attr.st_ino = face_id(message, number).value;
    entry.attr.st_mode = number == Face::parts_number ? S_IFDIR : S_IFREG;
    if (!buffer.add(name, entry, entry.attr.st_ino)) return false;
  }
  return true;
}

std::string Filesystem::fill_mount_directory(fuse_req_t request, NodeId id, std::size_t size, std::uint64_t offset,
                                             bool plus) {
  DirectoryBuffer buffer{request, size, plus};
  if (offset < after_dot && !buffer.add(".", dot_entry(id.value), after_dot)) return {};
  if (offset < after_dot_dot && !buffer.add("..", dot_entry(root_node.value), after_dot_dot)) return buffer.take();
  const std::size_t first = offset <= after_dot_dot ? 0 : static_cast<std::size_t>(offset - after_dot_dot);
  const bool shows_contexts = id == root_node || id == ControlTree::trash;
  std::vector<ControlTree::Item> items;
  if (id == ControlTree::directory) items = control_.children();
  if (id == ControlTree::search) items = searches_.folders();
  if (id == ControlTree::unsaved) items = unsaved_.list();
  const std::size_t count = shows_contexts ? store_.contexts().size() : items.size();
  for (std::size_t at = first; at < count; ++at) {
    fuse_entry_param entry{};
    std::string name;
    if (!shows_contexts) {
      name = items[at].name;
      if (id == ControlTree::unsaved) {
        // How large they are is told when they are looked up (ino 0).
        entry.attr.st_ino = items[at].id.value;
        entry.attr.st_mode = S_IFREG;
      } else {
        entry.attr = nodes_.stat_of_mount_node(items[at].id);
        entry.ino = entry.attr.st_ino;
      }
    } else {
      const LiveContext& context = *store_.contexts()[at];
      name = context.settings().name;
      entry.attr = nodes_.stat_of_top(context);
      if (id == root_node) {
        entry.ino = entry.attr.st_ino;
        entry.attr_timeout = entry.entry_timeout = Nodes::long_timeout;
      }
      // Below trash only the name is told (ino 0): which folder it is takes a question to the medium.
    }
    if (!buffer.add(name, entry, after_dot_dot + at + 1)) break;
  }
  return buffer.take();
}

bool Filesystem::may_control(fuse_req_t request, NodeId id) {
  const uid_t caller = fuse_req_ctx(request)->uid;
  return id == ControlTree::control && (caller == ::geteuid() || caller == 0);
}

void Filesystem::open(fuse_req_t request, NodeId id, fuse_file_info info) {
  const bool reading = (info.flags & O_ACCMODE) == O_RDONLY && (info.flags & O_TRUNC) == 0;
  if (without_open_) return static_cast<void>(fuse_reply_err(request, reading ? ENOSYS : EROFS));
  if (ControlTree::owns(id) || UnsavedFiles::owns(id)) {
    if (!reading && !may_control(request, id)) return static_cast<void>(fuse_reply_err(request, EACCES));
    info.direct_io = 1;
    return static_cast<void>(fuse_reply_open(request, &info));
  }
  if (is_face(id)) return open_face(request, id, info);
  const Fmid fmid = nodes_.fmid_of(id);
  if (reading) {
    // Nothing to look up: the kernel knows the file, and a removed one shows at its first read. But who found one whose
    // name has just been given to another finds its bytes, or that one: the kernel looks again.
    const OpenFilePtr file = files_.open(fmid);
    if (files_.is_gone(fmid) && file->staged < 0 && file->body == nullptr && !index_.node(fmid)) {
      files_.release(fmid);
      return static_cast<void>(fuse_reply_err(request, ESTALE));
    }
    info.keep_cache = info.noflush = 1;
    if (store_.reads_remotely() && open_remote(request, file, info)) return;
    if (fuse_reply_open(request, &info) == -ENOENT) files_.release(fmid);
    if (view_.options.carry) recent_reads_.opened(fmid);
    return look_ahead_.opened(fmid);
  }
  const auto found = nodes_.find(fmid);
  if (!found) return refuse(request, "open", found.error());
  if (!nodes_.is_writable(found->context)) return refuse(request, found->name, Errc::read_only, "is read-only");
  const OpenFilePtr file = files_.open(fmid);
  {
    Locked locked{file->mutex};
    file->node = *found;
    if (found->kind == NodeKind::local_file) file->home = OpenFile::Home::local;
  }
  const bool refused = file->failed;
  info.fh = files_.add_writer(*file);
  OpenFiles::Handle handle{files_, fmid, info.fh};
  // A file whose bytes are staged already may be on its way to its medium, which is not waited for.
  if ((info.flags & O_TRUNC) == 0 && (found->kind == NodeKind::message || file->staged >= 0) && !refused) {
    if (fuse_reply_open(request, &info) != -ENOENT) handle.keep();
    return;
  }
  later(request, found->context, Request::Effect::changes, found->name,
        [this, info, file, handle = std::move(handle)](const Call& call) mutable -> Result<Answer> {
          MAPISTORE_CHECK(saver_.stage(call, *file, (info.flags & O_TRUNC) != 0));
          return [info, handle = std::move(handle)](fuse_req_t to) mutable {
            if (fuse_reply_open(to, &info) != -ENOENT) handle.keep();
          };
        });
}

bool Filesystem::open_remote(fuse_req_t request, const OpenFilePtr& file, const fuse_file_info& info) {
  const auto found = index_.node(file->fmid);
  if (!found) return false;
  store_.reading(*found);
  if (found->size_trust == SizeTrust::exact || file->readable_descriptor() >= 0) return false;
  later(request, found->context, Request::Effect::reads, found->name,
        [this, info, file, handle = OpenFiles::Handle{files_, file->fmid}](const Call& call) mutable -> Result<Answer> {
          MAPISTORE_CHECK(file->load_body(call, store_));
          return [this, info, file, handle = std::move(handle)](fuse_req_t to) mutable {
            if (fuse_reply_open(to, &info) == -ENOENT) return;
            handle.keep();
            if (view_.options.carry) recent_reads_.opened(file->fmid);
          };
        });
  return true;
}

OpenFilePtr Filesystem::file_for_reading(Fmid fmid, std::uint64_t offset) {
  if (OpenFilePtr file = files_.find(fmid)) return file;
  // Without open, a read from the beginning stands for one: it must see the bytes of now.
  return files_.recent(fmid, offset == 0);
}

bool Filesystem::read_now(fuse_req_t request, const OpenFile& file, std::size_t size, std::uint64_t offset) const {
  const int fd = file.readable_descriptor();
  if (fd < 0) return false;
  fuse_bufvec buffer = FUSE_BUFVEC_INIT(size);
  buffer.buf[0].flags = static_cast<fuse_buf_flags>(FUSE_BUF_IS_FD | FUSE_BUF_FD_SEEK | FUSE_BUF_FD_RETRY);
  buffer.buf[0].fd = fd;
  buffer.buf[0].pos = static_cast<off_t>(offset);
  fuse_reply_data(request, &buffer, FUSE_BUF_NO_SPLICE);
  return true;
}

void Filesystem::read(fuse_req_t request, NodeId id, std::size_t size, std::uint64_t offset) {
  if (ControlTree::owns(id)) {
    const std::string_view piece = control_.piece(id, offset, size);
    fuse_reply_buf(request, piece.data(), piece.size());
    return;
  }
  if (UnsavedFiles::owns(id)) return read_unsaved(request, id, size, offset);
  if (is_face(id)) return read_face(request, id, size, offset);
  const OpenFilePtr file = file_for_reading(nodes_.fmid_of(id), offset);
  if (without_open_ && offset == 0) look_ahead_.opened(file->fmid);
  if (offset == 0) look_ahead_.missed(file->fmid);
  if (read_now(request, *file, size, offset)) return;
  const auto found = nodes_.find(file->fmid);
  if (!found) return refuse(request, "read", found.error());
  later(request, found->context, Request::Effect::reads, found->name,
        [this, file, size, offset, local = found->is_local()](const Call& call) -> Result<Answer> {
          Body* body = nullptr;
          if (local)
            MAPISTORE_CHECK(saver_.stage(call, *file, false));
          else
            body = MAPISTORE_TRY(file->load_body(call, store_));
          if (body == nullptr || file->readable_descriptor() >= 0)
            return [this, file, size, offset](fuse_req_t to) {
              static_cast<void>(read_now(to, *file, size, offset));
            };
          std::string bytes(size, '\0');
          bytes.resize(MAPISTORE_TRY(body->read_at(call, offset, std::as_writable_bytes(std::span{bytes}))));
          return [bytes = std::move(bytes)](fuse_req_t to) { fuse_reply_buf(to, bytes.data(), bytes.size()); };
        });
}

}  // namespace mapistore::fs
