#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "backends/sql/connection.h"

namespace mapistore::sql {

/// How to reach a database of a server that speaks the protocol of MySQL.
struct MysqlSettings {
  std::string name;  ///< what errors call it
  std::string host, user, database;
  std::uint16_t port = 3306;
  std::string socket;  ///< of this machine, instead of `host`; empty: TCP
  bool tls = true;     ///< with a certificate that is right for `host`
  std::string tls_ca;  ///< whom to trust instead of the system's authorities; empty: those
  /// Asked at every connection. Errc::not_found: none is configured, and none is sent.
  std::function<Result<std::string>()> secret;
  std::function<void()> refuse_secret;
};

/// Connects only when asked for a connection.
std::unique_ptr<Driver> mysql_driver(MysqlSettings settings);

}  // namespace mapistore::sql
