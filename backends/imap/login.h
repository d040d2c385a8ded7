#pragma once

#include <chrono>
#include <expected>
#include <memory>
#include <optional>
#include <string>

#include "backends/imap/connection.h"

namespace mapistore::imap {

/// From the connection to a session that commands may be given to; runs on the thread that opens the session.
class Login {
 public:
  struct Facts {
    Capabilities capabilities;
    bool has_qresync = false;
    bool has_condstore = false;
    NameEncoding name_encoding = NameEncoding::utf7;
    std::string server;
  };

  Login(const Call& call, std::shared_ptr<Connection> connection, const SessionSettings& settings,
        SessionObserver* observer)
      : call_{call}, connection_{std::move(connection)}, settings_{settings}, observer_{observer} {}

  std::expected<Facts, Failure> run();

 private:
  using Step = std::expected<void, Failure>;

  Pending start(Command command, Upgrade upgrade = Upgrade::none, std::unique_ptr<Prompter> prompter = nullptr);
  Answer ask(std::string_view text, Receiver* receiver = nullptr, Upgrade upgrade = Upgrade::none);
  Step know_capabilities();
  Step protect();
  Step authenticate();
  Step authenticate_by(const std::string& mechanism, const SaslChannel& channel);
  Step log_in_plainly();
  Step compress();
  Step enable();
  void learn_manners();
  std::unexpected<Failure> failure(Errc code, std::string_view what, std::string_view hint) const;

  const Call& call_;
  std::shared_ptr<Connection> connection_;
  const SessionSettings& settings_;
  SessionObserver* const observer_;
  std::string greeting_;
  Facts facts_;
  std::optional<std::chrono::steady_clock::duration> round_trip_;  ///< once it was seen
};

}  // namespace mapistore::imap
