#include "backends/archive/backend.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>

#include "backends/archive/context.h"
#include "backends/archive/file.h"

namespace mapistore::archive {
namespace {

constexpr std::int64_t usual_dictionary_after = 2000;

class ArchiveBackend final : public Backend {
 public:
  explicit ArchiveBackend(Host& host) : host_{host} {}

  std::vector<std::string> namespaces() const override { return {"archive"}; }
  std::vector<std::string> option_names() const override { return {"encryption", "dictionary_after"}; }

  Result<std::unique_ptr<Context>> open(const Call& call, const ContextUri& uri,
                                        const ContextOptions& options) override {
    MAPISTORE_CHECK(call.check());
    const std::string path = uri.path();
    if (!uri.host().empty() || !path.starts_with('/') || path.ends_with('/') || path.find('\0') != std::string::npos)
      return fail(Errc::invalid_uri, uri.to_string(), "names no file on this machine",
                  "write archive:///absolute/path/to/file.mza");
    const Creation creation = MAPISTORE_TRY(read_options(uri, options));
    const std::lock_guard lock{mutex_};
    struct ::stat facts{};
    if (::stat(path.c_str(), &facts) != 0) {
      if (errno != ENOENT) return std::unexpected(system_error(errno, path));
      MAPISTORE_CHECK(create(path, creation));
      if (::stat(path.c_str(), &facts) != 0) return std::unexpected(system_error(errno, path));
    }
    return std::make_unique<ArchiveContext>(MAPISTORE_TRY(open_file(uri, path, facts)));
  }

 private:
  using Identity = std::pair<std::uint64_t, std::uint64_t>;  // device and inode

  Result<Creation> read_options(const ContextUri& uri, const ContextOptions& options) {
    Creation creation{.passphrase = {}, .dictionary_after = usual_dictionary_after, .now = host_.now()};
    if (const auto after = options.find("dictionary_after"); after != options.end()) {
      const std::string& text = after->second;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), creation.dictionary_after);
      if (error != std::errc{} || end != text.data() + text.size() || creation.dictionary_after < 1)
        return fail(Errc::invalid_configuration, uri.to_string(), "dictionary_after is no number of messages");
    }
    const auto encryption = options.find("encryption");
    if (encryption == options.end() || encryption->second == "none") return creation;
    if (encryption->second != "passphrase")
      return fail(Errc::invalid_configuration, uri.to_string(), "there is no encryption \"" + encryption->second + '"',
                  "write encryption = \"passphrase\"");
    creation.passphrase = MAPISTORE_TRY(host_.secret(uri));
    return creation;
  }

  Result<> create(const std::string& path, const Creation& creation) {
    const std::string directory = std::filesystem::path(path).parent_path().native();
    if (::access(directory.c_str(), F_OK) != 0)
      return fail(Errc::not_found, directory, "no such directory", "create it with mkdir -p " + directory);
    const auto created = create_file(path, creation);
    if (!created && created.error().code == Errc::exists) return {};  // by another process, just now
    return created;
  }

  /// The archive that is open already, or else that of the file.
  Result<std::shared_ptr<Archive>> open_file(const ContextUri& uri, const std::string& path,
                                             const struct ::stat& facts) {
    std::erase_if(open_, [](const auto& entry) { return entry.second.expired(); });
    std::weak_ptr<Archive>& known = open_[{facts.st_dev, facts.st_ino}];
    if (auto archive = known.lock()) return archive;
    MAPISTORE_CHECK(judge_file(path));
    auto archive = Archive::open(host_, path, MAPISTORE_TRY(access_to(path)), [&] { return host_.secret(uri); });
    if (!archive && archive.error().code == Errc::access_denied) host_.refuse_secret(uri);
    if (archive) known = *archive;
    return archive;
  }

  Host& host_;
  std::mutex mutex_;  ///< rank: above the archives'
  std::map<Identity, std::weak_ptr<Archive>> open_;
};

}  // namespace

std::unique_ptr<Backend> make_backend(Host& host) { return std::make_unique<ArchiveBackend>(host); }

}  // namespace mapistore::archive
