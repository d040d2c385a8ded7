#include "backends/imap/io_thread.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <thread>

namespace mapistore::imap {

struct IoThread::Parts {
  boost::asio::io_context context{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{context.get_executor()};
  std::thread thread;
};

IoThread::IoThread() : parts_{std::make_unique<Parts>()} {
  parts_->thread = std::thread{[this] { parts_->context.run(); }};
}

IoThread::~IoThread() {
  parts_->work.reset();
  parts_->context.stop();
  parts_->thread.join();
}

boost::asio::io_context& IoThread::context() noexcept { return parts_->context; }

}  // namespace mapistore::imap
