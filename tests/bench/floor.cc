// The least that a FUSE daemon over a tree can cost: one that does nothing but answer. Names and attributes are in
// memory before the mount begins, bytes are read when they are wanted; shown with what the mount asks of the kernel:
// attributes in listings, caches that are never given up, no flush, a reader that looks for the next request before it
// sleeps, files put into the kernel's page cache ahead of who reads them. `floor TREE MOUNTPOINT [ro]`; `ro` refuses
// open and opendir as a read-only mount does. Measured by tests/bench/mount.
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#define FUSE_USE_VERSION 314
#include <fuse3/fuse_lowlevel.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <filesystem>
#include <iostream>
#include <semaphore>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace {

constexpr double forever = 3600;
constexpr std::chrono::microseconds spin_time{60};

struct Object {
  struct stat status{};
  std::string name;
  int directory = -1;  ///< open, if it is one
  std::vector<std::pair<std::string, fuse_ino_t>> children;
  std::unordered_map<std::string, fuse_ino_t> by_name;
  fuse_ino_t parent = 0;
  std::size_t place = 0;  ///< among the parent's children
};

/// All of the tree; the index is the inode number. Filled before the mount, and constant from then on.
std::deque<Object> objects{1};    // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)
bool without_open = false;        // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)
fuse_session* session = nullptr;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

