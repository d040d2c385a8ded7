#include "backends/archive/rows.h"

#include <nlohmann/json.hpp>

#include <charconv>

namespace mapistore::archive {
namespace {

using Json = nlohmann::json;

std::string text_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json parse(const Archive& archive, std::string_view stored) {
  const auto text = archive.unseal_text(stored);
  return text ? Json::parse(*text, nullptr, false) : Json{};
}

std::string string_at(const Json& array, std::size_t at) {
  if (!array.is_array() || at >= array.size() || !array[at].is_string()) return {};
  return array[at].get<std::string>();
}

void read_about(const Json& about, Summary& summary) {
  summary.subject = string_at(about, 0);
  summary.from = string_at(about, 1);
  summary.to = string_at(about, 2);
  summary.message_id = string_at(about, 3);
  summary.recurrence_id = string_at(about, 4);
}

void read_marks(const Json& marks, Entry& entry) {
  if (!marks.is_object()) return;
  if (const auto categories = marks.find("categories"); categories != marks.end() && categories->is_array())
    for (std::size_t i = 0; i < categories->size(); ++i) entry.state.categories.push_back(string_at(*categories, i));
  const auto properties = marks.find("properties");
  if (properties == marks.end() || !properties->is_array()) return;
  for (const Json& property : *properties) {
    if (!property.is_array()) continue;
    SideProperty& added = entry.properties.emplace_back();
    added.part = string_at(property, 0);
    added.key = string_at(property, 1);
    if (property.size() > 2 && property[2].is_string()) added.value = string_at(property, 2);
  }
}

}  // namespace

int flags_of(const State& state) noexcept {
  return (state.read ? 1 : 0) | (state.flagged ? 2 : 0) | (state.answered ? 4 : 0) | (state.forwarded ? 8 : 0) |
         (state.draft ? 16 : 0);
}

std::string about_of(const Archive& archive, const Summary& summary, std::string_view name) {
  std::vector<std::string> texts{summary.subject,    summary.from,          summary.to,
                                 summary.message_id, summary.recurrence_id, std::string(name)};
  while (!texts.empty() && texts.back().empty()) texts.pop_back();
  return archive.seal_text(text_of(texts.empty() ? Json::array() : Json(texts)));
}

std::string marks_of(const Archive& archive, const State& state, const SideProperties& properties) {
  Json marks = Json::object();
  if (!state.categories.empty()) marks["categories"] = state.categories;
  for (const SideProperty& property : properties) {
    Json row = Json::array({property.part, property.key});
    if (property.value) row.push_back(*property.value);
    marks["properties"].push_back(std::move(row));
  }
  return marks.empty() ? std::string{} : archive.seal_text(text_of(marks));
}

Entry read_entry(const Archive& archive, const sqlite::Query& row) {
  Entry entry;
  entry.key = key_of(row.integer(0));
  entry.identity = entry.key.bytes;
  entry.size = row.unsigned_integer(1);
  entry.change = change_key(row.integer(2));
  entry.state_change = {std::to_string(row.integer(3))};
  entry.summary.kind = static_cast<MessageKind>(row.integer(4));
  const auto flags = row.integer(5);
  entry.state.read = (flags & 1) != 0;
  entry.state.flagged = (flags & 2) != 0;
  entry.state.answered = (flags & 4) != 0;
  entry.state.forwarded = (flags & 8) != 0;
  entry.state.draft = (flags & 16) != 0;
  entry.state.importance = static_cast<std::uint8_t>(row.integer(6));
  entry.received = time_of(row.integer(7));
  if (!row.null(8)) entry.summary.date = time_of(row.integer(8));
  entry.summary.date_only = row.integer(9) != 0;
  read_about(parse(archive, row.bytes(10)), entry.summary);
  if (!row.null(11)) read_marks(parse(archive, row.bytes(11)), entry);
  return entry;
}

std::string subject_in(const Archive& archive, std::string_view about) { return string_at(parse(archive, about), 0); }

std::string name_in(const Archive& archive, std::string_view about) { return string_at(parse(archive, about), 5); }

std::int64_t version_of(const Hash& hash) noexcept {
  std::uint64_t version = 0;
  for (std::size_t i = 0; i < sizeof version; ++i) version = version << 8 | hash[i];
  return static_cast<std::int64_t>(version);
}

ChangeKey change_key(std::int64_t version) { return {std::to_string(version)}; }

std::int64_t id_of(const Key& key) noexcept {
  const std::string& text = key.bytes;
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc{} || end != text.data() + text.size() || id <= 0 || text.front() == '0') return 0;
  return id;
}

}  // namespace mapistore::archive
