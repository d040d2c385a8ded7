// Several who change one mailbox at the same time: all see the same in the end, and nothing is lost or doubled.
#include <algorithm>
#include <iterator>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "tests/mount/imap_fixture.h"

namespace mapistore::mount_tests::imap_many_test {
namespace {

using testing::eventually;
using testing::names_in;
using testing::read_file;
using testing::run;
using testing::shell_word;
using testing::TempMount;
using testing::write_file;
using testing::xattr;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

std::chrono::seconds load_time() {
  const char* text = std::getenv("MAPISTORE_TEST_LOAD_SECONDS");
  return std::chrono::seconds{text != nullptr ? std::stoi(text) : 5};
}

class ImapMany : public Imap {};
INSTANTIATE_TEST_SUITE_P(Servers, ImapMany, ::testing::Values("dovecot", "mdbox", "cyrus"), server_name);

TEST_P(ImapMany, SixteenCopiesAtOnce) {
  account_.other.ask("CREATE Box");
  mount();
  const std::string in = shell_word(sandbox_.make_directory("in"));
  std::vector<std::string> wanted;
  for (int i = 0; i < 16; ++i) {
    wanted.push_back(
        crlf(mail("at once " + std::to_string(i), std::string(static_cast<std::size_t>(i) * 7'000, 'x') + "\n")));
    ASSERT_EQ(write_file(sandbox_ / ("in/" + std::to_string(i) + ".eml"), wanted.back()), 0);
  }
  std::ranges::sort(wanted);
  EXPECT_EQ(sh("for file in " + in + "/*; do cp $file Box & done; wait; diff -r " + in + " Box"), "");
  EXPECT_EQ(account_.bodies("Box"), wanted);
  EXPECT_EQ(mount_->errors(), "");
}

/// Each copy looks for what it has brought where it expects it to be: others are in the way there.
TEST_P(ImapMany, CopiesAtOnceBesideAnotherWhoBringsMails) {
  account_.other.ask("CREATE Box");
  mount();
  const std::string in = shell_word(sandbox_.make_directory("in"));
  std::vector<std::string> wanted;
  for (int i = 0; i < 60; ++i) {
    wanted.push_back(crlf(mail("one of many " + std::to_string(i))));
    ASSERT_EQ(write_file(sandbox_ / ("in/" + std::to_string(i) + ".eml"), wanted.back()), 0);
  }
  {
    const std::jthread another{[&](const std::stop_token& stop) {
      testing::RawImap client = account_.server.login(account_.user);
      for (int i = 0; i < 60 && !stop.stop_requested(); ++i) {
        wanted.push_back(crlf(mail("of another " + std::to_string(i))));
        ASSERT_TRUE(client.append("Box", wanted.back()).ok());
      }
    }};
    EXPECT_EQ(sh("ls " + in + " | xargs -P 16 -I{} cp " + in + "/{} Box/"), "");
    EXPECT_EQ(sh("for file in " + in + "/*; do cmp $file Box/$(basename $file); done"), "");
  }
  std::ranges::sort(wanted);
  EXPECT_EQ(account_.bodies("Box"), wanted);
  EXPECT_EQ(mount_->errors(), "");
}

TEST_P(ImapMany, RemovedBySeveralAtOnceIsInTheTrashOnce) {
  constexpr int mails = 10;
  account_.other.ask("CREATE Box");
  for (int i = 0; i < mails; ++i) account_.append("Box", crlf(mail("twice " + std::to_string(i))));
  mount();
  const auto wanted = account_.bodies("Box");
  ASSERT_TRUE(eventually([&] { return names("Box").size() == wanted.size(); }));
  EXPECT_EQ(sh("for file in Box/*; do for i in 1 2 3 4; do rm -f \"$file\" & done; done; wait; ls Box"), "");
  EXPECT_EQ(account_.bodies("Box"), std::vector<std::string>{});
  EXPECT_EQ(account_.bodies("Trash"), wanted);
  EXPECT_EQ(mount_->errors(), "");
}

/// What all of them have done.
struct Deeds {
  std::mutex mutex;
  std::set<std::string> saved, purged;  ///< subjects: certainly there; certainly gone, or perhaps
  void note(std::set<std::string>& into, const std::string& subject) {
    const std::lock_guard lock{mutex};
    into.insert(subject);
  }
};

std::string subject_of(const std::string& bytes) {
  const std::size_t begin = bytes.find("Subject: ") + 9;
  return bytes.substr(begin, bytes.find("\r\n", begin) - begin);
}

/// A user at a mount: saves, marks, and removes what is that user's, as of two who move a message at once Cyrus and
/// Dovecot's mdbox may let each have a copy.
void use(const TempMount& mount, const std::string& who, unsigned seed, Clock::time_point end, Deeds& deeds) {
  std::mt19937 random{seed};
  const Path folder = mount / "INBOX";
  for (int i = 0; Clock::now() < end; ++i) {
    const std::string subject = who + std::to_string(i);
    if (write_file(folder / (subject + ".eml"), crlf(mail(subject))) == 0) deeds.note(deeds.saved, subject);
    const Names there = names_in(folder);
    if (there.empty()) continue;
    const auto any = [&] { return folder / there[random() % there.size()]; };
    static_cast<void>(testing::set_xattr(any(), "user.mapi.flags", random() % 2 == 0 ? "read" : "read flagged"));
    if (i % 3 == 0) {
      const Path removed = any();
      if (removed.filename().native().starts_with(who)) static_cast<void>(remove_name(removed));
    }
    static_cast<void>(read_file(any()));
  }
}

TEST_P(ImapMany, TwoMountsAndAnotherClientSeeTheSameInTheEnd) {
  Sandbox other_sandbox;
  mount();
  const TempMount second{other_sandbox, account_.uri()};
  Deeds deeds;
  const auto end = Clock::now() + load_time();
  {
    const std::jthread first_user{[&] { use(*mount_, "first", 1, end, deeds); }};
    const std::jthread second_user{[&] { use(second, "second", 2, end, deeds); }};
    testing::RawImap client = account_.server.login(account_.user);
    client.ask("SELECT INBOX");
    for (int i = 0; Clock::now() < end; ++i) {
      const std::string subject = "client" + std::to_string(i);
      ASSERT_TRUE(client.append("INBOX", crlf(mail(subject)), i % 2 == 0 ? "(\\Answered)" : "").ok());
      deeds.note(deeds.saved, subject);
      client.command("STORE 1 +FLAGS ($Client)");
      if (i % 4 != 0) continue;
      client.command("NOOP");
      const std::string said = client.command("FETCH 1 (UID BODY.PEEK[HEADER.FIELDS (SUBJECT)])").text;
      const std::size_t uid = said.find("UID ");
      if (said.find("Subject: ") == std::string::npos || uid == std::string::npos) continue;
      const std::string number = std::to_string(std::stoul(said.substr(uid + 4)));
      deeds.note(deeds.purged, subject_of(said));
      client.command("UID STORE " + number + " +FLAGS (\\Deleted)");
      client.command("UID EXPUNGE " + number);
    }
  }
  using View = std::multiset<std::string>;
  const auto view_of = [](const TempMount& mount) {
    View view;
    for (const std::string& name : names_in(mount / "INBOX")) {
      const Path file = mount / "INBOX" / name;
      const std::string flags =
          xattr(file, "user.mapi.flags").value_or("") + ' ' + xattr(file, "user.mapi.categories").value_or("");
      view.insert(subject_of(read_file(file).value_or("Subject: (none)\r\n")) + " " + flags);
    }
    return view;
  };
  View servers;
  std::map<std::string, int> copies;
  for (const char* box : {"INBOX", "Trash"})
    for (const Stored& one : account_.stored(box)) {
      ++copies[subject_of(one.bytes)];
      if (box != std::string_view{"INBOX"}) continue;
      std::string flags;
      const auto add = [&](const char* wire, const char* shown) {
        if (one.flags.find(wire) != std::string::npos) flags += (flags.empty() ? "" : " ") + std::string(shown);
      };
      add("\\Seen", "read");
      add("\\Flagged", "flagged");
      add("\\Answered", "answered");
      servers.insert(subject_of(one.bytes) + " " + flags +
                     (one.flags.find("$Client") != std::string::npos ? " $Client" : " "));
    }
  // What one has and the other has not.
  const auto difference = [&](const View& view) {
    Names lines;
    std::ranges::set_difference(view, servers, std::back_inserter(lines));
    lines.emplace_back("and at the server:");
    std::ranges::set_difference(servers, view, std::back_inserter(lines));
    return ::testing::PrintToString(lines);
  };
  View first, other;
  EXPECT_TRUE(eventually([&] { return (first = view_of(*mount_)) == servers; }, 10s)) << difference(first);
  EXPECT_TRUE(eventually([&] { return (other = view_of(second)) == servers; }, 10s)) << difference(other);
  EXPECT_GT(deeds.saved.size(), 20u);
  for (const auto& [subject, count] : copies) EXPECT_EQ(count, 1) << subject;
  for (const std::string& subject : deeds.saved)
    EXPECT_TRUE(copies.contains(subject) || deeds.purged.contains(subject)) << subject;
  ASSERT_TRUE(mount_->remount());
  first = view_of(*mount_);
  EXPECT_TRUE(first == servers) << difference(first);
}

}  // namespace
}  // namespace mapistore::mount_tests::imap_many_test
