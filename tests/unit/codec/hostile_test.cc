// Inputs made to crash a parser or to make it slow. Each fills the window; a quadratic pass over one takes seconds.

#include <chrono>
#include <random>

#include <gtest/gtest.h>

#include <mapistore/summarize.h>

#include "core/codec/names.h"
#include "core/codec/utf8.h"

namespace mapistore::hostile_test {
namespace {

using namespace std::chrono_literals;
using enum MessageKind;

constexpr auto generous = 1s;  // a linear pass takes a millisecond; sanitizers and busy machines take longer

std::string filled(std::string_view start, std::string_view unit) {
  std::string text(start);
  while (text.size() < summary_window) text += unit;
  return text;
}

void expect_sound(const Summary& summary) {
  for (const std::string* field :
       {&summary.message_id, &summary.recurrence_id, &summary.from, &summary.to, &summary.subject}) {
    EXPECT_TRUE(codec::is_valid_utf8(*field));
  }
  const std::string name = canonical_name(summary, 1, Time{}, true);
  EXPECT_LE(name.size(), 200u);
  EXPECT_TRUE(codec::is_valid_utf8(name));
  EXPECT_EQ(name.find_first_of(std::string_view("/\0\n", 3)), std::string::npos);
  EXPECT_FALSE(is_scratch_name(name));
}

TEST(Hostile, InputIsReadInLinearTime) {
  for (const std::string_view start : {"", "Subject: ", "From: ", "Date: ", "Message-ID: ", "BEGIN:VEVENT\nSUMMARY:",
                                       "BEGIN:VCARD\nN;ENCODING=QUOTED-PRINTABLE:", "BEGIN:VCARD\nN;"}) {
    for (const std::string_view unit : {"\r",
                                        "\n",
                                        "\r\n ",
                                        "\n\t",
                                        "a\r",
                                        "=?",
                                        "=?a?q?x",
                                        "=?a?q?x?= ",
                                        "=?x?q?=e9?=",
                                        "?=",
                                        "(",
                                        "\"",
                                        "\"\\",
                                        "<",
                                        "<>,",
                                        "a:",
                                        "@",
                                        " @",
                                        "\\",
                                        ";",
                                        "=\n",
                                        "=",
                                        "1",
                                        "+1",
                                        "-",
                                        "a@b ",
                                        ",",
                                        ":",
                                        "\xff",
                                        "\xcc\x88",
                                        "\xf0\x9f",
                                        "BEGIN:VEVENT\n",
                                        "END:VEVENT\n",
                                        "BEGIN:VCARD\n",
                                        "\x01"}) {
      const std::string head = filled(start, unit);
      const auto begun = std::chrono::steady_clock::now();
      for (const MessageKind kind : {mail, appointment, contact, note, document}) {
        expect_sound(summarize(kind, unit, head));
        check_content(kind, "x", head);
      }
      EXPECT_LT(std::chrono::steady_clock::now() - begun, generous) << start << " and many " << unit;
    }
  }
}

TEST(Hostile, ManyCharsetsOpenFewConverters) {
  std::string head = "Subject:";
  for (int i = 0; head.size() < summary_window; ++i) head += " =?cp" + std::to_string(i) + "?q?=e9?=";
  const auto begun = std::chrono::steady_clock::now();
  expect_sound(summarize(mail, "", head));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, generous);
}

TEST(Hostile, DamagedMessagesStaySound) {
  const std::string message =
      "From anna Mon\nMessage-ID: <a@b>\nDate: Mon, 17 Aug 2026 09:31:02 +0200 (x)\nFrom: \"A, B\" <@r:a@b> (c)\n"
      "To: g: =?utf-8?b?w7w=?= <c@d>;\nSubject: =?iso-2022-jp?B?GyRCJDMkcxsoQg==?= =?utf-8?q?=C3?=\n =?utf-8?q?=BC?= "
      "\xe9\n\n"
      "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID;X=\"y;z\":1\nDTSTART;TZID=A/B:20260901T080000\nSUMMARY:a\\,b\n "
      "c\nEND:VEVENT\n"
      "BEGIN:VCARD\nitem1.N;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-16:=FE=FF=\n;Anna\nORG:x;y\nEND:VCARD\n";
  std::mt19937 random(4711);
  for (int round = 0; round < 20'000; ++round) {
    std::string damaged = message;
    for (unsigned damage = random() % 8; damage > 0; --damage) {
      const std::size_t at = random() % damaged.size();
      switch (random() % 3) {
        case 0: damaged[at] = static_cast<char>(random()); break;
        case 1: damaged.erase(at, random() % 9); break;
        default: damaged.insert(at, damaged.substr(random() % damaged.size(), random() % 9)); break;
      }
    }
    damaged.resize(damaged.size() - random() % damaged.size() / 4);
    for (const MessageKind kind : {mail, appointment, contact, note}) expect_sound(summarize(kind, "", damaged));
    folder_name(damaged);
  }
}

}  // namespace
}  // namespace mapistore::hostile_test
