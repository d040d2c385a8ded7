#include "core/properties/encoded_content.h"

#include <gtest/gtest.h>

#include "core/properties/json_input.h"
#include "core/properties/json_output.h"
#include "core/properties/property_values.h"
#include "tests/unit/properties/support.h"

namespace mapistore::encoded_content_test {
namespace {

/// Gives its bytes out a few at a time, as a decoder may.
class Dripping final : public Content {
 public:
  Dripping(std::string bytes, std::size_t step) : bytes_{std::move(bytes)}, step_{step} {}

  Result<std::uint64_t> size() const override { return bytes_.size(); }
  std::unique_ptr<ContentReader> reader() const override {
    class Reader final : public ContentReader {
     public:
      Reader(const std::string& bytes, std::size_t step) : rest_{bytes}, step_{step} {}
      Result<std::size_t> read(std::span<std::byte> out) override {
        const std::size_t count = std::min({out.size(), step_, rest_.size()});
        std::ranges::copy(std::as_bytes(std::span(rest_.substr(0, count))), out.begin());
        rest_.remove_prefix(count);
        return count;
      }

     private:
      std::string_view rest_;
      std::size_t step_;
    };
    return std::make_unique<Reader>(bytes_, step_);
  }

 private:
  std::string bytes_;
  std::size_t step_;
};

/// Characters of each length, escapes, and surrogates, alone and as the pair that they must not stay.
std::string mixed_text(std::size_t size) {
  constexpr std::string_view parts[] = {"abc", "\xC3\xA4", "\xE2\x82\xAC",  "\xF0\x9F\x98\x80",
                                        "\n",  "\"\\",     "\xED\xA0\xBDz", std::string_view("\0", 1)};
  std::string text;
  for (std::size_t i = 0; text.size() < size; ++i) text += parts[(i * i + i / 7) % std::size(parts)];
  return text;
}

std::string written(const PropertyValue& value, PropertyType type, std::size_t* largest = nullptr) {
  StringSink sink;
  JsonOutput out(sink);
  EXPECT_TRUE(write_property_value(out, type, value, 0));
  EXPECT_TRUE(out.finish());
  if (largest != nullptr) *largest = sink.largest_piece;
  return sink.text;
}

TEST(EncodedContent, LargeTextBothWaysInSmallPieces) {
  const std::string text = mixed_text(300'000);
  const std::string whole = written(text, PropertyType::unicode);
  for (const std::size_t step : {1u, 7u, 24'576u, 1'000'000u}) {
    std::size_t largest = 0;
    EXPECT_EQ(written(LargeValue{std::make_shared<Dripping>(text, step)}, PropertyType::unicode, &largest), whole);
    EXPECT_LT(largest, 128u * 1024);
  }
  const auto value = parse_property_value(PropertyType::unicode, whole);
  ASSERT_TRUE(value) << value.error().to_string();
  const auto* large = std::get_if<LargeValue>(&*value);
  ASSERT_NE(large, nullptr);
  EXPECT_EQ(large->content->size(), text.size());
  EXPECT_EQ(large->content->text(text.size()), text);
  EXPECT_EQ(written(*value, PropertyType::unicode), whole);
}

TEST(EncodedContent, PairOfSurrogatesAcrossPiecesIsOneCharacter) {
  for (std::size_t before = 24'560; before < 24'580; ++before) {
    const std::string text = std::string(before, 'x') + "\xED\xA0\xBD\xED\xB8\x80" + std::string(50'000, 'y');
    const std::string json = written(held_content(text), PropertyType::unicode);
    EXPECT_EQ(json, '"' + std::string(before, 'x') + "\xF0\x9F\x98\x80" + std::string(50'000, 'y') + '"');
  }
}

TEST(EncodedContent, LargeBinaryBothWays) {
  for (const std::size_t size : {65'536u, 65'537u, 65'538u, 65'539u, 200'000u}) {
    std::string bytes(size, '\0');
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 31 + i / 256);
    const std::string json = written(binary(bytes), PropertyType::binary);
    EXPECT_EQ(written(LargeValue{std::make_shared<Dripping>(bytes, 1000)}, PropertyType::binary), json);
    const auto value = parse_property_value(PropertyType::binary, json);
    ASSERT_TRUE(value) << value.error().to_string();
    if (size <= 65'536) {
      EXPECT_EQ(*value, PropertyValue(binary(bytes)));
    } else {
      ASSERT_TRUE(std::holds_alternative<LargeValue>(*value)) << size;
      EXPECT_EQ(*value, PropertyValue(held_content(bytes)));
      EXPECT_EQ(std::get<LargeValue>(*value).content->size(), size);
    }
  }
}

TEST(EncodedContent, LargeBase64IsCheckedWhenRead) {
  std::string json = written(binary(std::string(99'999, 'x')), PropertyType::binary);
  json[70'000] = '!';
  const auto value = parse_property_value(PropertyType::binary, json);
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().what, "line 1, column 1: expected base64");
}

TEST(EncodedContent, LargeString8IsTextOnlyIfAscii) {
  const std::string ascii(70'000, 'a');
  EXPECT_EQ(written(held_content(ascii), PropertyType::string8), R"({"cp":20127,"s":")" + ascii + "\"}");
  const std::string bytes = ascii + '\xE4';
  const std::string json = written(held_content(bytes), PropertyType::string8);
  EXPECT_TRUE(json.starts_with(R"({"cp":0,"b64":")"));
  EXPECT_EQ(parse_property_value(PropertyType::string8, json), PropertyValue(held_content(bytes)));
}

TEST(EncodedContent, TextBecomesLargeAboveTheLimitAlone) {
  for (const std::size_t size : {65'536u, 65'537u}) {
    const auto value = parse_property_value(PropertyType::unicode, '"' + std::string(size - 1, 'x') + "\\n\"");
    ASSERT_TRUE(value);
    EXPECT_EQ(std::holds_alternative<LargeValue>(*value), size > 65'536);
  }
}

TEST(EncodedContent, ASinkThatFailsEndsTheWriting) {
  class Full final : public TextSink {
   public:
    Result<> write(std::string_view) override { return fail(Errc::no_space, "sink", "is full"); }
  } full;
  JsonOutput out(full);
  const auto done = write_property_value(out, PropertyType::unicode, held_content(std::string(100'000, 'x')), 0);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::no_space);
}

}  // namespace
}  // namespace mapistore::encoded_content_test
