#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <mapistore/backend.h>
#include <mapistore/host.h>

namespace mapistore {

/// The backends of a process, by URI namespace. Owned by main(); filled at the start, then only read.
class MAPISTORE_API Registry {
 public:
  struct Loaded {
    std::string name, version;
    std::filesystem::path path;  ///< empty: part of the program
    std::vector<std::string> namespaces;
  };
  struct Refused {
    std::filesystem::path path;
    std::string reason;
  };

  Registry() = default;
  Registry(const Registry&) = delete;

  /// Where backends are looked for: the directories `given` by the user, those in MAPISTORE_BACKEND_PATH (unless we run
  /// with more rights than our caller), the one compiled in.
  static std::vector<std::filesystem::path> search_path(std::vector<std::filesystem::path> given);

  /// Loads the modules of `directories`, in that order and by name within each. The first to serve a namespace keeps
  /// it. What is refused is logged and kept with its reason. Errc::not_found for a missing directory, before anything
  /// is loaded; only the one compiled in may be missing. `host` outlives the registry.
  Result<> load(const std::vector<std::filesystem::path>& directories, Host& host);

  /// Adds a backend that is part of the program. Errc::exists if one of its namespaces is served already.
  Result<> add(std::string name, std::string version, std::unique_ptr<Backend> backend);

  /// Errc::unknown_namespace names the known ones.
  Result<Backend*> backend_for(const ContextUri& uri) const;

  const std::vector<Loaded>& loaded() const noexcept { return loaded_; }
  const std::vector<Refused>& refused() const noexcept { return refused_; }

  /// For `mapistorefs --list-backends`: `{"backends":[{name,version,path,namespaces}],"refused":[{path,reason}]}`.
  std::string to_json() const;
  std::string to_text() const;

 private:
  Result<> load_file(const std::filesystem::path& file, Host& host);
  /// Fills in the namespaces of `description`, which must be free.
  Result<> keep(Loaded description, std::unique_ptr<Backend> backend);
  void refuse(const std::filesystem::path& path, const Error& error, Host& host);

  std::vector<std::unique_ptr<Backend>> backends_;
  std::map<std::string, std::size_t, std::less<>> by_namespace_;  ///< index into backends_ and loaded_
  std::vector<Loaded> loaded_;
  std::vector<Refused> refused_;
};

}  // namespace mapistore
