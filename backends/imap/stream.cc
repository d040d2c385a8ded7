#include "backends/imap/stream.h"

#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

namespace mapistore::imap {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::size_t buffer_size = std::size_t{256} << 10, deflated_at_once = std::size_t{16} << 10;
constexpr std::chrono::seconds connect_limit{10};  // for an address while others are left

/// Whose socket options the compiler cannot know: of a socket that is none of TCP they are refused, which is no matter.
void set_tcp_option(int descriptor, int option, int value) {
  static_cast<void>(::setsockopt(descriptor, IPPROTO_TCP, option, &value, sizeof value));
}

bool is_address(const std::string& host) {
  error_code error;
  static_cast<void>(asio::ip::make_address(host, error));
  return !error;
}

}  // namespace

Stream::Stream(asio::io_context& context)
    : context_{context}, resolver_{context}, connect_timer_{context}, socket_{context}, buffer_(buffer_size, '\0') {}

Error Stream::failure(const error_code& error) const {
  if (error == asio::error::connection_refused) return {Errc::connection_refused, {}, "refuses connections", {}};
  if (error == asio::error::eof || error == asio::ssl::error::stream_truncated)
    return {Errc::disconnected, {}, "closed the connection", {}};
  if (error == asio::error::connection_reset || error == asio::error::broken_pipe)
    return {Errc::disconnected, {}, "broke the connection", {}};
  if (error == asio::error::timed_out) return {Errc::disconnected, {}, "does not answer", {}};
  return {Errc::unreachable, {}, error.message(), {}};
}

void Stream::connect(const std::string& host, std::uint16_t port, Done done) {
  resolver_.async_resolve(
      host, std::to_string(port), asio::ip::resolver_base::numeric_service,
      [self = shared_from_this(), done = std::move(done)](
          const error_code& error, const asio::ip::tcp::resolver::results_type& results) mutable {
        if (self->is_closed_) return;
        if (error) {
          done(fail(Errc::unreachable, {}, "cannot be found: " + error.message(), "check the name and the network"));
          return;
        }
        auto endpoints = std::make_shared<std::vector<asio::ip::tcp::endpoint>>();
        for (const auto& result : results) endpoints->push_back(result.endpoint());
        self->try_next(std::move(endpoints), 0, Error{Errc::unreachable, {}, "has no address", {}}, std::move(done));
      });
}

void Stream::try_next(std::shared_ptr<std::vector<asio::ip::tcp::endpoint>> endpoints, std::size_t index,
                      Error last_error, Done done) {
  if (index >= endpoints->size()) {
    done(std::unexpected(std::move(last_error)));
    return;
  }
  auto socket = std::make_shared<asio::ip::tcp::socket>(context_);
  if (index + 1 < endpoints->size()) {
    connect_timer_.expires_after(connect_limit);
    connect_timer_.async_wait([socket](const error_code& error) {
      error_code ignored;
      if (!error) socket->close(ignored);
    });
  }
  const auto endpoint = (*endpoints)[index];
  socket->async_connect(endpoint, [self = shared_from_this(), socket, endpoints = std::move(endpoints), index,
                                   done = std::move(done)](const error_code& error) mutable {
    self->connect_timer_.cancel();
    if (self->is_closed_) return;
    if (error) {
      self->try_next(std::move(endpoints), index + 1, self->failure(error), std::move(done));
      return;
    }
    self->socket_ = std::move(*socket);
    self->prepare_socket();
    done({});
  });
}

Result<> Stream::adopt(int descriptor) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &length) != 0)
    return std::unexpected(system_error(errno, "connection"));
  error_code error;
  socket_.assign(asio::generic::stream_protocol{address.ss_family, 0}, descriptor, error);
  if (error) return std::unexpected(failure(error));
  prepare_socket();
  return {};
}

void Stream::prepare_socket() {
  error_code ignored;
  socket_.set_option(asio::socket_base::keep_alive{true}, ignored);
  set_tcp_option(socket_.native_handle(), TCP_NODELAY, 1);
  set_tcp_option(socket_.native_handle(), TCP_QUICKACK, 1);
}

void Stream::start_tls(const std::string& host, const std::filesystem::path& ca, Done done) {
  error_code error;
  tls_context_ = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(tls_context_->native_handle(), TLS1_2_VERSION);
  if (ca.empty()) {
    tls_context_->set_default_verify_paths(error);
  } else {
    tls_context_->load_verify_file(ca.string(), error);
  }
  if (error) {
    asio::post(context_, [ca, error, done = std::move(done)] {
      done(fail(Errc::invalid_configuration, ca.string(), "cannot be read as certificates: " + error.message(),
                "tls_ca names a file of certificates in PEM"));
    });
    return;
  }
  tls_ = std::make_unique<TlsStream>(socket_, *tls_context_);
  if (!is_address(host))
    SSL_ctrl(tls_->native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             const_cast<char*>(host.c_str()));
  tls_->set_verify_mode(asio::ssl::verify_peer, error);
  tls_->set_verify_callback(asio::ssl::host_name_verification{host}, error);
  tls_->async_handshake(TlsStream::client,
                        [self = shared_from_this(), host, done = std::move(done)](const error_code& why) {
                          if (self->is_closed_) return;
                          if (why) {
                            done(std::unexpected(self->tls_failure(why, host)));
                          } else {
                            done({});
                          }
                        });
}

