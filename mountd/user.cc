#include "mountd/user.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

namespace mapistore::mountd {

namespace {

constexpr std::size_t largest_entry = 64 * 1024;

User from(const passwd& entry) { return {entry.pw_uid, entry.pw_gid, entry.pw_name, entry.pw_dir}; }

}  // namespace

Result<User> find_user(std::string_view name) {
  std::vector<char> buffer(largest_entry);
  passwd entry{};
  passwd* found = nullptr;
  const int error = ::getpwnam_r(std::string(name).c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (found != nullptr) return from(entry);
  if (error != 0) return std::unexpected(system_error(error, name));
  return fail(Errc::not_found, name, "no such user", "name one that getent passwd lists");
}

User user_of(uid_t id) {
  std::vector<char> buffer(largest_entry);
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(id, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) return from(entry);
  return {id, static_cast<gid_t>(id), std::to_string(id), "/"};
}

bool become(const User& user) noexcept {
  if (::geteuid() == user.id) return true;
  return ::initgroups(user.name.c_str(), user.group) == 0 && ::setresgid(user.group, user.group, user.group) == 0 &&
         ::setresuid(user.id, user.id, user.id) == 0;
}

}  // namespace mapistore::mountd
