// Reads the same streams with libytnef, where it reads what we do.

#include <cstdio>
#include <cstdlib>

extern "C" {
#include <ytnef.h>
}

#include <gtest/gtest.h>

#include "core/codec/compressed_rtf.h"
#include "core/conversion/tnef.h"
#include "core/properties/known_properties.h"
#include "tests/unit/conversion/tnef_builder.h"

namespace mapistore::conversion::tnef_oracle_test {
namespace {

using namespace std::literals;

std::string text_of(const variableLength& value) {
  if (value.data == nullptr) return {};
  const std::string_view bytes(reinterpret_cast<const char*>(value.data), static_cast<std::size_t>(value.size));
  return std::string(bytes.substr(0, bytes.find('\0')));
}

/// The other reader's view of a stream.
class Oracle {
 public:
  explicit Oracle(std::string stream) : stream_{std::move(stream)}, result_{parse()} {}
  Oracle(const Oracle&) = delete;
  Oracle& operator=(const Oracle&) = delete;
  ~Oracle() { TNEFFree(&tnef_); }

  bool understood() const { return result_ == 0; }
  TNEFStruct& stream() { return tnef_; }

 private:
  int parse() {
    TNEFInitialize(&tnef_);
    return TNEFParseMemory(reinterpret_cast<BYTE*>(stream_.data()), static_cast<long>(stream_.size()), &tnef_);
  }

  std::string stream_;
  TNEFStruct tnef_{};
  int result_;
};

const MAPIProperty* property(const MAPIProps& list, std::uint32_t tag) {
  for (DWORD i = 0; i < list.count; ++i) {
    if (list.properties[i].id == tag) return &list.properties[i];
  }
  return nullptr;
}

std::string ours(const PropertyBag& bag, const PropertyId& id) {
  const auto* text = bag.get<std::string>(id);
  return text == nullptr ? std::string{} : *text;
}

std::string bytes_of(const PropertyBag& bag, const PropertyId& id) {
  const auto* bytes = bag.get<Binary>(id);
  return bytes == nullptr ? std::string{} : std::string(reinterpret_cast<const char*>(bytes->data()), bytes->size());
}

std::string a_stream() {
  return tnef(
      code_page(1252) + of_message(0x00078008, "IPM.Microsoft Mail.Note\0"sv) +
      of_message(0x00018004, "Angebot 4711\0"sv) + of_message(0x0002800c, "Good day\0"sv) +
      of_message(0x00069003, list_of({text8(0x0070, "Angebot"), text16(0x0e1d, u"Angebot 4711"), long_number(0x0017, 2),
                                      tag_of(0x0102, 0x1009) + number(1u) + counted("\1\2\3\4\5"sv)})) +
      rendering(1, -1) + of_attachment(0x00018010, "ONE.TXT\0"sv) + of_attachment(0x0006800f, "first"sv) +
      of_attachment(0x00069005, list_of({text8(0x3707, "one.text")})) + rendering(1, -1) +
      of_attachment(0x00018010, "TWO.TXT\0"sv) + of_attachment(0x0006800f, "second"sv));
}

TEST(TnefOracle, ReadsTheSameMessage) {
  Oracle theirs(a_stream());
  ASSERT_TRUE(theirs.understood());
  const PropertyBag properties = read_tnef(SharedBytes::of(a_stream())).value().message.properties;
  EXPECT_EQ(ours(properties, tag::subject), text_of(theirs.stream().subject));
  EXPECT_EQ(ours(properties, tag::body), text_of(theirs.stream().body));
  const MAPIProps& list = theirs.stream().MapiProperties;
  EXPECT_EQ(list.count, 4u);
  for (const std::uint32_t raw : {0x0070001eu, 0x0e1d001fu}) {
    const MAPIProperty* found = property(list, raw);
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(ours(properties, PropertyTag(static_cast<std::uint16_t>(raw >> 16), PropertyType::unicode)),
              text_of(found->data[0]));
  }
  const MAPIProperty* importance = property(list, 0x00170003);
  ASSERT_NE(importance, nullptr);
  EXPECT_EQ(*properties.get<std::int32_t>(tag::importance), importance->data[0].data[0]);
  const MAPIProperty* binary = property(list, 0x10090102);
  ASSERT_NE(binary, nullptr);
  EXPECT_EQ(bytes_of(properties, tag::rtf_compressed), std::string(reinterpret_cast<const char*>(binary->data[0].data),
                                                                   static_cast<std::size_t>(binary->data[0].size)));
}

TEST(TnefOracle, ReadsTheSameAttachments) {
  Oracle theirs(a_stream());
  ASSERT_TRUE(theirs.understood());
  const auto attachments = read_tnef(SharedBytes::of(a_stream())).value().message.attachments;
  const ::Attachment* other = theirs.stream().starting_attach.next;
  for (const mapistore::Attachment& attachment : attachments) {
    ASSERT_NE(other, nullptr);
    EXPECT_EQ(ours(attachment.properties, tag::attach_filename), text_of(other->Title));
    EXPECT_EQ(bytes_of(attachment.properties, tag::attach_data_binary),
              std::string(reinterpret_cast<const char*>(other->FileData.data),
                          static_cast<std::size_t>(other->FileData.size)));
    other = other->next;
  }
  EXPECT_EQ(attachments.size(), 2u);
  EXPECT_EQ(other, nullptr);
}

TEST(TnefOracle, DecompressesWhatWeCompress) {
  for (const std::string& rtf : {"{\\rtf1\\ansi hello hello hello}"s, "{\\rtf1 "s + std::string(9000, 'x') + "}"}) {
    std::string compressed = codec::compress_rtf(rtf).value();
    variableLength value{reinterpret_cast<BYTE*>(compressed.data()), static_cast<int>(compressed.size())};
    int size = 0;
    BYTE* expanded = DecompressRTF(&value, &size);
    ASSERT_NE(expanded, nullptr);
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(expanded), static_cast<std::size_t>(size)), rtf);
    std::free(expanded);  // NOLINT(cppcoreguidelines-no-malloc): libytnef allocates it
  }
}

}  // namespace
}  // namespace mapistore::conversion::tnef_oracle_test
