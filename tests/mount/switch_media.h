#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "tests/mount/dav_fixture.h"
#include "tests/mount/imap_fixture.h"
#include "tests/mount/sql_fixture.h"
#include "tests/mount/switch_fixture.h"

namespace mapistore::mount_tests {

/// An empty medium on which a top folder can be put.
struct SwitchMedium {
  std::string uri;
  std::map<std::string, std::string> options{};  ///< as a profile has them
  std::shared_ptr<void> keeper{};                ///< what has to live as long

  std::string keys() const {
    std::string text = "uri = \"" + uri + "\"\n";
    for (const auto& [key, value] : options) text += key + " = \"" + value + "\"\n";
    return text;
  }
  /// For mapistorectl switch.
  std::string arguments() const {
    std::string words = testing::shell_word(uri);
    for (const auto& [key, value] : options) words += " --set " + testing::shell_word(key + "=" + value);
    return words;
  }
};

inline SwitchMedium on_dav_server(DavKind kind, bool of_cards, const std::string& password_file) {
  auto& server = testing::DavServer::shared(kind);
  const std::string user = server.make_user();
  testing::write_file(password_file, server.password() + "\n");
  return {
      .uri = (of_cards ? "carddav://" : "caldav://") + server.authority(user) + server.make_collection(user, of_cards),
      .options = {{"poll", "0.2"}, {"password_file", password_file}}};
}

/// `kind`: a scheme, mysql, one of the mail servers dovecot and cyrus, or one of the calendar servers radicale,
/// xandikos, sogo and cyrusdav; with "_book" behind it an address book there. `name`: of what belongs to it in the
/// sandbox.
inline SwitchMedium make_switch_medium(const Sandbox& sandbox, const std::string& kind, const std::string& name) {
  static int number = 0;
  const std::string password_file = sandbox / (name + ".password");
  EXPECT_EQ(testing::write_file(password_file, ""), 0);
  EXPECT_EQ(::chmod(password_file.c_str(), 0600), 0);
  if (kind == "memory") return {.uri = "memory://" + name + std::to_string(++number)};
  if (kind == "mysql") {
    testing::write_file(password_file, SqlMedium::server().password() + "\n");
    return {.uri = SqlMedium::server().new_store(), .options = {{"poll", "0.2"}, {"password_file", password_file}}};
  }
  if (kind == "dovecot" || kind == "cyrus") {
    auto account = std::make_shared<Account>(kind);
    testing::write_file(password_file, account->server.password() + "\n");
    return {.uri = account->uri() + "/INBOX", .options = {{"password_file", password_file}}, .keeper = account};
  }
  const bool of_cards = kind.ends_with("_book");
  const std::string server = kind.substr(0, kind.find("_book"));
  for (const auto& [called, dav] : {std::pair{"radicale", DavKind::radicale}, std::pair{"xandikos", DavKind::xandikos},
                                    std::pair{"sogo", DavKind::sogo}, std::pair{"cyrusdav", DavKind::cyrus}})
    if (server == called) return on_dav_server(dav, of_cards, password_file);
  return {.uri = make_medium(sandbox, kind, name)};
}

}  // namespace mapistore::mount_tests
