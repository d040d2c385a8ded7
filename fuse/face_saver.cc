#include "fuse/face_saver.h"

#include <sys/sendfile.h>
#include <unistd.h>

#include <cerrno>

#include "core/codec/shared_content.h"
#include "core/properties/known_properties.h"

namespace mapistore::fs {

namespace {

class FileSink final : public TextSink {
 public:
  explicit FileSink(int fd) : fd_{fd} {}

  Result<> write(std::string_view text) override {
    while (!text.empty()) {
      const ssize_t count = ::write(fd_, text.data(), text.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return std::unexpected(system_error(errno, "nameless file"));
      text.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
  }

 private:
  int fd_;
};

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

Result<FaceTreePtr> FaceSaver::write_to(const Call& call, NodeId id, int fd) {
  const std::uint32_t number = face_number(id);
  FaceTreePtr tree = MAPISTORE_TRY(faces_.tree(call, message_of_face(id), FaceTrees::extent_of(number)));
  const Face* face = tree->face(number);
  if (face == nullptr) return fail(Errc::not_found, "face", "is no longer there");
  FileSink sink{fd};
  const AbsentContent* absent = tree->absent(*face);
  if (absent == nullptr) {
    MAPISTORE_CHECK(tree->write(*face, sink));
    return tree;
  }
  if (!store_.holds_body(tree->view().stored) && tree->is_had_alone(*absent)) {
    const auto restored =
        views_.restore(call, tree->view_pointer(), *absent, [&](std::string_view text) { return sink.write(text); });
    if (restored) return tree;
    const Errc why = restored.error().code;
    if (why == Errc::timed_out) tree->have_nothing_alone();
    if (why != Errc::corrupted && why != Errc::stale && why != Errc::not_found)
      return std::unexpected(restored.error());
    if (::ftruncate(fd, 0) != 0 || ::lseek(fd, 0, SEEK_SET) != 0)
      return std::unexpected(system_error(errno, "nameless file"));
  }
  const std::uint64_t told = MAPISTORE_TRY(absent->size());
  FaceTreePtr whole = MAPISTORE_TRY(faces_.tree(call, message_of_face(id), Extent::complete));
  const Face* found = whole->face(number);
  // The kernel reads as many bytes as it was told that there are.
  if (found == nullptr || found->kind != face->kind || found->name != face->name ||
      MAPISTORE_TRY(whole->size(number)) != told)
    return fail(Errc::stale, face->name, "is not what was told of it", "open it again");
  MAPISTORE_CHECK(whole->write(*found, sink));
  return whole;
}

Result<> FaceSaver::load(const Call& call, FaceFile& file) {
  if (file.fd >= 0) return {};
  posix::UniqueFd fd = MAPISTORE_TRY(staging_.nameless_files()->take());
  const FaceTreePtr tree = MAPISTORE_TRY(write_to(call, file.id, fd.get()));
  {
    Locked locked{file.mutex};
    file.version = tree->view().version;
  }
  file.owner = std::move(fd);
  file.fd = file.owner.get();
  return {};
}

Result<> FaceSaver::stage(const Call& call, FaceFile& file, bool empty) {
  Locked staging{file.commit_mutex};
  if (file.fd < 0 && empty) {
    file.owner = MAPISTORE_TRY(staging_.nameless_files()->take());
    file.fd = file.owner.get();
  }
  MAPISTORE_CHECK(load(call, file));
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

Result<> FaceSaver::commit(const Call& call, FaceFile& file) {
  Locked committing{file.commit_mutex};
  if (!file.dirty || file.fd < 0) return {};
  file.dirty = false;
  struct stat status{};
  const bool is_new = !file.new_name.empty();
  // An emptied property file that nothing was written to says nothing.
  if (::fstat(file.fd, &status) == 0 && status.st_size == 0 && !is_new) return {};
  auto result = is_new ? add_attachment(call, file.message, file.new_name, file.fd)
                       : take_property_file(call, file.message, file.fd);
  if (is_new) {
    file.taken = true;
    files_.added(file);
  }
  if (result) {
    pages_.forget(file.message, 0);
    return {};
  }
  Error named = result.error();
  const std::string message = nodes_.find(file.message).value_or(Node{}).name;
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

Result<> FaceSaver::take_property_file(const Call& call, Fmid message, int fd) {
  const posix::UniqueFd copy = MAPISTORE_TRY(private_copy(fd, *staging_.nameless_files()));
  PropertyFile wanted = MAPISTORE_TRY(read_property_file(MAPISTORE_TRY(share_file(copy.get()))));
  const MessageViewPtr view = MAPISTORE_TRY(views_.view(call, message));
  return views_.change(call, *view, std::move(wanted));
}

Result<> FaceSaver::add_attachment(const Call& call, Fmid message, std::string_view name, int fd) {
  const posix::UniqueFd copy = MAPISTORE_TRY(private_copy(fd, *staging_.nameless_files()));
  const MessageViewPtr view = MAPISTORE_TRY(views_.view(call, message));
  PropertyFile wanted = view->file;
  PropertyBag& properties = wanted.message.attachments.emplace_back().properties;
  const LargeValue content = shared_content(MAPISTORE_TRY(share_file(copy.get())));
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

Result<FaceFilePtr> FaceSaver::add(const FaceTree& tree, NodeId parent, std::string_view name) {
  const Face* directory = tree.face(face_number(parent));
  if (directory == nullptr) return fail(Errc::not_found, name);
  if (directory->kind != Face::Kind::attachments || !tree.is_changeable(*directory)) return refused(name);
  if (!nodes_.is_writable(tree.view().stored.node.context)) return fail(Errc::read_only, name, "is read-only");
  posix::UniqueFd fd = MAPISTORE_TRY(staging_.nameless_files()->take());
  FaceFilePtr file = files_.create(message_of_face(parent), face_number(parent), name);
  if (!file) return fail(Errc::exists, name);
  file->owner = std::move(fd);
  file->fd = file->owner.get();
  file->dirty = true;
  return file;
}

Result<> FaceSaver::remove_attachment(const Call& call, NodeId directory, std::string_view name) {
  const FaceTreePtr tree = MAPISTORE_TRY(faces_.tree(call, message_of_face(directory), Extent::complete));
  const Face* face = tree->face(tree->find(face_number(directory), name));
  if (face == nullptr) return fail(Errc::not_found, name);
  if ((face->kind != Face::Kind::attachment && face->kind != Face::Kind::embedded) || !tree->is_changeable(*face))
    return refused(name);
  PropertyFile wanted = tree->view().file;
  wanted.message.attachments.erase(wanted.message.attachments.begin() + static_cast<std::ptrdiff_t>(face->position));
  return views_.change(call, tree->view(), std::move(wanted));
}

}  // namespace mapistore::fs
