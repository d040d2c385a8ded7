#pragma once

#include <chrono>
#include <optional>

#include <mapistore/doubt.h>

#include "backends/imap/reply.h"

namespace mapistore::imap {

/// Why a command did not complete.
enum class FailureKind : std::uint8_t {
  not_sent,          ///< not a byte of it reached the server: it may be sent again
  refused,           ///< the server answered NO or BAD: it did nothing
  unknown_outcome,   ///< it was sent, or part of it, and no answer came: whether the server did it must be looked up
  new_uid_validity,  ///< the mailbox has another UIDVALIDITY than the command expected: its UIDs mean nothing
};

/// An Error of a command, with what decides how to go on. Becomes a plain Error by MAPISTORE_TRY.
///
/// The Errc tells the user: timed_out and cancelled are the caller's own doing; disconnected and unreachable, that the
/// connection is gone (`kind` says how far the command came); busy, that trying later helps.
struct Failure : Error {
  FailureKind kind = FailureKind::not_sent;
  ResponseCode response;                                 ///< what the server said beside NO or BAD
  std::optional<std::chrono::milliseconds> retry_after;  ///< when the server said how long to leave it alone

  Failure() = default;
  Failure(Error error, FailureKind why) : Error{std::move(error)}, kind{why} {}
  explicit(false) Failure(Error error) : Error{std::move(error)} {}
};

/// The Failure that a NO, BAD or BYE means: the code, or the text where servers use none, becomes an Errc; the server's
/// text stays readable. `host` and `about` name the server and what was asked of it.
Failure refusal(const ConditionReply& reply, std::string_view host, std::string_view about);

/// What is not known to have failed: the server may have done it, whatever kept us from finding out.
std::unexpected<Error> in_doubt(Error error);

/// The wait that a text asks for, as `Suggested Backoff Time: 299609 milliseconds`.
std::optional<std::chrono::milliseconds> backoff_time(std::string_view text);

}  // namespace mapistore::imap
