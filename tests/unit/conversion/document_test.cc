#include <gtest/gtest.h>

#include "core/conversion/formats.h"
#include "core/properties/known_properties.h"

namespace mapistore::conversion::document_test {
namespace {

std::string held(const LargeValue& value) { return value.content->text(10'000'000).value_or("(too large)"); }

std::string text(const PropertyBag& bag, PropertyTag id) {
  const auto* found = bag.get<std::string>(id);
  return found == nullptr ? "(none)" : *found;
}

struct Example {
  std::string_view name, class_name, media_type;
};

TEST(Document, IsOneAttachment) {
  static constexpr Example examples[] = {
      {"Report 1.PDF", "IPM.Document.pdf", "application/pdf"},
      {"a.tar.gz", "IPM.Document.gz", "application/gzip"},
      {"a.7z", "IPM.Document.7z", "application/x-7z-compressed"},
      {"a.zst", "IPM.Document.zst", "application/zstd"},
      {"a.unheard", "IPM.Document.unheard", "application/octet-stream"},
      {"README", "IPM.Document", "application/octet-stream"},
      {".profile", "IPM.Document", "application/octet-stream"},
      {"a.b-c", "IPM.Document", "application/octet-stream"},
      {"a.", "IPM.Document", "application/octet-stream"},
      {"a.12345678901234567", "IPM.Document", "application/octet-stream"},
  };
  for (const auto& [name, class_name, media_type] : examples) {
    const MessageObject message = read_document(name, SharedBytes::of("bytes")).message;
    EXPECT_EQ(text(message.properties, tag::message_class), class_name);
    EXPECT_EQ(text(message.properties, tag::subject), name);
    EXPECT_EQ(text(message.properties, tag::display_name), name);
    ASSERT_EQ(message.attachments.size(), 1u);
    const PropertyBag& attachment = message.attachments[0].properties;
    EXPECT_EQ(text(attachment, tag::attach_long_filename), name);
    EXPECT_EQ(text(attachment, tag::attach_mime_tag), media_type);
    EXPECT_EQ(*attachment.get<std::int32_t>(tag::attach_method), 1);
    EXPECT_EQ(held(render_document(message)->bytes), "bytes");
    EXPECT_TRUE(render_document(message)->losses.losses().empty());
  }
}

TEST(Document, OfAnySizeIsNotCopied) {
  const SharedBytes bytes = SharedBytes::of(std::string(100'000, '\0'));
  const MessageObject message = read_document("x", bytes).message;
  EXPECT_NE(message.attachments[0].properties.get<LargeValue>(tag::attach_data_binary), nullptr);
  EXPECT_EQ(held(render_document(message)->bytes), bytes.view());
}

TEST(Document, ChangesWithTheBytesOfItsAttachment) {
  const SharedBytes bytes = SharedBytes::of("old");
  const MessageObject current = read_document("x", bytes).message;
  MessageObject wanted = current;
  wanted.properties.set(tag::title, std::string("t"));
  wanted.attachments.emplace_back();
  const auto same = edit_document(bytes, current, wanted);
  EXPECT_EQ(held(same->bytes), "old");
  EXPECT_EQ(same->losses.text(),
            "dropped\tPidTagTitle\thas no place in a file\ndropped\tattachment\ta file is one attachment\n");
  wanted.attachments[0].properties.set(tag::attach_data_binary, held_content("new"));
  EXPECT_EQ(held(edit_document(bytes, current, wanted)->bytes), "new");
  wanted.attachments.clear();
  const auto none = edit_document(bytes, current, wanted);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, Errc::invalid_content);
}

}  // namespace
}  // namespace mapistore::conversion::document_test
