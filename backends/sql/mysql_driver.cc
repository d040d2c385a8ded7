#include "backends/sql/mysql_driver.h"

#include <mysql.h>

#include <sys/socket.h>

#include <algorithm>
#include <unordered_map>

#include "backends/sql/bodies.h"
#include "backends/sql/mysql_error.h"
#include "backends/sql/mysql_rows.h"
#include "backends/sql/watchdog.h"

namespace mapistore::sql {
namespace {

constexpr unsigned longest_connect = 10, longest_silence = 60;  // seconds
constexpr const char* system_authorities = "/etc/ssl/certs/ca-certificates.crt";
/// What a statement needs around a chunk.
constexpr std::int64_t packet_overhead = 64 * 1024;

// Strict, so that nothing is cut or changed on its way into a column; whoever waits for a row waits a few seconds.
constexpr std::string_view session_setup =
    "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', SESSION innodb_lock_wait_timeout = 5, "
    "SESSION net_write_timeout = 600, SESSION autocommit = 1; SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";
// Galera alone knows it: what another node has committed is seen by whoever reads here.
constexpr std::string_view galera_setup = "SET SESSION wsrep_sync_wait = 1";

struct CloseMysql {
  void operator()(MYSQL* handle) const noexcept { mysql_close(handle); }
};
struct CloseStatement {
  void operator()(MYSQL_STMT* statement) const noexcept { mysql_stmt_close(statement); }
};
using Handle = std::unique_ptr<MYSQL, CloseMysql>;
using Statement = std::unique_ptr<MYSQL_STMT, CloseStatement>;

class MysqlConnection final : public Connection {
 public:
  MysqlConnection(Handle handle, const std::string& name, Watchdog& watchdog)
      : name_{name}, watchdog_{watchdog}, handle_{std::move(handle)} {}
  ~MysqlConnection() override { rest(); }
  MysqlConnection(const MysqlConnection&) = delete;
  MysqlConnection& operator=(const MysqlConnection&) = delete;

  void use(const Call& call) override {
    rest();
    call_ = call;
    const int socket = static_cast<int>(mysql_get_socket(handle_.get()));
    if (call.deadline != std::chrono::steady_clock::time_point::max()) ticket_ = watchdog_.add(call.deadline, socket);
    if (call.stop.stop_possible()) stopper_.emplace(call.stop, Shutdown{socket});
  }
  void rest() noexcept override {
    stopper_.reset();
    if (ticket_) watchdog_.remove(*ticket_);
    ticket_.reset();
    call_ = {};
  }

  Result<> begin(Mode mode) override {
    // READ COMMITTED is right for who writes after he has the folder's lock; a listing needs one snapshot.
    return run_script(mode == Mode::write ? "START TRANSACTION"
                                          : "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; START TRANSACTION WITH "
                                            "CONSISTENT SNAPSHOT, READ ONLY");
  }
  Result<> commit() override { return run_script("COMMIT"); }
  void rollback() noexcept override {
    if (mysql_rollback(handle_.get()) != 0) fault_ = Fault::lost;
  }

  Result<std::unique_ptr<Rows>> query(const char* sql, Values values) override {
    MYSQL_STMT* statement = MAPISTORE_TRY(run(sql, values));
    return std::make_unique<MysqlRows>(statement, [this](MYSQL_STMT* failed) { return error_of(failed); });
  }
  Result<std::uint64_t> execute(const char* sql, Values values) override {
    MYSQL_STMT* statement = MAPISTORE_TRY(run(sql, values));
    return mysql_stmt_affected_rows(statement);
  }
  Result<> run_script(std::string_view script) override {
    MAPISTORE_CHECK(call_.check());
    fault_ = Fault::none;
    int more = mysql_real_query(handle_.get(), script.data(), script.size());
    for (; more == 0; more = mysql_next_result(handle_.get()))
      if (MYSQL_RES* rows = mysql_store_result(handle_.get())) mysql_free_result(rows);
    if (more > 0) return std::unexpected(error_of(mysql_errno(handle_.get()), mysql_error(handle_.get())));
    return {};
  }
  Fault fault() const noexcept override { return fault_; }

 private:
  struct Shutdown {
    int socket;
    void operator()() const noexcept { ::shutdown(socket, SHUT_RDWR); }
  };

  Result<MYSQL_STMT*> run(const char* sql, Values values) {
    MAPISTORE_CHECK(call_.check());
    fault_ = Fault::none;
    Statement& statement = statements_[sql];
    if (!statement) {
      Statement fresh{mysql_stmt_init(handle_.get())};
      if (!fresh) return fail(Errc::no_memory, name_, "no memory for a statement");
      if (mysql_stmt_prepare(fresh.get(), sql, std::string_view(sql).size()) != 0)
        return std::unexpected(error_of(fresh.get()));
      statement = std::move(fresh);
    }
    if (run_statement(statement.get(), values) != 0) return std::unexpected(error_of(statement.get()));
    return statement.get();
  }

  Error error_of(MYSQL_STMT* statement) { return error_of(mysql_stmt_errno(statement), mysql_stmt_error(statement)); }
  Error error_of(unsigned number, std::string_view text) {
    auto failure = mysql_failure(number, text, name_);
    fault_ = failure.fault;
    // It is us who hung up.
    if (auto waiting = call_.check(); !waiting && fault_ == Fault::lost) return std::move(waiting).error();
    return std::move(failure.error);
  }

