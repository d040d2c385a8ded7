#include "mountd/control_protocol.h"

#include <algorithm>
#include <array>

namespace mapistore::mountd::protocol {

namespace {

constexpr std::array<std::string_view, 5> members{"version", "verb", "name", "force", "dry_run"};

std::unexpected<Error> refuse(std::string_view what) {
  return fail(Errc::invalid_argument, "request", what, R"(write e.g. {"version":1,"verb":"status"})");
}

std::string one_line(const Json& json) { return json_text(json) + "\n"; }

Errc code_called(std::string_view wanted) {
  constexpr auto last = static_cast<int>(Errc::invalid_configuration);
  for (int number = 1; number <= last; ++number)
    if (name(static_cast<Errc>(number)) == wanted) return static_cast<Errc>(number);
  return Errc::io;
}

std::string text_of(const Json& json, const char* key) {
  return json.contains(key) && json[key].is_string() ? json[key].get<std::string>() : std::string{};
}

}  // namespace

Result<Request> parse_request(std::string_view line) {
  const Json json = parse_json(line);
  if (!json.is_object()) return refuse("is not an object of JSON");
  if (!json.contains("version") || !json["version"].is_number_integer()) return refuse("has no version");
  if (json["version"] != version)
    return fail(Errc::incompatible, "request", "is of another version than 1", "use the mapistorectl of this mountd");
  Request request;
  for (const auto& [key, value] : json.items()) {
    const bool is_text = key == "verb" || key == "name";
    if (std::ranges::find(members, key) == members.end()) return refuse("has an unknown member '" + key + "'");
    if (key != "version" && (is_text ? !value.is_string() : !value.is_boolean()))
      return refuse("has a member '" + key + "' of the wrong type");
  }
  request.verb = text_of(json, "verb");
  request.name = text_of(json, "name");
  request.force = json.value("force", false);
  request.dry_run = json.value("dry_run", false);
  if (request.verb.empty()) return refuse("has no verb");
  return request;
}

std::string to_line(const Request& request) {
  Json json{{"version", version}, {"verb", request.verb}};
  if (!request.name.empty()) json["name"] = request.name;
  if (request.force) json["force"] = true;
  if (request.dry_run) json["dry_run"] = true;
  return one_line(json);
}

std::string to_line(const Result<Json>& answer) {
  Json json{{"version", version}, {"ok", answer.has_value()}};
  if (answer) {
    json["result"] = *answer;
  } else {
    const Error& error = answer.error();
    json["error"] = {{"code", name(error.code)}, {"object", error.object}, {"what", error.what}, {"hint", error.hint}};
  }
  return one_line(json);
}

Result<Json> parse_answer(std::string_view line) {
  Json json = parse_json(line);
  if (!json.is_object() || json.value("version", Json{}) != version || !json.value("ok", Json{}).is_boolean())
    return fail(Errc::incompatible, "mountd", "answered in a way that is not understood",
                "use the mapistorectl of its version");
  if (json["ok"].get<bool>()) return json.value("result", Json{});
  const Json error = json.value("error", Json::object());
  return fail(code_called(text_of(error, "code")), text_of(error, "object"), text_of(error, "what"),
              text_of(error, "hint"));
}

}  // namespace mapistore::mountd::protocol
