#include "backends/sql/backend.h"

#include <array>
#include <filesystem>

#include "backends/sql/context.h"
#include "backends/sql/options.h"
#include "backends/sql/sqlite_context.h"
#include "backends/sql/sqlite_driver.h"

namespace mapistore::sql {
namespace {

constexpr std::array<std::string_view, 1> option_names{"poll"};

class SqlBackend final : public Backend {
 public:
  explicit SqlBackend(Host& host) : host_{host} {}

  std::vector<std::string> namespaces() const override { return {"sqlite"}; }
  std::vector<std::string> option_names() const override {
    return {sql::option_names.begin(), sql::option_names.end()};
  }

  Result<std::unique_ptr<Context>> open(const Call& call, const ContextUri& uri, const ContextOptions& given) override {
    MAPISTORE_CHECK(call.check());
    const Options options{given};
    return open_sqlite(call, uri, options);
  }

 private:
  Result<std::unique_ptr<Context>> open_sqlite(const Call& call, const ContextUri& uri, const Options& options) {
    const std::filesystem::path file = uri.path();
    if (!uri.host().empty() || !file.is_absolute() || uri.path().find('\0') != std::string::npos)
      return fail(Errc::invalid_uri, uri.to_string(), "names no file on this machine", "write sqlite:///absolute/file");
    const auto poll = std::chrono::seconds{MAPISTORE_TRY(options.number("poll", 1))};
    auto database = std::make_shared<Database>(MAPISTORE_TRY(sqlite_driver(file)));
    const Store store = MAPISTORE_TRY(open_store(call, host_, *database, {}, ids_.next(host_.now())));
    return std::make_unique<SqliteContext>(host_, std::move(database), store,
                                           SqlContext::Settings{.poll = poll, .remote = false}, file);
  }

  Host& host_;
  Ids ids_;
};

}  // namespace

std::unique_ptr<Backend> make_backend(Host& host) { return std::make_unique<SqlBackend>(host); }

}  // namespace mapistore::sql
