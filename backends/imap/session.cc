#include "backends/imap/session.h"

#include <algorithm>
#include <utility>

#include "backends/imap/connection.h"
#include "backends/imap/login.h"
#include "backends/imap/scanner.h"

namespace mapistore::imap {

namespace {

constexpr std::uint16_t tls_port = 993;
constexpr std::uint16_t plain_port = 143;

}  // namespace

Capabilities::Capabilities(const std::vector<std::string>& words) {
  for (const std::string& word : words) words_.insert(upper_case(word));
}

bool Capabilities::has(std::string_view word) const { return words_.contains(word); }

std::vector<std::string> Capabilities::values(std::string_view key) const {
  const std::string prefix = std::string(key) + '=';
  std::vector<std::string> values;
  for (auto word = words_.lower_bound(prefix); word != words_.end() && word->starts_with(prefix); ++word)
    values.push_back(word->substr(prefix.size()));
  return values;
}

struct Session::Parts {
  std::shared_ptr<Connection> connection;
  Login::Facts facts;
};

Session::Session(std::unique_ptr<Parts> parts) : parts_{std::move(parts)} {}

std::expected<std::unique_ptr<Session>, Failure> Session::open(const Call& call, IoThread& io, SessionSettings settings,
                                                               SessionObserver* observer) {
  if (settings.port == 0) settings.port = settings.security == Security::tls ? tls_port : plain_port;
  auto parts = std::make_unique<Parts>();
  parts->connection = std::make_shared<Connection>(io, settings, observer);
  Parts* const own = parts.get();
  std::unique_ptr<Session> session{new Session{std::move(parts)}};
  auto facts = Login{call, own->connection, settings, observer}.run();
  if (!facts) return std::unexpected(std::move(facts).error());
  own->facts = *std::move(facts);
  return session;
}

Session::~Session() { parts_->connection->close(); }

Pending Session::start(Command command) {
  auto state = std::make_shared<CommandState>(std::move(command));
  state->connection = parts_->connection;
  parts_->connection->start(state);
  return Pending{std::move(state)};
}

void Session::read_on() { parts_->connection->read_on(); }

void Session::idle(std::string mailbox, bool others) { parts_->connection->idle(std::move(mailbox), others); }
void Session::stop_idling() { parts_->connection->idle(std::nullopt, false); }

Pending Session::log_out() {
  Command command;
  command.text.add("LOGOUT");
  command.kind = CommandClass::exclusive;
  return start(std::move(command));
}

bool Session::is_lost() const noexcept { return parts_->connection->is_lost(); }
std::size_t Session::load() const noexcept { return parts_->connection->load(); }
std::string Session::selected() const { return parts_->connection->selected(); }
const Capabilities& Session::capabilities() const noexcept { return parts_->facts.capabilities; }
bool Session::has_qresync() const noexcept { return parts_->facts.has_qresync; }
bool Session::has_condstore() const noexcept { return parts_->facts.has_condstore; }
NameEncoding Session::name_encoding() const noexcept { return parts_->facts.name_encoding; }
const std::string& Session::server() const noexcept { return parts_->facts.server; }

}  // namespace mapistore::imap
