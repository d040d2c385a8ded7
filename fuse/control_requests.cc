#include "fuse/control_requests.h"

#include "core/json.h"
#include "core/switcher.h"

namespace mapistore::fs {

namespace {

constexpr std::size_t most_answers = 32;
constexpr std::size_t longest_id = 64;

std::string text_of(const Json& request, const char* key) {
  const auto found = request.find(key);
  return found != request.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

Result<> perform(Store& store, const Json& request) {
  const std::string verb = text_of(request, "verb"), folder = text_of(request, "folder");
  Switcher& switcher = store.switcher();
  if (verb == "switch" || verb == "replicate")
    return switcher.begin(folder, text_of(request, "section"), text_of(request, "own_section"), verb == "replicate");
  if (verb == "switch-back") return switcher.go_back(folder);
  if (verb == "switch-finish") return switcher.finish(folder);
  return fail(Errc::unsupported, verb, "is no request", "known: switch, replicate, switch-back, switch-finish");
}

Json as_json(const Result<>& done) {
  if (done) return {{"ok", true}};
  const Error& error = done.error();
  return {
      {"ok", false}, {"code", name(error.code)}, {"object", error.object}, {"what", error.what}, {"hint", error.hint}};
}

}  // namespace

void ControlRequests::take(std::string_view text) {
  const Json request = parse_json(text);
  const std::string id = request.is_object() ? text_of(request, "id") : std::string{};
  const auto done = !request.is_object()     ? fail(Errc::invalid_argument, "request", "is no JSON object")
                    : id.size() > longest_id ? fail(Errc::invalid_argument, "id", "is longer than 64 bytes")
                                             : perform(store_, request);
  answers_.emplace_back(id.substr(0, longest_id), json_text(as_json(done)));
  if (answers_.size() > most_answers) answers_.pop_front();
}

std::string ControlRequests::answers() const {
  Json all = Json::object();
  for (const auto& [id, answer] : answers_) all[id] = parse_json(answer);
  return json_text(all, 2) + "\n";
}

}  // namespace mapistore::fs
