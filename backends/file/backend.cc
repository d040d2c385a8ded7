#include "backends/file/backend.h"

#include "backends/file/context.h"

namespace mapistore::file {
namespace {

class FileBackend final : public Backend {
 public:
  explicit FileBackend(Host& host) : host_{host} {}

  std::vector<std::string> namespaces() const override { return {"file"}; }

  Result<std::unique_ptr<Context>> open(const Call& call, const ContextUri& uri, const ContextOptions&) override {
    MAPISTORE_CHECK(call.check());
    const std::string path = uri.path();
    if (!uri.host().empty() || !path.starts_with('/') || path.find('\0') != std::string::npos)
      return fail(Errc::invalid_uri, uri.to_string(), "names no directory on this machine",
                  "write file:///absolute/directory");
    auto root = posix::Directory::open(path);
    if (!root && root.error().code == Errc::not_found)
      return fail(Errc::not_found, path, "no such directory", "create it with mkdir -p " + path);
    if (!root) return std::unexpected(std::move(root).error());
    return std::make_unique<FileContext>(host_, *std::move(root));
  }

 private:
  Host& host_;
};

}  // namespace

std::unique_ptr<Backend> make_backend(Host& host) { return std::make_unique<FileBackend>(host); }

}  // namespace mapistore::file
