#pragma once

#include <fuse3/fuse_lowlevel.h>

#include <string>

namespace mapistore::fs {

/// Offsets in a directory stream: where the next entry begins.
inline constexpr std::uint64_t after_dot = 1, after_dot_dot = 2;

/// Builds the answer to a readdir in the kernel's own form.
class DirectoryBuffer {
 public:
  DirectoryBuffer(fuse_req_t request, std::size_t size, bool plus) : request_{request}, plus_{plus} {
    bytes_.resize(size);
  }

  /// False when `name` does not fit any more. `next` is the offset behind it.
  bool add(const std::string& name, const fuse_entry_param& entry, std::uint64_t next) {
    char* at = bytes_.data() + used_;
    const std::size_t room = bytes_.size() - used_;
    const auto offset = static_cast<off_t>(next);
    const std::size_t needed = plus_ ? fuse_add_direntry_plus(request_, at, room, name.c_str(), &entry, offset)
                                     : fuse_add_direntry(request_, at, room, name.c_str(), &entry.attr, offset);
    if (needed > room) return false;
    used_ += needed;
    return true;
  }

  std::string take() {
    bytes_.resize(used_);
    return std::move(bytes_);
  }

 private:
  fuse_req_t request_;
  bool plus_;
  std::string bytes_;
  std::size_t used_ = 0;
};

/// "." and ".." are not counted as lookups and carry no more than a number and a type.
inline fuse_entry_param dot_entry(std::uint64_t ino) {
  fuse_entry_param entry{};
  entry.attr.st_ino = ino;
  entry.attr.st_mode = S_IFDIR;
  return entry;
}

}  // namespace mapistore::fs
