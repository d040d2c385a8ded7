#include "backends/maildir/folder_name.h"

#include <utility>

#include <mapistore/modified_utf7.h>

namespace mapistore::maildir {
namespace {

constexpr std::string_view separators{"./\0", 3};

}  // namespace

Result<std::string> encode_folder_name(std::string_view display_name) {
  if (display_name.empty() || display_name.find_first_of(separators) != std::string_view::npos)
    return fail(Errc::invalid_argument, display_name, "cannot be a Maildir folder's name",
                "a name must have a character, and no dot or slash, which separate folders");
  auto name = modified_utf7::encode(display_name);
  if (!name) return fail(Errc::invalid_argument, display_name, "is not UTF-8");
  return *std::move(name);
}

std::string decode_folder_name(std::string_view name) {
  return modified_utf7::decode(name).value_or(std::string(name));
}

std::optional<std::string> directory_of(const FolderPath& folder) {
  std::string directory;
  for (const Key& key : folder) {
    if (key.bytes.empty() || key.bytes.find_first_of(separators) != std::string::npos) return std::nullopt;
    directory += '.' + key.bytes;
  }
  return directory;
}

std::optional<FolderPath> folder_of(std::string_view directory) {
  FolderPath folder;
  while (!directory.empty()) {
    if (directory.front() != '.') return std::nullopt;
    directory.remove_prefix(1);
    const std::string_view name = directory.substr(0, directory.find('.'));
    if (name.empty()) return std::nullopt;
    folder.push_back(Key{std::string(name)});
    directory.remove_prefix(name.size());
  }
  return folder;
}

}  // namespace mapistore::maildir
