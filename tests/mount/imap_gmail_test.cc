// An account at a stand-in that keeps Gmail's rules: what its labels are here, and that nothing of them is lost.
#include "tests/mount/imap_fixture.h"

namespace mapistore::mount_tests::imap_gmail_test {
namespace {

using testing::eventually;
using testing::is_there;
using testing::names_in;
using testing::read_file;
using testing::set_xattr;
using testing::write_file;
using testing::xattr;
using namespace std::chrono_literals;

class GmailServer : public testing::PrivateServer {
 public:
  GmailServer() : PrivateServer{"gmail", ""} {}
  std::string user() const { return setting("user"); }
};

class ImapGmail : public ::testing::Test {
 protected:
  ImapGmail() {
    ::setenv("MAPISTORE_PASSWORD", server_.password().c_str(), 1);
    other_.ask("LOGIN " + server_.user() + " " + server_.password());
  }
  void mount() {
    write_file(sandbox_ / "p.toml", "[folders.G]\nuri = \"imap://" + server_.user() +
                                        "@localhost:" + std::to_string(server_.port()) +
                                        "/\"\npassword_env = \"MAPISTORE_PASSWORD\"\npoll = 1\n");
    mount_.emplace(sandbox_, (sandbox_ / "p.toml").native());
  }
  Path only(const std::string& folder) const {
    const Path place = *mount_ / ("G/" + folder);
    EXPECT_TRUE(eventually([&] { return names_in(place).size() == 1; })) << folder << ": " << names_in(place).size();
    const Names there = names_in(place);
    return place / (there.empty() ? "none" : there.front());
  }
  /// What the server says of the one message of a mailbox: its flags, and its labels but for the mailbox's own.
  std::string told(const std::string& mailbox) {
    other_.ask("EXAMINE \"" + mailbox + "\"");
    const std::string text = other_.ask("UID FETCH 1:* (FLAGS X-GM-LABELS)");
    other_.ask("UNSELECT");
    return text;
  }
  static bool holds(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }
  void store(const std::string& mailbox, const std::string& change) {
    other_.ask("SELECT \"" + mailbox + "\"");
    other_.ask("UID STORE 1:* " + change);
    other_.ask("UNSELECT");
  }

  Sandbox sandbox_;
  GmailServer server_;
  testing::RawImap other_{server_.port()};
  std::optional<testing::TempMount> mount_;
};

TEST_F(ImapGmail, LabelsAreCategories) {
  other_.append("INBOX", crlf(mail("a")));
  store("INBOX", R"(+X-GM-LABELS ("Two words" W&AOQ-sche \Important \Starred))");
  mount();
  const Path file = only("INBOX");
  EXPECT_EQ(xattr(file, "user.mapi.categories"), "Two words\nW\xc3\xa4sche") << told("INBOX");
  EXPECT_EQ(xattr(file, "user.mapi.importance"), "high");
  EXPECT_EQ(xattr(file, "user.mapi.flags"), "flagged");
  EXPECT_EQ(read_file(only("Two words")), crlf(mail("a"))) << "a label is a folder too";
  EXPECT_EQ(xattr(only("Two words"), "user.mapi.categories"), "W\xc3\xa4sche") << "its own is not told";

  store("INBOX", R"(-X-GM-LABELS ("Two words" \Important))");
  EXPECT_TRUE(eventually([&] { return xattr(file, "user.mapi.categories") == "W\xc3\xa4sche"; }, 5s)) << told("INBOX");
  EXPECT_TRUE(eventually([&] { return xattr(file, "user.mapi.importance").value_or("normal") == "normal"; }, 5s));
  EXPECT_TRUE(eventually([&] { return names_in(*mount_ / "G/Two words").empty(); }, 5s)) << "without LIST-STATUS too";
}

TEST_F(ImapGmail, CategoriesAreLabels) {
  other_.append("INBOX", crlf(mail("a")));
  store("INBOX", R"(+X-GM-LABELS (Old \Sent))");
  store("INBOX", "+FLAGS (Keyword)");
  mount();
  const Path file = only("INBOX");
  ASSERT_EQ(set_xattr(file, "user.mapi.categories",
                      "Keyword\nNew one\nGr\xc3\xbc\xc3\x9f"
                      "e\nIt\"s"),
            0);
  ASSERT_EQ(set_xattr(file, "user.mapi.importance", "high"), 0);
  ASSERT_EQ(set_xattr(file, "user.mapi.flags", "read flagged"), 0);
  const std::string now = told("INBOX");
  for (const char* wanted : {"\"New one\"", "\"Gr&APwA3w-e\"", "\"It\\\"s\"", "\"\\\\Important\"", "\"\\\\Starred\"",
                             "\"\\\\Sent\"", "Keyword", "\\Flagged", "\\Seen"})
    EXPECT_TRUE(holds(now, wanted)) << wanted << " in " << now;
  for (const char* unwanted : {"\"Old\"", "\"Keyword\"", "$Important", "Inbox"})
    EXPECT_FALSE(holds(now, unwanted)) << unwanted << " in " << now;
  EXPECT_TRUE(eventually([&] { return is_there(*mount_ / "G/New one") && is_there(only("New one")); }));
  EXPECT_EQ(read_file(only("New one")), crlf(mail("a")));

  ASSERT_EQ(set_xattr(file, "user.mapi.categories", "Keyword"), 0);
  ASSERT_EQ(set_xattr(file, "user.mapi.importance", "normal"), 0);
  const std::string then = told("INBOX");
  for (const char* unwanted : {"New one", "Gr&APwA3w-e", "Important"})
    EXPECT_FALSE(holds(then, unwanted)) << unwanted << " in " << then;
  EXPECT_TRUE(holds(then, "\"\\\\Sent\"")) << then;
  EXPECT_EQ(names_in(*mount_ / "G/INBOX"), Names{file.filename()});
}

TEST_F(ImapGmail, WhatIsReplacedKeepsItsLabels) {
  other_.append("INBOX", crlf(mail("a")));
  store("INBOX", R"(+X-GM-LABELS ("Two words" \Important))");
  mount();
  const Path file = only("INBOX");
  const std::string bytes = crlf("Message-ID: <other@example.org>\n" + mail("b"));
  ASSERT_EQ(write_file(file, bytes), 0);
  EXPECT_EQ(read_file(file), bytes);
  other_.ask("EXAMINE INBOX");
  const std::string now = other_.ask("UID FETCH 1:* (X-GM-LABELS BODY.PEEK[])");
  EXPECT_TRUE(holds(now, "(\"Two words\" \"\\\\Important\")") || holds(now, "(\"\\\\Important\" \"Two words\")"))
      << now;
  EXPECT_TRUE(holds(now, bytes)) << now;
  EXPECT_EQ(xattr(file, "user.mapi.categories"), "Two words");
}

TEST_F(ImapGmail, RemovingFromAFolderTakesItsLabelOff) {
  other_.append("INBOX", crlf(mail("a")));
  store("INBOX", "+X-GM-LABELS (Kept Left)");
  mount();
  const Path file = only("Left");
  ASSERT_EQ(::rename(file.c_str(), (*mount_ / "G/Kept" / "moved.eml").c_str()), 0);
  EXPECT_TRUE(eventually([&] { return names_in(*mount_ / "G/Left").empty(); }));
  EXPECT_EQ(read_file(only("INBOX")), crlf(mail("a"))) << "is still in the others";
  EXPECT_EQ(read_file(only("Kept")), crlf(mail("a")));
}

}  // namespace
}  // namespace mapistore::mount_tests::imap_gmail_test
