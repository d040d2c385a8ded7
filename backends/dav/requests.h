#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "backends/dav/url.h"

/// The bodies of requests, as text.
namespace mapistore::dav::requests {

/// What tells whether a collection has changed. Either may cost a server a walk through all of it.
enum class Version : std::uint8_t { none, ctag, ctag_or_token };
/// All that is asked of a collection, a principal or a home (RFC 4918 9.1).
std::string describe(Version version);
/// What people see of a collection beside its name, and what it takes.
std::string describe_details();
std::string describe_version(Version version);
/// What tells whether an object has changed.
std::string list_objects();
/// RFC 6578 3.2; an empty token asks for everything.
std::string sync(std::string_view token);
/// The objects at `urls` with their bytes (RFC 4791 7.9, RFC 6352 8.7).
std::string multiget(bool of_cards, std::span<const Url> urls);
/// The calendar object with this UID (RFC 4791 7.8), or the card (RFC 6352 8.6); `component` is a name such as VEVENT.
std::string find_uid(bool of_cards, std::string_view component, std::string_view uid);
/// RFC 4791 5.3.1.
std::string make_calendar(std::string_view display_name);
/// RFC 5689 3.
std::string make_address_book(std::string_view display_name);
/// RFC 4918 9.2.
std::string rename(std::string_view display_name);
/// The same for a calendar's or address book's colour or description (RFC 4791 5.2.1, RFC 6352 6.2.1), which without
/// `value` are removed.
std::string set_color(bool of_cards, std::optional<std::string_view> value);
std::string set_comment(bool of_cards, std::optional<std::string_view> value);

}  // namespace mapistore::dav::requests
