#include <gtest/gtest.h>

#include <mapistore/summarize.h>

namespace mapistore::mail_summary_test {
namespace {

using namespace std::chrono_literals;

Summary mail(std::string_view head) { return summarize(MessageKind::mail, "x.eml", head); }

constexpr std::string_view plain =
    "Message-ID: <4711@firma.example>\r\n"
    "Date: Mon, 17 Aug 2026 11:31:02 +0200\r\n"
    "From: =?utf-8?q?M=C3=BCller?= <anna.mueller@firma.example>\r\n"
    "To: Bert <bert@firma.example>,\r\n"
    "\tcarl@firma.example\r\n"
    "Subject: Re: Angebot\r\n"
    " 4711\r\n"
    "\r\n"
    "Subject: not this\r\n";

TEST(MailSummary, HoldsWhatAListingNeeds) {
  Summary expected;
  expected.kind = MessageKind::mail;
  expected.message_id = "4711@firma.example";
  expected.date = Time{std::chrono::sys_days{std::chrono::year{2026} / 8 / 17} + 9h + 31min + 2s};
  expected.from = "anna.mueller@firma.example";
  expected.to = "bert@firma.example";
  expected.subject = "Re: Angebot 4711";
  EXPECT_EQ(mail(plain), expected);
}

TEST(MailSummary, DoesNotDependOnLineEnds) {
  for (const std::string_view line_end : {"\n", "\r", "\r\r\n"}) {
    std::string text;
    for (std::size_t at = 0; at < plain.size(); ++at) {
      if (plain.substr(at).starts_with("\r\n")) text += line_end, ++at;
      else text += plain[at];
    }
    EXPECT_EQ(mail(text), mail(plain));
  }
  EXPECT_EQ(mail("Subject: a\nFrom: a@b\r\nTo: c@d\rDate: 1 Jan 2020 00:00:00 Z\n\nx"),
            mail("Subject: a\r\nFrom: a@b\r\nTo: c@d\r\nDate: 1 Jan 2020 00:00:00 Z\r\n\r\nx"));
}

TEST(MailSummary, SkipsWhatIsNoField) {
  const std::string text(plain);
  EXPECT_EQ(mail("From anna@firma.example Mon Aug 17 09:31:02 2026\r\n" + text), mail(plain));
  EXPECT_EQ(mail(">From anna@firma.example Mon Aug 17 09:31:02 2026\n" + text), mail(plain));
  EXPECT_EQ(mail("\xEF\xBB\xBF" + text), mail(plain));
  EXPECT_EQ(mail("\r\n\r\n" + text), mail(plain));
  EXPECT_EQ(mail("garbage\r\n more garbage\r\n" + text), mail(plain));
}

struct Example {
  std::string_view header, subject;
};

TEST(MailSummary, FindsTheSubject) {
  static constexpr Example examples[] = {
      {"SUBJECT:x", "x"},
      {"subject : x\n", "x"},
      {"Subject:\n x\n", "x"},
      {"Subject: x\nSubject: y\n", "x"},
      {"Subject:\nSubject: y\n", "y"},
      {"Subject: \n \n\nSubject: y\n", ""},
      {"X-Subject: y\nSubjects: z\n", ""},
      {"Subject: caf\xe9\n", "caf\xc3\xa9"},
      {"Subject: caf\xc3\xa9\n", "caf\xc3\xa9"},
      {"Subject: no end", "no end"},
      {"\nno header at all\n", ""},
      {"", ""},
  };
  for (const auto& [header, subject] : examples) EXPECT_EQ(mail(header).subject, subject) << header;
  EXPECT_EQ(mail(std::string_view("Subject: a\0b\nX: \0\nFrom: a@b\n", 28)).subject, "a b");
}

TEST(MailSummary, TakesTheFirstRecipientOfAnyField) {
  EXPECT_EQ(mail("To: a@b\nCc: c@d\n").to, "a@b");
  EXPECT_EQ(mail("To: undisclosed-recipients:;\nCc: c@d\n").to, "c@d");
  EXPECT_EQ(mail("Bcc: e@f\n").to, "e@f");
  EXPECT_EQ(mail("Reply-To: e@f\n").to, "");
}

TEST(MailSummary, LooksNoFurtherThanTheWindow) {
  const std::string long_line = "X-Long: " + std::string(1'000'000, 'x') + "\n";
  EXPECT_EQ(mail("Subject: a\n" + long_line + "From: a@b\n").from, "");
  EXPECT_EQ(mail("Subject: a\n" + long_line).subject, "a");
  EXPECT_LT(mail("Subject: " + long_line).subject.size(), summary_window);
}

}  // namespace
}  // namespace mapistore::mail_summary_test
