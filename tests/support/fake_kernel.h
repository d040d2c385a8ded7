#pragma once

#include <fuse3/fuse_lowlevel.h>
#include <linux/fuse.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace mapistore::testing {

/// The bytes of a plain struct.
template <class T>
std::string raw(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof(value)};
}
/// A name as the kernel sends it.
inline std::string zero(std::string_view name) { return std::string(name) + '\0'; }

/// Plays the kernel's side of /dev/fuse over a pair of sockets, one message each. Thread-safe.
class FakeKernel {
 public:
  struct Reply {
    int error = 0;  ///< positive errno
    std::string body;

    /// The struct that the body begins with; zeros where it is too short.
    template <class T>
    T as() const {
      T value{};
      body.copy(reinterpret_cast<char*>(&value), sizeof(value));
      return value;
    }
  };
  struct Notification {
    int code = 0;
    std::string body;
    template <class T>
    T as() const {
      return Reply{0, body}.as<T>();
    }
  };
  /// fuse_dirent without its open end.
  struct Dirent {
    std::uint64_t ino = 0, off = 0;
    std::uint32_t namelen = 0, type = 0;
  };
  struct Listed {
    fuse_entry_out entry{};
    Dirent dirent{};
    std::string name;
  };

  FakeKernel();
  ~FakeKernel();
  FakeKernel(const FakeKernel&) = delete;
  FakeKernel& operator=(const FakeKernel&) = delete;

  /// For fs::Session::attach.
  int descriptor() const noexcept { return daemon_; }
  static fuse_custom_io io();

  /// Sends a request, answers its number. `body`: all behind the header.
  std::uint64_t send(std::uint32_t opcode, std::uint64_t node, std::string_view body);
  /// Sends bytes as they are.
  void send_bytes(std::string_view bytes) const;
  std::optional<Reply> wait(std::uint64_t number, std::chrono::milliseconds limit = std::chrono::seconds{10});
  /// Both; a missing answer is errno 9999.
  Reply ask(std::uint32_t opcode, std::uint64_t node, std::string_view body,
            std::chrono::milliseconds limit = std::chrono::seconds{10});
  /// How often `number` was answered.
  int answers(std::uint64_t number);
  std::optional<Notification> notified(const std::function<bool(const Notification&)>& wanted,
                                       std::chrono::milliseconds limit = std::chrono::seconds{10});

  Reply init(std::uint64_t flags);
  Reply lookup(std::uint64_t parent, std::string_view name) { return ask(FUSE_LOOKUP, parent, zero(name)); }
  Reply getattr(std::uint64_t node) { return ask(FUSE_GETATTR, node, raw(fuse_getattr_in{})); }
  Reply open(std::uint64_t node, std::uint32_t flags) { return ask(FUSE_OPEN, node, raw(fuse_open_in{flags, 0})); }
  Reply create(std::uint64_t parent, std::string_view name, std::uint32_t mode = 0100644, std::uint32_t flags = 02) {
    return ask(FUSE_CREATE, parent, raw(fuse_create_in{flags, mode, 0, 0}) + zero(name));
  }
  std::uint64_t send_read(std::uint64_t node, std::uint64_t offset, std::uint32_t size);
  Reply read(std::uint64_t node, std::uint64_t offset, std::uint32_t size);
  Reply write(std::uint64_t node, std::uint64_t offset, std::string_view bytes);
  Reply flush(std::uint64_t node) { return ask(FUSE_FLUSH, node, raw(fuse_flush_in{})); }
  Reply release(std::uint64_t node) { return ask(FUSE_RELEASE, node, raw(fuse_release_in{})); }
  Reply unlink(std::uint64_t parent, std::string_view name) { return ask(FUSE_UNLINK, parent, zero(name)); }
  Reply rmdir(std::uint64_t parent, std::string_view name) { return ask(FUSE_RMDIR, parent, zero(name)); }
  Reply mkdir(std::uint64_t parent, std::string_view name) {
    return ask(FUSE_MKDIR, parent, raw(fuse_mkdir_in{0755, 0}) + zero(name));
  }
  Reply rename(std::uint64_t parent, std::string_view name, std::uint64_t to, std::string_view new_name,
               std::uint32_t flags = 0) {
    return ask(FUSE_RENAME2, parent, raw(fuse_rename2_in{to, flags, 0}) + zero(name) + zero(new_name));
  }
  Reply setattr(std::uint64_t node, const fuse_setattr_in& wanted) { return ask(FUSE_SETATTR, node, raw(wanted)); }
  Reply getxattr(std::uint64_t node, std::string_view name, std::uint32_t size = 4096) {
    return ask(FUSE_GETXATTR, node, raw(fuse_getxattr_in{size, 0}) + zero(name));
  }
  Reply setxattr(std::uint64_t node, std::string_view name, std::string_view value, std::uint32_t flags = 0);
  Reply listdir(std::uint64_t node, std::uint64_t offset, std::uint32_t size, bool plus);
  void interrupt(std::uint64_t number);
  void forget(std::uint64_t node, std::uint64_t count);

  static std::vector<Listed> entries(const Reply& reply, bool plus);
  /// A whole directory but for its dots.
  std::vector<Listed> list(std::uint64_t node, bool plus = true);

 private:
  void receive();

  int daemon_ = -1, ours_ = -1;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::uint64_t last_ = 0;
  std::map<std::uint64_t, Reply> replies_;
  std::map<std::uint64_t, int> answers_;
  std::vector<Notification> notifications_;
  std::thread thread_;
};

}  // namespace mapistore::testing
