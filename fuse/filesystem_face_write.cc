// Changing a message through its faces.

#include <unistd.h>

#include <cerrno>

#include "fuse/filesystem.h"

namespace mapistore::fs {

struct stat Filesystem::stat_of_new_face(const FaceFile& file) const {
  struct stat now{};
  if (file.fd >= 0) ::fstat(file.fd, &now);
  Node message;
  message.fmid = file.message;
  if (const auto found = nodes_.find(file.message)) message = *found;
  message.modified = message.changed = to_time(now.st_mtim);
  return stat_of_face(message, file.id, false, static_cast<std::uint64_t>(now.st_size), true);
}

void Filesystem::create_face(fuse_req_t request, NodeId parent, std::string_view name, fuse_file_info info) {
  if (name.size() > 255) return static_cast<void>(fuse_reply_err(request, ENAMETOOLONG));
  with_faces(request, parent, Request::Effect::changes,
             [this, parent, name = std::string(name), info](const FaceTreePtr& tree) -> Result<Answer> {
               const FaceFilePtr file = MAPISTORE_TRY(face_saver_.add(*tree, parent, name));
               return [this, file, info](fuse_req_t to) {
                 fuse_entry_param entry{};
                 entry.ino = file->id.value;
                 entry.attr = stat_of_new_face(*file);
                 if (fuse_reply_create(to, &entry, &info) != -ENOENT) return;
                 face_files_.added(*file);
                 face_files_.release(file->id);
               };
             });
}

void Filesystem::write_face(fuse_req_t request, NodeId id, std::span<const char> bytes, std::uint64_t offset) {
  const FaceFilePtr file = face_files_.find(id);
  if (!file || file->fd < 0) return static_cast<void>(fuse_reply_err(request, EBADF));
  if (file->taken) return static_cast<void>(fuse_reply_err(request, EROFS));
  const ssize_t count = ::pwrite(file->fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
  if (count < 0) return static_cast<void>(fuse_reply_err(request, errno));
  file->dirty = true;
  fuse_reply_write(request, static_cast<std::size_t>(count));
}

void Filesystem::setattr_of_face(fuse_req_t request, NodeId id, const struct stat& wanted, int which) {
  FaceFilePtr file = face_files_.find(id);
  const bool is_new = file && !file->new_name.empty();
  if (!is_new && face_number(id) != Face::property_file_number)
    return refuse(request, "face", Errc::not_permitted, "has what its message has");
  if (!is_new && (which & (FUSE_SET_ATTR_MODE | FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID)) != 0)
    return refuse(request, "face", Errc::not_permitted, "has the mode and owner of its message");
  // Times are those of the message: setting them says nothing about it.
  if ((which & FUSE_SET_ATTR_SIZE) == 0) return getattr_of_face(request, id);
  const auto found = nodes_.find(message_of_face(id));
  if (!found) return refuse(request, "face", found.error());
  if (!nodes_.is_writable(found->context)) return refuse(request, found->name, Errc::read_only, "is read-only");
  later(request, found->context, Request::Effect::changes, found->name,
        [this, id, size = wanted.st_size](const Call& call) -> Result<Answer> {
          const FaceFilePtr open = face_files_.open(id, false);
          auto staged = face_saver_.stage(call, *open, size == 0);
          if (staged) {
            Locked truncating{open->commit_mutex};
            if (::ftruncate(open->fd, size) != 0) staged = std::unexpected(system_error(errno, "staged face"));
            open->dirty = true;
          }
          struct stat now{};
          ::fstat(open->fd, &now);
          // Who has it open commits when closing it; here there may be nobody else.
          if (const FaceFilePtr last = face_files_.release(id); last && staged)
            staged = face_saver_.commit(call, *last);
          MAPISTORE_CHECK(staged);
          struct stat attributes = stat_of_face(MAPISTORE_TRY(nodes_.find(message_of_face(id))), id, false,
                                                static_cast<std::uint64_t>(now.st_size), true);
          return [attributes](fuse_req_t to) { fuse_reply_attr(to, &attributes, 0); };
        });
}

void Filesystem::commit_face_later(fuse_req_t request, NodeId id) {
  const FaceFilePtr file = face_files_.find(id);
  if (!file || !file->dirty) return static_cast<void>(fuse_reply_err(request, without_open_ ? ENOSYS : 0));
  const auto found = nodes_.find(file->message);
  if (!found) return refuse(request, "close", found.error());
  later(request, found->context, Request::Effect::commits, found->name,
        [this, file](const Call& call) -> Result<Answer> {
          struct stat status{};
          // A shell truncates, closes a duplicate, and only then writes.
          if (::fstat(file->fd, &status) == 0 && status.st_size == 0) return done();
          MAPISTORE_CHECK(call.check());
          MAPISTORE_CHECK(face_saver_.commit(call, *file));
          return done();
        });
}

void Filesystem::release_face(NodeId id) {
  const FaceFilePtr last = face_files_.release(id);
  if (!last || !last->dirty) return;
  const auto found = nodes_.find(last->message);
  const auto context = found ? store_.context(found->context) : Result<LiveContext*>{fail(Errc::not_found)};
  if (!context) return;
  static_cast<void>((*context)->workers().submit(
      [this, last] { static_cast<void>(face_saver_.commit(Call::within(view_.options.deadline), *last)); }));
}

void Filesystem::unlink_face(fuse_req_t request, NodeId parent, std::string_view name) {
  const Fmid message = message_of_face(parent);
  const auto found = nodes_.find(message);
  if (!found) return refuse(request, name, found.error());
  if (!nodes_.is_writable(found->context)) return refuse(request, found->name, Errc::read_only, "is read-only");
  later(request, found->context, Request::Effect::changes, std::string(name),
        [this, parent, message, name = std::string(name)](const Call& call) -> Result<Answer> {
          MAPISTORE_CHECK(face_saver_.remove_attachment(call, parent, name));
          pages_.forget(message, 0);
          return done();
        });
}

Result<> Filesystem::replace_property_file(const Call& call, const Node& source, const Node& message) {
  const OpenFilePtr file = files_.open(source.fmid);
  const auto replace = [&]() -> Result<> {
    MAPISTORE_CHECK(saver_.stage(call, *file, false));
    MAPISTORE_CHECK(face_saver_.take_property_file(call, message.fmid, file->staged));
    pages_.forget(message.fmid, 0);
    // It was never meant to be a message: nothing of it goes to the trash.
    const bool saved = source.kind == NodeKind::message && index_.message(source.fmid);
    MAPISTORE_CHECK(saved ? store_.purge(call, source) : remove_file(call, source));
    Locked locked{file->mutex};
    file->home = OpenFile::Home::unlinked;
    return {};
  };
  auto replaced = replace();
  saver_.close_handle(call, *file);
  return replaced;
}

}  // namespace mapistore::fs
