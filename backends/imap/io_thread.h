#pragma once

#include <memory>

namespace boost::asio {
class io_context;  // NOLINT(readability-identifier-naming): the library's own name
}

namespace mapistore::imap {

/// The one thread on which all sessions of a process or account do their input and output. Outlives them.
/// Asleep while nothing happens.
class IoThread {
 public:
  IoThread();
  ~IoThread();
  IoThread(const IoThread&) = delete;

  boost::asio::io_context& context() noexcept;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace mapistore::imap
