#include <sysexits.h>

#include <algorithm>
#include <thread>

#include "core/directories.h"
#include "core/medium_contents.h"
#include "core/profile.h"
#include "mountd/commands/commands.h"
#include "mountd/open_store.h"

namespace mapistore::ctl::commands {

namespace {

/// A running mount may just be taking in what the medium has told it.
constexpr std::chrono::seconds second_look{2};
constexpr std::size_t most_told = 20;

struct CheckOptions {
  std::string folder;
  bool repair = false;
};

/// Where an index and a medium differ.
struct Differences {
  std::uint64_t messages = 0;  ///< compared
  std::uint64_t only_in_medium = 0, only_in_index = 0, other_bytes = 0;
  std::vector<std::string> told;

  std::uint64_t all() const { return only_in_medium + only_in_index + other_bytes; }
  void tell(const std::string& path, const char* what) {
    if (told.size() < most_told) told.push_back(path + ": " + what);
  }
};

class Comparison {
 public:
  Comparison(Index& index, Context& medium) : index_{index}, medium_{medium} {}

  Result<> folder(Fmid folder, const FolderPath& path, const std::string& name) {
    MediumContents shown = MAPISTORE_TRY(contents_of(Call::within(time_to_list), medium_, path));
    MAPISTORE_CHECK(index_.list_messages(folder, Fmid{}, [&](const StoredMessage& message) {
      ++found.messages;
      const auto there = shown.messages.find(message.ref.key);
      if (there == shown.messages.end()) {
        ++found.only_in_index;
        found.tell(name + message.node.name, "is not in the medium");
        return true;
      }
      if (there->second != message.ref.change) {
        ++found.other_bytes;
        found.tell(name + message.node.name, "has other bytes in the medium");
      }
      shown.messages.erase(there);
      return true;
    }));
    found.only_in_medium += shown.messages.size();
    for (const auto& [key, change] : shown.messages) found.tell(name + key.bytes, "is in the medium alone");
    return subfolders(folder, path, name, shown);
  }

  Differences found;

 private:
  Result<> subfolders(Fmid folder, const FolderPath& path, const std::string& name, MediumContents& shown) {
    for (const StoredFolder& below : MAPISTORE_TRY(index_.subfolders(folder))) {
      const Key key = MAPISTORE_TRY(index_.message(below.node.fmid)).ref.key;
      const auto there = std::ranges::find(shown.folders, key, &FolderEntry::key);
      if (there == shown.folders.end()) {
        ++found.only_in_index;
        found.tell(name + below.node.name, "is not in the medium");
        continue;
      }
      shown.folders.erase(there);
      FolderPath inner = path;
      inner.push_back(key);
      MAPISTORE_CHECK(this->folder(below.node.fmid, inner, name + below.node.name + "/"));
    }
    found.only_in_medium += shown.folders.size();
    for (const FolderEntry& folder_there : shown.folders)
      found.tell(name + folder_there.display_name, "is in the medium alone");
    return {};
  }

  Index& index_;
  Context& medium_;
};

Result<Differences> compare(Index& index, const ContextRow& row, Context& medium, const std::string& name) {
  for (int look = 1;; ++look) {
    Comparison comparison{index, medium};
    MAPISTORE_CHECK(comparison.folder(row.root, {}, name + "/"));
    if (comparison.found.all() == 0 || look == 2) return std::move(comparison.found);
    std::this_thread::sleep_for(second_look);
  }
}

/// Has the index take in all of the medium again.
Result<> list_again(Environment& environment, Index& index, const ContextRow& row, const Location& location,
                    const std::string& store_name) {
  {
    const auto writer = MAPISTORE_TRY(IndexWriter::begin(index));
    MAPISTORE_CHECK(writer->forget_cursors(row.id));
    MAPISTORE_CHECK(writer->commit());
  }
  auto listed = OpenStore::open(environment, location, store_name, true, true);
  return listed ? Result<>{} : std::unexpected(std::move(listed).error());
}

Result<Json> check_folder(Environment& environment, const std::string& store_name, const Location& location,
                          bool repair, std::string& text) {
  const std::string& name = location.settings.name;
  const auto directory = MAPISTORE_TRY(directories::state_home()) / store_name;
  std::error_code error;
  if (!std::filesystem::exists(directory / "index.sqlite", error))
    return fail(Errc::not_found, name, "has not been mounted yet", "there is no index to check");
  const auto index = MAPISTORE_TRY(Index::open(directory)).index;
  const ContextRow row = MAPISTORE_TRY(index->context(location.settings.uri.to_string()));
  const auto medium = MAPISTORE_TRY(
      location.backend->open(Call::within(time_to_open), location.settings.uri, location.settings.options));
  environment.output.progress("comparing " + location.text);
  Differences found = MAPISTORE_TRY(compare(*index, row, *medium, name));
  const std::uint64_t before = found.all();
  if (repair && before > 0 && !environment.dry_run) {
    MAPISTORE_CHECK(list_again(environment, *index, row, location, store_name));
    found = MAPISTORE_TRY(compare(*index, row, *medium, name));
  }
  for (const std::string& line : found.told) text += line + "\n";
  text += name + ": " + counted(found.messages, "message") + " compared, " + counted(found.all(), "difference");
  if (repair && before > found.all()) text += ", " + std::to_string(before - found.all()) + " mended";
  text += "\n";
  return Json{{"folder", name},
              {"messages", found.messages},
              {"only_in_medium", found.only_in_medium},
              {"only_in_index", found.only_in_index},
              {"other_bytes", found.other_bytes},
              {"mended", before - found.all()}};
}

Result<int> run(Environment& environment, const CheckOptions& arguments) {
  const StoreProfile profile = MAPISTORE_TRY(environment.named_profile());
  Json all = Json::array();
  std::string text;
  int worst = 0;
  for (const TopFolder& folder : profile.folders) {
    if (!arguments.folder.empty() && folder.name != arguments.folder) continue;
    const Location location = MAPISTORE_TRY(read_location(environment, profile.file.native() + ":" + folder.name));
    auto checked = check_folder(environment, profile.name, location, arguments.repair, text);
    environment.output.end_progress();
    if (!checked) {
      environment.output.trouble(checked.error());
      all.push_back({{"folder", folder.name}, {"error", checked.error().to_string()}});
      worst = std::max(worst, EX_UNAVAILABLE);
      continue;
    }
    const bool differs =
        (*checked)["only_in_medium"] != 0 || (*checked)["only_in_index"] != 0 || (*checked)["other_bytes"] != 0;
    if (differs && worst == 0) worst = EX_DATAERR;
    all.push_back(std::move(*checked));
  }
  if (all.empty()) return fail(Errc::not_found, arguments.folder, "is no top folder of the profile");
  environment.output.result(all, text);
  return worst;
}

}  // namespace

void check(Verb& program) {
  const auto arguments = std::make_shared<CheckOptions>();
  Verb verb = program.verb("check", "compare the index of a profile's store with its media");
  verb.optional_argument("topfolder", arguments->folder, "only that top folder");
  verb.flag("--repair", arguments->repair, "have the index take in all of a medium that differs");
  verb.does(arguments, run);
}

}  // namespace mapistore::ctl::commands
