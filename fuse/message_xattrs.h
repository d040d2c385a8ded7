#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/node.h"

namespace mapistore::fs {

/// The extended attributes that stand for a message's state: `user.mapi.read`, `.flags`, `.categories`, `.importance`.
bool is_state_xattr(std::string_view name) noexcept;
/// What is under it is ours to define.
inline constexpr std::string_view mapi_prefix = "user.mapi.";
bool is_mapi_xattr(std::string_view name) noexcept;

/// Text of a state attribute; none if the name is no such.
std::optional<std::string> state_xattr(const State& state, std::string_view name);
/// The names worth listing: those whose value is not the usual one.
std::vector<std::string> listed_state_xattrs(const State& state);
/// Errc::invalid_argument says what values there are.
Result<> set_state_xattr(State& state, std::string_view name, std::string_view value);
/// Puts a state attribute back to its usual value.
void reset_state_xattr(State& state, std::string_view name);

}  // namespace mapistore::fs
