#include "backends/imap/login.h"

#include <algorithm>
#include <utility>

#include "backends/imap/scanner.h"

namespace mapistore::imap {

namespace {

constexpr unsigned exchange_depth = 25;  // it breaks after some fifty

/// Continues an exchange as the server asks.
class SaslPrompter final : public Prompter {
 public:
  explicit SaslPrompter(SaslExchange& exchange) : exchange_{exchange} {}

  Result<std::string> answer(std::string_view challenge) override {
    const std::string asked = MAPISTORE_TRY(from_base64(challenge));
    return base64(MAPISTORE_TRY(exchange_.step(asked))) + "\r\n";
  }

 private:
  SaslExchange& exchange_;
};

/// What the server tells of itself and what it enabled.
class IntroductionReceiver final : public Receiver {
 public:
  void data(Reply& reply) override {
    if (auto* id = std::get_if<IdReply>(&reply)) fields = std::move(id->fields);
    if (auto* words = std::get_if<EnabledReply>(&reply)) enabled = Capabilities{words->words};
  }

  std::string name() const {
    std::string name;
    for (const auto& [key, value] : fields)
      if (key == "name" || key == "version") name += (name.empty() ? "" : " ") + value;
    return name;
  }

  std::vector<std::pair<std::string, std::string>> fields;
  Capabilities enabled;
};

/// Of each kind the strongest: a password that the server cannot check by the first may do by a later one, but the more
/// attempts fail the sooner an account is locked.
std::vector<std::string> worth_trying(const std::vector<std::string>& usable, bool is_token) {
  std::vector<std::string> chosen;
  const auto kind = [](std::string_view name) {
    return name.ends_with("-PLUS") ? 0 : name.starts_with("SCRAM") ? 1 : 2;
  };
  for (const std::string& name : usable)
    if (chosen.empty() || (!is_token && kind(chosen.back()) != kind(name))) chosen.push_back(name);
  return chosen;
}

/// Many servers refuse a login without saying by a code that it is one.
void note_refusal(Failure& why) {
  if (why.kind == FailureKind::refused && why.code == Errc::io) why.code = Errc::authentication_failed;
  if (why.code == Errc::authentication_failed && why.hint.empty())
    why.hint = "check the user name and the password or token";
}

}  // namespace

std::unexpected<Failure> Login::failure(Errc code, std::string_view what, std::string_view hint) const {
  return std::unexpected(Failure{Error{code, settings_.host, std::string(what), std::string(hint)}});
}

Pending Login::start(Command command, Upgrade upgrade, std::unique_ptr<Prompter> prompter) {
  auto state = std::make_shared<CommandState>(std::move(command));
  state->upgrade = upgrade;
  state->prompter = std::move(prompter);
  state->connection = connection_;
  connection_->start(state);
  return Pending{std::move(state)};
}

Answer Login::ask(std::string_view text, Receiver* receiver, Upgrade upgrade) {
  Command command;
  command.text.add(text);
  command.kind = CommandClass::exclusive;
  command.receiver = receiver;
  return start(std::move(command), upgrade).wait(call_);
}

std::expected<Login::Facts, Failure> Login::run() {
  auto greeting = std::make_shared<CommandState>(Command{});
  greeting->connection = connection_;
  connection_->open(greeting);
  auto greeted = Pending{std::move(greeting)}.wait(call_);
  if (!greeted) return std::unexpected(std::move(greeted).error());
  greeting_ = greeted->answer.text;
  const bool is_logged_in = greeted->answer.condition == Condition::preauth;
  // Whoever speaks before TLS could log us in to another account.
  if (is_logged_in && settings_.security == Security::starttls)
    return failure(Errc::authentication_failed, "logs in before the connection is encrypted", "use imaps, port 993");
  if (auto done = protect(); !done) return std::unexpected(std::move(done).error());
  if (!is_logged_in)
    if (auto done = authenticate(); !done) return std::unexpected(std::move(done).error());
  if (observer_ != nullptr) observer_->signed_in();
  for (const auto step : {&Login::know_capabilities, &Login::enable, &Login::compress})
    if (auto done = (this->*step)(); !done) return std::unexpected(std::move(done).error());
  learn_manners();
  return std::move(facts_);
}

Login::Step Login::know_capabilities() {
  facts_.capabilities = connection_->capabilities();
  if (!facts_.capabilities.empty()) return {};
  if (auto answer = ask("CAPABILITY"); !answer) return std::unexpected(std::move(answer).error());
  facts_.capabilities = connection_->capabilities();
  return {};
}

Login::Step Login::protect() {
  if (auto known = know_capabilities(); !known) return known;
  if (settings_.security != Security::starttls) return {};
  if (!facts_.capabilities.has("STARTTLS"))
    return failure(Errc::invalid_configuration, "offers no encryption on this port", "use imaps, port 993");
  if (auto answer = ask("STARTTLS", nullptr, Upgrade::tls); !answer) return std::unexpected(std::move(answer).error());
  connection_->forget_capabilities();
  return know_capabilities();
}

Login::Step Login::authenticate() {
  const SaslChannel channel = connection_->channel();
  const Credentials& credentials = settings_.credentials;
  const auto usable = usable_mechanisms(facts_.capabilities.values("AUTH"), credentials, channel);
  const bool may_log_in = !credentials.is_token && !facts_.capabilities.has("LOGINDISABLED") && channel.is_private &&
                          (credentials.mechanism.empty() || equal_ignoring_case(credentials.mechanism, "LOGIN"));
  connection_->forget_capabilities();
  Step outcome = failure(Errc::authentication_failed, "offers no way of logging in that can be used here",
                         channel.is_private ? "see the server's AUTH capabilities"
                                            : "use imaps or STARTTLS: the password is not sent unencrypted");
  bool has_tried_plainly = false;
  for (const std::string& mechanism : worth_trying(usable, credentials.is_token)) {
    has_tried_plainly = has_tried_plainly || mechanism == "PLAIN" || mechanism == "LOGIN";
    outcome = authenticate_by(mechanism, channel);
    if (outcome || outcome.error().kind != FailureKind::refused || outcome.error().code == Errc::busy) return outcome;
  }
  return may_log_in && !has_tried_plainly ? log_in_plainly() : outcome;
}

Login::Step Login::authenticate_by(const std::string& mechanism, const SaslChannel& channel) {
  auto exchange = SaslExchange::begin(mechanism, settings_.credentials, channel);
  if (!exchange) return std::unexpected(Failure{std::move(exchange).error(), FailureKind::refused});
  Command command;
  command.kind = CommandClass::exclusive;
  command.text.add("AUTHENTICATE " + mechanism);
  if ((*exchange)->speaks_first() && facts_.capabilities.has("SASL-IR")) {
    const auto first = (*exchange)->step({});
    if (!first) return std::unexpected(Failure{first.error(), FailureKind::refused});
    command.text.add(first->empty() ? " =" : ' ' + base64(*first));
  }
  auto answer = start(std::move(command), Upgrade::none, std::make_unique<SaslPrompter>(**exchange)).wait(call_);
  const std::string said = (*exchange)->server_error();
  if (!answer) {
    Failure& why = answer.error();
    if (why.object.empty() || why.object == mechanism) why.object = settings_.host;
    note_refusal(why);
    if (why.kind == FailureKind::refused && !said.empty()) why.what += ": " + said;
    return std::unexpected(std::move(why));
  }
  if (!(*exchange)->is_satisfied())
    return failure(Errc::authentication_failed, "does not prove that it knows the password", "");
  return {};
}

Login::Step Login::log_in_plainly() {
  Command command;
  command.kind = CommandClass::exclusive;
  command.text.add("LOGIN ").add_string(settings_.credentials.user).add(" ").add_string(settings_.credentials.secret);
  auto answer = start(std::move(command)).wait(call_);
  if (answer) return {};
  Failure& why = answer.error();
  note_refusal(why);
  return std::unexpected(std::move(why));
}

Login::Step Login::compress() {
  if (!settings_.compress || !facts_.capabilities.has("COMPRESS=DEFLATE")) return {};
  if (round_trip_ && *round_trip_ < settings_.worth_compressing) return {};
  auto answer = ask("COMPRESS DEFLATE", nullptr, Upgrade::deflate);
  // A server that has changed its mind is not worse for it.
  if (!answer && answer.error().kind != FailureKind::refused) return std::unexpected(std::move(answer).error());
  return {};
}

Login::Step Login::enable() {
  const Capabilities& offered = facts_.capabilities;
  std::string words;
  if (offered.has("QRESYNC")) {
    words += " QRESYNC";
  } else if (offered.has("CONDSTORE")) {
    words += " CONDSTORE";
  }
  if (settings_.utf8_names && (offered.has("UTF8=ACCEPT") || offered.has("UTF8=ONLY"))) words += " UTF8=ACCEPT";
  IntroductionReceiver introduction;
  std::vector<Pending> started;
  const auto begin = [&](CommandText text) {
    Command command;
    command.text = std::move(text);
    command.receiver = &introduction;
    started.push_back(start(std::move(command)));
  };
  if (offered.has("ID")) begin(CommandText{"ID (\"name\" "}.add_string(settings_.client_name).add(")"));
  const bool enables = offered.has("ENABLE") && !words.empty();
  if (enables) begin(CommandText{"ENABLE" + words});
  bool is_enabled = false;
  const auto began = std::chrono::steady_clock::now();
  for (Pending& pending : started) {
    const auto answer = pending.wait(call_);
    if (!answer && answer.error().kind != FailureKind::refused) return std::unexpected(answer.error());
    is_enabled = answer.has_value();
    if (!round_trip_) round_trip_ = std::chrono::steady_clock::now() - began;
  }
  facts_.server = introduction.name().empty() ? greeting_ : introduction.name();
  // Some servers enable and do not say so.
  facts_.has_qresync = enables && is_enabled && offered.has("QRESYNC");
  facts_.has_condstore = facts_.has_qresync || offered.has("CONDSTORE");
  if (introduction.enabled.has("UTF8=ACCEPT")) facts_.name_encoding = NameEncoding::utf8;
  return {};
}

void Login::learn_manners() {
  const std::string known = upper_case(greeting_ + ' ' + facts_.server);
  const bool is_exchange = known.contains("EXCHANGE") || known.contains("OUTLOOK");
  connection_->set_manners(settings_.depth != 0 ? settings_.depth
                           : is_exchange        ? exchange_depth
                                                : 0,
                           facts_.capabilities.has("IDLE"));
}

}  // namespace mapistore::imap
