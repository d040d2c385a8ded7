#include "tests/support/fake_kernel.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace mapistore::testing {

namespace {

constexpr std::size_t largest_message = 1 << 20;
constexpr int no_answer = 9999;

/// Like the real device, never short of room.
ssize_t io_writev(int fd, iovec* parts, int count, void*) {
  for (;;) {
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = static_cast<std::size_t>(count);
    const ssize_t sent = ::sendmsg(fd, &message, MSG_NOSIGNAL);
    if (sent >= 0 || (errno != EAGAIN && errno != EINTR)) return sent;
    pollfd waiting{fd, POLLOUT, 0};
    ::poll(&waiting, 1, 100);
  }
}

ssize_t io_read(int fd, void* buffer, size_t size, void*) {
  const ssize_t count = ::read(fd, buffer, size);
  if (count == 0) {
    // The other end is closed: unmounted.
    errno = ENODEV;
    return -1;
  }
  return count;
}

}  // namespace

FakeKernel::FakeKernel() {
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) throw std::runtime_error("socketpair");
  daemon_ = pair[0];
  ours_ = pair[1];
  const int room = 2 << 20;
  for (const int fd : pair) ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
  thread_ = std::thread{[this] { receive(); }};
}

FakeKernel::~FakeKernel() {
  ::shutdown(ours_, SHUT_RDWR);
  thread_.join();
  ::close(ours_);
  ::close(daemon_);
}

fuse_custom_io FakeKernel::io() {
  fuse_custom_io io{};
  io.writev = io_writev;
  io.read = io_read;
  return io;
}

