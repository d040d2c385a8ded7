#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>

#include <mapistore/result.h>

namespace mapistore::mountd {

/// An entry of the user database.
struct User {
  uid_t id = 0;
  gid_t group = 0;
  std::string name;  ///< the number, for one who is in no database
  std::filesystem::path home;
};

/// The user called `name`. Errc::not_found.
Result<User> find_user(std::string_view name);
/// The user with number `id`; one who is in no database has neither group nor home of his own.
User user_of(uid_t id);

/// Makes this process `user`'s for good, with his groups. Does nothing where it is that already. False, and to be
/// ended, if the kernel refuses. For a child between fork and exec or exit.
bool become(const User& user) noexcept;

}  // namespace mapistore::mountd
