#include "fuse/message_xattrs.h"

#include <algorithm>
#include <array>

namespace mapistore::fs {

namespace {

constexpr std::string_view read_name = "user.mapi.read";
constexpr std::string_view flags_name = "user.mapi.flags";
constexpr std::string_view categories_name = "user.mapi.categories";
constexpr std::string_view importance_name = "user.mapi.importance";
constexpr std::array state_names = {read_name, flags_name, categories_name, importance_name};
constexpr std::array<std::string_view, 3> importances = {"low", "normal", "high"};

struct Flag {
  std::string_view name;
  bool State::*member;
};
constexpr std::array known_flags = {Flag{"read", &State::read}, Flag{"flagged", &State::flagged},
                                    Flag{"answered", &State::answered}, Flag{"forwarded", &State::forwarded},
                                    Flag{"draft", &State::draft}};

std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> words;
  for (std::size_t at = 0; (at = text.find_first_not_of(separators, at)) != std::string_view::npos;) {
    const std::size_t end = std::min(text.find_first_of(separators, at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end;
  }
  return words;
}

Result<> set_flags(State& state, std::string_view value) {
  State wanted = state;
  for (const Flag& flag : known_flags) wanted.*flag.member = false;
  for (const std::string_view word : split(value, " ,\n")) {
    const auto flag = std::ranges::find(known_flags, word, &Flag::name);
    if (flag == known_flags.end())
      return fail(Errc::invalid_argument, word, "is no flag", "use read, flagged, answered, forwarded, draft");
    wanted.*(flag->member) = true;
  }
  state = std::move(wanted);
  return {};
}

}  // namespace

bool is_state_xattr(std::string_view name) noexcept {
  return std::ranges::find(state_names, name) != state_names.end();
}

bool is_mapi_xattr(std::string_view name) noexcept { return name.starts_with(mapi_prefix); }

std::optional<std::string> state_xattr(const State& state, std::string_view name) {
  std::string text;
  if (name == read_name) return state.read ? "1" : "0";
  if (name == importance_name) return std::string(importances[std::min<std::size_t>(state.importance, 2)]);
  if (name == flags_name) {
    for (const Flag& flag : known_flags)
      if (state.*flag.member) text.append(text.empty() ? "" : " ").append(flag.name);
    return text;
  }
  if (name != categories_name) return std::nullopt;
  for (const std::string& category : state.categories) text.append(text.empty() ? "" : "\n").append(category);
  return text;
}

std::vector<std::string> listed_state_xattrs(const State& state) {
  const State usual;
  std::vector<std::string> names;
  for (const std::string_view name : state_names)
    if (state_xattr(state, name) != state_xattr(usual, name)) names.emplace_back(name);
  return names;
}

Result<> set_state_xattr(State& state, std::string_view name, std::string_view value) {
  while (value.ends_with('\n') || value.ends_with('\0')) value.remove_suffix(1);
  if (name == read_name) {
    if (value != "0" && value != "1") return fail(Errc::invalid_argument, value, "is neither 0 nor 1");
    state.read = value == "1";
  } else if (name == flags_name) {
    return set_flags(state, value);
  } else if (name == importance_name) {
    const auto found = std::ranges::find(importances, value);
    if (found == importances.end())
      return fail(Errc::invalid_argument, value, "is no importance", "use low, normal, high");
    state.importance = static_cast<std::uint8_t>(found - importances.begin());
  } else {
    state.categories.clear();
    for (const std::string_view category : split(value, "\n")) state.categories.emplace_back(category);
  }
  return {};
}

void reset_state_xattr(State& state, std::string_view name) {
  const State usual;
  static_cast<void>(set_state_xattr(state, name, state_xattr(usual, name).value_or("")));
}

}  // namespace mapistore::fs
