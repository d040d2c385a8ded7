#include "tests/support/mail_server.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "tests/support/temp_mount.h"

namespace mapistore::testing {

MailServer& MailServer::shared_dovecot() {
  static MailServer server = dovecot();
  return server;
}

MailServer& MailServer::shared_cyrus() {
  static MailServer server = cyrus();
  return server;
}

std::string MailServer::make_user(std::string_view prefix) {
  std::string user = std::string(prefix) + std::to_string(++users_);
  if (kind() == "cyrus") run_script("user", user);
  return user;
}

std::string MailServer::authority(std::string_view user) const {
  return std::string(user) + "@" + host() + ":" + setting("port");
}

std::string MailServer::tls_authority(std::string_view user) const {
  return std::string(user) + "@" + host() + ":" + setting("tls_port");
}

std::string MailServer::token(std::string_view user, std::chrono::seconds lifetime) const {
  std::string token = run_script("token", std::string(user) + " " + std::to_string(lifetime.count()));
  token.erase(token.find('\n'));
  return token;
}

RawImap MailServer::login(std::string_view user) const {
  RawImap session{port()};
  session.ask("LOGIN " + std::string(user) + " " + password());
  return session;
}

std::filesystem::path MailServer::maildir(std::string_view user) const {
  return std::filesystem::path{setting("mail")} / user / "Maildir";
}

void MailServer::deliver(std::string_view user, std::string_view message, std::string_view folder) {
  const std::filesystem::path mail = setting("mail");
  std::filesystem::path place = maildir(user);
  if (folder != "INBOX") {
    std::string name = "." + std::string(folder);
    std::ranges::replace(name, '/', '.');
    place /= name;
  }
  const std::string name = "delivered" + std::to_string(++delivered_) + "." + std::to_string(::getpid()) + ".test";
  for (const char* part : {"cur", "new", "tmp"}) std::filesystem::create_directories(place / part);
  if (const int error = write_file(place / "tmp" / name, message); error != 0)
    throw std::system_error(error, std::generic_category(), place.native());
  // Root's files would be foreign to a server that is not root's.
  const struct stat owner = stat_of(mail);
  const auto give = [&](const std::filesystem::path& path) {
    if (::geteuid() == 0 && ::lchown(path.c_str(), owner.st_uid, owner.st_gid) != 0)
      throw std::system_error(errno, std::generic_category(), path.native());
  };
  for (std::filesystem::path path = place; path != mail; path = path.parent_path()) give(path);
  for (const char* part : {"cur", "new", "tmp"}) give(place / part);
  give(place / "tmp" / name);
  std::filesystem::rename(place / "tmp" / name, place / "new" / name);
}

}  // namespace mapistore::testing
