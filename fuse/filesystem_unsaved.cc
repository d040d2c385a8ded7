// What no medium took: `.mapistorefs/unsaved/NAME`, to be copied back, moved or removed.

#include <unistd.h>

#include <cerrno>

#include "fuse/filesystem.h"

namespace mapistore::fs {

struct stat Filesystem::stat_of_unsaved(const UnsavedFiles::File& file) const {
  struct stat attributes = attributes_.generated(file.id, false, file.size, file.modified);
  attributes.st_mode = S_IFREG | 0600;  // bytes of whoever wrote them
  return attributes;
}

void Filesystem::lookup_unsaved(fuse_req_t request, std::string_view name) {
  fuse_entry_param entry{};
  if (const auto found = unsaved_.find(name)) {
    entry.ino = found->id.value;
    entry.attr = stat_of_unsaved(*found);
  }
  reply_entry(request, entry);
}

void Filesystem::getattr_of_unsaved(fuse_req_t request, NodeId id) {
  const auto found = unsaved_.file(id);
  if (!found) return refuse(request, "getattr", found.error());
  const struct stat attributes = stat_of_unsaved(*found);
  fuse_reply_attr(request, &attributes, 0);
}

void Filesystem::read_unsaved(fuse_req_t request, NodeId id, std::size_t size, std::uint64_t offset) {
  const auto fd = unsaved_.open(id);
  if (!fd) return refuse(request, "read", fd.error());
  std::string bytes(size, '\0');
  const ssize_t count = ::pread(fd->get(), bytes.data(), size, static_cast<off_t>(offset));
  if (count < 0) return static_cast<void>(fuse_reply_err(request, errno));
  fuse_reply_buf(request, bytes.data(), static_cast<std::size_t>(count));
}

void Filesystem::remove_unsaved(fuse_req_t request, std::string_view name) {
  const auto removed = unsaved_.remove(name);
  if (!removed) return refuse(request, name, removed.error());
  fuse_reply_err(request, 0);
}

}  // namespace mapistore::fs