Error Stream::tls_failure(const error_code& error, const std::string& host) const {
  const long verdict = SSL_get_verify_result(tls_->native_handle());
  if (verdict == X509_V_OK && error.category() != asio::error::get_ssl_category()) return failure(error);
  Error result{Errc::invalid_configuration, {}, "TLS cannot be set up: " + error.message(), {}};
  if (verdict == X509_V_OK) return result;
  result.what = std::string("its certificate is not trusted: ") + X509_verify_cert_error_string(verdict);
  const bool is_untimely = verdict == X509_V_ERR_CERT_HAS_EXPIRED || verdict == X509_V_ERR_CERT_NOT_YET_VALID;
  result.hint = is_untimely ? "check the date of this machine, or have the server's administrator renew it"
                            : "if the certificate is right for " + host + ", name its issuer's file as tls_ca";
  return result;
}

void Stream::start_deflate(std::string_view received) {
  early_ = received;
  deflate_ = std::make_unique<DeflateLayer>();
}

void Stream::read(Received received) {
  received_ = std::move(received);
  if (early_.empty()) {
    read_more();
    return;
  }
  is_reading_ = true;
  asio::post(context_, [self = shared_from_this()] {
    self->is_reading_ = false;
    if (!self->is_closed_ && self->hand_on(std::exchange(self->early_, {}))) self->read_more();
  });
}

void Stream::read_on() {
  if (std::exchange(is_paused_, false)) read_more();
}

void Stream::read_more() {
  if (is_reading_ || is_paused_ || is_closed_) return;
  is_reading_ = true;
  // What is compressed may be a thousand times as long, and is handed on as a whole even if that is too much.
  const auto into = asio::buffer(buffer_, deflate_ ? deflated_at_once : buffer_.size());
  auto done = [self = shared_from_this()](const error_code& error, std::size_t count) { self->on_read(error, count); };
  if (tls_) {
    tls_->async_read_some(into, std::move(done));
  } else {
    socket_.async_read_some(into, std::move(done));
  }
}

void Stream::on_read(const error_code& error, std::size_t count) {
  is_reading_ = false;
  if (is_closed_) return;
  if (error) {
    received_(std::unexpected(failure(error)));
    return;
  }
  // The kernel forgets it: a server that waits for our acknowledgement would wait for 40 ms.
  set_tcp_option(socket_.native_handle(), TCP_QUICKACK, 1);
  if (hand_on(std::string_view(buffer_).substr(0, count))) read_more();
}

bool Stream::hand_on(std::string_view wire) {
  if (!deflate_) return received_(wire) && !is_closed_;
  bool more = true;
  const auto expanded = deflate_->expand(wire, [&](std::string_view bytes) {
    more = received_(bytes) && !is_closed_;
    return more;
  });
  if (expanded) return more;
  received_(std::unexpected(expanded.error()));
  return false;
}

void Stream::write(std::string bytes, Done done) {
  writing_ = deflate_ ? deflate_->compress(bytes) : std::move(bytes);
  auto written = [self = shared_from_this(), done = std::move(done)](const error_code& error, std::size_t) {
    if (self->is_closed_) return;
    if (error) {
      done(std::unexpected(self->failure(error)));
    } else {
      done({});
    }
  };
  if (tls_) {
    asio::async_write(*tls_, asio::buffer(writing_), std::move(written));
  } else {
    asio::async_write(socket_, asio::buffer(writing_), std::move(written));
  }
}

void Stream::close() {
  is_closed_ = true;
  error_code ignored;
  resolver_.cancel();
  connect_timer_.cancel();
  if (socket_.is_open()) socket_.shutdown(Socket::shutdown_both, ignored);
  socket_.close(ignored);
}

bool Stream::is_local() const {
  error_code error;
  const auto peer = socket_.remote_endpoint(error);
  if (error) return false;
  if (peer.protocol().family() == AF_UNIX) return true;
  asio::ip::tcp::endpoint address;
  if (peer.size() > address.capacity()) return false;
  std::memcpy(address.data(), peer.data(), peer.size());
  address.resize(peer.size());
  const auto ip = address.address();
  if (ip.is_v6() && ip.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, ip.to_v6()).is_loopback();
  return ip.is_loopback();
}

std::string Stream::tls_unique() const {
  if (!tls_ || SSL_version(tls_->native_handle()) >= TLS1_3_VERSION) return {};
  std::string finished(64, '\0');
  // The first Finished: ours, unless the session was resumed.
  const std::size_t size = SSL_session_reused(tls_->native_handle()) != 0
                               ? SSL_get_peer_finished(tls_->native_handle(), finished.data(), finished.size())
                               : SSL_get_finished(tls_->native_handle(), finished.data(), finished.size());
  finished.resize(std::min(size, finished.size()));
  return finished;
}

std::string Stream::tls_exporter() const {
  if (!tls_ || SSL_version(tls_->native_handle()) < TLS1_3_VERSION) return {};
  static constexpr std::string_view label = "EXPORTER-Channel-Binding";
  std::string key(32, '\0');
  if (SSL_export_keying_material(tls_->native_handle(), reinterpret_cast<unsigned char*>(key.data()), key.size(),
                                 label.data(), label.size(), nullptr, 0, 0) != 1)
    return {};
  return key;
}

}  // namespace mapistore::imap
