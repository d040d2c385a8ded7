// Google's rules, kept by a stand-in: tokens, names by UID, quotas, no new calendars.
#include "tests/dav/fixture.h"

#include "tests/support/google_server.h"

namespace mapistore::dav_tests::google_test {
namespace {

using testing::GoogleServer;
using testing_backends::ref;
using namespace std::chrono_literals;

class Google : public DavTest {
 protected:
  std::unique_ptr<Context> open_account(const GoogleServer& server) {
    return open("google://" + server.account() + "/", options(server));
  }
  static ContextOptions options(const GoogleServer& server) {
    return {{"url", server.url()}, {"tls_ca", server.ca_file().native()}};
  }
  /// The folder of the account that has this role.
  static FolderPath folder(Context& context, Role role) {
    Sink sink;
    EXPECT_TRUE(context.changes(soon(), {}, {}, sink));
    for (const auto& [key, entry] : sink.folders)
      if (entry.role == role) return {entry.key};
    ADD_FAILURE() << "no folder of that role";
    return {};
  }
  std::string card(std::string_view name) {
    return "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:" + std::string(name) + "\r\nFN:" + std::string(name) + "\r\nN:" +
           std::string(name) + ";;;;\r\nEND:VCARD\r\n";
  }
};

TEST_F(Google, AnAccountHasItsCalendarAndItsContacts) {
  const GoogleServer server;
  host_.secrets = {server.token()};
  const auto context = open_account(server);
  const FolderPath calendar = folder(*context, Role::calendar), contacts = folder(*context, Role::contacts);
  const auto saved = save(*context, event("lunch-1", "Lunch"), nullptr, calendar);
  ASSERT_TRUE(saved) << saved.error().to_string();
  EXPECT_EQ(saved->key.bytes, "lunch-1.ics") << "called by its UID, whatever we called it";
  const auto person = save(*context, card("person-1"), nullptr, contacts);
  ASSERT_TRUE(person) << person.error().to_string();

  const MessageRef first = ref(*saved);
  const auto edited = save(*context, event("lunch-1", "Dinner"), &first, calendar);
  ASSERT_TRUE(edited) << edited.error().to_string();
  EXPECT_EQ(edited->key, saved->key);
  EXPECT_EQ(code(save(*context, event("lunch-1", "Lost update"), &first, calendar)), Errc::stale);
  EXPECT_TRUE(bytes_of(*context, edited->key, calendar).contains("SUMMARY:Dinner"));

  Sink sink;
  const auto listing = context->changes(soon(), calendar, {}, sink);
  ASSERT_TRUE(listing) << listing.error().to_string();
  EXPECT_TRUE(sink.messages.contains("lunch-1.ics"));
  ASSERT_TRUE(context->remove(soon(), calendar, ref(*edited)));
  sink.begin();
  ASSERT_TRUE(context->changes(soon(), calendar, listing->next, sink));
  EXPECT_EQ(sink.gone, std::vector<std::string>{"lunch-1.ics"});
  EXPECT_EQ(code(save(*context, event("lunch-1", "Again"), nullptr, calendar)), Errc::exists) << "a UID comes once";
}

TEST_F(Google, AnEventOfTheSameUidIsNotOverwritten) {
  const GoogleServer server;
  host_.secrets = {server.token()};
  const auto context = open_account(server);
  const FolderPath calendar = folder(*context, Role::calendar);
  ASSERT_TRUE(save(*context, event("same", "First"), nullptr, calendar));
  EXPECT_EQ(code(save(*context, event("same", "Second"), nullptr, calendar)), Errc::exists);
  EXPECT_TRUE(bytes_of(*context, Key{"same.ics"}, calendar).contains("SUMMARY:First"));
}

TEST_F(Google, WhatItCannotDoIsSaid) {
  const GoogleServer server;
  host_.secrets = {server.token()};
  const auto context = open_account(server);
  EXPECT_EQ(code(context->create_folder(soon(), {}, "New")), Errc::unsupported);
  std::string task = event("task", "Task");
  for (std::size_t at = 0; (at = task.find("VEVENT")) != std::string::npos;) task.replace(at, 6, "VTODO");
  EXPECT_EQ(code(save(*context, task, nullptr, folder(*context, Role::calendar))), Errc::unsupported);
}

TEST_F(Google, AnEndedTokenIsReplacedOnce) {
  const GoogleServer server;
  host_.secrets = {server.token(-1s), server.token()};
  EXPECT_NE(folder(*open_account(server), Role::calendar), FolderPath{});
  EXPECT_EQ(host_.refused, 1);
  host_.secrets = {server.token(-1s)};
  EXPECT_EQ(code(try_open("google://" + server.account() + "/", options(server))), Errc::authentication_failed);
}

TEST_F(Google, AQuotaIsWaitedFor) {
  const GoogleServer server{6};
  host_.secrets = {server.token()};
  const auto context = open_account(server);
  const FolderPath calendar = folder(*context, Role::calendar);
  for (int i = 0; i < 4; ++i) {
    const auto saved = save(*context, event("quota-" + std::to_string(i), "Quota"), nullptr, calendar);
    EXPECT_TRUE(saved) << saved.error().to_string();
  }
  Sink sink;
  ASSERT_TRUE(context->changes(soon(), calendar, {}, sink));
  EXPECT_EQ(sink.messages.size(), 4u);
}

TEST_F(Google, ACertificateThatNobodyVouchesForIsRefused) {
  const GoogleServer server;
  host_.secrets = {server.token()};
  const auto refused = try_open("google://" + server.account() + "/", {{"url", server.url()}});
  EXPECT_EQ(code(refused), Errc::authentication_failed);
  EXPECT_TRUE(refused.error().to_string().contains("certificate")) << refused.error().to_string();
  std::string other_name = server.url();
  other_name.replace(other_name.find("localhost"), 9, "127.0.0.1");
  EXPECT_FALSE(try_open("google://" + server.account() + "/",
                        {{"url", other_name}, {"tls_ca", server.ca_file().native()}}));
}

}  // namespace
}  // namespace mapistore::dav_tests::google_test
