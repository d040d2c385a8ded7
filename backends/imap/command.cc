#include "backends/imap/command.h"

#include <algorithm>

#include "backends/imap/command_state.h"
#include "backends/imap/connection.h"
#include "backends/imap/scanner.h"

namespace mapistore::imap {

namespace {

constexpr std::size_t longest_quoted = 1000;
constexpr std::size_t chunk_size = std::size_t{256} << 10;

bool fits_quotes(std::string_view value) {
  return value.size() <= longest_quoted &&
         std::ranges::none_of(value, [](char letter) { return letter <= 0 || letter == '\r' || letter == '\n'; });
}

Result<std::string> find_bytes(const Call& call, const CommandState::Question& question, Prompter* prompter) {
  if (question.source == nullptr) {
    if (prompter == nullptr) return fail(Errc::corrupted, {}, "the server asks what nobody can answer");
    return prompter->answer(question.challenge);
  }
  std::string chunk(static_cast<std::size_t>(std::min<std::uint64_t>(question.most, chunk_size)), '\0');
  const std::size_t count = MAPISTORE_TRY(question.source->read(call, std::as_writable_bytes(std::span{chunk})));
  if (count == 0 || count > chunk.size()) return fail(Errc::stale, {}, "the message became shorter while it was sent");
  chunk.resize(count);
  return chunk;
}

Result<> answer_question(const Call& call, const CommandState::Question& question,
                         const std::shared_ptr<CommandState>& state) {
  std::string bytes = MAPISTORE_TRY(find_bytes(call, question, state->prompter.get()));
  state->connection->provide(state, std::move(bytes));
  return {};
}

/// Blocks until there is a question or what is `awaited`, or the call ends.
template <typename Awaited>
void wait_for_news(CommandState& state, std::unique_lock<std::mutex>& lock, const Call& call, const Awaited& awaited) {
  const auto is_news = [&] { return awaited() || state.question; };
  if (call.deadline == std::chrono::steady_clock::time_point::max()) {
    state.changed.wait(lock, call.stop, is_news);
  } else {
    state.changed.wait_until(lock, call.stop, call.deadline, is_news);
  }
}

/// Answers what the server asks until there is what is `awaited`. Errors: of the call, or of who answers.
template <typename Awaited>
Result<> attend(const std::shared_ptr<CommandState>& state, std::unique_lock<std::mutex>& lock, const Call& call,
                const Awaited& awaited) {
  for (;;) {
    wait_for_news(*state, lock, call, awaited);
    if (awaited()) return {};
    MAPISTORE_CHECK(call.check());
    if (!state->question) continue;
    const CommandState::Question question = *std::exchange(state->question, std::nullopt);
    lock.unlock();
    auto answered = answer_question(call, question, state);
    lock.lock();
    if (!answered && !awaited()) return answered;
  }
}

/// Requires the lock. Why nothing more will come of it for whoever waited.
Failure abandon(CommandState& state, Error why) {
  state.is_abandoned = true;
  Failure failure{std::move(why), state.is_sent ? FailureKind::unknown_outcome : FailureKind::not_sent};
  if (failure.what.empty()) failure.what = "nobody waits for it any more";
  return failure;
}

}  // namespace

CommandText& CommandText::add(std::string_view text) {
  if (text.empty()) return *this;
  if (pieces_.empty() || !std::holds_alternative<std::string>(pieces_.back())) pieces_.emplace_back(std::string{});
  std::get<std::string>(pieces_.back()) += text;
  return *this;
}

CommandText& CommandText::add_string(std::string_view value) {
  if (!fits_quotes(value)) return add_literal(std::string(value));
  std::string quoted = "\"";
  for (const char letter : value) {
    if (letter == '"' || letter == '\\') quoted += '\\';
    quoted += letter;
  }
  return add(quoted + '"');
}

CommandText& CommandText::add_literal(std::string bytes, bool binary) {
  const std::uint64_t size = bytes.size();
  pieces_.emplace_back(Literal{std::move(bytes), size, nullptr, binary});
  return *this;
}

CommandText& CommandText::add_stream(std::uint64_t size, LiteralSource& source, bool binary) {
  pieces_.emplace_back(Literal{{}, size, &source, binary});
  return *this;
}

bool CommandText::streams() const noexcept {
  return std::ranges::any_of(pieces_, [](const Piece& piece) {
    const auto* literal = std::get_if<Literal>(&piece);
    return literal != nullptr && literal->source != nullptr;
  });
}

CommandText& CommandText::add_date_time(Time time) { return add('"' + date_time_text(time) + '"'); }

std::string CommandText::verb() const {
  if (pieces_.empty() || !std::holds_alternative<std::string>(pieces_.front())) return {};
  const std::string_view text = std::get<std::string>(pieces_.front());
  const std::size_t first = std::min(text.find(' '), text.size());
  std::string verb = upper_case(text.substr(0, first));
  if (verb == "UID") verb = upper_case(text.substr(0, text.find(' ', first + 1)));
  return verb;
}

const ResponseCode* Completion::code(std::string_view name) const noexcept {
  if (answer.code.is(name)) return &answer.code;
  const auto found = std::ranges::find(codes, name, &ResponseCode::name);
  return found != codes.end() ? &*found : nullptr;
}

CommandState::CommandState(Command the_command) : command{std::move(the_command)}, verb{command.text.verb()} {
  if (verb != "UID FETCH" && verb != "LIST") return;
  for (const CommandText::Piece& part : command.text.pieces())
    if (const auto* text = std::get_if<std::string>(&part)) asked += upper_case(*text);
  asks_flags = asked.contains("FLAGS");
  asks_bodies = asked.contains('[');
}

bool CommandState::conflicts_with(const CommandState& other) const noexcept {
  if (!command.need || !other.command.need || !same_mailbox(command.need->mailbox, other.command.need->mailbox))
    return false;
  // What is asked after a SELECT alone is to be true after it.
  if (other.command.text.empty()) return true;
  if (!writes() && !other.writes()) return false;
  return command.uids.empty() || other.command.uids.empty() || command.uids.intersects(other.command.uids);
}

Pending::Pending(std::shared_ptr<CommandState> state) : state_{std::move(state)} {}
Pending::Pending(Pending&&) noexcept = default;

Pending& Pending::operator=(Pending&& other) noexcept {
  Pending old{std::exchange(state_, std::move(other.state_))};
  failure_ = std::move(other.failure_);
  return *this;
}

Pending::~Pending() {
  if (!state_) return;
  {
    const std::lock_guard lock{state_->mutex};
    if (state_->answer) return;
    static_cast<void>(abandon(*state_, {}));
  }
  state_->connection->abandon(state_);
}

Failure Pending::give_up(std::unique_lock<std::mutex>& lock, Error why) {
  const std::shared_ptr<CommandState> state = std::exchange(state_, nullptr);
  Failure failure = abandon(*state, std::move(why));
  lock.unlock();
  state->connection->abandon(state);
  return failure;
}

void Pending::wait_until_sent(const Call& call) {
  if (!state_) return;
  const std::shared_ptr<CommandState> state = state_;
  std::unique_lock lock{state->mutex};
  auto attended = attend(state, lock, call, [&] { return state->answer || state->is_all_sent; });
  if (!attended) failure_ = give_up(lock, std::move(attended).error());
}

Answer Pending::wait(const Call& call) {
  if (failure_) return std::unexpected(*std::exchange(failure_, std::nullopt));
  const std::shared_ptr<CommandState> state = state_;
  if (!state) return std::unexpected(Failure{Error{Errc::invalid_argument, {}, "was waited for before", {}}});
  std::unique_lock lock{state->mutex};
  auto attended = attend(state, lock, call, [&] { return state->answer.has_value(); });
  if (!attended) return std::unexpected(give_up(lock, std::move(attended).error()));
  state_ = nullptr;
  return *std::move(state->answer);
}

}  // namespace mapistore::imap
