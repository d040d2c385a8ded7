// mapistorectl switch from every medium to every other, while somebody works in the folder.
//
// Some pairs in each run, all of them with MAPISTORE_TEST_SWITCH=all.
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <set>

#include <mapistore/posix.h>

#include "tests/mount/switch_media.h"

namespace mapistore::mount_tests::switch_pairs_test {
namespace {

using testing::eventually;
using testing::TempMount;
using testing::write_file;
using namespace std::chrono_literals;

struct Media {
  std::string from, to;
  bool either(const std::set<std::string>& kinds) const { return kinds.contains(from) || kinds.contains(to); }
  friend std::ostream& operator<<(std::ostream& out, const Media& media) {
    return out << media.from << " to " << media.to;
  }
};

/// Every ordered pair of `some`, and those that are `usual`; if all are asked for, every one of `some` and `more`.
std::vector<Media> pairs(std::vector<std::string> some, const std::vector<std::string>& more,
                         std::vector<Media> usual = {}) {
  const char* wanted = std::getenv("MAPISTORE_TEST_SWITCH");
  std::vector<Media> all = std::move(usual);
  if (wanted != nullptr && std::string_view{wanted} == "all") {
    some.insert(some.end(), more.begin(), more.end());
    all.clear();
  }
  for (const auto& from : some)
    for (const auto& to : some)
      if (from != to) all.push_back({from, to});
  return all;
}

std::string pair_name(const ::testing::TestParamInfo<Media>& media) {
  return media.param.from + "_to_" + media.param.to;
}

class SwitchPair : public SwitchTest, public ::testing::WithParamInterface<Media> {
 protected:
  using Bytes = std::map<std::string, std::string>;
  /// Of a message what all media keep of it.
  virtual std::string essence(const std::string& bytes) const = 0;

  void mount(const char* options = "") {
    ASSERT_EQ(write_file(profile(), "[folders.Mail]\n" + from_.keys() + "role = \"mail\"\nrefresh = 1\n"), 0);
    mount_.emplace(sandbox_, profile(), options);
  }
  std::filesystem::path folder() const { return *mount_ / "Mail"; }

  /// Switches while a writer works, and looks whether all is there once that was there before or was written meanwhile.
  void switch_under_a_writer(const Writing& writing, const std::string& held_open) {
    const auto before = shown(folder());
    posix::UniqueFd open_before{::open((folder() / held_open).c_str(), O_RDONLY | O_CLOEXEC)};
    Writer writer{folder(), writing};
    ASSERT_TRUE(eventually([&] { return writer.count() > 30; }, 30s));
    const auto switched = control("switch Mail " + to_.arguments());
    ASSERT_EQ(switched.code, 0) << switched.output << mount_->errors();
    const std::size_t at_once = writer.count();
    EXPECT_TRUE(eventually([&] { return writer.count() > at_once + 30; }, 30s)) << "the folder is in use";
    const auto wanted = writer.finish();
    EXPECT_EQ(writer.failures(), "") << mount_->errors();
    std::string text(4096, '\0');
    text.resize(
        static_cast<std::size_t>(std::max<ssize_t>(::pread(open_before.get(), text.data(), text.size(), 0), 0)));
    EXPECT_EQ(essence(text), essence(before.at(held_open).bytes)) << "what was open stays readable";
    open_before = {};
    check(before, wanted, "after the switch");
    ASSERT_EQ(control("switch Mail --finish").code, 0);
    if (GetParam().to == "memory") return;  // which ends with the mount
    ASSERT_TRUE(mount_->remount());
    check(before, wanted, "after another mount");
    EXPECT_EQ(mount_->errors(), "");
  }
  void check(const std::map<std::string, Shown>& before, const Bytes& wanted, const char* when) const {
    const auto now = shown(folder());
    for (const auto& [path, was] : before) {
      ASSERT_TRUE(now.contains(path)) << when << ": " << path;
      EXPECT_EQ(now.at(path).inode, was.inode) << when << ": " << path;
      EXPECT_EQ(essence(now.at(path).bytes), essence(was.bytes)) << when << ": " << path;
    }
    for (const auto& [path, bytes] : wanted)
      EXPECT_TRUE(now.contains(path) && essence(now.at(path).bytes) == essence(bytes)) << when << ": " << path;
    for (const auto& [path, is] : now)
      // A medium may show its trash, which goes along.
      EXPECT_TRUE(path.starts_with("Trash") || before.contains(path) || wanted.contains(path))
          << when << ": nobody made " << path;
  }

