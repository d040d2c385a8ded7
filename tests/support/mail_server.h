#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "tests/support/private_server.h"
#include "tests/support/raw_imap.h"

namespace mapistore::testing {

/// A real IMAP server of the test's own.
class MailServer : public PrivateServer {
 public:
  /// `configuration`: lines in the server's own language, put last; tests/servers tells what there is without.
  static MailServer dovecot(std::string_view configuration = {}) { return {"dovecot", configuration}; }
  static MailServer cyrus(std::string_view configuration = {}) { return {"cyrus", configuration}; }
  /// One for the whole program, started when first asked for. Tests that share it keep to accounts of their own.
  static MailServer& shared_dovecot();
  static MailServer& shared_cyrus();

  /// TLS from the first byte; `port` is plain, and STARTTLS.
  std::uint16_t tls_port() const { return number("tls_port"); }
  /// Makes an account with nothing but the server's special folders in it. The name begins with `prefix`: Dovecot keeps
  /// mail of those that begin with "mdbox" in mdbox files.
  std::string make_user(std::string_view prefix = "user");
  /// USER@HOST:PORT, as a URI has it.
  std::string authority(std::string_view user) const;
  std::string tls_authority(std::string_view user) const;
  /// An access token for XOAUTH2 and OAUTHBEARER; Dovecot alone has these. A negative lifetime has passed already.
  std::string token(std::string_view user, std::chrono::seconds lifetime = std::chrono::hours{1}) const;

  /// A session of another client, logged in.
  RawImap login(std::string_view user) const;
  /// Puts a message, byte for byte, where Dovecot finds new mail of a Maildir, without Dovecot's help. `folder` is the
  /// name on the wire.
  void deliver(std::string_view user, std::string_view message, std::string_view folder = "INBOX");
  /// The account's Maildir, for Dovecot alone; there once somebody has logged in or mail was delivered.
  std::filesystem::path maildir(std::string_view user) const;

 private:
  MailServer(std::string_view kind, std::string_view configuration) : PrivateServer{kind, configuration} {}

  int users_ = 0, delivered_ = 0;
};

}  // namespace mapistore::testing
