#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

#include <mapistore/export.h>

namespace mapistore {

/// What went wrong, for programs. The numbers are fixed for ever: new kinds are appended, none is reused.
enum class Errc : std::uint16_t {
  io = 1,                  ///< the medium failed to read or write
  no_memory = 2,
  corrupted = 3,           ///< stored data contradict themselves
  invalid_argument = 4,
  not_found = 5,
  exists = 6,
  not_empty = 7,
  not_a_folder = 8,
  is_a_folder = 9,
  access_denied = 10,      ///< the medium refuses this user
  not_permitted = 11,      ///< nobody may do this to this object
  read_only = 12,
  unsupported = 13,        ///< the medium has no such operation
  busy = 14,
  stale = 15,              ///< the object changed since the caller looked
  no_space = 16,
  quota_exceeded = 17,
  too_large = 18,
  name_too_long = 19,
  invalid_content = 20,    ///< the bytes are not what their kind demands
  timed_out = 21,
  cancelled = 22,
  unreachable = 23,
  connection_refused = 24,
  disconnected = 25,
  authentication_failed = 26,
  unknown_namespace = 27,
  invalid_uri = 28,
  other_medium = 29,       ///< cannot be done across two contexts
  too_many_open = 30,
  no_data = 31,            ///< the property is not set
  out_of_range = 32,       ///< the caller's buffer is too small
  incompatible = 33,       ///< another version or toolchain
  invalid_configuration = 34,
};

/// The enumerator's name, for logs and JSON. Static storage.
MAPISTORE_API std::string_view name(Errc code) noexcept;

/// A failure told to a program (`code`) and to a person (the three texts).
///
/// No text may hold a secret. Rendered as one line: `OBJECT: what: what to do`.
struct Error {
  Errc code = Errc::io;
  std::string object;  ///< the thing that failed: a path, URI, name; may be empty
  std::string what;    ///< what happened to it
  std::string hint;    ///< what the reader can do; may be empty

  MAPISTORE_API std::string to_string() const;

  friend bool operator==(const Error&, const Error&) = default;
};

template <class T = void>
using Result = std::expected<T, Error>;

/// Shorthand for `return fail(Errc::not_found, path, "no such folder")`.
inline std::unexpected<Error> fail(Errc code, std::string_view object = {}, std::string_view what = {},
                                   std::string_view hint = {}) {
  return std::unexpected(Error{code, std::string(object), std::string(what), std::string(hint)});
}

/// The error that errno value `number` means, about `object`; the text is strerror's.
MAPISTORE_API Error system_error(int number, std::string_view object);

}  // namespace mapistore

#define MAPISTORE_JOIN_(a, b) a##b
#define MAPISTORE_JOIN(a, b) MAPISTORE_JOIN_(a, b)
#define MAPISTORE_TRY_(result, expression)                                  \
  (__extension__({                                                          \
    auto result = (expression);                                             \
    if (!result) [[unlikely]]                                               \
      return std::unexpected(std::move(result).error());                    \
    *std::move(result);                                                     \
  }))
#define MAPISTORE_CHECK_(result, expression)                                \
  do {                                                                      \
    if (auto result = (expression); !result) [[unlikely]]                   \
      return std::unexpected(std::move(result).error());                    \
  } while (false)

/// The value of a Result, or return its error from the enclosing function. May be nested.
#define MAPISTORE_TRY(expression) MAPISTORE_TRY_(MAPISTORE_JOIN(mapistore_result_, __COUNTER__), expression)

/// The same for a Result whose value is of no interest.
#define MAPISTORE_CHECK(expression) MAPISTORE_CHECK_(MAPISTORE_JOIN(mapistore_result_, __COUNTER__), expression)
