// Inputs made to crash a reader or to make it slow. Time is compared with that of an eighth of the input: a linear pass
// takes eight times as long, a quadratic one 64 times.

#include <algorithm>
#include <chrono>
#include <ctime>
#include <functional>
#include <random>

#include <gtest/gtest.h>

#include "core/codec/utf8.h"
#include "core/mime/content.h"
#include "core/mime/parameters.h"
#include "core/mime/part.h"
#include "core/mime/uuencode.h"

namespace mapistore::mime::hostile_test {
namespace {

/// The processor's time for this thread: what else the machine does is not in it.
struct Clock {
  using Duration = std::chrono::nanoseconds;

  static Duration now() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
  }
};

using namespace std::chrono_literals;

constexpr std::size_t small = 50'000;
constexpr std::size_t large = 8 * small;
constexpr Limits endless{.depth = 1'000, .parts = 10'000'000};

std::string filled(std::string_view start, std::string_view unit, std::size_t size) {
  std::string text(start);
  while (text.size() < size) text += unit;
  return text;
}

Clock::Duration quickest(const std::function<void()>& run) {
  auto best = Clock::Duration::max();
  for (int round = 0; round < 3; ++round) {
    const auto begun = Clock::now();
    run();
    best = std::min(best, Clock::now() - begun);
  }
  return best;
}

/// Whether `run`, given a size, is linear in it. What takes no time at all is; what looks slow is measured again, since
/// a busy machine's caches are slow, as is large memory.
bool is_linear(const std::function<void(std::size_t)>& run) {
  constexpr auto no_time = 60ms;
  constexpr int most = 32;
  const auto begun = Clock::now();
  run(large);
  if (Clock::now() - begun < no_time) return true;
  for (int attempt = 0; attempt < 5; ++attempt) {
    const auto long_time = quickest([&] { run(large); });
    if (long_time < no_time || long_time < most * quickest([&] { run(small); })) return true;
  }
  return false;
}

void expect_sound(const Part& part) {
  EXPECT_TRUE(codec::is_valid_utf8(part.file_name));
  EXPECT_TRUE(codec::is_valid_utf8(part.content_id));
  for (const Part& child : part.children) {
    EXPECT_GE(child.whole.data(), part.body.data());
    EXPECT_LE(child.whole.data() + child.whole.size(), part.body.data() + part.body.size());
    expect_sound(child);
  }
}

void read_all(std::string_view bytes) {
  const Part part = read_structure(bytes, endless);
  for (const Field& field : read_fields(bytes)) EXPECT_FALSE(field.name.empty());
  for (const Mailbox& mailbox : read_addresses(bytes)) EXPECT_TRUE(codec::is_valid_utf8(mailbox.display_name));
  for (const Parameter& parameter : read_parameters(bytes).parameters)
    EXPECT_TRUE(parameter.name.size() <= bytes.size());
  find_uuencoded(bytes);
  ContentType type;
  type.format_flowed = true;
  for (const Encoding encoding :
       {Encoding::identity, Encoding::base64, Encoding::quoted_printable, Encoding::uuencode}) {
    EXPECT_TRUE(codec::is_valid_utf8(decoded_text(bytes, encoding, type)));
  }
}

const std::vector<std::string_view> starts{"",
                                           "Subject: ",
                                           "Content-Type: a/b; ",
                                           "Content-Type: a/b; x=\"",
                                           "Content-Type: multipart/mixed; boundary=b\n\n",
                                           "Content-Type: multipart/mixed; boundary=\"-\"\n\n",
                                           "begin 644 x\n"};

const std::vector<std::string_view> units{"\r",
                                          "\n",
                                          "\r\n ",
                                          "\n\t",
                                          "a\r",
                                          "=?",
                                          "=?a?q?x",
                                          "=?a?q?x?= ",
                                          "?=",
                                          "(",
                                          "()",
                                          "\"",
                                          "\"\\",
                                          "\"a\"",
                                          "<",
                                          "<,",
                                          "<>,",
                                          "<a@b>",
                                          "a:",
                                          "a:\n",
                                          "@",
                                          " @",
                                          "\"@",
                                          "a@b ",
                                          "\\",
                                          ";",
                                          ";a=b",
                                          ";a*0=b",
                                          ";a*=''%41",
                                          "=\n",
                                          "=",
                                          "= ",
                                          "=4",
                                          ",",
                                          "A,",
                                          ":",
                                          "\xff",
                                          "\xc3",
                                          "\xf0\x9f",
                                          "-",
                                          "--",
                                          "--\n",
                                          "--b\n",
                                          "--b\n\n",
                                          "--b--\n",
                                          "-\n-",
                                          "--b\nContent-Type: multipart/mixed; boundary=b\n\n",
                                          "--b\nContent-Type: message/rfc822\n\n",
                                          "Content-Type: message/rfc822\n\n",
                                          "Content-Type: multipart/mixed; boundary=b\n--b\n",
                                          "begin 644 x\n",
                                          "begin 644 x\nend\n",
                                          "#0V%T\n",
                                          ">",
                                          "> \n",
                                          " \n",
                                          "\x1b$B"};

TEST(MimeHostile, InputIsReadInLinearTime) {
  for (const std::string_view start : starts) {
    for (const std::string_view unit : units) {
      const std::string longest = filled(start, unit, large);
      EXPECT_TRUE(is_linear([&](std::size_t size) { read_all(std::string_view(longest).substr(0, size)); }))
          << start << " and many " << unit;
      expect_sound(read_structure(longest));
    }
  }
}

/// `depth` multiparts, each in the one before it, none closed.
std::string nested(std::size_t depth) {
  std::string text;
  for (std::size_t i = 0; i < depth; ++i) {
    const std::string boundary = std::to_string(i);
    text += "Content-Type: multipart/mixed; boundary=" + boundary + "\n\n--" + boundary + "\n";
  }
  return text;
}

TEST(MimeHostile, DepthCostsNothingPerLine) {
  const std::string shallow = nested(2) + "\n", deep = nested(900) + "\n";
  std::string lines;
  while (lines.size() < 5 * large) lines += "--899x\n";
  const auto two = quickest([&] { read_structure(shallow + lines, endless); });
  const auto many = quickest([&] { read_structure(deep + lines, endless); });
  EXPECT_LT(many, 20 * two + 100ms);
}

TEST(MimeHostile, DepthIsBounded) {
  const std::string deep = nested(100'000);
  std::size_t depth = 1;
  const Part root = read_structure(deep);
  for (const Part* part = &root; !part->children.empty(); part = part->children.data()) ++depth;
  EXPECT_EQ(depth, Limits{}.depth);
  std::string messages;
  for (int i = 0; i < 100'000; ++i) messages += "Content-Type: message/rfc822\n\n";
  expect_sound(read_structure(messages));
}

TEST(MimeHostile, AMillionPartsAreCounted) {
  std::string text = "Content-Type: multipart/mixed; boundary=b\n\n";
  for (int i = 0; i < 1'000'000; ++i) text += "--b\n\nx\n";
  const Part bounded = read_structure(text);
  EXPECT_EQ(bounded.children.size(), Limits{}.parts - 1);
  EXPECT_TRUE(bounded.truncated);
  EXPECT_EQ(bounded.children.back().body, "x");
  EXPECT_EQ(read_structure(text, endless).children.size(), 1'000'000u);
}

TEST(MimeHostile, AHeaderLineOfAMegabyteIsOneField) {
  const std::string value(1'000'000, 'x');
  const std::string text = "A: 1\nSubject: " + value + "\nB: 2\n\nbody";
  const auto fields = read_fields(text);
  ASSERT_EQ(fields.size(), 3u);
  EXPECT_EQ(fields[1].value.size(), value.size() + 1);
  EXPECT_EQ(read_structure(text).body, "body");
}

TEST(MimeHostile, DamagedMessagesStaySound) {
  const std::string message =
      "From anna Mon\nFrom: \"A, B\" <@r:a@b> (c)\nTo: g: =?utf-8?b?w7w=?= <c@d>;\nContent-Type: multipart/mixed; "
      "boundary*0=b; boundary*1=\"c\"\n\n--bc\nContent-Type: text/plain; charset=utf-8; format=flowed\n"
      "Content-Transfer-Encoding: quoted-printable\n\na =\nb=C3=BC \n> c\n--bc\nContent-Type: message/rfc822\n\n"
      "Content-Type: multipart/alternative; boundary=bcd\n\n--bcd\n\nx\n--bcd\nContent-Type: application/octet-stream; "
      "name*=utf-8''%C3%BC\nContent-Transfer-Encoding: base64\nContent-ID: <1@x>\n\nYQ==\n--bcd--\n--bc\n\nbegin 644 "
      "x\n#0V%T\n`\nend\n--bc--\nepilogue\n";
  std::mt19937 random(4711);
  for (int round = 0; round < 20'000; ++round) {
    std::string damaged = message;
    for (unsigned damage = random() % 8; damage > 0; --damage) {
      const std::size_t at = random() % damaged.size();
      switch (random() % 3) {
        case 0: damaged[at] = static_cast<char>(random()); break;
        case 1: damaged.erase(at, random() % 9); break;
        default: damaged.insert(at, damaged.substr(random() % damaged.size(), random() % 60)); break;
      }
    }
    const Part part = read_structure(damaged);
    expect_sound(part);
    if (round % 20 == 0) read_all(damaged);
  }
}

}  // namespace
}  // namespace mapistore::mime::hostile_test
