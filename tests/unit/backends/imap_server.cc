#include "tests/unit/backends/imap_server.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backends/imap/deflate.h"
#include "tests/unit/backends/support.h"

namespace mapistore::imap {

namespace {

constexpr int patience = 10'000;  // milliseconds

/// A key and its own certificate for "localhost", made once.
class Identity {
 public:
  Identity() : key_{EVP_RSA_gen(2048)}, certificate_{X509_new()} {
    X509_set_version(certificate_, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate_), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate_), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate_), 3600);
    X509_NAME* name = X509_get_subject_name(certificate_);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
    X509_set_issuer_name(certificate_, name);
    X509_set_pubkey(certificate_, key_);
    X509_EXTENSION* names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:localhost");
    X509_add_ext(certificate_, names, -1);
    X509_EXTENSION_free(names);
    X509_sign(certificate_, key_, EVP_sha256());
    file_ = directory_ / "certificate.pem";
    BIO* file = BIO_new_file(file_.c_str(), "w");
    PEM_write_bio_X509(file, certificate_);
    BIO_free(file);
  }
  ~Identity() {
    X509_free(certificate_);
    EVP_PKEY_free(key_);
  }
  Identity(const Identity&) = delete;

  static const Identity& get() {
    static const Identity identity;
    return identity;
  }

  EVP_PKEY* key() const { return key_; }
  X509* certificate() const { return certificate_; }
  const std::string& file() const { return file_; }

 private:
  testing_backends::ScratchDirectory directory_;
  EVP_PKEY* key_;
  X509* certificate_;
  std::string file_;
};

}  // namespace

ScriptedServer::ScriptedServer(Script script) {
  int pair[2];
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  client_ = pair[0];
  server_ = pair[1];
  thread_ = std::thread{[this, script = std::move(script)] { script(*this); }};
}

ScriptedServer::~ScriptedServer() {
  thread_.join();
  close();
}

SessionSettings ScriptedServer::settings() const {
  SessionSettings settings;
  settings.host = "localhost";
  settings.security = Security::none;
  settings.credentials = {.user = "anna", .secret = "s3cret"};
  settings.descriptor = client_;
  return settings;
}

void ScriptedServer::greet(std::string_view capabilities) {
  say("* PREAUTH [CAPABILITY IMAP4rev1 " + std::string(capabilities) + "] hello\r\n");
}

void ScriptedServer::say(std::string_view lines) {
  const std::string wire = deflate_ ? deflate_->compress(lines) : std::string(lines);
  if (tls_) {
    SSL_write(tls_.get(), wire.data(), static_cast<int>(wire.size()));
    return;
  }
  // The client may have closed: the test finds out otherwise.
  static_cast<void>(::send(server_, wire.data(), wire.size(), MSG_NOSIGNAL));
}

bool ScriptedServer::fill() {
  pollfd readable{server_, POLLIN, 0};
  if (!(tls_ && SSL_pending(tls_.get()) > 0) && ::poll(&readable, 1, patience) != 1) {
    ADD_FAILURE() << "the client says nothing";
    return false;
  }
  char buffer[65536];
  const ssize_t count = tls_ ? SSL_read(tls_.get(), buffer, sizeof buffer) : ::read(server_, buffer, sizeof buffer);
  if (count <= 0) return false;
  const std::string_view wire(buffer, static_cast<std::size_t>(count));
  if (!deflate_) {
    received_ += wire;
    return true;
  }
  const auto expanded = deflate_->expand(wire, [&](std::string_view bytes) {
    received_ += bytes;
    return true;
  });
  return expanded.has_value();
}

std::string ScriptedServer::line() {
  std::size_t end = 0;
  while ((end = received_.find("\r\n")) == std::string::npos)
    if (!fill()) return {};
  std::string line = received_.substr(0, end);
  received_.erase(0, end + 2);
  return line;
}

std::string ScriptedServer::bytes(std::size_t count) {
  while (received_.size() < count)
    if (!fill()) return {};
  std::string bytes = received_.substr(0, count);
  received_.erase(0, count);
  return bytes;
}

std::string ScriptedServer::command() {
  const std::string text = line();
  const std::size_t space = text.find(' ');
  tag = text.substr(0, space);
  return space == std::string::npos ? std::string() : text.substr(space + 1);
}

std::string ScriptedServer::expect(std::string_view text) {
  EXPECT_EQ(command(), text);
  return tag;
}

void ScriptedServer::select(std::string_view command_text, std::uint32_t uid_validity, std::string_view more) {
  expect(command_text);
  say("* FLAGS (\\Seen)\r\n* 3 EXISTS\r\n* OK [UIDVALIDITY " + std::to_string(uid_validity) +
      "] x\r\n* OK [UIDNEXT 10] x\r\n" + std::string(more));
  done(command_text.starts_with("EXAMINE") ? "OK [READ-ONLY] done" : "OK [READ-WRITE] done");
}

bool ScriptedServer::hears_nothing() {
  pollfd readable{server_, POLLIN, 0};
  return received_.empty() && ::poll(&readable, 1, 50) == 0;
}

bool ScriptedServer::is_closed() {
  while (fill()) received_.clear();
  return true;
}

void ScriptedServer::close() {
  if (server_ >= 0) ::close(server_);
  server_ = -1;
}

void ScriptedServer::start_tls() {
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  SSL_CTX_use_certificate(context, Identity::get().certificate());
  SSL_CTX_use_PrivateKey(context, Identity::get().key());
  tls_.reset(SSL_new(context));
  SSL_CTX_free(context);
  SSL_set_fd(tls_.get(), server_);
  SSL_accept(tls_.get());
}

void ScriptedServer::start_deflate() { deflate_ = std::make_unique<DeflateLayer>(); }

std::string test_certificate_file() { return Identity::get().file(); }

std::unique_ptr<Session> open_session(IoThread& io, const ScriptedServer& server, SessionObserver* observer) {
  auto session = Session::open(soon(), io, server.settings(), observer);
  if (!session) {
    ADD_FAILURE() << session.error().to_string();
    std::abort();
  }
  return *std::move(session);
}

}  // namespace mapistore::imap
