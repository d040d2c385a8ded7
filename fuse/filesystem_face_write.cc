// Changing a message through its faces.

#include <fcntl.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include <cerrno>

#include "core/codec/shared_content.h"
#include "core/properties/known_properties.h"
#include "fuse/filesystem.h"

namespace mapistore::fs {

namespace {

constexpr std::int32_t attach_by_value = 1;  // MS-OXCMSG 2.2.2.9

/// The bytes of a file that others may write to, in one that nobody can.
Result<posix::UniqueFd> private_copy(int from, NamelessFiles& files) {
  posix::UniqueFd copy = MAPISTORE_TRY(files.take());
  for (off_t offset = 0;;) {
    constexpr std::size_t piece = 1024 * 1024;
    const ssize_t count = ::sendfile(copy.get(), from, &offset, piece);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return std::unexpected(system_error(errno, "nameless file"));
    if (count == 0) return copy;
  }
}

std::unexpected<Error> refused(std::string_view name) {
  return fail(Errc::not_permitted, name, "is a face of a message", "change or remove the message itself");
}

}  // namespace

struct stat Filesystem::stat_of_new_face(const FaceFile& file) const {
  struct stat now{};
  if (file.fd >= 0) ::fstat(file.fd, &now);
  Node message;
  message.fmid = file.message;
  if (const auto found = node(file.message)) message = *found;
  message.modified = message.changed = to_time(now.st_mtim);
  return stat_of_face(message, file.id, false, static_cast<std::uint64_t>(now.st_size), true);
}

void Filesystem::create_face(fuse_req_t request, NodeId parent, std::string_view name, fuse_file_info info) {
  if (name.size() > 255) return static_cast<void>(fuse_reply_err(request, ENAMETOOLONG));
  with_faces(request, parent, Request::Effect::changes,
             [this, parent, name = std::string(name), info](const FaceTreePtr& tree) -> Result<Answer> {
               const Face* directory = tree->face(face_number(parent));
               if (directory == nullptr) return fail(Errc::not_found, name);
               if (directory->kind != Face::Kind::attachments || !tree->is_changeable(*directory)) return refused(name);
               if (!writable(tree->view().stored.node.context)) return fail(Errc::read_only, name, "is read-only");
               posix::UniqueFd fd = MAPISTORE_TRY(staging_.nameless_files()->take());
               const FaceFilePtr file = face_files_.create(message_of_face(parent), face_number(parent), name);
               if (!file) return fail(Errc::exists, name);
               file->owner = std::move(fd);
               file->fd = file->owner.get();
               file->dirty = true;
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

Result<> Filesystem::stage_face(const Call& call, FaceFile& file, bool empty) {
  Locked staging{file.commit_mutex};
  if (file.fd < 0 && empty) {
    file.owner = MAPISTORE_TRY(staging_.nameless_files()->take());
    file.fd = file.owner.get();
  }
  MAPISTORE_CHECK(load_face(call, file));
  {
    // What is read through it from now on is what was written, not what the message says.
    Locked locked{file.mutex};
    file.version.clear();
  }
  if (!empty) return {};
  if (::ftruncate(file.fd, 0) != 0) return std::unexpected(system_error(errno, "staged face"));
  file.dirty = true;
  return {};
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
  const auto found = node(message_of_face(id));
  if (!found) return refuse(request, "face", found.error());
  if (!writable(found->context)) return refuse(request, found->name, Errc::read_only, "is read-only");
  later(request, found->context, Request::Effect::changes, found->name,
        [this, id, size = wanted.st_size](const Call& call) -> Result<Answer> {
          const FaceFilePtr open = face_files_.open(id, false);
          auto staged = stage_face(call, *open, size == 0);
          if (staged) {
            Locked truncating{open->commit_mutex};
            if (::ftruncate(open->fd, size) != 0) staged = std::unexpected(system_error(errno, "staged face"));
            open->dirty = true;
          }
          struct stat now{};
          ::fstat(open->fd, &now);
          // Who has it open commits when closing it; here there may be nobody else.
          if (const FaceFilePtr last = face_files_.release(id); last && staged) staged = commit_face(call, *last);
          MAPISTORE_CHECK(staged);
          struct stat attributes = stat_of_face(MAPISTORE_TRY(node(message_of_face(id))), id, false,
                                                static_cast<std::uint64_t>(now.st_size), true);
          return [attributes](fuse_req_t to) { fuse_reply_attr(to, &attributes, 0); };
        });
}

void Filesystem::commit_face_later(fuse_req_t request, NodeId id) {
  const FaceFilePtr file = face_files_.find(id);
  if (!file || !file->dirty) return static_cast<void>(fuse_reply_err(request, without_open_ ? ENOSYS : 0));
  const auto found = node(file->message);
  if (!found) return refuse(request, "close", found.error());
  later(request, found->context, Request::Effect::commits, found->name,
        [this, file](const Call& call) -> Result<Answer> {
          struct stat status{};
          // A shell truncates, closes a duplicate, and only then writes.
          if (::fstat(file->fd, &status) == 0 && status.st_size == 0) return done();
          MAPISTORE_CHECK(call.check());
          MAPISTORE_CHECK(commit_face(call, *file));
          return done();
        });
}

void Filesystem::release_face(NodeId id) {
  const FaceFilePtr last = face_files_.release(id);
  if (!last || !last->dirty) return;
  const auto found = node(last->message);
  const auto context = found ? store_.context(found->context) : Result<LiveContext*>{fail(Errc::not_found)};
  if (!context) return;
  static_cast<void>((*context)->workers().submit(
      [this, last] { static_cast<void>(commit_face(Call::within(view_.options.deadline), *last)); }));
}

Result<> Filesystem::commit_face(const Call& call, FaceFile& file) {
  Locked committing{file.commit_mutex};
  if (!file.dirty || file.fd < 0) return {};
  file.dirty = false;
  struct stat status{};
  const bool is_new = !file.new_name.empty();
  // An emptied property file that nothing was written to says nothing.
  if (::fstat(file.fd, &status) == 0 && status.st_size == 0 && !is_new) return {};
  const auto commit = [&]() -> Result<> {
    const posix::UniqueFd copy = MAPISTORE_TRY(private_copy(file.fd, *staging_.nameless_files()));
    if (!is_new) return take_property_file(call, file.message, copy.get());
    return add_attachment(call, file.message, file.new_name, copy.get());
  };
  auto result = commit();
  if (is_new) {
    file.taken = true;
    face_files_.added(file);
  }
  if (result) {
    forget_pages(file.message, 0);
    return {};
  }
  Error named = result.error();
  const std::string message = node(file.message).value_or(Node{}).name;
  const std::string name = is_new ? file.new_name : message + std::string(Face::property_file_suffix);
  // Where in it something is wrong comes first in what the reader said.
  if (!named.object.empty() && named.object != message) named.what = named.object + ": " + named.what;
  named.object = name;
  if (const auto kept = staging_.keep_unsaved(file.fd, file.message, name)) {
    std::error_code unknown;
    named.hint += (named.hint.empty() ? "" : "; ") + std::to_string(std::filesystem::file_size(*kept, unknown)) +
                  " bytes are kept in " + kept->native();
  }
  return std::unexpected(std::move(named));
}

Result<> Filesystem::take_property_file(const Call& call, Fmid message, int fd) {
  PropertyFile wanted = MAPISTORE_TRY(read_property_file(MAPISTORE_TRY(share_file(fd))));
  const MessageViewPtr view = MAPISTORE_TRY(views_.view(call, message));
  return views_.change(call, *view, std::move(wanted));
}

Result<> Filesystem::add_attachment(const Call& call, Fmid message, std::string_view name, int fd) {
  const MessageViewPtr view = MAPISTORE_TRY(views_.view(call, message));
  PropertyFile wanted = view->file;
  PropertyBag& properties = wanted.message.attachments.emplace_back().properties;
  const LargeValue content = shared_content(MAPISTORE_TRY(share_file(fd)));
  if (MAPISTORE_TRY(content.content->size()) > largest_held_value) {
    properties.set(tag::attach_data_binary, content);
  } else {
    const std::string bytes = MAPISTORE_TRY(content.content->text(largest_held_value));
    const auto* first = reinterpret_cast<const std::byte*>(bytes.data());
    properties.set(tag::attach_data_binary, Binary(first, first + bytes.size()));
  }
  properties.set(tag::attach_long_filename, std::string(name));
  properties.set(tag::attach_method, attach_by_value);
  return views_.change(call, *view, std::move(wanted));
}

Result<> Filesystem::remove_attachment(const Call& call, NodeId directory, std::string_view name) {
  const FaceTreePtr tree = MAPISTORE_TRY(faces_.tree(call, message_of_face(directory), Extent::complete));
  const Face* face = tree->face(tree->find(face_number(directory), name));
  if (face == nullptr) return fail(Errc::not_found, name);
  if ((face->kind != Face::Kind::attachment && face->kind != Face::Kind::embedded) || !tree->is_changeable(*face))
    return refused(name);
  PropertyFile wanted = tree->view().file;
  wanted.message.attachments.erase(wanted.message.attachments.begin() + static_cast<std::ptrdiff_t>(face->position));
  return views_.change(call, tree->view(), std::move(wanted));
}

void Filesystem::unlink_face(fuse_req_t request, NodeId parent, std::string_view name) {
  const Fmid message = message_of_face(parent);
  const auto found = node(message);
  if (!found) return refuse(request, name, found.error());
  if (!writable(found->context)) return refuse(request, found->name, Errc::read_only, "is read-only");
  later(request, found->context, Request::Effect::changes, std::string(name),
        [this, parent, message, name = std::string(name)](const Call& call) -> Result<Answer> {
          MAPISTORE_CHECK(remove_attachment(call, parent, name));
          forget_pages(message, 0);
          return done();
        });
}

Result<> Filesystem::replace_property_file(const Call& call, const Node& source, const Node& message) {
  const OpenFilePtr file = files_.open(source.fmid);
  const auto replace = [&]() -> Result<> {
    MAPISTORE_CHECK(stage(call, *file, false));
    const posix::UniqueFd copy = MAPISTORE_TRY(private_copy(file->staged, *staging_.nameless_files()));
    MAPISTORE_CHECK(take_property_file(call, message.fmid, copy.get()));
    forget_pages(message.fmid, 0);
    // It was never meant to be a message: nothing of it goes to the trash.
    const bool saved = source.kind == NodeKind::message && index_.message(source.fmid);
    MAPISTORE_CHECK(saved ? store_.purge(call, source) : remove_file(call, source));
    Locked locked{file->mutex};
    file->home = OpenFile::Home::unlinked;
    return {};
  };
  auto replaced = replace();
  close_handle(call, *file);
  return replaced;
}

}  // namespace mapistore::fs
