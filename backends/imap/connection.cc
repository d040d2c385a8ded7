#include "backends/imap/connection.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <future>
#include <utility>

namespace mapistore::imap {

namespace asio = boost::asio;

namespace {

/// A prefix that nobody can guess, so that no text a server was made to send looks like our tagged reply.
std::string random_prefix() {
  std::random_device random;
  std::string prefix;
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  for (int count = 0; count < 6; ++count) prefix += letters[random() % letters.size()];
  return prefix;
}

}  // namespace

Connection::Connection(IoThread& io, const SessionSettings& settings, SessionObserver* observer)
    : io_{io},
      settings_{settings},
      observer_{observer},
      stream_{std::make_shared<Stream>(io.context())},
      tag_prefix_{random_prefix()},
      idle_timer_{io.context()},
      death_timer_{io.context()},
      last_progress_{Clock::now()} {}

Connection::~Connection() = default;

void Connection::open(CommandPtr greeting) {
  ++load_;
  asio::post(io_.context(), [self = shared_from_this(), greeting = std::move(greeting)] {
    self->greeting_ = greeting;
    self->watch_for_death();
    const auto connected = [self](Result<> result) { self->on_connected(std::move(result)); };
    if (self->settings_.descriptor < 0) {
      self->stream_->connect(self->settings_.host, self->settings_.port, connected);
    } else {
      connected(self->stream_->adopt(self->settings_.descriptor));
    }
  });
}

void Connection::start(CommandPtr command) {
  ++load_;
  asio::post(io_.context(), [self = shared_from_this(), command = std::move(command)]() mutable {
    self->enqueue(std::move(command));
  });
}

void Connection::abandon(CommandPtr command) {
  asio::post(io_.context(), [self = shared_from_this(), command = std::move(command)] { self->on_abandoned(command); });
}

void Connection::provide(CommandPtr command, std::string bytes) {
  asio::post(io_.context(), [self = shared_from_this(), command = std::move(command),
                             bytes = std::move(bytes)]() mutable { self->on_provided(command, bytes); });
}

void Connection::idle(std::optional<std::string> mailbox, bool others) {
  asio::post(io_.context(), [self = shared_from_this(), mailbox = std::move(mailbox), others]() mutable {
    if (self->idle_mailbox_ != mailbox) self->leave_idle();
    self->idle_mailbox_ = std::move(mailbox);
    if (others && self->notify_ == Notify::unwanted) self->notify_ = Notify::wanted;
    self->pump();
  });
}

void Connection::read_on() {
  asio::post(io_.context(), [self = shared_from_this()] {
    if (self->is_lost_) return;
    self->stream_->read_on();
    self->watch_for_death();
  });
}

void Connection::set_manners(unsigned depth, bool may_idle) {
  asio::post(io_.context(), [self = shared_from_this(), depth, may_idle] {
    self->depth_ = depth;
    self->may_idle_ = may_idle;
    self->pump();
  });
}

void Connection::close() {
  std::promise<void> closed;
  asio::post(io_.context(), [self = shared_from_this(), &closed] {
    self->lose(self->failure(Errc::disconnected, "the session was closed"));
    closed.set_value();
  });
  closed.get_future().wait();
}

std::string Connection::selected() const {
  const std::lock_guard lock{facts_mutex_};
  return selected_;
}

Capabilities Connection::capabilities() const {
  const std::lock_guard lock{facts_mutex_};
  return capabilities_;
}

void Connection::forget_capabilities() {
  const std::lock_guard lock{facts_mutex_};
  capabilities_ = Capabilities{};
}

SaslChannel Connection::channel() const {
  const std::lock_guard lock{facts_mutex_};
  return channel_;
}

void Connection::note_channel() {
  const std::lock_guard lock{facts_mutex_};
  channel_.host = settings_.host;
  channel_.port = settings_.port;
  channel_.is_private = stream_->is_encrypted() || stream_->is_local();
  channel_.tls_unique = stream_->tls_unique();
  channel_.tls_exporter = stream_->tls_exporter();
}

Failure Connection::failure(Errc code, std::string_view what, std::string_view hint) const {
  return Failure{Error{code, settings_.host, std::string(what), std::string(hint)}};
}

void Connection::on_connected(Result<> connected) {
  if (is_lost_) return;
  last_progress_ = Clock::now();
  if (!connected) {
    connected.error().object = settings_.host + ':' + std::to_string(settings_.port);
    lose(Failure{std::move(connected).error()});
  } else if (settings_.security == Security::tls) {
    is_held_ = true;
    stream_->start_tls(settings_.host, settings_.tls_ca, [self = shared_from_this()](Result<> encrypted) {
      self->on_encrypted(std::move(encrypted), nullptr);
    });
  } else {
    note_channel();
    read();
  }
}

void Connection::on_encrypted(Result<> encrypted, const CommandPtr& command) {
  if (is_lost_) return;
  if (!encrypted) {
    if (encrypted.error().object.empty()) encrypted.error().object = settings_.host;
    lose(Failure{std::move(encrypted).error()});
    return;
  }
  is_held_ = false;
  note_channel();
  if (command) finish(command, Completion{});
  read();
  pump();
}

void Connection::read() {
  stream_->read([weak = weak_from_this()](Result<std::string_view> received) {
    const auto self = weak.lock();
    return self && self->on_received(received);
  });
}

bool Connection::on_received(Result<std::string_view> received) {
  if (is_lost_) return false;
  if (!received) {
    received.error().object = settings_.host;
    lose(good_bye_ ? *good_bye_ : Failure{received.error()});
    return false;
  }
  last_progress_ = Clock::now();
  const auto used = reader_.feed(*received);
  if (!used) {
    Error why = used.error();
    why.object = settings_.host;
    lose(Failure{std::move(why)});
    return false;
  }
  if (upgrading_) return apply_upgrade(received->substr(*used));
  if (good_bye_ && in_flight_.empty()) lose(*good_bye_);
  pump();
  return !is_lost_;
}

bool Connection::apply_upgrade(std::string_view unused) {
  const CommandPtr command = std::exchange(upgrading_, nullptr);
  if (command->upgrade == Upgrade::deflate) {
    stream_->start_deflate(unused);
    finish(command, Completion{});
    read();
    pump();
    return false;
  }
  // What came before the handshake is from nobody knows whom.
  is_held_ = true;
  watch_for_death();
  stream_->start_tls(settings_.host, settings_.tls_ca, [self = shared_from_this(), command](Result<> encrypted) {
    self->on_encrypted(std::move(encrypted), command);
  });
  return false;
}

void Connection::flush() {
  if (is_writing_ || out_.empty() || is_lost_) return;
  is_writing_ = true;
  stream_->write(std::exchange(out_, {}), [weak = weak_from_this()](Result<> written) {
    const auto self = weak.lock();
    if (!self || self->is_lost_) return;
    self->is_writing_ = false;
    self->last_progress_ = Clock::now();
    // What the server said before it closed is still to be read, and says more.
    if (written) self->pump();
  });
}

void Connection::finish(const CommandPtr& command, Answer answer) {
  {
    const std::lock_guard lock{command->mutex};
    if (command->answer) return;
    --load_;
    command->answer = std::move(answer);
    command->question.reset();
    if (command->command.receiver != nullptr && !command->is_abandoned) command->command.receiver->answered();
  }
  command->changed.notify_all();
}

void Connection::fail_command(const CommandPtr& command, Failure failure) {
  {
    const std::lock_guard lock{command->mutex};
    if (failure.kind != FailureKind::refused && failure.kind != FailureKind::new_uid_validity)
      failure.kind = command->is_sent ? FailureKind::unknown_outcome : FailureKind::not_sent;
  }
  finish(command, std::unexpected(std::move(failure)));
}

void Connection::lose(Failure why) {
  if (is_lost_.exchange(true)) return;
  why.kind = FailureKind::not_sent;
  good_bye_ = why;
  stream_->close();
  idle_timer_.cancel();
  death_timer_.cancel();
  const auto fail_all = [&](std::deque<CommandPtr>& commands) {
    for (const CommandPtr& command : std::exchange(commands, {})) {
      fail_command(command, why);
      if (command->owner) fail_command(command->owner, why);
    }
  };
  if (greeting_) fail_command(std::exchange(greeting_, nullptr), why);
  if (upgrading_) fail_command(std::exchange(upgrading_, nullptr), why);
  fail_all(in_flight_);
  fail_all(queue_);
  // Each of them holds the connection.
  sender_ = select_ = body_target_ = answering_ = idle_command_ = nullptr;
  if (observer_ != nullptr) observer_->lost(why);
}

void Connection::on_abandoned(const CommandPtr& command) {
  if (is_lost_) return;
  if (std::erase(queue_, command) > 0) {
    finish(command, std::unexpected(failure(Errc::cancelled, "was not waited for")));
    return;
  }
  // Half of a literal, a login or a handshake leaves both sides out of step.
  const bool is_half_sent = sender_ == command && (command->prompter || command->command.text.streams());
  const bool is_half_done =
      command == greeting_ || (command->prompter && std::ranges::find(in_flight_, command) != in_flight_.end());
  if (is_half_sent || is_half_done || (command->upgrade != Upgrade::none && is_held_))
    lose(failure(Errc::disconnected, command->verb + " was given up in the middle"));
}

}  // namespace mapistore::imap
