#include "backends/maildir/backend.h"

#include "backends/maildir/context.h"

namespace mapistore::maildir {
namespace {

class MaildirBackend final : public Backend {
 public:
  explicit MaildirBackend(Host& host) : host_{host} {}

  std::vector<std::string> namespaces() const override { return {"maildir"}; }

  Result<std::unique_ptr<Context>> open(const Call& call, const ContextUri& uri, const ContextOptions&) override {
    MAPISTORE_CHECK(call.check());
    const std::string path = uri.path();
    if (!uri.host().empty() || !path.starts_with('/') || path.find('\0') != std::string::npos)
      return fail(Errc::invalid_uri, uri.to_string(), "names no directory on this machine",
                  "write maildir:///absolute/directory");
    auto root = posix::Directory::open(path);
    if (!root && root.error().code != Errc::not_found) return std::unexpected(std::move(root).error());
    if (!root || !MailFolder::open(*root))
      return fail(Errc::not_found, path, "is no Maildir", "create it with mkdir -p " + path + "/{cur,new,tmp}");
    return std::make_unique<MaildirContext>(host_, *std::move(root));
  }

 private:
  Host& host_;
};

}  // namespace

std::unique_ptr<Backend> make_backend(Host& host) { return std::make_unique<MaildirBackend>(host); }

}  // namespace mapistore::maildir
