#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mapistore/ability.h>

/// What backends on the local disk share. POSIX and statx(2), no more.
namespace mapistore::posix {

/// Owns one file descriptor.
class MAPISTORE_API UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) noexcept : fd_{fd} {}
  UniqueFd(UniqueFd&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
  UniqueFd& operator=(UniqueFd&& other) noexcept;
  ~UniqueFd();

  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

/// What statx(2) says of a file.
struct FileFacts {
  std::uint32_t mode = 0;  ///< type and permissions
  std::uint64_t device = 0, inode = 0, size = 0;
  Time modified{}, changed{}, born{};

  MAPISTORE_API bool is_file() const noexcept;
  MAPISTORE_API bool is_directory() const noexcept;
  /// Device, inode and birth: survives renames, belongs to no later file.
  MAPISTORE_API std::string identity() const;
  /// Differs after any edit, replacement or change of times: inode change time, size and inode.
  MAPISTORE_API std::string version() const;
};

/// Of an open file. `object` names it in errors.
MAPISTORE_API Result<FileFacts> facts_of(int fd, std::string_view object);

struct DirectoryItem {
  std::string name;
  std::uint64_t inode = 0;
  bool maybe_directory = false;  ///< false only if the directory itself says that it is none
};

/// An open directory, and the path that errors name it by.
///
/// A name is one path component: empty, ".", ".." or with "/" or NUL in it, it answers Errc::invalid_argument.
/// Symbolic links are never followed. So no name leads out. Thread-safe.
class MAPISTORE_API Directory {
 public:
  /// `path` comes from the user and may pass through links.
  static Result<Directory> open(std::string path);
  Result<Directory> reopen() const;  ///< another handle of the same directory
  Result<Directory> enter(std::string_view name) const;
  Result<Directory> enter_or_create(std::string_view name) const;

  Result<FileFacts> facts() const { return facts_of(fd_.get(), path_); }
  Result<FileFacts> facts(std::string_view name) const;
  /// Opens a regular file for reading; anything else, a FIFO for one, answers Errc::not_found at once.
  Result<UniqueFd> open_file(std::string_view name) const;
  /// The body of the file `name` in `folder` below here, found in one step (openat2(2)).
  Result<std::unique_ptr<Body>> open_body(const FolderPath& folder, std::string_view name) const;
  /// Everything but "." and "..", in the order of inodes, which is the fast one to read them in.
  Result<std::vector<DirectoryItem>> list(const Call& call) const;

  Result<> make_directory(std::string_view name) const;
  /// Errc::exists if `new_name` is taken and `replace` is false; no instant without either name.
  Result<> rename(std::string_view name, const Directory& to, std::string_view new_name, bool replace) const;
  Result<> remove_file(std::string_view name) const;
  Result<> remove_directory(std::string_view name) const;
  Result<> set_modified(std::string_view name, Time time) const;
  /// Removes what a killed NewFile left behind more than a day before `now`.
  void remove_leftovers(const std::vector<DirectoryItem>& items, Time now) const;
  /// Removes, whatever its age, what no living NewFile on this machine is writing; for a directory that is to go.
  void remove_abandoned(const std::vector<DirectoryItem>& items) const;

  /// Whether the medium or its permissions forbid this process to write here.
  bool is_read_only() const noexcept;
  Result<Usage> usage() const;  ///< of the filesystem
  /// Brings all that was written to the filesystem onto its disk (syncfs(2)).
  Result<> make_durable() const;

  int descriptor() const noexcept { return fd_.get(); }
  const std::string& path() const noexcept { return path_; }
  /// The error that errno value `number` means for `name` in here.
  std::unexpected<Error> failure(int number, std::string_view name) const;

 private:
  Directory(UniqueFd fd, std::string path) : fd_{std::move(fd)}, path_{std::move(path)} {}

  UniqueFd fd_;
  std::string path_;
};

/// A file being written under a name that no listing shows; gone again unless published. `directory` outlives it.
class MAPISTORE_API NewFile {
 public:
  /// With mode 0600, under `temporary_name()`. `directory` must outlive it.
  static Result<NewFile> create(const Directory& directory);
  static Result<NewFile> create(const Directory&& directory) = delete;
  NewFile(NewFile&&) noexcept = default;
  NewFile& operator=(NewFile&&) noexcept = default;
  ~NewFile();

  Result<FileFacts> facts() const { return facts_of(fd_.get(), directory_->path()); }
  Result<> write(std::string_view text);
  /// As copy_body.
  Result<> copy_from(const Call& call, Body& body);
  Result<> set_modified(Time time);
  Result<> set_permissions(std::uint32_t mode);
  /// Has the bytes survive a power cut: for what takes another's place, which goes as soon as this has its name.
  Result<> make_durable();
  /// Gives the bytes their name in `to`: whole or not at all. As with any local write, who needs them to survive a
  /// power cut asks by fsync(2), or by `make_durable` beforehand.
  Result<> publish(const Directory& to, std::string_view name, bool replace);

 private:
  NewFile(const Directory& directory, std::string name, UniqueFd fd);

  const Directory* directory_;
  std::string name_;
  UniqueFd fd_;
};

/// The bytes of an open regular file, whose validator is `change`. `object` names it in errors.
MAPISTORE_API Result<std::unique_ptr<Body>> file_body(UniqueFd fd, const FileFacts& facts, ChangeKey change,
                                                       std::string object);

/// Writes the whole of `body` into an empty file, holes kept and blocks shared where the medium can.
MAPISTORE_API Result<> copy_body(const Call& call, Body& body, int target);

/// The first `limit` bytes of an open file, or fewer at its end.
MAPISTORE_API Result<std::string> read_head(int fd, std::size_t limit, std::string_view object);

}  // namespace mapistore::posix
