// Finding, listing and reading the faces of messages.

#include <sys/stat.h>

#include <cerrno>

#include "fuse/directory_buffer.h"
#include "fuse/filesystem.h"

namespace mapistore::fs {

namespace {

std::uint32_t directories_in(const FaceTree& tree, std::uint32_t number) {
  std::uint32_t count = 0;
  for (std::uint32_t child = tree.next_child(number, 0); child != 0; child = tree.next_child(number, child))
    count += tree.face(child)->is_directory() ? 1 : 0;
  return count;
}

}  // namespace

std::optional<Filesystem::BesideName> Filesystem::face_beside(Fmid folder, std::string_view name) const {
  for (const auto& [suffix, number] : {std::pair{Face::property_file_suffix, Face::property_file_number},
                                       std::pair{Face::parts_suffix, Face::parts_number}}) {
    if (!name.ends_with(suffix)) continue;
    auto found = index_.find(folder, name.substr(0, name.size() - suffix.size()));
    if (found && found->kind == NodeKind::message) return BesideName{std::move(*found), number};
  }
  return std::nullopt;
}

void Filesystem::with_faces(fuse_req_t request, NodeId id, Request::Effect effect, WithTree reply) {
  const Fmid message = message_of_face(id);
  const Extent extent = FaceTrees::extent_of(face_number(id));
  if (const FaceTreePtr tree = faces_.known(message, extent)) return answer(request, "face", reply(tree));
  const auto found = nodes_.find(message);
  if (!found) return refuse(request, "face", found.error());
  later(request, found->context, effect, found->name,
        [this, message, extent, reply = std::move(reply)](const Call& call) -> Result<Answer> {
          return reply(MAPISTORE_TRY(faces_.tree(call, message, extent)));
        });
}

struct stat Filesystem::stat_of_face(const Node& message, NodeId id, bool directory, std::uint64_t size,
                                     bool changeable) const {
  Node shown = message;
  shown.kind = directory ? NodeKind::folder : NodeKind::message;
  shown.size = size;
  shown.subfolders = directory ? static_cast<std::uint32_t>(size) : 0;
  shown.mode.reset();
  // What shows the state as well is as new as the last change of anything.
  if (face_number(id) == Face::property_file_number) shown.modified = message.changed;
  return attributes_.of(shown, id, changeable && nodes_.is_writable(message.context));
}

Result<fuse_entry_param> Filesystem::entry_of_face(const FaceTree& tree, std::uint32_t number) const {
  const Face* face = tree.face(number);
  if (face == nullptr) return fail(Errc::not_found, "face", "is no longer there");
  const Node message = MAPISTORE_TRY(nodes_.find(tree.view().stored.node.fmid));
  const NodeId id = face_id(message.fmid, number);
  const bool changeable =
      face->kind == Face::Kind::property_file || (face->kind == Face::Kind::attachments && tree.is_changeable(*face));
  std::uint64_t size = 0;
  const FaceFilePtr file = face_files_.find(id);
  struct stat staged{};
  if (face->is_directory())
    size = directories_in(tree, number);
  else if (file && file->dirty && ::fstat(file->fd, &staged) == 0)
    size = static_cast<std::uint64_t>(staged.st_size);
  else
    size = MAPISTORE_TRY(tree.size(number));
  // Not believed for any time: what a number stands for may change with the message.
  fuse_entry_param entry{};
  entry.ino = id.value;
  entry.attr = stat_of_face(message, id, face->is_directory(), size, changeable);
  return entry;
}

void Filesystem::lookup_beside(fuse_req_t request, const BesideName& name) {
  with_faces(request, face_id(name.message.fmid, name.face), Request::Effect::reads,
             [this, number = name.face](const FaceTreePtr& tree) -> Result<Answer> {
               const fuse_entry_param entry = MAPISTORE_TRY(entry_of_face(*tree, number));
               return [entry](fuse_req_t to) { fuse_reply_entry(to, &entry); };
             });
}

void Filesystem::lookup_face(fuse_req_t request, NodeId parent, std::string_view name) {
  if (const FaceFilePtr file = face_files_.being_added(parent, name)) {
    fuse_entry_param entry{};
    entry.ino = file->id.value;
    entry.attr = stat_of_new_face(*file);
    return reply_entry(request, entry);
  }
  with_faces(request, parent, Request::Effect::reads,
             [this, parent, name = std::string(name)](const FaceTreePtr& tree) -> Result<Answer> {
               const std::uint32_t number = tree->find(face_number(parent), name);
               if (number == 0) return fail(Errc::not_found, name);
               const fuse_entry_param entry = MAPISTORE_TRY(entry_of_face(*tree, number));
               return [entry](fuse_req_t to) { fuse_reply_entry(to, &entry); };
             });
}

void Filesystem::getattr_of_face(fuse_req_t request, NodeId id) {
  if (const FaceFilePtr file = face_files_.find(id); file && !file->new_name.empty()) {
    const struct stat attributes = stat_of_new_face(*file);
    return static_cast<void>(fuse_reply_attr(request, &attributes, 0));
  }
  with_faces(request, id, Request::Effect::reads, [this, id](const FaceTreePtr& tree) -> Result<Answer> {
    const fuse_entry_param entry = MAPISTORE_TRY(entry_of_face(*tree, face_number(id)));
    return [entry](fuse_req_t to) { fuse_reply_attr(to, &entry.attr, 0); };
  });
}

void Filesystem::readdir_of_face(fuse_req_t request, NodeId id, std::size_t size, std::uint64_t offset, bool plus) {
  with_faces(request, id, Request::Effect::reads, [=](const FaceTreePtr& tree) -> Result<Answer> {
    const Face* directory = tree->face(face_number(id));
    if (directory == nullptr || !directory->is_directory()) return fail(Errc::not_a_folder, "face");
    return [=](fuse_req_t to) {
      DirectoryBuffer buffer{to, size, plus};
      bool room = (offset >= after_dot || buffer.add(".", dot_entry(id.value), after_dot)) &&
                  (offset >= after_dot_dot || buffer.add("..", dot_entry(root_node.value), after_dot_dot));
      // An offset is the number of the child that went before, which is above that of any directory that has one.
      std::uint32_t child = offset <= after_dot_dot ? 0 : static_cast<std::uint32_t>(offset - after_dot_dot);
      while (room && (child = tree->next_child(face_number(id), child)) != 0) {
        const Face* face = tree->face(child);
        // Without a node: the kernel asks for those that it needs, so that no size is found out for nothing.
        fuse_entry_param entry{};
        entry.attr.st_ino = face_id(message_of_face(id), child).value;
        entry.attr.st_mode = face->is_directory() ? S_IFDIR : S_IFREG;
        room = buffer.add(face->name, entry, after_dot_dot + child);
      }
      const std::string bytes = buffer.take();
      fuse_reply_buf(to, bytes.data(), bytes.size());
    };
  });
}

void Filesystem::open_face(fuse_req_t request, NodeId id, fuse_file_info info) {
  const FaceFilePtr open = face_files_.find(id);
  const bool reading = (info.flags & O_ACCMODE) == O_RDONLY && (info.flags & O_TRUNC) == 0;
  const Fmid message = message_of_face(id);
  if (reading) {
    bool anew = false;
    if (open && !open->dirty && open->fd >= 0) {
      const MessageViewPtr view = views_.known(message, Extent::outline);
      Locked locked{open->mutex};
      anew = view == nullptr || open->version != view->version;
    }
    face_files_.open(id, anew);
    if (fuse_reply_open(request, &info) == -ENOENT) face_files_.release(id);
    return;
  }
  if (face_number(id) != Face::property_file_number) {
    if (open && !open->new_name.empty() && !open->taken) {
      face_files_.open(id, false);
      if (fuse_reply_open(request, &info) == -ENOENT) face_files_.release(id);
      return;
    }
    return refuse(request, "face", Errc::access_denied, "can only be read");
  }
  const auto found = nodes_.find(message);
  if (!found) return refuse(request, "face", found.error());
  if (!nodes_.is_writable(found->context)) return refuse(request, found->name, Errc::read_only, "is read-only");
  later(request, found->context, Request::Effect::changes, found->name,
        [this, id, info, anew = open && !open->dirty](const Call& call) -> Result<Answer> {
          const FaceFilePtr file = face_files_.open(id, anew);
          if (auto staged = face_saver_.stage(call, *file, (info.flags & O_TRUNC) != 0); !staged) {
            face_files_.release(id);
            return std::unexpected(std::move(staged).error());
          }
          return [this, id, info](fuse_req_t to) {
            if (fuse_reply_open(to, &info) == -ENOENT) face_files_.release(id);
          };
        });
}

void Filesystem::read_face(fuse_req_t request, NodeId id, std::size_t size, std::uint64_t offset) {
  FaceFilePtr file = face_files_.find(id);
  // Without open, a read from the beginning stands for one.
  if (!file) file = face_files_.recent(id, offset == 0);
  const auto reply = [file, size, offset](fuse_req_t to) {
    fuse_bufvec buffer = FUSE_BUFVEC_INIT(size);
    buffer.buf[0].flags = static_cast<fuse_buf_flags>(FUSE_BUF_IS_FD | FUSE_BUF_FD_SEEK | FUSE_BUF_FD_RETRY);
    buffer.buf[0].fd = file->fd;
    buffer.buf[0].pos = static_cast<off_t>(offset);
    fuse_reply_data(to, &buffer, FUSE_BUF_NO_SPLICE);
  };
  if (file->fd >= 0) return reply(request);
  const auto found = nodes_.find(file->message);
  if (!found) return refuse(request, "face", found.error());
  later(request, found->context, Request::Effect::reads, found->name,
        [this, file, reply](const Call& call) -> Result<Answer> {
          Locked loading{file->commit_mutex};
          MAPISTORE_CHECK(face_saver_.load(call, *file));
          return [reply](fuse_req_t to) { reply(to); };
        });
}

}  // namespace mapistore::fs
