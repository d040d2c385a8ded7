#pragma once

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <iomanip>
#include <optional>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "tests/mount/posix.h"
#include "tests/support/mail_server.h"
#include "tests/support/temp_mount.h"

namespace mapistore::mount_tests {

/// `text` with the line ends of a mail server.
inline std::string crlf(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n' && !out.ends_with('\r')) out += '\r';
    out += c;
  }
  return out;
}

/// What an INTERNALDATE says, in seconds since 1970.
inline time_t time_of(const std::string& date) {
  std::tm parts{};
  int zone = 0;
  std::istringstream text{date};
  text >> std::get_time(&parts, "%d-%b-%Y %H:%M:%S") >> zone;
  return ::timegm(&parts) - (zone / 100 * 3600 + zone % 100 * 60);
}

/// A message as a server has it.
struct Stored {
  std::uint32_t uid = 0;
  std::string flags;  ///< sorted, without \Recent
  std::string date;   ///< INTERNALDATE
  std::string bytes;
};

/// An account of its own on one of the shared servers, and another client in it.
class Account {
 public:
  /// `kind`: dovecot, mdbox (also Dovecot, that keeps it in another form), cyrus.
  explicit Account(std::string_view kind)
      : Account{kind == "cyrus" ? testing::MailServer::shared_cyrus() : testing::MailServer::shared_dovecot(),
                kind == "mdbox" ? "mdbox" : "user"} {}
  explicit Account(testing::MailServer& at, std::string_view prefix = "user")
      : server{at}, user{at.make_user(prefix)}, other{at.login(user)} {
    ::setenv("MAPISTORE_PASSWORD", server.password().c_str(), 1);
  }

  std::string uri(std::uint16_t port = 0) const {
    return "imap://" + user + "@localhost:" + std::to_string(port != 0 ? port : server.port());
  }
  void append(std::string_view mailbox, std::string_view message, std::string_view options = {}) {
    const auto reply = other.append(mailbox, message, options);
    if (!reply.ok()) throw std::runtime_error(reply.text);
  }
  /// All of a mailbox as it is now, by UID, and nothing of it changed by looking.
  std::vector<Stored> stored(std::string_view mailbox) {
    other.ask("EXAMINE \"" + std::string(mailbox) + "\"");
    other.send("look UID FETCH 1:* (UID FLAGS INTERNALDATE BODY.PEEK[])\r\n");
    std::vector<Stored> all;
    for (;;) {
      std::string line = other.read_line();
      if (line.starts_with("look ")) break;
      if (line.find(" FETCH (") == std::string::npos) continue;
      Stored one;
      std::smatch found;
      static const std::regex literal{R"(BODY\[\] \{(\d+)\}\r\n)"}, uid{R"(UID (\d+))"}, flags{R"(FLAGS \(([^)]*)\))"},
          date{R"re(INTERNALDATE "([^"]*)")re"};
      // A long body is more than the regular expressions can take.
      const std::size_t body = line.find("BODY[] {");
      if (body != std::string::npos) {
        const std::size_t begin = line.find("\r\n", body) + 2;
        const std::size_t size = std::stoul(line.substr(body + 8));
        one.bytes = line.substr(begin, size);
        line.erase(body, begin + size - body);
      }
      if (std::regex_search(line, found, uid)) one.uid = static_cast<std::uint32_t>(std::stoul(found[1]));
      if (std::regex_search(line, found, date)) one.date = found[1];
      if (std::regex_search(line, found, flags)) one.flags = sorted_words(found[1]);
      all.push_back(std::move(one));
    }
    // Dovecot ends sessions whose mailbox is renamed.
    other.ask("UNSELECT");
    std::ranges::sort(all, {}, &Stored::uid);
    return all;
  }
  /// The bytes of each, sorted.
  std::vector<std::string> bodies(std::string_view mailbox) {
    std::vector<std::string> bytes;
    for (Stored& one : stored(mailbox)) bytes.push_back(std::move(one.bytes));
    std::ranges::sort(bytes);
    return bytes;
  }
  bool has_mailbox(std::string_view name) {
    return other.ask("LIST \"\" \"" + std::string(name) + "\"").find("LIST") != std::string::npos;
  }
  /// How many no client has seen yet.
  std::string recent(std::string_view mailbox) {
    const std::string said = other.ask("STATUS \"" + std::string(mailbox) + "\" (RECENT)");
    return said.substr(said.find("(RECENT"));
  }
  void set_flags(std::string_view mailbox, std::uint32_t uid, std::string_view change) {
    other.ask("SELECT \"" + std::string(mailbox) + "\"");
    other.ask("UID STORE " + std::to_string(uid) + " " + std::string(change));
    other.ask("UNSELECT");
  }
  void expunge(std::string_view mailbox, std::uint32_t uid) {
    other.ask("SELECT \"" + std::string(mailbox) + "\"");
    other.ask("UID STORE " + std::to_string(uid) + " +FLAGS (\\Deleted)");
    other.ask("UID EXPUNGE " + std::to_string(uid));
    other.ask("UNSELECT");
  }

  testing::MailServer& server;
  const std::string user;
  testing::RawImap other;

 private:
  static std::string sorted_words(const std::string& text) {
    std::vector<std::string> words;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find(' ', at), text.size());
      if (std::string word = text.substr(at, end - at); word != "\\Recent" && !word.empty()) words.push_back(word);
      at = end + 1;
    }
    std::ranges::sort(words);
    std::string joined;
    for (const std::string& word : words) joined += (joined.empty() ? "" : " ") + word;
    return joined;
  }
};

/// An account on the server of the parameter's kind.
class Imap : public ::testing::TestWithParam<const char*> {
 protected:
  static bool is_cyrus() { return GetParam() == std::string_view{"cyrus"}; }
  void mount(const std::string& options = {}) { mount_.emplace(sandbox_, account_.uri(), options); }
  Path at(std::string_view name) const { return *mount_ / name; }
  Names names(std::string_view folder) const { return testing::names_in(at(folder)); }
  /// Runs `script` in the mount, which must succeed; what it printed.
  std::string sh(const std::string& script) const {
    const auto outcome = testing::run("cd " + testing::shell_word(mount_->path()) + "; set -e; " + script);
    EXPECT_EQ(outcome.code, 0) << script << '\n' << outcome.output << mount_->errors();
    return outcome.output;
  }
  /// The one file in a folder that there must be.
  Path only(std::string_view folder) const {
    EXPECT_TRUE(testing::eventually([&] { return names(folder).size() == 1; })) << folder << names(folder).size();
    const Names there = names(folder);
    return at(folder) / (there.empty() ? "none" : there.front());
  }

  Sandbox sandbox_;
  Account account_{GetParam()};
  std::optional<testing::TempMount> mount_;
};

inline std::string server_name(const ::testing::TestParamInfo<const char*>& server) { return server.param; }

}  // namespace mapistore::mount_tests
