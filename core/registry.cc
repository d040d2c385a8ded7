#include "core/registry.h"

#include <algorithm>
#include <cstdlib>

#include "core/json.h"
#include "core/module_loader.h"

namespace mapistore {
namespace {

std::string joined(const auto& words, std::string_view separator) {
  std::string out;
  for (const auto& word : words) {
    if (!out.empty()) out += separator;
    out += word;
  }
  return out;
}

bool is_missing(const std::filesystem::path& directory) {
  std::error_code error;
  return std::filesystem::status(directory, error).type() == std::filesystem::file_type::not_found;
}

bool is_namespace(std::string_view name) {
  return !name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789+-.") == std::string_view::npos;
}

}  // namespace

std::vector<std::filesystem::path> Registry::search_path(std::vector<std::filesystem::path> given) {
  const char* const variable = ::secure_getenv("MAPISTORE_BACKEND_PATH");
  std::string_view rest = variable ? variable : "";
  while (!rest.empty()) {
    const std::string_view directory = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(directory.size() + 1, rest.size()));
    if (!directory.empty()) given.emplace_back(directory);
  }
  given.emplace_back(MAPISTORE_BACKEND_DIR);
  return given;
}

Result<> Registry::load(const std::vector<std::filesystem::path>& directories, Host& host) {
  for (const auto& directory : directories)
    if (is_missing(directory) && directory != MAPISTORE_BACKEND_DIR)
      return fail(Errc::not_found, directory.string(), "no such directory of backends",
                  "correct --backend-dir, backend_dir= or MAPISTORE_BACKEND_PATH");
  for (const auto& directory : directories) {
    if (is_missing(directory)) continue;
    const auto trusted = check_trusted(directory);
    const auto files = trusted ? module_files(directory) : std::unexpected(trusted.error());
    if (!files) {
      refuse(directory, files.error(), host);
      continue;
    }
    for (const auto& file : *files)
      if (const auto done = load_file(file, host); !done) refuse(file, done.error(), host);
  }
  return {};
}

Result<> Registry::load_file(const std::filesystem::path& file, Host& host) {
  const BackendModule* module = MAPISTORE_TRY(load_module(file));
  Result<> why_not;
  auto backend = module->create(host, why_not);
  if (!why_not) return fail(why_not.error().code, file.string(), why_not.error().to_string());
  if (!backend) return fail(Errc::incompatible, file.string(), "created no backend and gave no reason");
  return keep({module->name, module->version, file, {}}, std::move(backend));
}

Result<> Registry::add(std::string name, std::string version, std::unique_ptr<Backend> backend) {
  return keep({std::move(name), std::move(version), {}, {}}, std::move(backend));
}

Result<> Registry::keep(Loaded description, std::unique_ptr<Backend> backend) {
  description.namespaces = backend->namespaces();
  const std::string& object = description.path.empty() ? description.name : description.path.native();
  if (description.namespaces.empty()) return fail(Errc::incompatible, object, "serves no namespace");
  for (const std::string& served : description.namespaces) {
    if (!is_namespace(served)) return fail(Errc::incompatible, object, "'" + served + "' is not a namespace");
    const auto other = by_namespace_.find(served);
    if (other == by_namespace_.end()) continue;
    const Loaded& first = loaded_[other->second];
    return fail(Errc::exists, object,
                "its namespace " + served + " is served by " + (first.path.empty() ? first.name : first.path.string()));
  }
  for (const std::string& served : description.namespaces) by_namespace_.emplace(served, backends_.size());
  backends_.push_back(std::move(backend));
  loaded_.push_back(std::move(description));
  return {};
}

void Registry::refuse(const std::filesystem::path& path, const Error& error, Host& host) {
  const std::string reason = error.hint.empty() ? error.what : error.what + ": " + error.hint;
  host.log(LogLevel::warning, path.native(), "backend refused: " + reason);
  refused_.push_back({path, reason});
}

Result<Backend*> Registry::backend_for(const ContextUri& uri) const {
  if (const auto found = by_namespace_.find(uri.scheme()); found != by_namespace_.end())
    return backends_[found->second].get();
  std::vector<std::string> known;
  for (const auto& [name, index] : by_namespace_) known.push_back(name);
  return fail(Errc::unknown_namespace, uri.to_string(), "no backend serves " + uri.scheme() + "://",
              (known.empty() ? "no backend is loaded" : "known: " + joined(known, ", ")) +
                  "; see mapistorefs --list-backends");
}

std::string Registry::to_json() const {
  auto backends = Json::array();
  for (const auto& [name, version, path, namespaces] : loaded_)
    backends.push_back({{"name", name}, {"version", version}, {"path", path.string()}, {"namespaces", namespaces}});
  auto refusals = Json::array();
  for (const auto& [path, reason] : refused_) refusals.push_back({{"path", path.string()}, {"reason", reason}});
  const Json all{{"backends", std::move(backends)}, {"refused", std::move(refusals)}};
  return json_text(all, 2) + '\n';
}

std::string Registry::to_text() const {
  std::string out;
  for (const auto& [name, version, path, namespaces] : loaded_)
    out.append(name).append(" ").append(version).append(": ").append(joined(namespaces, ", "))
        .append(path.empty() ? "" : ": " + path.string()).append("\n");
  for (const auto& [path, reason] : refused_)
    out.append("refused: ").append(path.string()).append(": ").append(reason).append("\n");
  return out;
}

}  // namespace mapistore
