#include "mountd/job.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

namespace mapistore::mountd {

namespace {

constexpr std::size_t most_output = 1024 * 1024;

int exit_code_of(std::optional<int> status) {
  if (!status) return -1;
  return WIFSIGNALED(*status) ? 128 + WTERMSIG(*status) : WEXITSTATUS(*status);
}

}  // namespace

Job::Job(posix::UniqueFd output, Ended ended) : output_{std::move(output)}, ended_{std::move(ended)} {}

Job::~Job() {
  if (process_) process_->signal(SIGKILL);
}

Result<std::unique_ptr<Job>> Job::start(EventLoop& loop, const std::function<int()>& work,
                                        std::chrono::milliseconds limit, Ended ended) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) return std::unexpected(system_error(errno, "pipe"));
  std::unique_ptr<Job> job{new Job{posix::UniqueFd{ends[0]}, std::move(ended)}};
  const posix::UniqueFd writer{ends[1]};
  const auto in_child = [&] {
    ::fcntl(writer.get(), F_SETFL, 0);
    ::dup2(writer.get(), STDOUT_FILENO);
    ::close_range(STDERR_FILENO + 1, ~0U, 0);
    return work();
  };
  auto process = Process::fork(loop, in_child, [self = job.get()](std::optional<int> status) {
    self->read();
    self->finish(true, exit_code_of(status));
  });
  if (!process) return std::unexpected(std::move(process).error());
  job->process_ = std::make_unique<Process>(*std::move(process));
  job->readable_ =
      MAPISTORE_TRY(loop.watch(job->output_.get(), EPOLLIN, [self = job.get()](std::uint32_t) { self->read(); }));
  job->limit_ = loop.after(limit, [self = job.get()] { self->finish(false, -1); });
  return job;
}

void Job::read() {
  std::array<char, 16 * 1024> buffer{};
  for (;;) {
    const ssize_t count = ::read(output_.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      if (count == 0) readable_.reset();
      return;
    }
    const std::size_t room = most_output - end_.output.size();
    end_.output.append(buffer.data(), std::min(static_cast<std::size_t>(count), room));
  }
}

void Job::finish(bool in_time, int code) {
  end_.in_time = in_time;
  end_.code = code;
  limit_.reset();
  readable_.reset();
  if (const Ended ended = std::move(ended_)) ended(std::move(end_));
}

}  // namespace mapistore::mountd
