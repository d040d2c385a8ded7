#include "core/side_store.h"

#include <gtest/gtest.h>

#include "core/attachment_numbers.h"
#include "core/properties/known_properties.h"

namespace mapistore::testing::side_store_test {
namespace {

const auto everything = [](const PropertyId&) { return true; };

MessageObject subject(std::string text) {
  MessageObject message;
  message.properties.set(tag::subject, std::move(text));
  return message;
}

TEST(SideStore, HoldsOnlyWhatTheBytesDoNotTell) {
  const MessageObject shown = subject("old");
  MessageObject wanted = subject("new");
  wanted.properties.set(tag::sensitivity, 2);
  const auto side = difference({}, shown, wanted, subject("new"), everything).value();
  ASSERT_EQ(side.size(), 1u) << "the new bytes tell the subject";
  EXPECT_EQ(side[0].key, "PidTagSensitivity");
  EXPECT_EQ(overlay(subject("new"), side).value(), wanted);
}

TEST(SideStore, RemembersWhatWasRemoved) {
  const MessageObject shown = subject("told"), none;
  // NOLINTNEXTLINE(readability-suspicious-call-argument): removed for the user, shown by the bytes as before
  const auto side = difference({}, shown, none, shown, everything).value();
  EXPECT_EQ(side, (SideProperties{{"", "PidTagSubject", std::nullopt}}));
  EXPECT_EQ(overlay(shown, side).value(), none);
  // NOLINTNEXTLINE(readability-suspicious-call-argument): the other way round
  EXPECT_EQ(difference(side, none, shown, shown, everything).value(), SideProperties{}) << "set again";
}

TEST(SideStore, LeavesUntouchedWhatTheUserDidNotTouch) {
  MessageObject shown = subject("old"), told = subject("new");
  shown.properties.set(tag::conversation_topic, std::string("old"));
  MessageObject wanted = shown;
  wanted.properties.set(tag::subject, std::string("new"));
  told.properties.set(tag::conversation_topic, std::string("new"));
  EXPECT_EQ(difference({}, shown, wanted, told, everything).value(), SideProperties{}) << "the topic follows the bytes";
}

TEST(SideStore, KeepsWholeListsWhereBytesHaveNone) {
  const MessageObject none;
  MessageObject wanted;
  wanted.recipients.emplace_back().set(tag::display_name, std::string("Anna"));
  const auto side = difference({}, none, wanted, none, everything).value();
  ASSERT_EQ(side.size(), 1u);
  EXPECT_EQ(side[0].part, recipients_part);
  EXPECT_EQ(overlay(none, side).value(), wanted);
  EXPECT_EQ(difference({}, none, wanted, wanted, everything).value(), SideProperties{}) << "the bytes tell it";
}

TEST(SideStore, SaysSoWhenARowIsDamaged) {
  EXPECT_EQ(overlay({}, {{"", "PidTagSubject", "no JSON"}}).error().code, Errc::corrupted);
  EXPECT_EQ(overlay({}, {{"recipients", "", "{"}}).error().code, Errc::corrupted);
}

TEST(AttachmentNumbersTest, AreNeverGivenAgain) {
  std::vector<Attachment> attachments(2);
  auto numbers = AttachmentNumbers::read({}, 2);
  numbers.show(attachments);
  SideProperties side;
  numbers.write(side);
  EXPECT_TRUE(side.empty()) << "the usual ones take no row";
  attachments.pop_back();
  numbers = numbers.take(attachments);
  attachments.emplace_back();
  numbers = numbers.take(attachments);
  EXPECT_EQ(numbers.numbers(), (std::vector<std::int32_t>{1, 3}));
  numbers.write(side);
  EXPECT_EQ(AttachmentNumbers::read(side, 2).numbers(), numbers.numbers());
  EXPECT_EQ(AttachmentNumbers::read(side, 5).numbers(), (std::vector<std::int32_t>{1, 2, 3, 4, 5})) << "of other bytes";
}

}  // namespace
}  // namespace mapistore::testing::side_store_test
