// The ways in which SOGo 5.8 destroys data of an ordinary client: that it does, and that it does not do so to ours.
#include "tests/dav/fixture.h"

#include <stdexcept>

#include "tests/support/dav_server.h"

namespace mapistore::dav_tests::sogo_test {
namespace {

using testing::DavServer;
using testing_backends::ref;

class Sogo : public DavTest {
 protected:
  Sogo() { host_.secrets = {server_.password()}; }
  std::unique_ptr<Context> open_calendar(const std::string& path) {
    return open("caldav://" + server_.authority(user_) + path);
  }

  DavServer& server_ = DavServer::shared(DavServer::Kind::sogo);
  const std::string user_ = server_.make_user();
  const testing::RawHttp other_ = server_.client(user_);
  const std::string calendar_ = server_.make_collection(user_, false);
};

TEST_F(Sogo, ANameWithAnApostropheIsNeverSentNorShown) {
  ASSERT_EQ(other_.put(calendar_ + "bystander.ics", event("bystander", "Bystander")).status, 201);
  other_.put(calendar_ + "it's.ics", event("apostrophe", "Apostrophe"));
  // What a plain client asks for under that name is another object, which it would delete.
  EXPECT_TRUE(other_.get(calendar_ + "it's.ics").body.contains("SUMMARY:")) << "SOGo mends its ways";
  const auto context = open_calendar(calendar_);
  const auto before = other_.list(calendar_);
  EXPECT_EQ(code(context->remove(soon(), {}, {Key{"it's.ics"}, {}, {}})), Errc::not_found);
  EXPECT_EQ(code(context->open(soon(), {}, {Key{"it's.ics"}, {}, {}})), Errc::not_found);
  const MessageRef wrong{Key{"it's.ics"}, {}, {}};
  EXPECT_EQ(code(save(*context, event("apostrophe", "Changed"), &wrong)), Errc::stale);
  EXPECT_EQ(other_.list(calendar_), before);
  Sink listed;
  ASSERT_TRUE(context->changes(soon(), {}, {}, listed));
  for (const auto& [key, entry] : listed.messages) EXPECT_FALSE(key.contains('\'')) << key;
}

TEST_F(Sogo, ItsMoveLosesObjectsAndIsNotOffered) {
  const std::string target = server_.make_collection(user_, false);
  ASSERT_EQ(other_.put(calendar_ + "inside.ics", event("inside", "Inside")).status, 201);
  // Within a calendar the object is gone once its new name, which is always UID.ics, is its old one.
  other_.send("MOVE", calendar_ + "inside.ics", {},
              {"Destination: http://127.0.0.1:" + std::to_string(server_.http_port()) + calendar_ + "other.ics"});
  EXPECT_TRUE(other_.list(calendar_).empty()) << "SOGo mends its ways";
  const auto context = open_calendar(calendar_);
  EXPECT_EQ(context->ability<Moving>(), nullptr) << "the core reads, saves, verifies and removes";
}

TEST_F(Sogo, AConditionThatItIgnoresIsLookedAtBefore) {
  ASSERT_EQ(other_.put(calendar_ + "one.ics", event("one", "First")).status, 201);
  const auto overwritten = other_.send("PUT", calendar_ + "one.ics", event("one", "Second"),
                                       {"If-None-Match: *", "Content-Type: text/calendar"});
  EXPECT_LT(overwritten.status, 300) << "SOGo mends its ways";
  const auto context = open_calendar(calendar_);
  const auto seen = context->inspect(soon(), {}, Key{"one.ics"});
  ASSERT_TRUE(seen) << seen.error().to_string();
  ASSERT_LT(other_.put(calendar_ + "one.ics", event("one", "Third, by another")).status, 300);
  EXPECT_EQ(code(context->remove(soon(), {}, ref(*seen))), Errc::stale);
  const MessageRef old = ref(*seen);
  EXPECT_EQ(code(save(*context, event("one", "Lost update"), &old)), Errc::stale);
  EXPECT_TRUE(other_.get(calendar_ + "one.ics").body.contains("SUMMARY:Third"));
  ASSERT_LT(other_.remove(calendar_ + "one.ics").status, 300);
  EXPECT_EQ(code(save(*context, event("one", "Back from the dead"), &old)), Errc::stale);
  EXPECT_TRUE(other_.list(calendar_).empty()) << "If-Match makes what is not there";
}

/// A line whose astral character SOGo folds in two: before the 75th UTF-16 unit.
std::string torn(std::string_view property) {
  const std::string start = std::string(property) + ":";
  return start + std::string(74 - start.size(), 'x') + "\xF0\x9F\x8E\x81 end";
}

TEST_F(Sogo, ACharacterThatItFoldsInTwoDoesNotEmptyTheObject) {
  std::string text = event("astral", "Astral");
  text.insert(text.find("SUMMARY:"), torn("DESCRIPTION") + "\r\n");
  // A plain client is told 201, or nothing because the worker has died of it; the object is not there, or empty.
  try {
    other_.put(calendar_ + "naive.ics", text);
  } catch (const std::runtime_error&) {
  }
  EXPECT_FALSE(other_.get(calendar_ + "naive.ics").body.contains("UID:astral")) << "SOGo mends its ways";
  other_.remove(calendar_ + "naive.ics");

  const auto context = open_calendar(calendar_);
  const auto saved = save(*context, text);
  ASSERT_TRUE(saved) << saved.error().to_string();
  EXPECT_EQ(saved->summary.subject, "Astral");
  const std::string bytes = bytes_of(*context, saved->key);
  EXPECT_TRUE(bytes.contains("UID:astral")) << bytes;
  EXPECT_TRUE(bytes.contains("\xF0\x9F\x8E\x81")) << bytes;

  const auto plain = save(*context, event("plain", "Plain"));
  ASSERT_TRUE(plain) << plain.error().to_string();
  const MessageRef replaced = ref(*plain);
  std::string edited = event("plain", "Plain");
  edited.insert(edited.find("SUMMARY:"), torn("LOCATION") + "\r\n");
  const auto changed = save(*context, edited, &replaced);
  ASSERT_TRUE(changed) << changed.error().to_string();
  EXPECT_TRUE(bytes_of(*context, changed->key).contains("UID:plain"));
}

TEST_F(Sogo, AnotherObjectUnderAnOldETagIsNoticed) {
  ASSERT_EQ(other_.put(calendar_ + "reborn.ics", event("reborn", "Before")).status, 201);
  const auto context = open_calendar(calendar_);
  Sink listed;
  const auto first = context->changes(soon(), {}, {}, listed);
  ASSERT_TRUE(first) << first.error().to_string();
  ASSERT_EQ(listed.messages.size(), 1u);
  const Entry before = listed.messages.begin()->second;
  const std::string etag = other_.get(calendar_ + "reborn.ics").etag;
  ASSERT_LT(other_.remove(calendar_ + "reborn.ics").status, 300);
  ASSERT_EQ(other_.put(calendar_ + "reborn.ics", event("reborn", "Behind")).status, 201);
  EXPECT_EQ(other_.get(calendar_ + "reborn.ics").etag, etag) << "SOGo mends its ways";

  listed.begin();
  const auto second = context->changes(soon(), {}, first->next, listed);
  ASSERT_TRUE(second) << second.error().to_string();
  ASSERT_TRUE(listed.messages.contains("reborn.ics"));
  EXPECT_EQ(listed.messages.at("reborn.ics").summary.subject, "Behind");
  EXPECT_NE(listed.messages.at("reborn.ics").change, before.change);
  EXPECT_EQ(code(context->remove(soon(), {}, ref(before))), Errc::stale);
}

TEST_F(Sogo, AnUnchangedObjectOfTheLastSecondIsNotReportedAgain) {
  ASSERT_EQ(other_.put(calendar_ + "one.ics", event("one", "One")).status, 201);
  const auto context = open_calendar(calendar_);
  Sink listed;
  const auto first = context->changes(soon(), {}, {}, listed);
  ASSERT_TRUE(first);
  listed.begin();
  ASSERT_TRUE(context->changes(soon(), {}, first->next, listed));
  EXPECT_TRUE(listed.told.empty()) << "its sync tokens are seconds, and inclusive";
}

TEST_F(Sogo, WhatIsTooLargeIsRefusedAndLeavesNothing) {
  const auto context = open_calendar(calendar_);
  std::string text = event("large", "Large");
  std::string padding;
  for (int line = 0; line < 260'000; ++line) padding += "X-PADDING:" + std::string(60, 'x') + "\r\n";
  text.insert(text.find("SUMMARY:"), padding);
  ASSERT_GT(text.size(), std::size_t{17} << 20);
  EXPECT_FALSE(save(*context, text));
  EXPECT_TRUE(other_.list(calendar_).empty());
}

/// All of an account behind one name.
TEST_F(Sogo, AnAccountHasCalendarsAndAddressBooks) {
  const auto account = open("sogo://" + server_.authority(user_) + "/");
  Sink listed;
  ASSERT_TRUE(account->changes(soon(), {}, {}, listed));
  std::size_t calendars = 0, books = 0;
  for (const auto& [key, folder] : listed.folders) {
    calendars += folder.role == Role::calendar ? 1 : 0;
    books += folder.role == Role::contacts ? 1 : 0;
  }
  EXPECT_EQ(calendars, 2u) << "its first, and ours";
  EXPECT_EQ(books, 1u);
}

TEST_F(Sogo, TheOldFormNamesAModule) {
  const ContextOptions options{{"url", "http://127.0.0.1:" + std::to_string(server_.http_port()) + "/"}};
  const auto calendars = open("sogo://" + user_ + "@calendar/personal/", options);
  const auto tasks = open("sogo://" + user_ + "@tasks/personal/", options);
  std::string task = event("errand", "Errand");
  for (std::size_t at = 0; (at = task.find("VEVENT")) != std::string::npos;) task.replace(at, 6, "VTODO");
  task.replace(task.find("DTEND"), 5, "DUE");
  ASSERT_TRUE(save(*calendars, event("date", "Date")));
  ASSERT_TRUE(save(*tasks, task));
  EXPECT_EQ(code(save(*calendars, task)), Errc::unsupported);
  Sink dates, errands, people;
  ASSERT_TRUE(calendars->changes(soon(), {}, {}, dates));
  ASSERT_TRUE(tasks->changes(soon(), {}, {}, errands));
  ASSERT_EQ(dates.messages.size(), 1u);
  EXPECT_EQ(dates.messages.begin()->second.summary.subject, "Date");
  ASSERT_EQ(errands.messages.size(), 1u);
  EXPECT_EQ(errands.messages.begin()->second.summary.subject, "Errand");
  ASSERT_TRUE(open("sogo://" + user_ + "@contacts/", options)->changes(soon(), {}, {}, people));
  EXPECT_EQ(people.folders.size(), 1u);
  const std::string account = "sogo://" + server_.authority(user_);
  Sink also_errands, modules;
  ASSERT_TRUE(open(account + "/tasks/personal/")->changes(soon(), {}, {}, also_errands));
  EXPECT_EQ(also_errands.messages.size(), 1u) << "the module may also stand behind the server";
  ASSERT_TRUE(open(account + "/contacts/")->changes(soon(), {}, {}, modules));
  EXPECT_EQ(modules.folders.size(), 1u);
  EXPECT_EQ(code(try_open(account + "/notes/")), Errc::unsupported);
  EXPECT_EQ(code(try_open(account + "/nonsense/")), Errc::invalid_uri);
  EXPECT_EQ(code(try_open("sogo://" + user_ + "@mail/", options)), Errc::unsupported);
  EXPECT_EQ(code(try_open("sogo://" + user_ + "@calendar/")), Errc::invalid_configuration);
}

}  // namespace
}  // namespace mapistore::dav_tests::sogo_test
