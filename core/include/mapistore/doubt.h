#pragma once

#include <mapistore/result.h>

/// What the error of a change tells about the change itself, for who must not do it twice nor take it for undone. Each
/// holds for more errors than the one before.
namespace mapistore {

/// Nobody waited for the answer until it came, or there was no way left for it: the medium may have done it, or do it
/// yet.
constexpr bool is_cut_off(Errc code) noexcept {
  return code == Errc::timed_out || code == Errc::cancelled || code == Errc::disconnected;
}

/// The medium may have done it all the same: so too where it says that it failed, without saying why.
constexpr bool is_doubtful(Errc code) noexcept { return is_cut_off(code) || code == Errc::io; }

/// That is no word of the medium's on what was asked, but about the way to it: so too where it was not even reached. It
/// says nothing of the object.
constexpr bool is_without_answer(Errc code) noexcept {
  return is_doubtful(code) || code == Errc::unreachable || code == Errc::connection_refused ||
         code == Errc::authentication_failed;
}

}  // namespace mapistore
