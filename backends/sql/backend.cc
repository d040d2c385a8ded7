#include "backends/sql/backend.h"

#include <array>
#include <filesystem>

#include <mapistore/option_reader.h>

#include "backends/sql/context.h"
#include "backends/sql/mysql_driver.h"
#include "backends/sql/sqlite_context.h"
#include "backends/sql/sqlite_driver.h"

namespace mapistore::sql {
namespace {

constexpr std::array<std::string_view, 4> option_names{"insecure", "poll", "socket", "tls_ca"};

class SqlBackend final : public Backend {
 public:
  explicit SqlBackend(Host& host) : host_{host} {}

  std::vector<std::string> namespaces() const override { return {"mysql", "sqlite"}; }
  std::vector<std::string> option_names() const override {
    return {sql::option_names.begin(), sql::option_names.end()};
  }

  Result<std::unique_ptr<Context>> open(const Call& call, const ContextUri& uri, const ContextOptions& given) override {
    MAPISTORE_CHECK(call.check());
    const OptionReader options{given};
    return uri.scheme() == "sqlite" ? open_sqlite(call, uri, options) : open_mysql(call, uri, options);
  }

 private:
  Result<std::unique_ptr<Context>> open_sqlite(const Call& call, const ContextUri& uri, const OptionReader& options) {
    const std::filesystem::path file = uri.path();
    if (!uri.host().empty() || !file.is_absolute() || uri.path().find('\0') != std::string::npos)
      return fail(Errc::invalid_uri, uri.to_string(), "names no file on this machine", "write sqlite:///absolute/file");
    const auto poll = MAPISTORE_TRY(options.duration("poll", std::chrono::seconds{1}));
    auto database = std::make_shared<Database>(MAPISTORE_TRY(sqlite_driver(file)));
    const Store store = MAPISTORE_TRY(open_store(call, host_, *database, {}, ids_.next(host_.now())));
    return std::make_unique<SqliteContext>(host_, std::move(database), store,
                                           SqlContext::Settings{.poll = poll, .remote = false}, file);
  }

  Result<std::unique_ptr<Context>> open_mysql(const Call& call, const ContextUri& uri, const OptionReader& options) {
    MysqlSettings settings{.name = uri.to_string(),
                           .host = uri.host(),
                           .user = uri.user(),
                           .database = {},
                           .port = uri.port().value_or(3306),
                           .socket = options.text("socket"),
                           .tls = true,
                           .tls_ca = options.text("tls_ca"),
                           .secret = [this, uri] { return host_.secret(uri); },
                           .refuse_secret = [this, uri] { host_.refuse_secret(uri); }};
    const std::string path = uri.path().substr(std::min<std::size_t>(uri.path().size(), 1));
    const std::size_t slash = std::min(path.find('/'), path.size());
    settings.database = path.substr(0, slash);
    const std::string store_name = path.substr(std::min(slash + 1, path.size()));
    if (settings.host.empty() || settings.user.empty() || settings.database.empty() || store_name.size() > 255)
      return fail(Errc::invalid_uri, uri.to_string(), "does not name a user, a server and a database",
                  "write mysql://user@host/database or mysql://user@host/database/store");
    // A certificate that is asked for is looked at, even of a server of this machine.
    settings.tls = !MAPISTORE_TRY(options.flag("insecure", is_loopback(settings.host) && settings.tls_ca.empty()));
    const auto poll = MAPISTORE_TRY(options.duration("poll", std::chrono::seconds{3}));
    auto database = std::make_shared<Database>(mysql_driver(std::move(settings)));
    const Store store = MAPISTORE_TRY(open_store(call, host_, *database, store_name, ids_.next(host_.now())));
    return std::make_unique<SqlContext>(host_, std::move(database), store,
                                        SqlContext::Settings{.poll = poll, .remote = true});
  }

  Host& host_;
  Ids ids_;
};

}  // namespace

std::unique_ptr<Backend> make_backend(Host& host) { return std::make_unique<SqlBackend>(host); }

}  // namespace mapistore::sql