  SwitchMedium from_ = make_switch_medium(sandbox_, GetParam().from, "old");
  SwitchMedium to_ = make_switch_medium(sandbox_, GetParam().to, "new");
  std::optional<TempMount> mount_;
};

class SwitchPairOfMail : public SwitchPair {
 protected:
  std::string essence(const std::string& bytes) const override { return bytes; }
};
/// As mail servers keep them.
const Writing crlf_mails{
    ".eml", [](const std::string& name) { return crlf(mails.make(name)); },
    [](const std::string& before, const std::string& name) { return crlf(mails.again(before, name)); }, mails.folders};
INSTANTIATE_TEST_SUITE_P(Pairs, SwitchPairOfMail,
                         ::testing::ValuesIn(pairs({"file", "maildir", "sqlite", "archive"},
                                                   {"memory", "mysql", "dovecot", "cyrus"},
                                                   {{"file", "dovecot"}, {"dovecot", "archive"}})),
                         pair_name);

TEST_P(SwitchPairOfMail, UnderAWriterLosesAndDoublesNothing) {
  mount();
  ASSERT_EQ(::mkdir((folder() / "Sub").c_str(), 0700), 0);
  for (int i = 0; i < 10; ++i) {
    const std::string name = (i % 3 == 0 ? "Sub/m" : "m") + std::to_string(i) + ".eml";
    ASSERT_EQ(write_file(folder() / name, crlf(mail("m" + std::to_string(i)))), 0);
  }
  ASSERT_EQ(testing::set_xattr(folder() / "m1.eml", "user.mapi.flags", "flagged"), 0);
  ASSERT_EQ(testing::set_xattr(folder() / "m2.eml", "user.mapi.0x6abf0003", "-7"), 0);
  switch_under_a_writer(GetParam().either({"dovecot", "cyrus"}) ? crlf_mails : mails, "m1.eml");
  if (HasFatalFailure()) return;
  EXPECT_EQ(testing::xattr(folder() / "m1.eml", "user.mapi.flags"), "flagged");
  EXPECT_EQ(testing::xattr(folder() / "m2.eml", "user.mapi.0x6abf0003"), "-7");
}

/// The first line `NAME:value` of an event.
std::string line_of(const std::string& bytes, const std::string& name) {
  const std::size_t begin = bytes.find("\n" + name + ":") + 1;
  return begin == 0 ? "" : bytes.substr(begin, bytes.find_first_of("\r\n", begin) - begin);
}

class SwitchPairOfCalendars : public SwitchPair {
 protected:
  /// Calendar servers keep events in a form of their own.
  std::string essence(const std::string& bytes) const override {
    if (!GetParam().either({"radicale", "xandikos", "sogo", "cyrusdav"})) return bytes;
    return line_of(bytes, "UID") + "\n" + line_of(bytes, "SUMMARY");
  }
};
INSTANTIATE_TEST_SUITE_P(Pairs, SwitchPairOfCalendars,
                         ::testing::ValuesIn(pairs({"file", "radicale"}, {"memory", "sqlite", "archive", "mysql",
                                                                          "xandikos", "sogo", "cyrusdav"})),
                         pair_name);

TEST_P(SwitchPairOfCalendars, UnderAWriterLosesAndDoublesNothing) {
  // Calendars on servers have no trash that what others have in theirs could go to.
  mount("delete=purge");
  for (int i = 0; i < 10; ++i)
    ASSERT_EQ(write_file(folder() / ("e" + std::to_string(i) + ".ics"), meeting("Review " + std::to_string(i))), 0);
  ASSERT_EQ(testing::set_xattr(folder() / "e1.ics", "user.mapi.0x6abf0003", "-7"), 0);
  const Writing events{".ics",
                       [](const std::string& name) { return meeting(name); },
                       [](const std::string& before, const std::string& name) {
                         std::string bytes = before;
                         const std::string old = line_of(before, "SUMMARY");
                         return bytes.replace(bytes.find("\n" + old) + 1, old.size(), "SUMMARY:again " + name);
                       },
                       {""}};
  switch_under_a_writer(events, "e1.ics");
  if (HasFatalFailure()) return;
  EXPECT_EQ(testing::xattr(folder() / "e1.ics", "user.mapi.0x6abf0003"), "-7");
}

class SwitchPairOfContacts : public SwitchPair {
 protected:
  /// Address books on servers keep cards in a form of their own.
  std::string essence(const std::string& bytes) const override {
    if (!GetParam().from.ends_with("_book") && !GetParam().to.ends_with("_book")) return bytes;
    return line_of(bytes, "UID") + "\n" + line_of(bytes, "FN");
  }
};
INSTANTIATE_TEST_SUITE_P(Pairs, SwitchPairOfContacts,
                         ::testing::ValuesIn(pairs({"file", "radicale_book"},
                                                   {"memory", "sqlite", "archive", "mysql", "xandikos_book",
                                                    "sogo_book", "cyrusdav_book"})),
                         pair_name);

TEST_P(SwitchPairOfContacts, UnderAWriterLosesAndDoublesNothing) {
  mount("delete=purge");
  for (int i = 0; i < 10; ++i)
    ASSERT_EQ(write_file(folder() / ("p" + std::to_string(i) + ".vcf"), contact("Person " + std::to_string(i))), 0);
  ASSERT_EQ(testing::set_xattr(folder() / "p1.vcf", "user.mapi.0x6abf0003", "-7"), 0);
  const Writing cards{".vcf",
                      [](const std::string& name) { return contact(name); },
                      [](const std::string& before, const std::string& name) {
                        std::string bytes = before;
                        const std::string old = line_of(before, "FN");
                        return bytes.replace(bytes.find("\n" + old) + 1, old.size(), "FN:Again " + name);
                      },
                      {""}};
  switch_under_a_writer(cards, "p1.vcf");
  if (HasFatalFailure()) return;
  EXPECT_EQ(testing::xattr(folder() / "p1.vcf", "user.mapi.0x6abf0003"), "-7");
}

}  // namespace
}  // namespace mapistore::mount_tests::switch_pairs_test
