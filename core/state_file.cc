#include <mapistore/state_file.h>

#include <array>
#include <cstdint>
#include <map>

#include "core/json.h"

namespace mapistore {
namespace {

constexpr std::string_view suffix = ".json";
constexpr std::size_t longest_name = 255;  // NAME_MAX of every filesystem of ours
constexpr std::size_t kept_of_long = 200;  // bytes of a longer name that its state file begins with
constexpr std::size_t largest_file = 16 * 1024 * 1024;
constexpr std::array importance_names{"low", "normal", "high"};

/// FNV-1a: names, not secrets; the first bytes of the message's name stand beside it.
std::uint64_t hash(std::string_view text) {
  std::uint64_t value = 0xcbf29ce484222325u;
  for (const char character : text) value = (value ^ static_cast<unsigned char>(character)) * 0x100000001b3u;
  return value;
}

std::string hex16(std::uint64_t number) {
  std::string text(16, '0');
  for (auto digit = text.rbegin(); number != 0; ++digit, number >>= 4) *digit = "0123456789abcdef"[number & 15];
  return text;
}

constexpr std::size_t hashed_size = kept_of_long + 1 + 16 + suffix.size();

struct FlagName {
  const char* name;
  bool State::*flag;
};
constexpr std::array flag_names{FlagName{"read", &State::read}, FlagName{"flagged", &State::flagged},
                                FlagName{"answered", &State::answered}, FlagName{"forwarded", &State::forwarded},
                                FlagName{"draft", &State::draft}};

/// Throws what nlohmann-json throws for a member of the wrong type.
State state_of(const Json& json) {
  State state;
  for (const auto& [name, flag] : flag_names) state.*flag = json.value(name, false);
  const std::string importance = json.value("importance", "normal");
  const auto found = std::ranges::find(importance_names, importance);
  if (found != importance_names.end()) state.importance = static_cast<std::uint8_t>(found - importance_names.begin());
  state.categories = json.value("categories", std::vector<std::string>{});
  return state;
}

void put_state(Json& json, const State& state) {
  for (const auto& [name, flag] : flag_names) {
    json.erase(name);
    if (state.*flag) json[name] = true;
  }
  json.erase("importance");
  if (state.importance != 1 && state.importance < importance_names.size())
    json["importance"] = importance_names[state.importance];
  json.erase("categories");
  if (!state.categories.empty()) json["categories"] = state.categories;
}

/// {"PART": {"KEY": "VALUE" or null}}
SideProperties properties_of(const Json& json) {
  SideProperties properties;
  for (const auto& [part, rows] : json.value("properties", std::map<std::string, std::map<std::string, Json>>{}))
    for (const auto& [key, value] : rows)
      properties.emplace_back(part, key, value.is_null() ? std::nullopt : std::optional{value.get<std::string>()});
  std::ranges::sort(properties);
  return properties;
}

void put_properties(Json& json, const SideProperties& properties) {
  json.erase("properties");
  for (const auto& [part, key, value] : properties)
    json["properties"][part][key] = value ? Json(*value) : Json(nullptr);
}

std::unexpected<Error> corrupted(const posix::Directory& directory, std::string_view file) {
  return fail(Errc::corrupted, directory.path() + '/' + std::string(file), "not a state file",
              "mend it or remove it; the message itself is unharmed");
}

Result<std::string> load_text(const posix::Directory& directory, const std::string& file, std::string* version) {
  const posix::UniqueFd fd = MAPISTORE_TRY(directory.open_file(file));
  const auto facts = MAPISTORE_TRY(posix::facts_of(fd.get(), file));
  if (version) *version = facts.version();
  if (facts.size > largest_file) return corrupted(directory, file);
  return posix::read_head(fd.get(), facts.size, file);
}

Result<Json> load(const posix::Directory& directory, const std::string& file, std::string* version) {
  const std::string text = MAPISTORE_TRY(load_text(directory, file, version));
  Json json = parse_json(text);
  if (!json.is_object()) return corrupted(directory, file);
  return json;
}

Result<> forgive_absence(Result<> result) {
  if (!result && result.error().code == Errc::not_found) return {};
  return result;
}

}  // namespace

std::string StateFiles::file_name(std::string_view message) {
  std::string file{message};
  if (file.size() + suffix.size() > longest_name) {
    file.resize(kept_of_long);
    file += '~' + hex16(hash(message));
  }
  return file.append(suffix);
}

std::optional<std::string> StateFiles::message_name(std::string_view file) {
  if (!file.ends_with(suffix) || file.size() == hashed_size) return std::nullopt;
  return std::string(file.substr(0, file.size() - suffix.size()));
}

Result<StateFiles> StateFiles::open(const posix::Directory& folder, std::string_view name) {
  StateFiles files{folder, std::string(name)};
  auto directory = folder.enter(name);
  if (directory)
    files.directory_ = std::make_unique<posix::Directory>(*std::move(directory));
  else if (directory.error().code != Errc::not_found)
    return std::unexpected(std::move(directory).error());
  return files;
}

Result<> StateFiles::create() {
  if (!directory_) directory_ = std::make_unique<posix::Directory>(MAPISTORE_TRY(folder_->enter_or_create(name_)));
  return {};
}

Result<std::vector<std::string>> StateFiles::list(const Call& call, Time now) const {
  std::vector<std::string> files;
  if (!directory_) return files;
  auto items = MAPISTORE_TRY(directory_->list(call));
  directory_->remove_leftovers(items, now);
  for (posix::DirectoryItem& item : items)
    if (!item.name.starts_with('.') && item.name.ends_with(suffix)) files.push_back(std::move(item.name));
  return files;
}

Result<StateFiles::Stored> StateFiles::read_file(const std::string& file) const {
  Stored stored;
  if (!directory_) return stored;
  auto json = load(*directory_, file, &stored.validator.bytes);
  if (!json && json.error().code == Errc::not_found) return Stored{};
  if (!json) return std::unexpected(std::move(json).error());
  try {
    stored.state = state_of(*json);
    stored.properties = properties_of(*json);
    stored.identity = json->value("identity", std::string{});
  } catch (const Json::exception&) {
    return corrupted(*directory_, file);
  }
  return stored;
}

Result<ChangeKey> StateFiles::validator(std::string_view message) const {
  if (!directory_) return ChangeKey{};
  const auto facts = directory_->facts(file_name(message));
  if (facts) return ChangeKey{facts->version()};
  if (facts.error().code == Errc::not_found) return ChangeKey{};
  return std::unexpected(facts.error());
}

Result<StateFiles::Pending> StateFiles::prepare(std::string_view message, const StateChange& change,
                                                std::string_view identity) {
  Pending pending{*this, file_name(message)};
  Json json = Json::object();
  if (directory_) {
    auto before = load(*directory_, pending.file_, nullptr);
    if (!before && before.error().code != Errc::not_found) return std::unexpected(std::move(before).error());
    if (before) json = *std::move(before);
  }
  json.erase("identity");
  if (change.state) put_state(json, *change.state);
  if (change.properties) put_properties(json, *change.properties);
  if (json.empty()) return pending;
  json["identity"] = identity;
  std::string text;
  try {
    text = json.dump(2) + '\n';
  } catch (const Json::exception&) {
    return fail(Errc::invalid_argument, message, "a category is not UTF-8");
  }
  if (text.size() > largest_file)
    return fail(Errc::too_large, message, "its properties do not fit a state file",
                "put what is large into the message itself");
  MAPISTORE_CHECK(write(pending, text));
  return pending;
}

Result<StateFiles::Pending> StateFiles::prepare(const StateFiles& from, std::string_view message,
                                                std::string_view new_message) {
  Pending pending{*this, file_name(new_message)};
  if (!from.directory_) return pending;
  auto text = load_text(*from.directory_, file_name(message), nullptr);
  if (!text && text.error().code == Errc::not_found) return pending;
  if (!text) return std::unexpected(std::move(text).error());
  MAPISTORE_CHECK(write(pending, *text));
  return pending;
}

Result<> StateFiles::write(Pending& pending, std::string_view text) {
  MAPISTORE_CHECK(create());
  pending.content_ = MAPISTORE_TRY(posix::NewFile::create(*directory_));
  return pending.content_->write(text);
}

Result<> StateFiles::Pending::commit() {
  if (content_) return content_->publish(*owner_->directory_, file_, true);
  if (!owner_->directory_) return {};
  return forgive_absence(owner_->directory_->remove_file(file_));
}

Result<> StateFiles::remove(std::string_view message) const {
  if (!directory_) return {};
  return forgive_absence(directory_->remove_file(file_name(message)));
}

Result<> StateFiles::attach(const std::string& file, std::string_view message) const {
  return directory_->rename(file, *directory_, file_name(message), true);
}

}  // namespace mapistore
