#include "tests/support/dav_server.h"

#include <array>
#include <memory>
#include <stdexcept>
#include <utility>

#include "tests/support/raw_imap.h"
#include "tests/support/temp_mount.h"

namespace mapistore::testing {

DavServer::DavServer(Kind kind) : PrivateServer{name(kind), {}}, kind_{kind} {}

DavServer& DavServer::shared(Kind kind) {
  static std::array<std::unique_ptr<DavServer>, 4> servers;
  auto& server = servers.at(static_cast<std::size_t>(std::to_underlying(kind)));
  if (!server) server = std::make_unique<DavServer>(kind);
  return *server;
}

std::string_view DavServer::name(Kind kind) {
  constexpr std::array<std::string_view, 4> names{"radicale", "xandikos", "sogo", "cyrus"};
  return names.at(static_cast<std::size_t>(std::to_underlying(kind)));
}

std::string DavServer::make_user() {
  std::string user = "user" + std::to_string(++users_);
  if (kind_ == Kind::cyrus) {
    run_script("user", user);
    // Its mailbox is made by the first who logs in there.
    RawImap{number("port")}.ask("LOGIN " + user + " " + password());
  }
  if (kind_ == Kind::xandikos)
    for (const std::string& path : {"/" + user + "/", home(user, false), home(user, true)})
      client(user).send("MKCOL", path);
  return user;
}

std::string DavServer::home(std::string_view user, bool of_cards) const {
  const std::string name(user);
  switch (kind_) {
    case Kind::radicale: return "/" + name + "/";
    case Kind::xandikos: return "/" + name + (of_cards ? "/contacts/" : "/calendars/");
    case Kind::sogo: return "/SOGo/dav/" + name + (of_cards ? "/Contacts/" : "/Calendar/");
    case Kind::cyrus: return (of_cards ? "/dav/addressbooks/user/" : "/dav/calendars/user/") + name + "/";
  }
  std::unreachable();
}

std::string DavServer::make_collection(std::string_view user, bool of_cards) {
  const RawHttp other = client(user);
  std::string path = home(user, of_cards) + (of_cards ? "book" : "cal") + std::to_string(++collections_) + "/";
  const auto made = of_cards ? other.make_address_book(path) : other.make_calendar(path);
  if (made.status != 201) throw std::runtime_error(path + ": " + std::to_string(made.status) + " " + made.body);
  return path;
}

std::string DavServer::authority(std::string_view user) const {
  return std::string(user) + "@" + host() + ":" + std::to_string(http_port());
}

}  // namespace mapistore::testing
