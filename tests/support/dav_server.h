#pragma once

#include <string>
#include <string_view>

#include "tests/support/private_server.h"
#include "tests/support/raw_http.h"

namespace mapistore::testing {

/// A real calendar and contacts server of the test's own, over plain HTTP on loopback.
class DavServer : public PrivateServer {
 public:
  enum class Kind : std::uint8_t { radicale, xandikos, sogo, cyrus };

  explicit DavServer(Kind kind);
  /// One for the whole program, started when first asked for. Tests that share it keep to accounts of their own.
  static DavServer& shared(Kind kind);
  static std::string_view name(Kind kind);

  /// An account that nobody has used yet: the servers' own first calendars and address books are in it. Xandikos has no
  /// accounts: there it is a home of its own.
  std::string make_user();
  /// Where the account's calendars, or address books, are.
  std::string home(std::string_view user, bool of_cards) const;
  /// A new collection of the account with nothing in it; its path.
  std::string make_collection(std::string_view user, bool of_cards);
  /// USER@HOST:PORT, as a URI has it.
  std::string authority(std::string_view user) const;
  std::uint16_t http_port() const { return number(kind_ == Kind::cyrus ? "http_port" : "port"); }

  RawHttp client(std::string_view user) const { return {http_port(), user, password()}; }

 private:
  Kind kind_;
  int users_ = 0, collections_ = 0;
};

}  // namespace mapistore::testing
