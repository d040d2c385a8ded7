#include "backends/maildir/mail_folder.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <optional>
#include <unordered_set>

namespace mapistore::maildir {

using namespace std::string_view_literals;

namespace {

constexpr int most_scans = 4;    // of a cur/ that others keep changing
constexpr char place_end = '@';  // in no flag

Result<> add_places(const Call& call, const posix::Directory& directory, bool is_new, std::vector<Place>& places,
                    std::unordered_set<std::string>& seen) {
  for (const posix::DirectoryItem& item : MAPISTORE_TRY(directory.list(call))) {
    if (item.name.starts_with('.')) continue;
    FileName name = FileName::parse(item.name);
    if (seen.insert(name.base).second) places.push_back({is_new, std::move(name)});
  }
  return {};
}

std::optional<Place> hinted_place(const std::string& base, std::string_view hint) {
  hint = hint.substr(0, hint.find(place_end));
  if (!hint.starts_with("new") && !hint.starts_with("cur")) return std::nullopt;
  return Place{hint.starts_with("new"), FileName::parse(base + std::string(hint.substr(3)))};
}

}  // namespace

ChangeKey state_change_of(const Place& place, Time received, const ChangeKey& state_file) {
  std::string text{place.subdirectory()};
  if (place.name.has_flags) text += ":2," + place.name.flags;
  return {text + place_end + std::to_string(received.time_since_epoch().count()) + place_end + state_file.bytes};
}

Result<MailFolder> MailFolder::open(const posix::Directory& directory) {
  auto current = MAPISTORE_TRY(directory.enter("cur"));
  auto fresh = MAPISTORE_TRY(directory.enter("new"));
  auto arriving = MAPISTORE_TRY(directory.enter("tmp"));
  auto handle = MAPISTORE_TRY(directory.reopen());
  return MailFolder{std::move(handle), std::move(current), std::move(fresh), std::move(arriving)};
}

Result<> MailFolder::create(const posix::Directory& root, std::string_view name) {
  // Out of sight first, so that nobody meets half a folder.
  static std::atomic<unsigned> made = 0;
  const std::string hidden = "mapistore-made-" + std::to_string(::getpid()) + '-' + std::to_string(++made);
  const auto arriving = MAPISTORE_TRY(root.enter("tmp"));
  MAPISTORE_CHECK(arriving.make_directory(hidden));
  const auto directory = MAPISTORE_TRY(arriving.enter(hidden));
  const auto fill = [&]() -> Result<> {
    for (const std::string_view child : {"cur", "new", "tmp"}) MAPISTORE_CHECK(directory.make_directory(child));
    auto mark = MAPISTORE_TRY(posix::NewFile::create(directory));
    MAPISTORE_CHECK(mark.publish(directory, "maildirfolder", true));
    return arriving.rename(hidden, root, name, false);
  };
  auto filled = fill();
  if (filled) return filled;
  static_cast<void>(directory.remove_file("maildirfolder"));
  for (const std::string_view child : {"cur", "new", "tmp"}) static_cast<void>(directory.remove_directory(child));
  static_cast<void>(arriving.remove_directory(hidden));
  return filled;
}

Result<std::vector<Place>> MailFolder::list(const Call& call) const {
  std::vector<Place> places;
  std::unordered_set<std::string> seen;
  // new/ first: what moves on to cur/ meanwhile is met at least once.
  MAPISTORE_CHECK(add_places(call, fresh_, true, places, seen));
  for (int scan = 0; scan < most_scans; ++scan) {
    const auto before = MAPISTORE_TRY(current_.facts()).version();
    MAPISTORE_CHECK(add_places(call, current_, false, places, seen));
    if (MAPISTORE_TRY(current_.facts()).version() == before) break;
  }
  return places;
}

std::optional<Place> MailFolder::find_at_once(const std::string& base, const ChangeKey& state_change) const {
  for (const std::string_view hint : {std::string_view(state_change.bytes), "new"sv, "cur:2,"sv, "cur:2,S"sv})
    if (auto place = hinted_place(base, hint); place && of(*place).facts(place->name.text())) return place;
  return std::nullopt;
}

std::optional<Place> MailFolder::find_with_any_flags(const std::string& base, std::string_view flags) const {
  constexpr std::string_view standard = "DFPRST";
  std::string others{flags};
  std::erase_if(others, [&](char flag) { return standard.contains(flag); });
  for (std::size_t set = 0; set < std::size_t{1} << standard.size(); ++set) {
    std::string letters = others;
    for (std::size_t i = 0; i < standard.size(); ++i)
      if ((set >> i & 1u) != 0) letters += standard[i];
    std::ranges::sort(letters);
    Place place{false, {.base = base, .flags = std::move(letters), .has_flags = true}};
    if (of(place).facts(place.name.text())) return place;
  }
  return std::nullopt;
}

Result<Place> MailFolder::find(const Call& call, const std::string& base, const ChangeKey& state_change) const {
  if (auto place = find_at_once(base, state_change)) return *std::move(place);
  for (Place& place : MAPISTORE_TRY(list(call)))
    if (place.name.base == base) return std::move(place);
  return directory_.failure(ENOENT, base);
}

}  // namespace mapistore::maildir
