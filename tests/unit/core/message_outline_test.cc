// Outlines of mails tell what the whole mails do, and what was left out of them is had right or not at all.
#include "core/message_outline.h"

#include <cstring>
#include <random>

#include "core/codec/transfer.h"
#include "core/conversion/formats.h"
#include "core/conversion/mail_values.h"
#include "core/mime/part.h"
#include "core/properties/known_properties.h"
#include "core/properties/property_names.h"
#include "tests/support/corpus_files.h"

namespace mapistore::message_outline_test {
namespace {

constexpr OutlineLimits small_limits{.least_part = 1024, .margin = 200};

void add_octets(const mime::Part& part, std::vector<std::uint64_t>& octets) {
  if (part.children.empty()) octets.push_back(part.body.size());
  for (const mime::Part& child : part.children) add_octets(child, octets);
}

/// What a server tells that is right.
PartReading::Outline told_of(const std::string& message, std::size_t beginning) {
  PartReading::Outline told{.change = {"1"}, .size = message.size(), .leaves = {}, .beginning = {}};
  add_octets(mime::read_structure(message), told.leaves);
  told.beginning = message.substr(0, beginning);
  return told;
}

/// Reads a message, and counts.
struct Medium {
  explicit Medium(std::string text) : message{std::move(text)} {}

