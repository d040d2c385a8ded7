#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <mapistore/result.h>

/// The text of a calendar object (RFC 5545) or card (RFC 6350), as far as a server's rules make one look into it.
namespace mapistore::dav {

/// What one object is made of; never fails, garbage is an object of nothing.
struct ObjectText {
  unsigned components = 0;        ///< of `component`
  std::vector<std::string> uids;  ///< each once, in the order they come
  std::size_t without_uid = 0;    ///< events, tasks, journal entries or cards that have none
  std::size_t cards = 0;
};
ObjectText scan(std::string_view text);

/// Errc::invalid_content if `text` is not one object of one kind (RFC 4791 4.1, RFC 6352 5.1); `name` is the file's.
Result<> check_single(const ObjectText& object, std::string_view name);

/// Whether `stored` is what a server may have made of `sent`: all that the events, tasks, entries or cards in it say is
/// said there too, but for what servers set themselves.
bool is_made_of(std::string_view stored, std::string_view sent);

/// `text` with a UID in each part that lacks one.
std::string with_uid(std::string_view text, std::string_view uid);

/// Whether a character beyond U+FFFF is in it.
bool has_astral(std::string_view text) noexcept;
/// `text` with a parameter, which means nothing, in each content line with such a character, so that none of them
/// stands where SOGo folds: before the 75th UTF-16 unit of a line and each 74th after it. `attempt`, from 0, varies it.
std::string with_astral_shifted(std::string_view text, unsigned attempt);

/// All line ends as CR LF.
std::string with_crlf(std::string_view text);
/// All line ends as LF.
std::string with_lf(std::string_view text);

}  // namespace mapistore::dav
