#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "tests/support/raw_imap.h"

namespace mapistore::testing {

/// A real IMAP server of the test's own on loopback, and all that it stores.
///
/// It goes with this object, or soon after the process, however that ended. Starting takes about half a second; the
/// first start on a machine may fetch packages. What fails throws std::runtime_error with the reason. Not thread-safe.
class MailServer {
 public:
  /// `configuration`: lines in the server's own language, put last; tests/servers tells what there is without.
  static MailServer dovecot(std::string_view configuration = {}) { return {"dovecot", configuration}; }
  static MailServer cyrus(std::string_view configuration = {}) { return {"cyrus", configuration}; }
  /// One for the whole program, started when first asked for. Tests that share it keep to accounts of their own.
  static MailServer& shared_dovecot();
  static MailServer& shared_cyrus();

  MailServer(const MailServer&) = delete;
  ~MailServer();

  /// The only name that the certificate is for; 127.0.0.1 is the same server under a name that it does not prove.
  std::string host() const { return setting("host"); }
  std::uint16_t port() const { return number("port"); }          ///< plain, and STARTTLS
  std::uint16_t tls_port() const { return number("tls_port"); }  ///< TLS from the first byte
  std::filesystem::path ca_file() const { return setting("ca"); }
  /// Of every account.
  std::string password() const { return setting("password"); }
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

  void stop() const { run_script("stop"); }
  /// Ends it on the spot, as a crash would.
  void kill() const { run_script("kill"); }
  /// Halts it: connections stay, and are taken, but nothing is answered.
  void pause() const { run_script("pause"); }
  void resume() const { run_script("resume"); }
  /// Starts it again after stop() or kill(), with the same ports and mail.
  void restart() const;

 private:
  MailServer(std::string_view kind, std::string_view configuration);

  void start();
  std::string run_script(std::string_view command, std::string_view arguments = {}) const;
  std::string setting(const std::string& name) const { return settings_.at(name); }
  std::uint16_t number(const std::string& name) const { return static_cast<std::uint16_t>(std::stoi(setting(name))); }

  std::string kind_, configuration_;
  std::filesystem::path directory_;
  posix::UniqueFd alive_;  ///< its closing is the sign to end
  std::map<std::string, std::string> settings_;
  int users_ = 0, delivered_ = 0;
};

}  // namespace mapistore::testing
