#include "mountd/location.h"

#include <algorithm>

#include "core/mount_table.h"
#include "core/store_source.h"

namespace mapistore::ctl {

namespace {

namespace files = std::filesystem;

std::vector<std::string> names_of(const files::path& path) {
  std::vector<std::string> names;
  for (const files::path& step : path)
    if (!step.empty() && step != "/" && step != ".") names.push_back(step.native());
  return names;
}

/// The folder `path` of a store; of a profile the first name is the top folder's.
Result<Location> in_store(Environment& environment, std::string_view source, const files::path& path) {
  const Registry* backends = MAPISTORE_TRY(environment.backends());
  StoreSource store = MAPISTORE_TRY(StoreSource::read(source, {}, environment.secrets(), *backends));
  Location found{.settings = store.contexts.front(), .path = names_of(path), .text = {}};
  if (!store.single) {
    if (found.path.empty())
      return fail(Errc::invalid_argument, source, "is a whole profile", "name one of its folders: PROFILE:TOPFOLDER");
    const auto top = std::ranges::find(store.contexts, found.path.front(), &LiveContext::Settings::name);
    if (top == store.contexts.end())
      return fail(Errc::not_found, found.path.front(), "is no top folder of the profile");
    found.settings = *top;
    found.path.erase(found.path.begin());
  }
  found.backend = MAPISTORE_TRY(backends->backend_for(found.settings.uri));
  found.text = found.settings.uri.to_string();
  for (const std::string& name : found.path) found.text += "/" + name;
  return found;
}

}  // namespace

Result<Location> read_location(Environment& environment, std::string_view text) {
  if (text.contains("://")) return in_store(environment, text, {});
  std::error_code error;
  const files::path absolute = files::weakly_canonical(files::absolute(text, error), error);
  for (const MountedStore& mount : mounted_stores()) {
    const auto [at, rest] = std::ranges::mismatch(mount.path, absolute);
    if (!error && at == mount.path.end())
      return in_store(environment, mount.source, absolute.lexically_relative(mount.path));
  }
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0)
    return fail(Errc::invalid_argument, text, "names no folder of a store",
                "give a URI, PROFILE:TOPFOLDER/path, or a path inside a mount");
  return in_store(environment, text.substr(0, colon), text.substr(colon + 1));
}

}  // namespace mapistore::ctl
