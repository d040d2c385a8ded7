#include "core/body_flight.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace mapistore {

namespace {

/// What lies no further ahead of what has come is sooner there than asked for.
constexpr std::uint64_t near = 2 * 1024 * 1024;

}  // namespace

/// Reads what has come from the file, waits for what is about to, and asks the medium for the rest.
class BodyFlight::Streamed final : public Body {
 public:
  explicit Streamed(std::shared_ptr<BodyFlight> flight) : flight_{std::move(flight)} { ++flight_->readers_; }
  ~Streamed() override { --flight_->readers_; }
  Streamed(const Streamed&) = delete;
  Streamed& operator=(const Streamed&) = delete;

  const ChangeKey& change() const noexcept override { return flight_->source_->change(); }
  std::uint64_t size() const noexcept override { return flight_->source_->size(); }
  int descriptor() const noexcept override { return flight_->has_all() ? flight_->filling_->descriptor() : -1; }

  Result<std::size_t> read_at(const Call& call, std::uint64_t offset, std::span<std::byte> out) override {
    const std::uint64_t end = std::min<std::uint64_t>(offset + out.size(), size());
    if (offset >= end) return 0;
    out = out.first(static_cast<std::size_t>(end - offset));
    const bool soon = flight_->coming_ && offset <= flight_->arrived_ + near;
    if (end > flight_->arrived_ && !(soon && MAPISTORE_TRY(flight_->await(call, end))))
      return flight_->source_->read_at(call, offset, out);
    for (std::size_t done = 0; done < out.size();) {
      const ssize_t count = ::pread(flight_->filling_->descriptor(), out.data() + done, out.size() - done,
                                    static_cast<off_t>(offset + done));
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return std::unexpected(system_error(count < 0 ? errno : EIO, "cached message"));
      done += static_cast<std::size_t>(count);
    }
    return out.size();
  }

 private:
  std::shared_ptr<BodyFlight> flight_;
};

void BodyFlight::begin(std::unique_ptr<Body> source, BodyCache::Filling filling) {
  source_ = std::move(source);
  filling_ = std::move(filling);
  const Locked locked{mutex_};
  began_ = true;
  changed_.notify_all();
}

bool BodyFlight::bring(const Call& call, std::span<std::byte> buffer) {
  coming_ = true;
  if (has_all() || readers_ == 0) return false;
  const auto count = source_->read_at(call, arrived_, buffer);
  if (!count || *count == 0 || !filling_->append(buffer.first(*count))) return false;
  const Locked locked{mutex_};
  arrived_ = filling_->written();
  changed_.notify_all();
  return true;
}

void BodyFlight::end() {
  const Locked locked{mutex_};
  ended_ = true;
  changed_.notify_all();
}

template <class Condition>
Result<> BodyFlight::wait(const Call& call, Condition holds) {
  const std::stop_callback wake{call.stop, [this] {
                                  const Locked locked{mutex_};
                                  changed_.notify_all();
                                }};
  Locked locked{mutex_};
  while (!holds()) {
    MAPISTORE_CHECK(call.check());
    changed_.wait_until(locked, std::min(call.deadline, std::chrono::steady_clock::now() + std::chrono::hours{1}));
  }
  return {};
}

Result<bool> BodyFlight::await_begin(const Call& call) {
  bool began = false;
  MAPISTORE_CHECK(wait(call, [&]() MAPISTORE_REQUIRES(mutex_) {
    began = began_;
    return began_ || ended_;
  }));
  return began;
}

Result<bool> BodyFlight::await(const Call& call, std::uint64_t end) {
  MAPISTORE_CHECK(wait(call, [&]() MAPISTORE_REQUIRES(mutex_) { return ended_ || arrived_ >= end; }));
  return arrived_ >= end;
}

std::unique_ptr<Body> BodyFlight::streamed() { return std::make_unique<Streamed>(shared_from_this()); }

}  // namespace mapistore
