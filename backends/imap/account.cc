#include "backends/imap/account.h"

#include <algorithm>
#include <vector>

namespace mapistore::imap {
namespace {

constexpr std::chrono::milliseconds first_pause{500}, longest_pause{60'000};
constexpr std::chrono::seconds time_to_prepare{30};

bool is_callers_doing(Errc code) { return code == Errc::cancelled || code == Errc::timed_out; }

}  // namespace

Account::Account(Host& host, Settings settings, SessionObserver& observer)
    : host_{host}, settings_{std::move(settings)}, observer_{observer}, provider_{&provider_of({}, {}, {})} {}

Account::~Account() = default;

Account::Slot& Account::slot(Lane lane) {
  return slots_[settings_.one_connection ? 0 : static_cast<std::size_t>(lane)];
}

std::expected<std::shared_ptr<Session>, Failure> Account::session(const Call& call, Lane lane) {
  std::unique_lock lock{mutex_};
  Slot& mine = slot(lane);
  for (;;) {
    if (mine.session && !mine.session->is_lost()) return mine.session;
    if (auto waiting = call.check(); !waiting) return std::unexpected(Failure{std::move(waiting).error()});
    if (!mine.opening) break;
    changed_.wait_until(lock, std::min(call.deadline, Clock::now() + first_pause));
  }
  if (Clock::now() < not_before_ && last_failure_) return std::unexpected(*last_failure_);
  mine.opening = true;
  // Destroyed without the lock: it waits for its callbacks.
  const std::shared_ptr<Session> lost = std::exchange(mine.session, nullptr);
  lock.unlock();
  auto opened = open(call, lane);
  lock.lock();
  mine.opening = false;
  changed_.notify_all();
  if (opened) {
    mine.session = *opened;
    pause_ = {};
    last_failure_.reset();
  } else if (!is_callers_doing(opened.error().code)) {
    pause_ = std::clamp(pause_ * 2, first_pause, longest_pause);
    not_before_ = Clock::now() + std::max(pause_, opened.error().retry_after.value_or(pause_));
    last_failure_ = opened.error();
  }
  return opened;
}

std::expected<std::shared_ptr<Session>, Failure> Account::open(const Call& call, Lane lane) {
  SessionSettings settings = settings_.session;
  settings.credentials.is_token = settings_.is_token;
  // Listings compress well; bodies are faster without on any network that is not slow.
  settings.compress = lane == Lane::sync && settings_.session.compress;
  // Tokens end in the middle of sessions; the one after it is had by asking again, once: a server that takes none would
  // go on for ever.
  std::expected<std::unique_ptr<Session>, Failure> opened;
  for (const bool is_last : {false, true}) {
    auto secret = host_.secret(settings_.uri);
    if (!secret) return std::unexpected(Failure{std::move(secret).error()});
    if (is_last && *secret == settings.credentials.secret) break;
    settings.credentials.secret = std::move(*secret);
    opened = Session::open(call, io_, settings, &observer_);
    if (opened || opened.error().code != Errc::authentication_failed) break;
    host_.refuse_secret(settings_.uri);
  }
  if (!opened) return std::unexpected(std::move(opened).error());
  std::shared_ptr<Session> session = std::move(*opened);
  provider_ = &provider_of(settings_.session.host, session->server(), session->capabilities());
  return session;
}

Answer Account::run(const Call& call, Lane lane, bool repeatable, const Attempt& attempt) {
  for (bool again = false;; again = true) {
    auto opened = session(call, lane);
    if (!opened) return std::unexpected(std::move(opened).error());
    Answer answer = attempt(**opened);
    if (answer || again || !(*opened)->is_lost() || is_callers_doing(answer.error().code)) return answer;
    const FailureKind kind = answer.error().kind;
    if (kind != FailureKind::not_sent && !(repeatable && kind == FailureKind::unknown_outcome)) return answer;
  }
}

void Account::prepare(Lane lane) {
  Slot& mine = slot(lane);
  if (mine.is_prepared.test_and_set()) return;
  mine.preparing = std::jthread([this, lane](const std::stop_token& stop) {
    static_cast<void>(session(Call::within(time_to_prepare, stop), lane));
  });
}

void Account::close(const Call& call) {
  for (Slot& one : slots_) one.preparing = {};
  std::vector<std::shared_ptr<Session>> sessions;
  {
    const std::lock_guard lock{mutex_};
    for (Slot& one : slots_)
      if (auto session = std::exchange(one.session, nullptr); session && !session->is_lost())
        sessions.push_back(std::move(session));
  }
  std::vector<Pending> good_byes;
  for (const auto& session : sessions) good_byes.push_back(session->log_out());
  for (Pending& good_bye : good_byes) static_cast<void>(good_bye.wait(call));
}

}  // namespace mapistore::imap
