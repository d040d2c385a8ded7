#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/codec/ascii.h"

namespace mapistore::conversion {

// Words of iCalendar, in the order of the numbers that properties have for them.

inline constexpr std::array<std::string_view, 5> busy_names{"FREE", "TENTATIVE", "BUSY", "OOF", "WORKINGELSEWHERE"};
inline constexpr std::int32_t busy_free = 0, busy_tentative = 1, busy_busy = 2;

inline constexpr std::array<std::string_view, 4> sensitivity_names{"PUBLIC", "X-PERSONAL", "PRIVATE", "CONFIDENTIAL"};
inline constexpr std::int32_t sensitivity_private = 2;

/// Waiting and deferred tasks have no word of their own.
inline constexpr std::array<std::string_view, 3> task_status_names{"NEEDS-ACTION", "IN-PROCESS", "COMPLETED"};
inline constexpr std::int32_t task_complete = 2, task_waiting = 3, task_deferred = 4;

/// PidTagRecipientTrackStatus; zero, one: none, organizer.
inline constexpr std::array<std::string_view, 6> participation_names{"",         "",         "TENTATIVE",
                                                                     "ACCEPTED", "DECLINED", "NEEDS-ACTION"};

/// PidLidResponseStatus: what the owner of the calendar has answered, which iCalendar tells only with his address.
inline constexpr std::array<std::string_view, 6> response_names{"NONE",     "ORGANIZER", "TENTATIVE",
                                                                "ACCEPTED", "DECLINED",  "NEEDS-ACTION"};
inline constexpr std::int32_t response_none = 0, response_missing = 5;

template <std::size_t size>
std::optional<std::int32_t> index_of(const std::array<std::string_view, size>& names, std::string_view name) noexcept {
  for (std::size_t i = 0; i < size; ++i) {
    if (!names[i].empty() && codec::equal_ignoring_case(names[i], name)) return static_cast<std::int32_t>(i);
  }
  return std::nullopt;
}

/// PRIORITY of a PidTagImportance.
constexpr std::int32_t priority_of(std::int32_t importance) noexcept {
  return importance >= 2 ? 1 : importance == 1 ? 5 : 9;
}

}  // namespace mapistore::conversion