/// What a file holds, if that is what it was at the beginning.
std::string bytes_of(fuse_ino_t number) {
  const Object& object = objects[number];
  const int file = ::openat(objects[object.parent].directory, object.name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  struct stat now{};
  std::string bytes(static_cast<std::size_t>(object.status.st_size), '\0');
  const bool same = file >= 0 && ::fstat(file, &now) == 0 && now.st_ctim.tv_nsec == object.status.st_ctim.tv_nsec;
  if (!same || ::read(file, bytes.data(), bytes.size()) != object.status.st_size) bytes.clear();
  ::close(file);
  return bytes;
}

/// Puts the files that follow the one a reader had to ask for into the kernel's page cache.
class Pusher {
 public:
  void missed(fuse_ino_t file) {
    last_ = file;
    if (!busy_.exchange(true)) wake_.release();
  }
  void run() {
    for (;;) {
      wake_.acquire();
      const Object& from = objects[last_];
      const Object& folder = objects[from.parent];
      for (std::size_t at = from.place + 2; at < folder.children.size(); ++at) push(folder.children[at].second);
      busy_ = false;
    }
  }

 private:
  static void push(fuse_ino_t file) {
    std::string bytes = bytes_of(file);
    fuse_bufvec buffer = FUSE_BUFVEC_INIT(bytes.size());
    buffer.buf[0].mem = bytes.data();
    if (!bytes.empty()) fuse_lowlevel_notify_store(session, file, 0, &buffer, FUSE_BUF_NO_SPLICE);
  }

  std::atomic<fuse_ino_t> last_ = 0;
  std::atomic<bool> busy_ = false;
  std::counting_semaphore<> wake_{0};
};
Pusher pusher;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

fuse_ino_t load(const std::filesystem::path& path, fuse_ino_t parent) {
  const fuse_ino_t number = objects.size();
  Object& object = objects.emplace_back();
  if (::lstat(path.c_str(), &object.status) != 0)
    throw std::filesystem::filesystem_error{"stat", path, {errno, std::generic_category()}};
  object.status.st_ino = number;
  object.parent = parent;
  object.name = path.filename();
  if (!S_ISDIR(object.status.st_mode)) return number;
  object.directory = ::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  for (const auto& entry : std::filesystem::directory_iterator{path}) {
    const fuse_ino_t child = load(entry.path(), number);
    const std::string name = entry.path().filename();
    objects[child].place = object.children.size();
    object.children.emplace_back(name, child);
    object.by_name.emplace(name, child);
  }
  return number;
}

fuse_entry_param entry_of(fuse_ino_t number) {
  fuse_entry_param entry{};
  entry.ino = number;
  entry.attr = objects[number].status;
  entry.attr_timeout = entry.entry_timeout = forever;
  return entry;
}

void on_init(void*, fuse_conn_info* connection) {
  connection->want |= connection->capable & (FUSE_CAP_READDIRPLUS | FUSE_CAP_PARALLEL_DIROPS | FUSE_CAP_ASYNC_READ |
                                             FUSE_CAP_EXPLICIT_INVAL_DATA);
  connection->want &=
      ~static_cast<unsigned>(FUSE_CAP_READDIRPLUS_AUTO | FUSE_CAP_WRITEBACK_CACHE | FUSE_CAP_SPLICE_READ |
                             FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE | FUSE_CAP_AUTO_INVAL_DATA);
}

void on_lookup(fuse_req_t request, fuse_ino_t parent, const char* name) {
  const auto found = objects[parent].by_name.find(name);
  const fuse_entry_param entry = found == objects[parent].by_name.end() ? fuse_entry_param{} : entry_of(found->second);
  if (entry.ino == 0)
    fuse_reply_err(request, ENOENT);
  else
    fuse_reply_entry(request, &entry);
}

void on_forget(fuse_req_t request, fuse_ino_t, std::uint64_t) { fuse_reply_none(request); }

void on_getattr(fuse_req_t request, fuse_ino_t number, fuse_file_info*) {
  fuse_reply_attr(request, &objects[number].status, forever);
}

void on_open(fuse_req_t request, fuse_ino_t, fuse_file_info* info) {
  if (without_open) return static_cast<void>(fuse_reply_err(request, ENOSYS));
  info->keep_cache = info->noflush = 1;
  fuse_reply_open(request, info);
}

void on_opendir(fuse_req_t request, fuse_ino_t, fuse_file_info* info) {
  if (without_open) return static_cast<void>(fuse_reply_err(request, ENOSYS));
  info->keep_cache = info->cache_readdir = 1;
  fuse_reply_open(request, info);
}

void on_release(fuse_req_t request, fuse_ino_t, fuse_file_info*) { fuse_reply_err(request, 0); }

void on_read(fuse_req_t request, fuse_ino_t number, std::size_t size, off_t offset, fuse_file_info*) {
  const std::string bytes = bytes_of(number);
  const std::size_t begin = std::min(static_cast<std::size_t>(offset), bytes.size());
  fuse_reply_buf(request, bytes.data() + begin, std::min(size, bytes.size() - begin));
  if (begin == 0) pusher.missed(number);
}

void on_readdirplus(fuse_req_t request, fuse_ino_t number, std::size_t size, off_t offset, fuse_file_info*) {
  std::string buffer(size, '\0');
  std::size_t used = 0;
  const auto& children = objects[number].children;
  for (auto at = static_cast<std::size_t>(offset); at < children.size() + 2; ++at) {
    const char* name = at == 0 ? "." : at == 1 ? ".." : children[at - 2].first.c_str();
    fuse_entry_param entry{};
    if (at >= 2)
      entry = entry_of(children[at - 2].second);
    else
      entry.attr = objects[number].status;
    const std::size_t needed =
        fuse_add_direntry_plus(request, buffer.data() + used, size - used, name, &entry, static_cast<off_t>(at + 1));
    if (needed > size - used) break;
    used += needed;
  }
  fuse_reply_buf(request, buffer.data(), used);
}

fuse_lowlevel_ops operations() {
  fuse_lowlevel_ops ops{};
  ops.init = on_init;
  ops.lookup = on_lookup;
  ops.forget = on_forget;
  ops.getattr = on_getattr;
  ops.open = on_open;
  ops.opendir = on_opendir;
  ops.release = on_release;
  ops.releasedir = on_release;
  ops.read = on_read;
  ops.readdirplus = on_readdirplus;
  return ops;
}

/// Answers until the end of the mount.
void serve() {
  const int fd = fuse_session_fd(session);
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
  fuse_buf buffer{};
  auto last = std::chrono::steady_clock::now();
  while (fuse_session_exited(session) == 0) {
    const int count = fuse_session_receive_buf(session, &buffer);
    if (count == -EAGAIN || count == -EINTR) {
      if (std::chrono::steady_clock::now() - last < spin_time) continue;
      pollfd waiting{fd, POLLIN, 0};
      ::poll(&waiting, 1, -1);
      continue;
    }
    if (count <= 0) break;
    fuse_session_process_buf(session, &buffer);
    last = std::chrono::steady_clock::now();
  }
  // NOLINTNEXTLINE(cppcoreguidelines-no-malloc): libfuse allocates it
  std::free(buffer.mem);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "usage: floor TREE MOUNTPOINT [ro]\n";
    return 64;
  }
  without_open = argc > 3 && std::strcmp(argv[3], "ro") == 0;
  load(argv[1], FUSE_ROOT_ID);
  std::string program = "floor", option = "-o", options = "fsname=floor";
  std::array<char*, 4> words = {program.data(), option.data(), options.data(), nullptr};
  fuse_args args = FUSE_ARGS_INIT(3, words.data());
  const fuse_lowlevel_ops ops = operations();
  session = fuse_session_new(&args, &ops, sizeof ops, nullptr);
  if (session == nullptr || fuse_session_mount(session, argv[2]) != 0) return 71;
  if (::daemon(0, 0) != 0) return 71;
  std::thread{[] { pusher.run(); }}.detach();
  serve();
  fuse_session_unmount(session);
  std::_Exit(0);
}
