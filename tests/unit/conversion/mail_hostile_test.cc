#include "tests/unit/conversion/mail_test_support.h"

namespace mapistore::conversion::mail_hostile_test {
namespace {

const std::string whole =
    "From: =?utf-8?q?a?= <a@x>\r\nTo: g: b@x, \"c\" <c@x>;\r\nSubject: Re: s\r\nKeywords: \"a\\\"b\", "
    "=?utf-8?q?c=2Cd?=\r\n"
    "Thread-Index: AdTx\r\nContent-Type: multipart/mixed; boundary=\"m\"\r\n\r\n--m\r\nContent-Type: text/plain\r\n\r\n"
    "text\r\nbegin 644 a\r\n#86)C\r\n`\r\nend\r\n--m\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: "
    "base64\r\n"
    "\r\nU3ViamVjdDogeA0KDQp5DQo=\r\n--m\r\nContent-Type: multipart/signed; boundary=s\r\n\r\n--s\r\n\r\nx\r\n--s--\r\n"
    "--m\r\nContent-Type: message/delivery-status\r\n\r\nStatus: 5.1.1\r\n\r\nFinal-Recipient: "
    "rfc822;a@x\r\n\r\n--m--\r\n";

/// Reads, changes and renders, whatever comes of it.
void use(const std::string& bytes) {
  const MessageObject message = read(bytes).message;
  EXPECT_EQ(edited(bytes, message, message), bytes);
  MessageObject wanted = message;
  set_subject(wanted, "", "new");
  wanted.properties.set(tag::body, std::string("new"));
  wanted.attachments.clear();
  if (const auto result = edit_mail(SharedBytes::of(bytes), message, wanted, {.break_signatures = true})) {
    EXPECT_EQ(text_or_empty(read(bytes_of(result->bytes)).message.properties, tag::subject), "new") << bytes;
  }
  if (const auto result = render_mail(message)) read(bytes_of(result->bytes));
}

TEST(MailHostile, CutAnywhere) {
  for (std::size_t size = 0; size <= whole.size(); ++size) use(whole.substr(0, size));
}

TEST(MailHostile, DamagedAnywhere) {
  for (std::size_t at = 0; at < whole.size(); at += 2) {
    for (const char c : {'\0', '\n', '"', '\xff', '=', '-'}) {
      std::string bytes = whole;
      bytes[at] = c;
      use(bytes);
    }
  }
}

TEST(MailHostile, RecipientsAreBounded) {
  std::string bytes;
  for (int field = 0; field < 3; ++field) {
    bytes += "To: ";
    for (std::size_t i = 0; i < most_parts / 2; ++i) bytes += "a@x,";
    bytes += "\r\n";
  }
  bytes += "Subject: s\r\n\r\nx\r\n";
  const ReadMessage told = read(bytes);
  EXPECT_EQ(told.message.recipients.size(), most_parts);
  EXPECT_NE(told.losses.text().find("To"), std::string::npos);
  MessageObject wanted = told.message;
  set_subject(wanted, "", "t");
  EXPECT_EQ(edited(bytes, told.message, wanted), std::string(bytes).replace(bytes.find("Subject: s") + 9, 1, "t"));
  wanted.recipients.pop_back();
  const auto refused = edit_mail(SharedBytes::of(bytes), told.message, wanted, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::unsupported);
}

}  // namespace
}  // namespace mapistore::conversion::mail_hostile_test
