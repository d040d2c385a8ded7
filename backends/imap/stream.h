#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <mapistore/result.h>

#include "backends/imap/deflate.h"

namespace mapistore::imap {

/// The bytes of one connection: TCP, with TLS and compression on it once asked for.
///
/// All methods on the thread of the io_context, and so are all callbacks, never from within a method. After `close` no
/// callback comes. One write and one read at a time.
class Stream : public std::enable_shared_from_this<Stream> {
 public:
  using Done = std::function<void(Result<>)>;
  /// Some bytes, or why there are no more. The bytes are valid until it returns. False: reads no further until `read`.
  using Received = std::function<bool(Result<std::string_view>)>;

  explicit Stream(boost::asio::io_context& context);
  Stream(const Stream&) = delete;

  /// Connects to the first address of `host` that answers. Errc::unreachable, connection_refused.
  void connect(const std::string& host, std::uint16_t port, Done done);
  /// Uses a connected socket instead; takes it over.
  Result<> adopt(int descriptor);

  /// TLS 1.2 or later; the certificate must lead to one trusted (of the file `ca`, or the system's) and be for `host`.
  /// What was read and not used is forgotten. Errc::invalid_configuration says what is wrong with the certificate.
  void start_tls(const std::string& host, const std::filesystem::path& ca, Done done);
  /// From here on both directions are compressed; `received` is what came already.
  void start_deflate(std::string_view received);

  void read(Received received);
  /// Reads nothing more until `read_on`; what was read is still handed on.
  void pause() noexcept { is_paused_ = true; }
  void read_on();
  bool is_paused() const noexcept { return is_paused_; }
  void write(std::string bytes, Done done);
  void close();

  bool is_encrypted() const noexcept { return tls_ != nullptr; }
  /// Whether the other end is this machine.
  bool is_local() const;
  /// Of RFC 5929 and RFC 9266; empty without TLS or of the other kind.
  std::string tls_unique() const;
  std::string tls_exporter() const;

 private:
  using Socket = boost::asio::generic::stream_protocol::socket;
  using TlsStream = boost::asio::ssl::stream<Socket&>;

  void try_next(std::shared_ptr<std::vector<boost::asio::ip::tcp::endpoint>> endpoints, std::size_t index,
                Error last_error, Done done);
  void prepare_socket();
  void read_more();
  void on_read(const boost::system::error_code& error, std::size_t count);
  bool hand_on(std::string_view wire);
  Error failure(const boost::system::error_code& error) const;
  Error tls_failure(const boost::system::error_code& error, const std::string& host) const;

  boost::asio::io_context& context_;
  boost::asio::ip::tcp::resolver resolver_;
  boost::asio::steady_timer connect_timer_;
  Socket socket_;
  std::unique_ptr<boost::asio::ssl::context> tls_context_;
  std::unique_ptr<TlsStream> tls_;
  std::unique_ptr<DeflateLayer> deflate_;
  std::string early_;   ///< compressed bytes that came before compression was on
  std::string buffer_;  ///< read into
  std::string writing_;
  Received received_;
  bool is_reading_ = false, is_paused_ = false;
  bool is_closed_ = false;
};

}  // namespace mapistore::imap