  const std::string name_;
  Watchdog& watchdog_;
  Handle handle_;
  std::unordered_map<const char*, Statement> statements_;  ///< before `handle_` goes
  Fault fault_ = Fault::none;
  Call call_;
  std::optional<Watchdog::Ticket> ticket_;
  std::optional<std::stop_callback<Shutdown>> stopper_;
};

class MysqlDriver final : public Driver {
 public:
  explicit MysqlDriver(MysqlSettings settings) : settings_{std::move(settings)} {}

  Result<std::unique_ptr<Connection>> connect(const Call& call) override {
    for (std::optional<std::string> refused;;) {
      MAPISTORE_CHECK(call.check());
      auto secret = settings_.secret();
      const bool has_none = !secret && secret.error().code == Errc::not_found;
      if (!secret && !has_none) return std::unexpected(std::move(secret).error());
      const std::string password = has_none ? std::string{} : *secret;
      auto connection = connect_with(call, password);
      if (connection || connection.error().code != Errc::authentication_failed) return connection;
      if (has_none) {
        connection.error().hint = "no password is configured: " + secret.error().hint;
        return connection;
      }
      // A token may have ended: the next one is had by asking again.
      if (refused == password) return connection;
      refused = password;
      settings_.refuse_secret();
    }
  }
  Dialect dialect() const noexcept override { return Dialect::mariadb; }
  const std::string& name() const noexcept override { return settings_.name; }
  bool is_read_only() const noexcept override { return false; }

 private:
  void set_options(MYSQL* handle, const Call& call) const {
    const auto remaining = std::chrono::ceil<std::chrono::seconds>(call.deadline - std::chrono::steady_clock::now());
    const unsigned connect =
        static_cast<unsigned>(std::clamp<std::chrono::seconds::rep>(remaining.count(), 1, longest_connect));
    const unsigned no = 0;
    const my_bool off = 0, on = 1;
    mysql_optionsv(handle, MYSQL_OPT_CONNECT_TIMEOUT, &connect);
    mysql_optionsv(handle, MYSQL_OPT_READ_TIMEOUT, &longest_silence);
    mysql_optionsv(handle, MYSQL_OPT_WRITE_TIMEOUT, &longest_silence);
    // A transaction must end with its connection, not go on in a new one.
    mysql_optionsv(handle, MYSQL_OPT_RECONNECT, &off);
    // A server may not ask for files of ours.
    mysql_optionsv(handle, MYSQL_OPT_LOCAL_INFILE, &no);
    mysql_optionsv(handle, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    // "localhost" would mean a socket in the system's own place.
    const unsigned protocol = settings_.socket.empty() ? MYSQL_PROTOCOL_TCP : MYSQL_PROTOCOL_SOCKET;
    mysql_optionsv(handle, MYSQL_OPT_PROTOCOL, &protocol);
    if (settings_.socket.empty() && settings_.tls) {
      mysql_optionsv(handle, MYSQL_OPT_SSL_ENFORCE, &on);
      mysql_optionsv(handle, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &on);
      mysql_optionsv(handle, MYSQL_OPT_SSL_CA,
                     settings_.tls_ca.empty() ? system_authorities : settings_.tls_ca.c_str());
    }
  }

  Result<std::unique_ptr<Connection>> connect_with(const Call& call, const std::string& password) {
    Handle handle{mysql_init(nullptr)};
    if (!handle) return fail(Errc::no_memory, name(), "no memory for a connection");
    set_options(handle.get(), call);
    const bool is_local = !settings_.socket.empty();
    if (mysql_real_connect(handle.get(), is_local ? nullptr : settings_.host.c_str(), settings_.user.c_str(),
                           password.c_str(), settings_.database.c_str(), is_local ? 0 : settings_.port,
                           is_local ? settings_.socket.c_str() : nullptr,
                           CLIENT_FOUND_ROWS | CLIENT_MULTI_STATEMENTS) == nullptr) {
      MAPISTORE_CHECK(call.check());
      return std::unexpected(mysql_failure(mysql_errno(handle.get()), mysql_error(handle.get()), name()).error);
    }
    auto connection = std::make_unique<MysqlConnection>(std::move(handle), name(), watchdog_);
    connection->use(call);
    MAPISTORE_CHECK(connection->run_script(session_setup));
    static_cast<void>(connection->run_script(galera_setup));
    const std::int64_t packet = MAPISTORE_TRY(largest_packet(*connection));
    if (packet < chunk_size + packet_overhead)
      return fail(Errc::invalid_configuration, name(),
                  "takes packets of " + std::to_string(packet) + " bytes at most, and we send chunks of 256 KiB",
                  "raise max_allowed_packet of the server to 1M at least");
    return connection;
  }

  static Result<std::int64_t> largest_packet(Connection& connection) {
    const auto rows = MAPISTORE_TRY(connection.query("SELECT @@max_allowed_packet", Values{}));
    MAPISTORE_CHECK(rows->next());
    return rows->integer(0);
  }

  MysqlSettings settings_;
  Watchdog watchdog_;
};

}  // namespace

std::unique_ptr<Driver> mysql_driver(MysqlSettings settings) {
  // The first initialisation of the library must not meet another.
  static const int ready = mysql_server_init(0, nullptr, nullptr);
  static_cast<void>(ready);
  return std::make_unique<MysqlDriver>(std::move(settings));
}

}  // namespace mapistore::sql
