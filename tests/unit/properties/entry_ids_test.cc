#include "core/properties/entry_ids.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace mapistore::entry_ids_test {
namespace {

Binary bytes(std::initializer_list<int> values) {
  Binary out;
  for (const int value : values) out.push_back(static_cast<std::byte>(value));
  return out;
}

Binary header(int low, int high) {
  return bytes({0,    0,    0,    0,    0x81, 0x2b, 0x1f, 0xa4, 0xbe, 0xa3, 0x10, 0x19,
                0x9d, 0x6e, 0x00, 0xdd, 0x01, 0x0f, 0x54, 0x02, 0,    0,    low,  high});
}

Binary joined(Binary a, const Binary& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

TEST(EntryIds, OneOffHasTheBytesOfTheSpecification) {
  const Binary texts = bytes({'A', 0, 0, 0, 'S', 0, 'M', 0, 'T', 0, 'P', 0, 0, 0, 'a', 0, '@', 0, 'b', 0, 0, 0});
  EXPECT_EQ(one_off_entry_id("A", "SMTP", "a@b"), joined(header(0x01, 0x90), texts));
}

TEST(EntryIds, OneOffReadsBackWhatWasWritten) {
  const OneOffAddress address = {"J\xC3\xB6rg \xF0\x9F\x98\x80 \xED\xA0\xBD", "SMTP", "joerg@example.org"};
  const auto id = one_off_entry_id(address.display_name, address.address_type, address.address);
  const auto parsed = parse_one_off_entry_id(id);
  ASSERT_TRUE(parsed) << parsed.error().to_string();
  EXPECT_EQ(*parsed, address);
}

TEST(EntryIds, OneOffIn8BitText) {
  const Binary texts = bytes({'J', 0xf6, 0, 'S', 'M', 'T', 'P', 0, 'j', '@', 'b', 0});
  const auto parsed = parse_one_off_entry_id(joined(header(0x01, 0x00), texts));
  ASSERT_TRUE(parsed) << parsed.error().to_string();
  EXPECT_EQ(*parsed, (OneOffAddress{"J\xC3\xB6", "SMTP", "j@b"}));
}

TEST(EntryIds, TextEndsAtANul) {
  const auto parsed = parse_one_off_entry_id(one_off_entry_id(std::string_view("A\0B", 3), "SMTP", "a@b"));
  ASSERT_TRUE(parsed) << parsed.error().to_string();
  EXPECT_EQ(parsed->display_name, "A");
  EXPECT_EQ(parsed->address, "a@b");
}

TEST(EntryIds, OneOffCutShortAnywhereIsRefused) {
  const Binary id = one_off_entry_id("Ann", "SMTP", "ann@example.org");
  for (std::size_t size = 0; size < id.size(); ++size) {
    const auto parsed = parse_one_off_entry_id(std::span(id).first(size));
    ASSERT_FALSE(parsed) << size;
    EXPECT_EQ(parsed.error().code, Errc::invalid_content);
  }
}

TEST(EntryIds, OtherProviderIsRefused) {
  Binary id = one_off_entry_id("Ann", "SMTP", "ann@example.org");
  id[4] = std::byte{0xdc};
  const auto parsed = parse_one_off_entry_id(id);
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().what, "is not a one-off EntryID");
}

TEST(EntryIds, SearchKeyIsUpperCaseWithAZero) {
  const Binary key = search_key("smtp", "ann@b.\xC3\xA4");
  const std::string_view text(reinterpret_cast<const char*>(key.data()), key.size());
  EXPECT_EQ(text, std::string_view("SMTP:ANN@B.\xC3\xA4\0", 14));
}

TEST(EntryIds, ListPadsEachEntryToFourBytes) {
  const std::vector<Binary> entries = {bytes({1, 2, 3, 4, 5}), bytes({6, 7, 8, 9})};
  const Binary list = flat_entry_list(entries);
  EXPECT_EQ(list, bytes({2, 0, 0, 0, 20, 0, 0, 0, 5, 0, 0, 0, 1, 2, 3, 4, 5, 0, 0, 0, 4, 0, 0, 0, 6, 7, 8, 9}));
  const auto parsed = parse_flat_entry_list(list);
  ASSERT_TRUE(parsed) << parsed.error().to_string();
  EXPECT_EQ(*parsed, entries);
}

TEST(EntryIds, ListMayLeaveOutTheLastPadding) {
  const auto parsed = parse_flat_entry_list(bytes({1, 0, 0, 0, 5, 0, 0, 0, 1, 0, 0, 0, 42}));
  ASSERT_TRUE(parsed) << parsed.error().to_string();
  EXPECT_EQ(*parsed, std::vector<Binary>(1, bytes({42})));
}

TEST(EntryIds, ListCutShortOrLyingIsRefused) {
  for (const Binary& list : {bytes({}), bytes({1, 0, 0, 0}), bytes({1, 0, 0, 0, 0, 0, 0, 0}),
                             bytes({1, 0, 0, 0, 4, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}),
                             bytes({0xff, 0xff, 0xff, 0xff, 4, 0, 0, 0, 0, 0, 0, 0})}) {
    const auto parsed = parse_flat_entry_list(list);
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().code, Errc::invalid_content);
  }
  EXPECT_TRUE(parse_flat_entry_list(flat_entry_list({}))->empty());
}

}  // namespace
}  // namespace mapistore::entry_ids_test