  std::string message;
  std::uint64_t bytes = 0;
  int questions = 0;
  ReadRange read = [this](std::uint64_t offset, std::span<std::byte> out) -> Result<> {
    bytes += out.size();
    ++questions;
    if (offset + out.size() > message.size()) return fail(Errc::corrupted, {}, "there is no such range");
    std::memcpy(out.data(), message.data() + offset, out.size());
    return {};
  };
};

std::optional<std::string> restored(const AbsentContent& content, const ReadRange& read) {
  std::string bytes;
  const auto done = content.restore(read, [&](std::string_view text) -> Result<> {
    bytes += text;
    return {};
  });
  return done ? std::optional{bytes} : std::nullopt;
}

const AbsentContent* absent(const Attachment& attachment) {
  const auto* large = attachment.properties.get<LargeValue>(tag::attach_data_binary);
  return large == nullptr ? nullptr : dynamic_cast<const AbsentContent*>(large->content.get());
}

std::string data_of(const Attachment& attachment) {
  if (const auto* large = attachment.properties.get<LargeValue>(tag::attach_data_binary))
    return large->content->text(1'000'000'000).value();
  return conversion::held_bytes(attachment.properties, tag::attach_data_binary).value_or("(none)");
}

void expect_same(const PropertyBag& whole, const PropertyBag& outline, bool without_data) {
  ASSERT_EQ(whole.size(), outline.size());
  for (const Property& property : whole) {
    if (without_data && same_identity(property.id, tag::attach_data_binary)) continue;
    const Property* other = outline.find(property.id);
    ASSERT_NE(other, nullptr) << property_key(property.id);
    EXPECT_TRUE(other->value == property.value) << property_key(property.id);
  }
}

/// Expects the same of both, and answers how many contents were absent. Where the mail `is_irregular`, a content may
/// have another size than was told, if that is found out.
std::size_t compare(const MessageObject& whole, const MessageObject& outline, const ReadRange& read,
                    bool is_irregular) {
  std::size_t count = 0;
  expect_same(whole.properties, outline.properties, false);
  EXPECT_TRUE(whole.recipients == outline.recipients);
  EXPECT_EQ(whole.attachments.size(), outline.attachments.size());
  for (std::size_t at = 0; at < std::min(whole.attachments.size(), outline.attachments.size()); ++at) {
    const Attachment& expected = whole.attachments[at];
    const Attachment& told = outline.attachments[at];
    const AbsentContent* content = absent(told);
    expect_same(expected.properties, told.properties, content != nullptr);
    EXPECT_EQ(expected.embedded == nullptr, told.embedded == nullptr);
    if (content != nullptr) {
      ++count;
      const std::string bytes = data_of(expected);
      const auto had = restored(*content, read);
      EXPECT_TRUE(had || is_irregular);
      EXPECT_TRUE(!had || (*had == bytes && content->size().value() == bytes.size()));
      EXPECT_FALSE(content->text(1'000'000).has_value());
    } else if (expected.embedded != nullptr && told.embedded != nullptr) {
      EXPECT_EQ(compare(*expected.embedded, *told.embedded, read, false), 0u) << "messages in messages are read whole";
    }
  }
  return count;
}

/// How many contents an outline of `message` has left out; none: there is no outline.
std::optional<std::size_t> compare_outline(const std::string& message, std::size_t beginning,
                                           const OutlineLimits& limits, bool is_irregular = false) {
  Medium medium{message};
  const auto outline = outline_of(told_of(message, beginning), medium.read, limits);
  EXPECT_TRUE(outline.has_value()) << outline.error().to_string();
  if (!outline || !*outline) return std::nullopt;
  EXPECT_LE((*outline)->view().size(), message.size() / 2);
  const ReadMessage whole = conversion::read_mail(SharedBytes::of(message));
  const ReadMessage mine = conversion::read_mail(**outline);
  EXPECT_EQ(whole.losses.text(), mine.losses.text());
  return compare(whole.message, mine.message, medium.read, is_irregular);
}

/// Makes mails of all kinds, most of them with large attachments.
class Mails {
 public:
  /// `is_irregular`: some lines of base64 are shorter than others.
  explicit Mails(unsigned seed, bool is_irregular = false) : random_{seed}, is_irregular_{is_irregular} {}

  std::string mail() {
    newline_ = one_in(4) ? "\n" : "\r\n";
    text_ = "From: anna@example.org" + newline_ + "To: bob@example.org" + newline_ + "Subject: outline" + newline_;
    multipart(0, pick<std::string>({"mixed", "mixed", "related", "alternative"}));
    if (one_in(3)) text_ += "an epilogue" + newline_ + noise(number(0, 300));
    return std::move(text_);
  }

 private:
  std::size_t number(std::size_t least, std::size_t most) {
    return std::uniform_int_distribution<std::size_t>{least, most}(random_);
  }
  bool one_in(std::size_t count) { return number(1, count) == 1; }
  template <class T>
  T pick(std::initializer_list<T> all) {
    return *(all.begin() + number(0, all.size() - 1));
  }
  std::string noise(std::size_t count) {
    std::string text(count, '\0');
    for (char& c : text) c = "abcdefgh -\n"[number(0, 10)];
    return text;
  }
  std::string bytes(std::size_t count) {
    std::string data(count, '\0');
    for (char& c : data) c = static_cast<char>(number(0, 255));
    return data;
  }
  std::string base64(std::size_t count) {
    const std::string line = codec::base64_of(bytes(count));
    const std::size_t length = pick<std::size_t>({76, 76, 76, 76, 72, 64, 60, 100, 4, 77, 1000});
    std::string text;
    for (std::size_t at = 0; at < line.size();) {
      const std::size_t now = is_irregular_ && one_in(100) ? number(1, length) : length;
      text += line.substr(at, now) + newline_;
      at += now;
    }
    // The last line end is the delimiter's, but not everybody's.
    if (!text.empty() && !one_in(4)) text.erase(text.size() - newline_.size());
    return text;
  }

  void multipart(int depth, const std::string& subtype) {
    const std::string boundary = "b" + std::to_string(++boundaries_);
    text_ += "Content-Type: multipart/" + subtype + "; boundary=\"" + boundary + "\"" + newline_ + newline_;
    if (one_in(3)) text_ += noise(number(0, 400)) + newline_;
    const std::size_t parts = number(1, 5);
    for (std::size_t part = 0; part < parts; ++part) {
      text_ += newline_ + "--" + boundary + newline_;
      body(depth + 1);
    }
    if (!one_in(5)) text_ += newline_ + "--" + boundary + "--" + newline_;
  }

  void body(int depth) {
    const std::size_t kind = number(0, depth < 4 ? 13 : 7);
    if (kind <= 4) return attachment("application/octet-stream", number(1000, 9000));
    if (kind == 5) return attachment("image/png", number(0, 1500));
    if (kind == 6) {
      text_ += "Content-Type: text/plain" + newline_ + newline_ + noise(number(0, 2500));
    } else if (kind == 7) {
      attachment(pick<std::string>({"application/ms-tnef", "text/plain", "application/pkcs7-mime", "message/external"}),
                 number(0, 4000));
    } else if (kind <= 10) {
      multipart(depth, pick<std::string>({"mixed", "related", "alternative", "digest"}));
    } else if (kind == 11) {
      multipart(depth, "signed");
    } else {
      text_ += "Content-Type: message/rfc822" + newline_ + newline_ + "Subject: inside" + newline_;
      multipart(depth, "mixed");
    }
  }

  void attachment(const std::string& type, std::size_t size) {
    const std::string name = "a" + std::to_string(++attachments_) + (one_in(9) ? "-winmail.dat" : ".bin");
    text_ += "Content-Type: " + type + "; name=\"" + name + "\"" + newline_;
    if (!one_in(3)) text_ += "Content-Disposition: attachment; filename=\"" + name + "\"" + newline_;
    const bool is_plain = one_in(10);
    text_ += std::string("Content-Transfer-Encoding: ") + (is_plain ? "binary" : "base64") + newline_ + newline_;
    text_ += is_plain ? noise(size) : base64(size);
  }

  std::mt19937 random_;
  bool is_irregular_;
  std::string text_, newline_;
  int boundaries_ = 0, attachments_ = 0;
};

TEST(MessageOutline, TellsWhatTheWholeDoes) {
  std::size_t outlined = 0, left_out = 0;
  for (unsigned seed = 0; seed < 3000; ++seed) {
    const bool is_irregular = seed % 5 == 0;
    const std::string message = Mails{seed, is_irregular}.mail();
    const auto count = compare_outline(message, 100 + seed * 37 % 3000, small_limits, is_irregular);
    outlined += count ? 1 : 0;
    left_out += count.value_or(0);
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
  }
  EXPECT_GT(outlined, 500u) << "of 3000";
  EXPECT_GT(left_out, 1000u);
}

TEST(MessageOutline, OfOtherPeoplesMailTellsWhatTheWholeDoes) {
  const auto files = testing::files_below(testing::corpus() / "eml", ".eml");
  std::size_t outlined = 0;
  for (const auto& file : files) {
    std::ifstream stream(file, std::ios::binary);
    const std::string message{std::istreambuf_iterator<char>(stream), {}};
    outlined += compare_outline(message, 500, {.least_part = 400, .margin = 78}, true).has_value() ? 1 : 0;
    ASSERT_FALSE(HasFailure()) << file;
  }
  EXPECT_TRUE(files.empty() || outlined > 0) << files.size();
}

TEST(MessageOutline, OfAServerThatLiesHasNoWrongBytes) {
  std::size_t believed = 0, refused = 0;
  for (unsigned seed = 0; seed < 3000; ++seed) {
    Medium medium{Mails{seed}.mail()};
    auto told = told_of(medium.message, 300);
    const auto truth = told;
    std::mt19937 random{seed};
    const auto at = random() % told.leaves.size();
    switch (seed % 7) {
      case 0: told.leaves[at] += random() % 9 * 78; break;
      case 1: told.leaves[at] -= std::min<std::uint64_t>(told.leaves[at], random() % 9 * 78); break;
      case 2: told.leaves[at] = random() % (medium.message.size() + 1); break;
      case 3: std::ranges::reverse(told.leaves); break;
      case 4: told.leaves.insert(told.leaves.begin() + static_cast<std::ptrdiff_t>(at), 5000); break;
      case 5: told.leaves[at] = ~std::uint64_t{0} - random() % 2; break;
      default:
        // Two parts are told to be one.
        if (at + 1 < told.leaves.size()) {
          const mime::Part whole = mime::read_structure(medium.message);
          told.leaves[at] += told.leaves[at + 1] + 100 + random() % 100;
          told.leaves.erase(told.leaves.begin() + static_cast<std::ptrdiff_t>(at) + 1);
        }
    }
    if (seed % 11 == 0) told.size += random() % 200;
    const auto outline = outline_of(told, medium.read, small_limits);
    if (!outline || !*outline) {
      ++refused;
      continue;
    }
    const MessageObject whole = conversion::read_mail(SharedBytes::of(medium.message)).message;
    for (const Attachment& attachment : conversion::read_mail(**outline).message.attachments)
      if (const AbsentContent* content = absent(attachment))
        if (const auto bytes = restored(*content, medium.read)) {
          const std::string name = conversion::text_or_empty(attachment.properties, tag::attach_long_filename);
          const auto same = std::ranges::find_if(whole.attachments, [&](const Attachment& other) {
            return conversion::text_or_empty(other.properties, tag::attach_long_filename) == name;
          });
          ASSERT_NE(same, whole.attachments.end()) << seed;
          EXPECT_TRUE(*bytes == data_of(*same)) << seed;
          ++believed;
        }
  }
  EXPECT_GT(believed, 100u) << "as some lies are none, or harmless";
  EXPECT_GT(refused, 1000u);
}

std::string with_attachments(std::initializer_list<std::string> bodies) {
  std::string message = "Subject: a\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhello\r\n";
  for (const std::string& body : bodies)
    message +=
        "--b\r\nContent-Type: application/zip; name=a.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n" + body + "\r\n";
  return message + "--b--\r\n";
}

std::string lines(std::size_t count, std::size_t length = 76) {
  std::string text;
  for (std::size_t at = 0; at < count; ++at) text += std::string(length, static_cast<char>('A' + at % 26)) + "\r\n";
  return text;
}

TEST(MessageOutline, ReadsLittle) {
  const std::string message = with_attachments({lines(2000), lines(40'000) + "QUJD", lines(40'000) + "QQ=="});
  Medium medium{message};
  const auto outline = outline_of(told_of(message, 64 * 1024), medium.read);
  ASSERT_TRUE(outline && *outline);
  EXPECT_LT(medium.bytes + 64 * 1024, 200'000u) << "of " << message.size();
  EXPECT_LE(medium.questions, 4);
  EXPECT_EQ(compare_outline(message, 64 * 1024, {}), 2u);
}

TEST(MessageOutline, IsNotMadeWhereItIsNotWorthIt) {
  // Texts, small parts, and what lies in a message or is signed.
  const std::string large = lines(40'000);
  const std::string inside = with_attachments({large});
  for (const std::string& message :
       {std::string("Subject: a\r\n\r\n") + large,
        with_attachments({lines(3000), lines(3000), lines(3000), lines(3000)}),
        "Content-Type: message/rfc822\r\n\r\n" + inside,
        "Content-Type: multipart/signed; boundary=s\r\n\r\n--s\r\n" + inside + "\r\n--s--\r\n",
        with_attachments({lines(40'000, 75)}), with_attachments({lines(4, 400'000)})}) {
    Medium medium{message};
    const auto outline = outline_of(told_of(message, 64 * 1024), medium.read);
    ASSERT_TRUE(outline);
    EXPECT_FALSE(*outline) << message.substr(0, 200);
    EXPECT_LE(medium.bytes, message.size() / 2);
  }
}

TEST(MessageOutline, FindsOutThatTheMiddleIsOtherThanTheEnds) {
  std::string message = with_attachments({lines(40'000)});
  const std::size_t middle = message.size() / 2 / 78 * 78;
  for (const std::string& other : {std::string("="), std::string("-"), std::string("\r\n"), std::string(" ")}) {
    std::string changed = message;
    changed.replace(middle, other.size(), other);
    Medium medium{changed};
    const auto outline = outline_of(told_of(changed, 64 * 1024), medium.read);
    ASSERT_TRUE(outline && *outline) << other;
    const MessageObject told = conversion::read_mail(**outline).message;
    const AbsentContent* content = absent(told.attachments.at(0));
    ASSERT_NE(content, nullptr);
    const auto done = content->restore(medium.read, [](std::string_view) { return Result<>{}; });
    EXPECT_EQ(done.error().code, Errc::corrupted) << other;
  }
}

TEST(MessageOutline, AnErrorOfTheMediumIsPassedOn) {
  const std::string message = with_attachments({lines(40'000), lines(40'000)});
  const ReadRange failing = [](std::uint64_t, std::span<std::byte>) -> Result<> { return fail(Errc::timed_out); };
  const auto outline = outline_of(told_of(message, 64 * 1024), failing);
  EXPECT_EQ(outline.error().code, Errc::timed_out);
}

}  // namespace
}  // namespace mapistore::message_outline_test
