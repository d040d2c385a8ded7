#include "backends/sql/mysql_error.h"

#include <algorithm>
#include <array>

namespace mapistore::sql {
namespace {

struct Meaning {
  unsigned number;
  Errc code;
  Fault fault;
  std::string_view hint;
};

constexpr std::string_view later = "it is tried again later";

// MariaDB's error codes (mysqld_error.h, errmsg.h), and those of clusters that speak the protocol.
constexpr std::array meanings{
    Meaning{1213, Errc::busy, Fault::conflict, {}},         // deadlock, certification failure
    Meaning{1205, Errc::busy, Fault::conflict, {}},         // lock wait timeout
    Meaning{1020, Errc::busy, Fault::conflict, {}},         // record has changed since last read
    Meaning{1047, Errc::busy, Fault::conflict, {}},         // Galera: node is not ready
    Meaning{8022, Errc::busy, Fault::conflict, {}},         // TiDB: commit may be tried again
    Meaning{9007, Errc::busy, Fault::conflict, {}},         // TiDB: write conflict
    Meaning{2006, Errc::disconnected, Fault::lost, later},  // server has gone away
    Meaning{2013, Errc::disconnected, Fault::lost, later},  // lost during query
    Meaning{1927, Errc::disconnected, Fault::lost, later},  // connection was killed
    Meaning{1053, Errc::disconnected, Fault::lost, later},  // server shutdown
    Meaning{1158, Errc::disconnected, Fault::lost, later},  // communication errors
    Meaning{1159, Errc::disconnected, Fault::lost, later},
    Meaning{1160, Errc::disconnected, Fault::lost, later},
    Meaning{1161, Errc::disconnected, Fault::lost, later},
    Meaning{2002, Errc::connection_refused, Fault::lost, later},  // no socket, or refused
    Meaning{2003, Errc::connection_refused, Fault::lost, later},  // no server at the port
    Meaning{2005, Errc::unreachable, Fault::lost, "check the host's name and the network"},
    Meaning{1045, Errc::authentication_failed, Fault::none, "check the user name and the password"},
    Meaning{1698, Errc::authentication_failed, Fault::none, "check the user name and the password"},
    Meaning{1862, Errc::authentication_failed, Fault::none, "the password has expired: change it"},
    Meaning{1044, Errc::access_denied, Fault::none, "ask for a GRANT on the database"},
    Meaning{1142, Errc::access_denied, Fault::none, "ask for a GRANT on the database"},
    Meaning{1143, Errc::access_denied, Fault::none, "ask for a GRANT on the database"},
    Meaning{1227, Errc::access_denied, Fault::none, "ask for a GRANT on the database"},
    Meaning{1370, Errc::access_denied, Fault::none, "ask for a GRANT on the database"},
    Meaning{1129, Errc::access_denied, Fault::none, "the server's administrator can run FLUSH HOSTS"},
    Meaning{1130, Errc::access_denied, Fault::none, "ask the server's administrator"},
    Meaning{1049, Errc::not_found, Fault::none, "create it with CREATE DATABASE, or correct the URI"},
    Meaning{1062, Errc::exists, Fault::none, {}},
    Meaning{1021, Errc::no_space, Fault::none, {}},
    Meaning{1114, Errc::no_space, Fault::none, {}},
    Meaning{1290, Errc::read_only, Fault::none, {}},
    Meaning{1792, Errc::read_only, Fault::none, {}},
    Meaning{1836, Errc::read_only, Fault::none, {}},
    Meaning{1153, Errc::too_large, Fault::none, "raise max_allowed_packet of the server"},
    Meaning{1406, Errc::too_large, Fault::none, {}},
    Meaning{1040, Errc::busy, Fault::none, later},  // too many connections
    Meaning{1203, Errc::busy, Fault::none, later},
    Meaning{1226, Errc::busy, Fault::none, later},
    Meaning{1146, Errc::corrupted, Fault::none, "a table is missing: restore it from a backup"},
    Meaning{2026, Errc::access_denied, Fault::none,
            "if the certificate is right for this host, name its issuer's file as tls_ca"},
    Meaning{2008, Errc::no_memory, Fault::none, {}},
};

}  // namespace

MysqlFailure mysql_failure(unsigned number, std::string_view text, std::string_view object) {
  const auto found = std::ranges::find(meanings, number, &Meaning::number);
  const std::string what = std::string(text) + " (" + std::to_string(number) + ")";
  if (found == meanings.end()) return {{Errc::io, std::string(object), what, {}}, Fault::none};
  // A full disk has no number of its own in all places.
  const bool is_full = text.find("No space left") != text.npos;
  return {{is_full ? Errc::no_space : found->code, std::string(object), what, std::string(found->hint)}, found->fault};
}

}  // namespace mapistore::sql