void FakeKernel::receive() {
  std::string buffer(largest_message, '\0');
  for (;;) {
    const ssize_t count = ::recv(ours_, buffer.data(), buffer.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    fuse_out_header header{};
    std::memcpy(&header, buffer.data(), std::min(sizeof(header), static_cast<std::size_t>(count)));
    std::string body(buffer, sizeof(header), static_cast<std::size_t>(count) - sizeof(header));
    const std::lock_guard lock{mutex_};
    if (header.unique == 0) {
      notifications_.push_back({header.error, std::move(body)});
    } else {
      ++answers_[header.unique];
      replies_.try_emplace(header.unique, Reply{-header.error, std::move(body)});
    }
    arrived_.notify_all();
  }
}

void FakeKernel::send_bytes(std::string_view bytes) const {
  static_cast<void>(!::send(ours_, bytes.data(), bytes.size(), MSG_NOSIGNAL));
}

std::uint64_t FakeKernel::send(std::uint32_t opcode, std::uint64_t node, std::string_view body) {
  fuse_in_header header{};
  {
    const std::lock_guard lock{mutex_};
    header.unique = last_ += 2;
  }
  header.len = static_cast<std::uint32_t>(sizeof(header) + body.size());
  header.opcode = opcode;
  header.nodeid = node;
  header.uid = ::getuid();
  header.gid = ::getgid();
  header.pid = static_cast<std::uint32_t>(::getpid());
  send_bytes(raw(header) + std::string(body));
  return header.unique;
}

std::optional<FakeKernel::Reply> FakeKernel::wait(std::uint64_t number, std::chrono::milliseconds limit) {
  std::unique_lock lock{mutex_};
  if (!arrived_.wait_for(lock, limit, [&] { return replies_.contains(number); })) return std::nullopt;
  return replies_.at(number);
}

FakeKernel::Reply FakeKernel::ask(std::uint32_t opcode, std::uint64_t node, std::string_view body,
                                  std::chrono::milliseconds limit) {
  return wait(send(opcode, node, body), limit).value_or(Reply{no_answer, {}});
}

int FakeKernel::answers(std::uint64_t number) {
  const std::lock_guard lock{mutex_};
  return answers_[number];
}

std::optional<FakeKernel::Notification> FakeKernel::notified(const std::function<bool(const Notification&)>& wanted,
                                                             std::chrono::milliseconds limit) {
  std::unique_lock lock{mutex_};
  std::optional<Notification> found;
  arrived_.wait_for(lock, limit, [&] {
    for (const Notification& one : notifications_)
      if (wanted(one)) found = one;
    return found.has_value();
  });
  return found;
}

FakeKernel::Reply FakeKernel::init(std::uint64_t flags) {
  fuse_init_in in{};
  in.major = FUSE_KERNEL_VERSION;
  in.minor = FUSE_KERNEL_MINOR_VERSION;
  in.max_readahead = 128 * 1024;
  in.flags = static_cast<std::uint32_t>(flags);
  in.flags2 = static_cast<std::uint32_t>(flags >> 32);
  return ask(FUSE_INIT, 0, raw(in));
}

std::uint64_t FakeKernel::send_read(std::uint64_t node, std::uint64_t offset, std::uint32_t size) {
  fuse_read_in in{};
  in.offset = offset;
  in.size = size;
  return send(FUSE_READ, node, raw(in));
}

FakeKernel::Reply FakeKernel::read(std::uint64_t node, std::uint64_t offset, std::uint32_t size) {
  return wait(send_read(node, offset, size)).value_or(Reply{no_answer, {}});
}

FakeKernel::Reply FakeKernel::write(std::uint64_t node, std::uint64_t offset, std::string_view bytes) {
  fuse_write_in in{};
  in.offset = offset;
  in.size = static_cast<std::uint32_t>(bytes.size());
  return ask(FUSE_WRITE, node, raw(in) + std::string(bytes));
}

FakeKernel::Reply FakeKernel::setxattr(std::uint64_t node, std::string_view name, std::string_view value,
                                       std::uint32_t flags) {
  const std::uint32_t head[2] = {static_cast<std::uint32_t>(value.size()), flags};
  return ask(FUSE_SETXATTR, node, raw(head) + zero(name) + std::string(value));
}

FakeKernel::Reply FakeKernel::listdir(std::uint64_t node, std::uint64_t offset, std::uint32_t size, bool plus) {
  fuse_read_in in{};
  in.offset = offset;
  in.size = size;
  return ask(plus ? FUSE_READDIRPLUS : FUSE_READDIR, node, raw(in));
}

void FakeKernel::interrupt(std::uint64_t number) { send(FUSE_INTERRUPT, 0, raw(fuse_interrupt_in{number})); }

void FakeKernel::forget(std::uint64_t node, std::uint64_t count) {
  send(FUSE_FORGET, node, raw(fuse_forget_in{count}));
}

std::vector<FakeKernel::Listed> FakeKernel::entries(const Reply& reply, bool plus) {
  std::vector<Listed> found;
  for (std::size_t at = 0; at < reply.body.size();) {
    Listed one;
    std::size_t name_at = 0, length = 0;
    if (plus) {
      reply.body.copy(reinterpret_cast<char*>(&one.entry), sizeof(one.entry), at);
      reply.body.copy(reinterpret_cast<char*>(&one.dirent), sizeof(one.dirent), at + sizeof(one.entry));
      name_at = at + FUSE_NAME_OFFSET_DIRENTPLUS;
      length = FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET_DIRENTPLUS + one.dirent.namelen);
    } else {
      reply.body.copy(reinterpret_cast<char*>(&one.dirent), FUSE_NAME_OFFSET, at);
      name_at = at + FUSE_NAME_OFFSET;
      length = FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + one.dirent.namelen);
    }
    one.name = reply.body.substr(name_at, one.dirent.namelen);
    found.push_back(std::move(one));
    at += length;
  }
  return found;
}

std::vector<FakeKernel::Listed> FakeKernel::list(std::uint64_t node, bool plus) {
  std::vector<Listed> all;
  for (std::uint64_t offset = 0;;) {
    const auto some = entries(listdir(node, offset, 4096, plus), plus);
    if (some.empty()) break;
    for (const Listed& one : some)
      if (one.name != "." && one.name != "..") all.push_back(one);
    offset = some.back().dirent.off;
  }
  return all;
}

}  // namespace mapistore::testing
