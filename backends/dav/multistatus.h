#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <mapistore/object.h>
#include <mapistore/result.h>

#include "backends/dav/url.h"

namespace mapistore::dav {

/// Which kinds of objects a collection takes, as bits.
namespace component {
inline constexpr unsigned event = 1, task = 2, journal = 4, card = 8, any_calendar = event | task | journal;
}

/// One resource of a 207 answer (RFC 4918 14.24): only what it has, never what it lacks.
struct Resource {
  Url url;
  int status = 200;  ///< of the resource itself: 404 means that it is gone
  bool is_collection = false, is_calendar = false, is_address_book = false, is_principal = false;
  std::string error;   ///< local name of the first precondition that an error names
  std::string etag{};  ///< with its quotes
  std::optional<std::uint64_t> length{};
  std::optional<Time> modified{};
  std::optional<std::string> data{};  ///< calendar-data or address-data (RFC 4791 9.6, RFC 6352 10.4)
  std::string display_name{};
  std::string color{}, comment{};
  std::string ctag{}, sync_token{};
  std::optional<unsigned> components{};  ///< supported-calendar-component-set
  std::optional<bool> may_write{};       ///< by current-user-privilege-set (RFC 3744 5.4)
  std::vector<Url> calendar_homes{}, address_book_homes{};
  std::optional<Url> principal{};  ///< current-user-principal (RFC 5397)
};

struct Multistatus {
  Url url;  ///< of the collection asked, after redirects
  std::vector<Resource> resources;
  std::string sync_token;     ///< of the collection asked (RFC 6578 6.4)
  bool is_truncated = false;  ///< 507 of the collection itself: ask again from `sync_token`
};

/// Reads an answer to a request for `base`. What is no multistatus at all: Errc::corrupted. Resources whose href is no
/// address of the same origin are left out.
Result<Multistatus> read_multistatus(std::string body, const Url& base);

/// What a DAV:error body (RFC 4918 16) says; empty if it is none.
struct DavError {
  std::string precondition;  ///< local name
  std::string description;   ///< for people, as far as it fits a line
};
DavError read_error(std::string body);

/// HTTP-date, and what servers write in its place, such as a zone "+0100". Nothing if it is none.
std::optional<Time> read_http_date(std::string_view text);

}  // namespace mapistore::dav
